"""Pages behind the door: a token becomes a cookie, the cookie is good while the token is, and no further than pages."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import anyio.to_thread
import httpx2
import pytest
from starlette.responses import JSONResponse

from core import EngineSettings, open_engine, parse_job
from core.testing.clock import MovingClock
from orcaops_mcp.daemon.guards import Rules, guarded, rules_for
from orcaops_mcp.daemon.named_tokens import TokenFile, TokenScope
from orcaops_mcp.daemon.pages import Pages
from orcaops_mcp.intake.dashboard import LOGIN_COOKIE, is_page
from orcaops_mcp.settings import Configuration, HttpSettings, Settings

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from starlette.types import Receive, Scope, Send

    from core import Engine

TOKEN = "correct-horse-battery"
PORT = 8787
_BROWSER = {"Accept": "text/html,application/xhtml+xml"}
_FIELD = re.compile(r'name="csrf" value="([0-9a-f]+)"')


@dataclass
class House:
    """The dashboard behind its door, and a stand-in for REST and MCP that says who came in."""

    engine: Engine
    rules: Rules
    clock: MovingClock
    home: Path
    browser: httpx2.AsyncClient

    async def log_in(self, token: str, **more: str) -> httpx2.Response:
        return await self.send("/login", token=token, **more)

    async def send(self, path: str, **fields: str) -> httpx2.Response:
        found = _FIELD.search((await self.browser.get("/login")).text)
        assert found is not None
        return await self.browser.post(path, data={"csrf": found[1], **fields})

    async def token(self, name: str, scope: TokenScope, lasts: timedelta | None = None) -> str:
        now = self.clock.now()
        return await anyio.to_thread.run_sync(
            TokenFile(self.home).add, name, scope, now, None if lasts is None else now + lasts
        )

    async def job(self) -> str:
        submitted = await self.engine.submit_job(parse_job({"image": "busybox", "command": ["true"]}))
        return (await self.engine.wait_for_job(submitted.job.job_id, timeout_s=30)).job_id


@asynccontextmanager
async def a_house(
    home: Path, *, token: str | None = TOKEN, limits: HttpSettings | None = None, name: str | None = None
) -> AsyncGenerator[House]:
    clock = MovingClock()
    hosts, origins = ((name,), (f"https://{name}",)) if name else ((), ())
    settings = Settings(home=home, http=limits or HttpSettings(), allowed_hosts=hosts, allowed_origins=origins)
    rules = rules_for(settings, PORT, token, clock)
    async with open_engine(EngineSettings(home=home, backend="simulated")) as engine:
        pages = Pages(engine, Configuration(settings, {}, {}))

        async def choose(scope: Scope, receive: Receive, send: Send) -> None:
            if is_page(scope["path"]):
                await pages(scope, receive, send)
            else:
                caller = scope["state"]["caller"]
                await JSONResponse({"name": caller.name, "may_change": caller.may_change})(scope, receive, send)

        transport = httpx2.ASGITransport(app=guarded(choose, rules))
        async with httpx2.AsyncClient(
            transport=transport, base_url=f"http://127.0.0.1:{PORT}", headers=_BROWSER
        ) as browser:
            yield House(engine, rules, clock, home, browser)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncGenerator[House]:
    async with a_house(tmp_path / "home") as opened:
        yield opened


async def test_without_a_token_one_sees_everything_and_is_offered_to_log_in(house: House) -> None:
    job_id = await house.job()
    page = (await house.browser.get("/jobs")).text
    assert job_id in page
    assert "Log in" in page
    assert "Rerun" not in page
    refused = await house.send(f"/jobs/{job_id}/delete")
    assert refused.status_code == 403
    assert "/login?next=" in refused.text
    assert (await house.engine.get_job(job_id)).job_id == job_id


async def test_a_token_becomes_a_cookie_that_scripts_and_other_sites_do_not_get(house: House) -> None:
    job_id = await house.job()
    answer = await house.log_in(TOKEN, next=f"/jobs?q={job_id}")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/jobs?q={job_id}")
    said = next(line for line in answer.headers.get_list("set-cookie") if line.startswith(LOGIN_COOKIE))
    assert "httponly" in said.lower()
    assert "samesite=strict" in said.lower()
    assert TOKEN not in said
    page = (await house.browser.get("/jobs")).text
    assert "Log out" in page
    assert "Rerun" in page
    again = await house.send(f"/jobs/{job_id}/rerun")
    assert again.status_code == 303
    repeated = await house.engine.get_job(again.headers["location"].removeprefix("/jobs/"))
    assert (repeated.rerun_of, repeated.submitted_by) == (job_id, "ui")


async def test_a_token_that_may_only_read_sees_but_cannot_act(house: House) -> None:
    job_id = await house.job()
    assert (await house.log_in(await house.token("wall", "read"))).status_code == 303
    page = (await house.browser.get("/jobs")).text
    assert "Log out" in page
    assert "Rerun" not in page
    assert (await house.send(f"/jobs/{job_id}/rerun")).status_code == 403
    assert sum((await house.engine.count_jobs()).values()) == 1


async def test_what_the_holder_of_a_named_token_does_is_done_in_its_name(house: House) -> None:
    job_id = await house.job()
    await house.log_in(await house.token("anna", "write"))
    again = await house.send(f"/jobs/{job_id}/rerun")
    job = await house.engine.get_job(again.headers["location"].removeprefix("/jobs/"))
    assert job.submitted_by == "token anna"


@pytest.mark.parametrize("token", ["", "wrong", TOKEN + "x", "tökén", "x" * 600, "a b"])
async def test_a_token_that_is_not_good_is_said_so_on_the_page(house: House, token: str) -> None:
    answer = await house.log_in(token)
    assert answer.status_code == 401
    assert "This token is not known here." in answer.text
    assert LOGIN_COOKIE not in house.browser.cookies


async def test_guessing_tokens_soon_has_to_wait(tmp_path: Path) -> None:
    async with a_house(tmp_path / "home", limits=HttpSettings(failed_tokens=2)) as house:
        statuses = [(await house.log_in(f"guess-{number}")).status_code for number in range(4)]
        assert statuses == [401, 401, 429, 429]


async def test_after_logging_out_the_cookie_is_good_for_nothing_even_if_it_was_copied(house: House) -> None:
    await house.log_in(TOKEN)
    cookie = house.browser.cookies[LOGIN_COOKIE]
    assert (await house.send("/logout")).status_code == 303
    assert LOGIN_COOKIE not in house.browser.cookies
    house.browser.cookies.set(LOGIN_COOKIE, cookie, domain="127.0.0.1", path="/")
    assert "Log out" not in (await house.browser.get("/jobs")).text


async def test_a_login_ends_with_its_token(house: House) -> None:
    await house.log_in(await house.token("anna", "write"))
    assert "Log out" in (await house.browser.get("/jobs")).text
    await anyio.to_thread.run_sync(TokenFile(house.home).remove, ["anna"])
    assert "Log out" not in (await house.browser.get("/jobs")).text


async def test_a_login_ends_when_its_token_expires_and_after_thirty_days_in_any_case(house: House) -> None:
    await house.log_in(await house.token("short", "write", timedelta(hours=1)))
    house.clock.advance(3601)
    assert "Log out" not in (await house.browser.get("/jobs")).text
    await house.log_in(TOKEN)
    house.clock.advance(30 * 86_400 - 1)
    assert "Log out" in (await house.browser.get("/jobs")).text
    house.clock.advance(2)
    assert "Log out" not in (await house.browser.get("/jobs")).text


async def test_a_cookie_that_was_changed_or_made_up_is_none(house: House) -> None:
    await house.log_in(TOKEN)
    good = house.browser.cookies[LOGIN_COOKIE]
    fingerprint, until, salt, seal = good.split(".")
    for bad in (
        f"{fingerprint}.{int(until) + 1}.{salt}.{seal}",
        f"{'0' * 32}.{until}.{salt}.{seal}",
        good[:-1] + ("0" if good[-1] != "0" else "1"),
        TOKEN,
        "",
        "x" * 5000,
    ):
        house.browser.cookies.clear()
        answer = await house.browser.get("/jobs", headers={"Cookie": f"{LOGIN_COOKIE}={bad}"})
        assert "Log out" not in answer.text
    doubled = await house.browser.get("/jobs", headers={"Cookie": f"{LOGIN_COOKIE}={good}; {LOGIN_COOKIE}={good}"})
    assert "Log out" not in doubled.text


async def test_a_cookie_changes_nothing_by_rest_and_is_nobody_to_mcp(house: House) -> None:
    await house.log_in(TOKEN)
    assert (await house.browser.get("/orcaops/jobs")).json()["name"] == "operator"
    assert (await house.browser.post("/orcaops/jobs", json={})).status_code == 401
    assert (await house.browser.post("/mcp", json={})).status_code == 401
    assert (await house.browser.delete("/orcaops/jobs/x")).status_code == 401


async def test_where_looking_needs_a_token_browsers_are_led_to_the_login_and_back(tmp_path: Path) -> None:
    async with a_house(tmp_path / "home", limits=HttpSettings(require_token_to_read=True)) as house:
        sent = await house.browser.get("/jobs?status=failed&q=ab")
        assert (sent.status_code, sent.headers["location"]) == (
            303,
            "/login?next=%2Fjobs%3Fstatus%3Dfailed%26q%3Dab",
        )
        form = await house.browser.get(sent.headers["location"])
        assert 'value="/jobs?status=failed&amp;q=ab"' in form.text
        for asset in re.findall(r'"(/static/[^"#]+)', form.text):
            assert (await house.browser.get(asset)).status_code == 200
        assert (
            await house.browser.get("/events?topics=jobs", headers={"Accept": "text/event-stream"})
        ).status_code == 401
        assert (await house.browser.get("/orcaops/jobs")).status_code == 401
        assert (await house.send("/jobs/new", image="busybox")).status_code == 401
        await house.log_in(TOKEN)
        assert (await house.browser.get("/jobs")).status_code == 200
        assert (await house.browser.get("/orcaops/jobs")).status_code == 200


async def test_behind_a_proxy_that_ends_tls_one_logs_in_and_the_cookie_stays_on_tls(tmp_path: Path) -> None:
    async with a_house(tmp_path / "home", name="orca.example.org") as house:
        house.browser.headers |= {"Host": "orca.example.org", "Origin": "https://orca.example.org"}
        answer = await house.log_in(TOKEN)
        assert answer.status_code == 303
        said = next(line for line in answer.headers.get_list("set-cookie") if line.startswith(LOGIN_COOKIE))
        assert "secure" in said.lower()


async def test_where_no_token_is_asked_for_everybody_acts_and_the_login_says_so(tmp_path: Path) -> None:
    async with a_house(tmp_path / "home", token=None) as house:
        job_id = await house.job()
        assert "No token is asked for here" in (await house.browser.get("/login")).text
        assert (await house.log_in("anything")).status_code == 303
        assert (await house.send(f"/jobs/{job_id}/delete")).status_code == 303
        assert sum((await house.engine.count_jobs()).values()) == 0


async def test_a_page_of_another_site_cannot_act_with_the_cookie(house: House) -> None:
    job_id = await house.job()
    await house.log_in(TOKEN)
    found = _FIELD.search((await house.browser.get("/login")).text)
    assert found is not None
    for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Host": "evil.example:8787"}):
        answer = await house.browser.post(f"/jobs/{job_id}/delete", data={"csrf": found[1]}, headers=headers)
        assert answer.status_code in (403, 421)
    assert (await house.engine.get_job(job_id)).job_id == job_id

"""What every page has and every form must bring."""

from __future__ import annotations

import json
import re
from contextlib import aclosing
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
import anyio.to_thread
import httpx2
import pytest

from core import DockerSettings, EngineSettings, OrcaOpsError, UnknownSecretError, errors, open_engine
from orcaops_mcp.api import problems as rest_problems
from orcaops_mcp.intake.dashboard import is_page
from orcaops_mcp.web import problems
from orcaops_mcp.web.app import ROUTERS, build_web
from orcaops_mcp.web.nudges import nudges
from tests.orcaops_mcp.web.conftest import HTML, a_job, post, words_of

if TYPE_CHECKING:
    from pathlib import Path

    from core import Engine

_POLICY_PARTS = (
    "default-src 'none'",
    "style-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types htmx",
)


async def test_a_page_lets_run_only_scripts_with_its_own_nonce(pages: httpx2.AsyncClient) -> None:
    first, second = await pages.get("/jobs"), await pages.get("/jobs")
    policy = first.headers["content-security-policy"]
    nonces = re.findall(r"'nonce-([^']+)'", policy)
    assert len(nonces) == 1
    assert set(re.findall(r'nonce="([^"]+)"', first.text)) == set(nonces)
    assert "unsafe" not in policy
    for part in _POLICY_PARTS:
        assert part in policy
    assert nonces[0] not in second.headers["content-security-policy"]
    assert first.headers["x-content-type-options"] == "nosniff"
    assert first.headers["referrer-policy"] == "same-origin"
    assert first.headers["cross-origin-opener-policy"] == "same-origin"


async def test_a_page_has_no_inline_script_or_style_and_loads_nothing_from_elsewhere(pages: httpx2.AsyncClient) -> None:
    page = (await pages.get("/jobs")).text
    assert re.findall(r"<style|style=|<script(?![^>]*src=)| on[a-z]+=|javascript:", page) == []
    loaded = re.findall(r'(?:src|<link[^>]*href)="([^"]+)"', page)
    assert loaded
    assert all(address.startswith("/static/") for address in loaded)


def test_every_address_of_the_dashboard_is_known_at_the_door() -> None:
    paths = [str(getattr(route, "path", "")) for router in ROUTERS for route in router.routes]
    assert len(paths) > 10
    assert [path for path in paths if not is_page(path)] == []


async def test_files_of_a_page_may_be_kept_for_ever_by_their_version(pages: httpx2.AsyncClient) -> None:
    page = (await pages.get("/jobs")).text
    addresses = set(re.findall(r'"(/static/[^"#]+)', page))
    for address in addresses:
        answer = await pages.get(address)
        assert answer.status_code == 200, address
        assert "immutable" in answer.headers["cache-control"]
    bare = await pages.get("/static/js/live.js")
    assert bare.headers["cache-control"] == "no-cache"
    again = await pages.get("/static/js/live.js", headers={"If-None-Match": bare.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert (await pages.get("/static/../app.py")).status_code == 404
    assert (await pages.get("/favicon.ico")).headers["content-type"] == "image/svg+xml"


@pytest.mark.parametrize("theme", ["system", "light", "dark"])
async def test_a_theme_is_kept_in_a_cookie_and_in_the_page(pages: httpx2.AsyncClient, theme: str) -> None:
    chosen = await post(pages, "/theme", theme=theme, next="/jobs?status=failed")
    assert (chosen.status_code, chosen.headers["location"]) == (303, "/jobs?status=failed")
    assert f'data-theme="{theme}"' in (await pages.get("/jobs")).text


@pytest.mark.parametrize(
    "wanted",
    ["//evil.example", "/\\evil.example", "https://evil.example", "/orcaops/jobs", "/login", "/jobs\r\nX: y", ""],
)
async def test_going_on_leads_to_no_page_but_ours(pages: httpx2.AsyncClient, wanted: str) -> None:
    assert (await post(pages, "/theme", theme="dark", next=wanted)).headers["location"] == "/jobs"


async def test_a_form_that_no_page_of_ours_made_is_refused(pages: httpx2.AsyncClient, engine: Engine) -> None:
    job = await a_job(engine)
    path = f"/jobs/{job.job_id}/delete"
    bare = await pages.post(path)
    assert bare.status_code == 403
    assert "made for this browser" in words_of(bare)
    await pages.get("/jobs")
    assert (await pages.post(path, data={"csrf": "0" * 40})).status_code == 403
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://127.0.0.1:9"},
    ):
        with_token = await post(pages, "/theme", theme="dark")
        assert with_token.status_code == 303
        page = (await pages.get("/login")).text
        token = re.findall(r'name="csrf" value="([0-9a-f]+)"', page)[0]
        assert (await pages.post(path, data={"csrf": token}, headers=headers)).status_code == 403
    assert (await engine.get_job(job.job_id)).job_id == job.job_id


async def test_the_token_of_a_form_is_of_no_use_in_another_browser(pages: httpx2.AsyncClient, engine: Engine) -> None:
    job = await a_job(engine)
    token = re.findall(r'name="csrf" value="([0-9a-f]+)"', (await pages.get("/login")).text)[0]
    pages.cookies.clear()
    assert (await pages.post(f"/jobs/{job.job_id}/delete", data={"csrf": token})).status_code == 403


async def test_who_may_only_look_is_offered_nothing_and_changes_nothing(
    pages: httpx2.AsyncClient, engine: Engine
) -> None:
    job = await a_job(engine)
    pages.headers["Test-Caller"] = "reader"
    listed = (await pages.get("/jobs")).text
    assert job.job_id in listed
    assert "Rerun" not in listed
    assert "Run a job" not in listed
    for verb in ("cancel", "rerun", "delete"):
        asked = await pages.get(f"/jobs/{job.job_id}/{verb}")
        done = await post(pages, f"/jobs/{job.job_id}/{verb}")
        assert (asked.status_code, done.status_code) == (403, 403)
        assert "change nothing" in words_of(done)
    assert sum((await engine.count_jobs()).values()) == 1


async def test_what_is_not_there_is_told_in_a_page_and_to_programs_in_the_envelope(pages: httpx2.AsyncClient) -> None:
    page = await pages.get("/nowhere")
    assert page.status_code == 404
    assert "There is no page at /nowhere" in words_of(page)
    missing = await pages.get("/jobs/job_00000000000000000000000aa/cancel")
    assert missing.status_code == 404
    envelope = await pages.get("/nowhere", headers={"Accept": "application/json"})
    assert envelope.json()["error"]["code"] == "no_such_path"
    method = await pages.request("PUT", "/jobs")
    assert method.status_code == 405


def test_pages_and_rest_answer_an_error_with_the_same_status() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, OrcaOpsError)]
    told = [kind("Something is wrong.") for kind in kinds]
    assert {type(error): problems.status_of(error) for error in told} == {
        type(error): rest_problems.status_of(error) for error in told
    }
    assert problems.status_of(UnknownSecretError("It is not there.")) == 422


async def test_a_fault_of_ours_says_an_id_and_no_more(
    pages: httpx2.AsyncClient, engine: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise LookupError("secret detail")

    monkeypatch.setattr(engine, "list_jobs", fail)
    answer = await pages.get("/jobs")
    assert answer.status_code == 500
    assert "secret detail" not in answer.text
    identity = re.findall(r"under ([0-9a-f]{8})", answer.text)[0]
    assert identity in caplog.text


async def test_hostile_text_is_shown_as_text(pages: httpx2.AsyncClient) -> None:
    page = await pages.get("/jobs", params={"q": '"><script>alert(1)</script>\u202egpj.exe\x1b[31m'})
    assert "<script>alert" not in page.text
    assert "\u202e" not in page.text
    assert "⟨U+202E⟩gpj.exe␛[31m" in page.text


async def test_topics_that_are_none_are_refused(pages: httpx2.AsyncClient) -> None:
    for topics in ("jobs,everything", "job:../x", ",", ",".join(f"job:job_{n}" for n in range(30))):
        assert (await pages.get("/events", params={"topics": topics})).status_code == 422


async def test_nudges_name_what_changed_of_what_a_page_follows_and_nothing_else(engine: Engine) -> None:
    async with anyio.create_task_group() as tasks:
        with anyio.fail_after(30):
            followed = await a_job(engine, "sleep", "60", wait=False)
            async with aclosing(nudges(engine, frozenset({f"job:{followed.job_id}"}))) as stream:
                assert (await anext(stream)).startswith(b"retry: 2000\n")
                tasks.start_soon(a_job, engine)
                await engine.cancel_job(followed.job_id)
                lines = (await anext(stream)).decode().split("\n")
                assert lines[1] == "event: nudge"
                assert json.loads(lines[2].removeprefix("data: ")) == {"topics": [f"job:{followed.job_id}"]}


async def test_while_no_container_engine_answers_every_page_says_that_jobs_wait(tmp_path: Path) -> None:
    docker = DockerSettings(base_url="unix:///nonexistent/docker.sock")
    async with open_engine(EngineSettings(home=tmp_path / "home", docker=docker)) as engine:
        transport = httpx2.ASGITransport(app=await anyio.to_thread.run_sync(build_web, engine))
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1:8787", headers=HTML) as pages:
            with anyio.fail_after(30):
                while engine.blocked_by is None:
                    await anyio.lowlevel.checkpoint()
            for path in ("/jobs", "/workflows", "/templates", "/jobs/new"):
                page = await pages.get(path)
                assert page.status_code == 200
                assert "Container engine not reachable. Jobs wait in the queue" in words_of(page)
                assert 'href="/system"' in page.text

"""Whose pages and whose names get in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from orcaops_mcp.daemon.guards import host_names, rules_for
from orcaops_mcp.intake.looking import LOOKING_POSTS
from orcaops_mcp.settings import Settings
from tests.orcaops_mcp.daemon.guards.conftest import BEARER, TOKEN, Room, a_room

if TYPE_CHECKING:
    from pathlib import Path

_BEARER_LINE = f"Authorization: Bearer {TOKEN}"


@pytest.mark.parametrize("host", ["evil.example", "localhost", "localhost:1", "127.0.0.1.evil:{port}", "", "[::1"])
@pytest.mark.parametrize("request_line", ["GET /healthz HTTP/1.1", "POST /mcp HTTP/1.1", "GET /orcaops/jobs HTTP/1.1"])
@pytest.mark.hostile("B16")
async def test_a_foreign_host_is_turned_away_even_with_the_token(room: Room, host: str, request_line: str) -> None:
    status, _, body = await room.say(request_line, f"Host: {host.format(port=room.port)}", _BEARER_LINE)
    assert (status, body["error"]["code"]) == (421, "host_not_allowed")
    assert body["error"]["hint"]


async def test_names_of_this_machine_are_ours_in_any_spelling(room: Room) -> None:
    for host in ("127.0.0.1", "LocalHost", "[::1]"):
        assert (await room.say("GET /orcaops/jobs HTTP/1.1", f"Host: {host}:{room.port}"))[0] == 200


@pytest.mark.parametrize("origin", ["null", "http://evil.example", "http://localhost:3000", "https://localhost:{port}"])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "DELETE"])
@pytest.mark.hostile("B17")
async def test_a_page_of_another_origin_can_do_nothing(room: Room, origin: str, method: str) -> None:
    headers = BEARER | {"Origin": origin.format(port=room.port)}
    async with room.client() as client:
        answer = await client.request(method, "/orcaops/jobs", headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "origin_not_allowed")
    assert "access-control-allow-origin" not in answer.headers
    assert room.changes == []


async def test_two_origins_are_none_of_ours(room: Room) -> None:
    ours = f"Origin: http://127.0.0.1:{room.port}"
    assert (await room.say("GET / HTTP/1.1", ours))[0] == 200
    assert (await room.say("GET / HTTP/1.1", ours, ours))[0] == 403


@pytest.mark.hostile("B32")
async def test_a_web_socket_of_another_origin_is_refused_before_it_is_accepted(room: Room) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with connect(room.ws_url, origin="http://evil.example"):  # pyright: ignore[reportArgumentType] - a NewType of str
            pass
    assert refused.value.response.status_code == 403
    assert b"origin_not_allowed" in (refused.value.response.body or b"")
    async with connect(room.ws_url) as connection:
        assert await connection.recv() == "visitor"


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_what_another_sites_page_makes_a_browser_send_is_refused(room: Room, site: str) -> None:
    async with room.client(headers=BEARER | {"Sec-Fetch-Site": site}) as client:
        for method in ("POST", "PUT", "DELETE"):
            answer = await client.request(method, "/orcaops/jobs", headers={"Sec-Fetch-Mode": "no-cors"})
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, "cross_site")
        image = {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
        assert (await client.get("/orcaops/jobs", headers=image)).status_code == 403
        frame = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"}
        assert (await client.get("/", headers=frame)).status_code == 403
        form = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
        for path in ("/orcaops/jobs", *LOOKING_POSTS):
            assert (await client.post(path, headers=form)).status_code == 403
    assert room.changes == []


async def test_a_link_from_another_site_opens_a_page_of_ours(room: Room) -> None:
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    async with room.client() as client:
        assert (await client.get("/", headers=link)).status_code == 200
        for site in ("same-origin", "none"):
            assert (await client.post("/x", headers=BEARER | {"Sec-Fetch-Site": site})).status_code == 200


async def test_an_origin_that_the_operator_allows_may_call(tmp_path: Path) -> None:
    theirs = {"Origin": "https://orca.example.org", "Sec-Fetch-Site": "cross-site"}
    allowed = ("https://Orca.example.org",)
    async with a_room(tmp_path / "home", allowed_origins=allowed) as room, room.client(headers=theirs) as client:
        assert (await client.post("/x", headers=BEARER)).status_code == 200
        assert (await client.post("/x")).status_code == 401


async def test_a_host_that_the_operator_allows_is_ours(tmp_path: Path) -> None:
    async with a_room(tmp_path / "home", allowed_hosts=("Orca.example.org",)) as room:
        assert (await room.say("GET / HTTP/1.1", "Host: orca.example.org", _BEARER_LINE))[0] == 200


async def test_every_answer_tells_browsers_to_take_it_for_nothing_else(room: Room) -> None:
    async with room.client() as client:
        for answer in (await client.get("/x"), await client.post("/x"), await client.get("/x", headers={"Host": "y"})):
            assert answer.headers["x-content-type-options"] == "nosniff"
            assert answer.headers["referrer-policy"] == "no-referrer"
            assert answer.headers["cross-origin-resource-policy"] == "same-origin"
            assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_on_the_port_of_the_web_a_host_is_ours_without_one(tmp_path: Path) -> None:
    rules = rules_for(Settings(home=tmp_path), 80, None)
    assert {"localhost", "localhost:80"} <= rules.hosts
    assert {"http://localhost", "http://localhost:80"} <= rules.origins


@pytest.mark.hostile("B16")
def test_names_of_the_bound_address_count_as_ours(tmp_path: Path) -> None:
    assert "orca.example" in host_names(Settings(home=tmp_path, host="orca.example"))
    assert "[fd00::1]" in host_names(Settings(home=tmp_path, host="fd00::1"))
    assert host_names(Settings(home=tmp_path)) == {"127.0.0.1", "localhost", "[::1]"}

"""Who callers are, and what they may do."""

from __future__ import annotations

import json
import logging
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import anyio
import anyio.to_thread
import httpx2
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from orcaops_mcp.daemon.guards import rules_for
from orcaops_mcp.daemon.guards.identity import IdentityGuard
from orcaops_mcp.daemon.guards.request import address_of
from orcaops_mcp.intake.looking import LOOKING_POSTS
from orcaops_mcp.settings import HttpSettings, Settings
from tests.orcaops_mcp.daemon.guards.conftest import BEARER, TOKEN, Room, a_room

if TYPE_CHECKING:
    from pathlib import Path

    from core.testing.clock import MovingClock

_CHANGING = ("POST", "PUT", "PATCH", "DELETE")


@pytest.mark.hostile("B18")
async def test_without_the_token_nothing_is_changed(room: Room) -> None:
    async with room.client() as client:
        for method in _CHANGING:
            for path in ("/orcaops/jobs", "/mcp", "/healthz", "/stream", "/anything/else"):
                answer = await client.request(method, path)
                assert answer.status_code == 401
                assert answer.headers["www-authenticate"] == "Bearer"
                assert answer.json()["error"] | {"message": "", "hint": ""} == {
                    "code": "unauthorized", "message": "", "hint": "", "retryable": False
                }  # fmt: skip
    assert room.changes == []


async def test_on_loopback_anybody_may_look(room: Room) -> None:
    async with room.client() as client:
        seen = (await client.get("/orcaops/jobs")).json()
        assert (seen["name"], seen["may_change"], seen["is_operator"]) == ("visitor", False, False)
        assert (await client.head("/orcaops/jobs")).status_code == 200


async def test_the_operators_token_lets_in_whoever_brings_it(room: Room) -> None:
    async with room.client(headers=BEARER) as client:
        seen = (await client.post("/orcaops/jobs", content=b"12345")).json()
        assert seen == {"name": "operator", "may_change": True, "is_operator": True, "folder": None, "size": 5}
    assert (await room.say("GET / HTTP/1.1", f"authorization:   bEARER   {TOKEN}  "))[2]["name"] == "operator"


@pytest.mark.hostile("B20")
async def test_an_agent_is_never_the_operator(room: Room) -> None:
    async with room.client(headers=BEARER) as client:
        seen = (await client.post("/mcp")).json()
    assert (seen["name"], seen["may_change"], seen["is_operator"]) == ("agent", True, False)


@pytest.mark.parametrize(
    "value",
    [
        "", "Bearer", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", f"Bearer {TOKEN} {TOKEN}",
        f"Bearer {TOKEN[:8]} {TOKEN[8:]}", f"Bearer,{TOKEN}", f'Bearer "{TOKEN}"', f"Bearer\t{TOKEN}", "Bearer tökén",
        f"Token {TOKEN}", "Bearer " + "x" * 513, f"Digest username={TOKEN}",
    ],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.hostile("B18", "B19")
async def test_a_token_that_is_not_good_is_turned_away_even_from_looking(room: Room, value: str, method: str) -> None:
    status, headers, body = await room.say(f"{method} /orcaops/jobs HTTP/1.1", f"Authorization: {value}")
    assert status == 401
    assert headers["www-authenticate"].startswith("Bearer error=")
    assert TOKEN[:8] not in json.dumps(body)
    assert room.changes == []


async def test_two_authorization_headers_are_not_weighed_against_each_other(room: Room) -> None:
    good = f"Authorization: Bearer {TOKEN}"
    for pair in ((good, good), (good, "Authorization: Bearer other"), ("Authorization: Basic x", good)):
        assert (await room.say("POST / HTTP/1.1", *pair))[0] == 401


@pytest.mark.parametrize("name", ["token", "access_token", "ACCESS_TOKEN", "api_key", "to%6ben", "a=b&token"])
@pytest.mark.parametrize("headers", [{}, BEARER])
@pytest.mark.hostile("B18")
async def test_a_token_in_an_address_is_refused_and_said_to_be(
    room: Room, name: str, headers: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        async with room.client(headers=headers) as client:
            answer = await client.get(f"/orcaops/jobs?{name}={TOKEN}")
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "token_in_address")
        with pytest.raises(InvalidStatus):
            async with connect(f"{room.ws_url}?{name}={TOKEN}"):
                pass
    ours = [record for record in caplog.records if not record.name.startswith(("httpx", "websockets.client"))]
    assert TOKEN not in "".join(record.getMessage() for record in ours)


async def test_a_token_is_never_logged(room: Room, caplog: pytest.LogCaptureFixture) -> None:
    given = await room.token("ci")
    with caplog.at_level(logging.DEBUG):
        async with room.client() as client:
            for headers in (BEARER, given, {"Authorization": "Bearer wrong-but-secret"}):
                for _ in range(30):
                    await client.post("/x", headers=headers)
    said = "".join(record.getMessage() for record in caplog.records if record.name.startswith(("orcaops", "uvicorn")))
    assert "Wrong tokens keep coming from 127.0.0.1" in said
    for secret in (TOKEN, given["Authorization"].removeprefix("Bearer "), "wrong-but-secret"):
        assert secret not in said


async def test_a_token_that_may_only_read_changes_nothing(room: Room) -> None:
    async with room.client(headers=await room.token("watcher", "read")) as client:
        seen = (await client.get("/orcaops/jobs/j")).json()
        assert (seen["name"], seen["may_change"]) == ("token watcher", False)
        for method, path in (("POST", "/orcaops/jobs/j/cancel"), *((each, "/orcaops/jobs/j") for each in _CHANGING)):
            answer = await client.request(method, path)
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, "read_only_token")
    assert room.changes == []


async def test_who_may_only_look_asks_questions_that_are_posted(room: Room) -> None:
    assert LOOKING_POSTS
    async with room.client() as client:
        reader = await room.token("watcher", "read")
        for path in LOOKING_POSTS:
            assert (await client.post(path, headers=reader)).json()["name"] == "token watcher"
            assert (await client.post(path)).json()["name"] == "visitor"
            for method, other in (("POST", path + "/"), ("POST", path + "/x"), ("POST", path.upper()), ("PUT", path)):
                assert (await client.request(method, other, headers=reader)).status_code == 403
                assert (await client.request(method, other)).status_code == 401


async def test_a_token_that_may_only_read_reaches_the_mcp_server_which_is_told(room: Room) -> None:
    async with room.client(headers=await room.token("watcher", "read")) as client:
        seen = (await client.post("/mcp")).json()
    assert (seen["name"], seen["may_change"]) == ("token watcher", False)


async def test_a_token_added_or_removed_counts_at_once(room: Room) -> None:
    async with room.client() as client:
        given = await room.token("ci")
        seen = (await client.post("/x", headers=given)).json()
        assert (seen["name"], seen["may_change"], seen["is_operator"]) == ("token ci", True, False)
        await anyio.to_thread.run_sync(room.tokens.remove, ["ci"])
        assert (await client.post("/x", headers=given)).status_code == 401
        again = await room.token("ci")
        assert (await client.post("/x", headers=again)).status_code == 200
        assert (await client.post("/x", headers=given)).status_code == 401


async def test_a_token_is_good_until_it_expires(tmp_path: Path, moving_clock: MovingClock) -> None:
    async with a_room(tmp_path / "home", clock=moving_clock) as room, room.client() as client:
        expires_at = moving_clock.now() + timedelta(days=90)
        given = await room.token("ci", expires_at=expires_at)
        moving_clock.advance(90 * 86_400 - 1)
        assert (await client.post("/x", headers=given)).status_code == 200
        moving_clock.advance(1)
        answer = await client.post("/x", headers=given)
        assert answer.status_code == 401
        assert "expired on 2026-04-01" in answer.json()["error"]["message"]


async def test_the_use_of_a_token_is_noted_to_within_the_hour(tmp_path: Path, moving_clock: MovingClock) -> None:
    async with a_room(tmp_path / "home", clock=moving_clock) as room, room.client() as client:
        given = await room.token("ci")
        first = moving_clock.now()
        for wait_s, noted in ((0, first), (3599, first), (1, first + timedelta(hours=1))):
            moving_clock.advance(wait_s)
            assert (await client.get("/x", headers=given)).status_code == 200
            assert (await room.stored_tokens())[0].last_used_at == noted


async def test_a_use_that_cannot_be_noted_is_logged_and_let_in(room: Room, caplog: pytest.LogCaptureFixture) -> None:
    given = await room.token("ci")
    lock = anyio.Path(room.home / "tokens.lock")
    await lock.unlink()
    await lock.mkdir()
    async with room.client() as client:
        assert (await client.post("/x", headers=given)).status_code == 200
    assert "The use of token ci was not noted" in caplog.text


async def test_a_damaged_token_file_lets_in_the_operator_alone(room: Room, caplog: pytest.LogCaptureFixture) -> None:
    given = await room.token("ci")
    path = anyio.Path(room.tokens.path)
    intact = await path.read_bytes()
    async with room.client() as client:
        for damage in (b"{", b"[]", b'{"tokens": [{}]}', b"\xff", b'{"tokens": 3}', intact.replace(b"write", b"admin")):
            await path.write_bytes(damage)
            assert (await client.post("/x", headers=given)).status_code == 401
            assert (await client.post("/x", headers=BEARER)).status_code == 200
        assert "No named token is let in" in caplog.text
        await path.write_bytes(intact)
        assert (await client.post("/x", headers=given)).status_code == 200
        await path.chmod(0o644)
        assert (await client.post("/x", headers=given)).status_code == 401


async def test_looking_needs_a_token_where_others_can_reach_the_door(tmp_path: Path) -> None:
    async with a_room(tmp_path / "home", host="0.0.0.0") as room, room.client() as client:  # noqa: S104 - only the rules know
        assert (await client.get("/orcaops/jobs")).status_code == 401
        assert (await client.get("/stream")).status_code == 401
        assert (await client.get("/orcaops/jobs", headers=BEARER)).status_code == 200
        assert (await client.get("/healthz")).status_code == 200
        with pytest.raises(InvalidStatus) as refused:
            async with connect(room.ws_url):
                pass
        assert refused.value.response.status_code == 401
        async with connect(room.ws_url, additional_headers=BEARER) as connection:
            assert await connection.recv() == "operator"


async def test_looking_needs_a_token_where_a_proxy_may_bring_others(tmp_path: Path) -> None:
    async with a_room(tmp_path / "home", allowed_hosts=("orca.example.org",)) as room:
        for host in ("orca.example.org", f"127.0.0.1:{room.port}"):
            assert (await room.say("GET /orcaops/jobs HTTP/1.1", f"Host: {host}"))[0] == 401


@pytest.mark.parametrize(("must", "host", "status"), [(True, "127.0.0.1", 401), (False, "0.0.0.0", 200)])  # noqa: S104
async def test_the_operator_decides_whether_looking_needs_a_token(
    tmp_path: Path, must: bool, host: str, status: int
) -> None:
    limits = HttpSettings(require_token_to_read=must)
    async with a_room(tmp_path / "home", host=host, limits=limits) as room, room.client() as client:
        assert (await client.get("/orcaops/jobs")).status_code == status
        assert (await client.post("/orcaops/jobs")).status_code == 401


async def test_without_a_token_asked_for_anybody_on_loopback_may_change_things(tmp_path: Path) -> None:
    async with a_room(tmp_path / "home", token=None) as room, room.client() as client:
        seen = (await client.post("/orcaops/jobs")).json()
        assert (seen["name"], seen["may_change"], seen["is_operator"]) == ("rest", True, False)
        assert (await client.post("/mcp", headers={"Authorization": "Bearer left-over"})).json()["name"] == "agent"
        assert (await client.post("/x", headers={"Origin": "http://evil.example"})).status_code == 403


async def test_who_comes_by_the_unix_socket_is_the_operator_and_stands_in_a_folder(room: Room) -> None:
    folder = "/tmp/a b/ü%"
    transport = httpx2.AsyncHTTPTransport(uds=str(room.socket))
    async with httpx2.AsyncClient(base_url="http://whatever", transport=transport) as client:
        seen = (await client.post("/x", headers={"OrcaOps-Folder": quote(folder)})).json()
        assert seen == {"name": "cli", "may_change": True, "is_operator": True, "folder": folder, "size": 0}
        assert (await client.get("/x")).json()["folder"] is None
        agent = (await client.post("/mcp", headers={"OrcaOps-Folder": "/a"})).json()
        assert (agent["name"], agent["is_operator"], agent["folder"]) == ("agent", False, "/a")
        for odd in ("relative", "", "/a%00b", "/" + "x" * 4096):
            answer = await client.get("/x", headers={"OrcaOps-Folder": odd})
            assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_folder")


async def test_nobody_stands_in_a_folder_over_tcp(room: Room) -> None:
    async with room.client(headers=BEARER) as client:
        seen = (await client.post("/x", headers={"OrcaOps-Folder": "/etc"})).json()
    assert (seen["name"], seen["folder"]) == ("operator", None)


async def test_a_server_that_does_not_say_where_a_request_came_in_is_taken_for_tcp(room: Room) -> None:
    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        raise AssertionError(scope)

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    for server in (None, ("127.0.0.1", 80)):
        sent.clear()
        scope: dict[str, Any] = {
            "type": "http",
            "method": "POST",
            "path": "/x",
            "headers": [],
            "query_string": b"",
            "server": server,
        }
        await IdentityGuard(app, room.rules)(scope, receive, send)
        assert sent[0]["status"] == 401


async def test_ten_thousand_wrong_tokens_from_as_many_addresses_leave_a_bounded_memory(tmp_path: Path) -> None:
    async def nothing(*_: Any) -> Any:
        raise AssertionError

    async def send(message: Any) -> None:
        statuses.add(message.get("status", 0))

    statuses: set[int] = set()
    guard = IdentityGuard(nothing, rules_for(Settings(home=tmp_path), 8787, TOKEN))
    for number in range(10_000):
        scope: dict[str, Any] = {
            "type": "http", "method": "POST", "path": "/mcp", "query_string": b"", "server": ("127.0.0.1", 8787),
            "client": (f"10.0.{number // 256}.{number % 256}", 1),
            "headers": [(b"authorization", b"Bearer %064d" % number)],
        }  # fmt: skip
        await guard(scope, nothing, send)
    assert statuses == {0, 401}
    assert len(guard._backoff) == 4096
    book = guard._rules.book
    assert book is not None
    assert len(book._noted) == 0


def test_an_ipv6_network_is_counted_as_one_address() -> None:
    near, far = "2001:db8:1:2:3:4:5:6", "2001:db8:1:3:3:4:5:6"
    assert (
        address_of({"client": (near, 1)})
        == address_of({"client": ("2001:db8:1:2::1", 2)})
        != address_of({"client": (far, 1)})
    )
    assert address_of({"client": ("::1", 1)}) == "::1"
    assert address_of({"client": None}) == ""


@pytest.mark.hostile("B32")
async def test_a_web_socket_is_closed_where_the_server_cannot_answer_it(room: Room) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def nothing(*_: Any) -> Any:
        raise AssertionError

    scope: dict[str, Any] = {
        "type": "websocket",
        "path": "/ws",
        "headers": [],
        "query_string": b"token=x",
        "server": ("127.0.0.1", 80),
    }
    await IdentityGuard(nothing, room.rules)(scope, nothing, send)
    assert sent == [{"type": "websocket.close", "code": 1008, "reason": "token_in_address"}]
    assert scope["query_string"] == b""

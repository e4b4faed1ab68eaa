"""Who gets past the TCP door; spoken to as ASGI, without a socket."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from starlette.responses import PlainTextResponse

from orcaops_mcp.daemon.app import host_names
from orcaops_mcp.daemon.door import CannotListenError, open_door
from orcaops_mcp.daemon.guards import HostGuard, TokenGuard
from orcaops_mcp.daemon.token import UnusableTokenError, read_or_make_token
from orcaops_mcp.settings import Settings

if TYPE_CHECKING:
    from collections.abc import MutableMapping

TOKEN = "correct-horse-battery"
_APP = TokenGuard(PlainTextResponse("inside"), TOKEN)
_GUARDED = HostGuard(_APP, {"127.0.0.1:8787", "localhost:8787"}, {"http://localhost:8787"})
_OURS = ("host", "localhost:8787")
_BEARER = ("authorization", f"Bearer {TOKEN}")


async def _status(*headers: tuple[str, str], path: str = "/mcp", query: bytes = b"") -> int:
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    raw = [(name.encode(), value.encode()) for name, value in headers]
    scope = {"type": "http", "method": "POST", "path": path, "query_string": query, "headers": raw}
    await _GUARDED(scope, receive, send)
    status: int = sent[0]["status"]
    if status != 200:
        assert json.loads(sent[1]["body"])["error"]["hint"]
    return status


async def test_our_address_and_our_token_pass() -> None:
    assert await _status(_OURS, _BEARER) == 200
    assert await _status(_OURS, ("authorization", f"bearer  {TOKEN}"), ("origin", "http://localhost:8787")) == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost", "localhost:8788", "127.0.0.1.evil:8787", ""])
async def test_a_foreign_host_is_turned_away_even_with_the_token(host: str) -> None:
    assert await _status(("host", host), _BEARER) == 421


async def test_a_request_without_a_host_or_with_two_is_turned_away() -> None:
    assert await _status(_BEARER) == 421
    assert await _status(_OURS, ("host", "127.0.0.1:8787"), _BEARER) == 421


@pytest.mark.parametrize("origin", ["null", "http://evil.example", "http://localhost:3000", "https://localhost:8787"])
async def test_a_foreign_origin_is_turned_away_even_with_the_token(origin: str) -> None:
    assert await _status(_OURS, _BEARER, ("origin", origin)) == 403


@pytest.mark.parametrize("value", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x"])
async def test_a_wrong_token_is_turned_away(value: str) -> None:
    assert await _status(_OURS, ("authorization", value)) == 401


async def test_a_token_in_the_address_does_not_count() -> None:
    assert await _status(_OURS, query=f"token={TOKEN}&access_token={TOKEN}".encode()) == 401


async def test_health_needs_no_token_but_our_host() -> None:
    assert await _status(_OURS, path="/healthz") == 200
    assert await _status(("host", "evil"), path="/healthz") == 421


def test_a_token_is_made_once_and_only_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "home" / "token"
    token = read_or_make_token(path)
    assert len(token) >= 32
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_or_make_token(path) == token


@pytest.mark.parametrize(("content", "mode"), [("short", 0o600), ("x" * 40, 0o644), ("", 0o600), ("a b" * 10, 0o600)])
def test_a_token_file_that_cannot_be_trusted_is_refused(tmp_path: Path, content: str, mode: int) -> None:
    path = tmp_path / "token"
    path.write_text(content)
    path.chmod(mode)
    with pytest.raises(UnusableTokenError):
        read_or_make_token(path)


def test_without_a_token_only_loopback_is_served(tmp_path: Path) -> None:
    with (
        pytest.raises(CannotListenError, match="needs a token"),
        open_door(Settings(home=tmp_path, host="0.0.0.0", port=0), with_token=False),  # noqa: S104 - it is refused
    ):
        pass


def test_a_port_that_is_taken_is_said_plainly(tmp_path: Path) -> None:
    with (
        open_door(Settings(home=tmp_path, port=0)) as door,
        pytest.raises(CannotListenError, match=f"port {door.port}"),
        open_door(Settings(home=tmp_path, port=door.port)),
    ):
        pass
    with (
        pytest.raises(CannotListenError, match="not an address"),
        open_door(Settings(home=tmp_path, host="no.invalid")),
    ):
        pass


def test_names_of_the_bound_address_count_as_ours() -> None:
    assert "orca.example" in host_names(Settings(home=Path("/x"), host="orca.example"))
    assert host_names(Settings(home=Path("/x"))) == {"127.0.0.1", "localhost", "[::1]"}

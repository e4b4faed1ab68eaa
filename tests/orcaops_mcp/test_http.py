"""`orcaops serve` as a process: a real socket, real clients, a clean end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from tests.orcaops_mcp.conftest import finished_job
from tests.orcaops_mcp.served import served

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_client_runs_a_job_over_http(tmp_path: Path, mode: str) -> None:
    async with (
        served(tmp_path) as server,
        httpx2.AsyncClient(headers=server.headers, timeout=30) as http,
        Client(streamable_http_client(server.url, http_client=http), mode=mode) as client,
    ):
        outcome = await finished_job(client, "echo one", "echo two >&2; exit 3")
        assert outcome["failure"]["kind"] == "exit"
        assert [step["exit_code"] for step in outcome["steps"]] == [0, 3]


@pytest.mark.hostile("B16", "B17", "B18", "B21")
async def test_the_door_is_guarded(tmp_path: Path) -> None:
    async with served(tmp_path) as server, httpx2.AsyncClient(timeout=30) as http:
        health = server.url.replace("/mcp", "/healthz")
        assert (await http.get(health)).text == "ok\n"
        assert (await http.get(health, headers={"Host": "evil.example"})).status_code == 421
        assert (await http.post(server.url, json={})).status_code == 401
        assert (await http.post(server.url, json={})).headers["www-authenticate"] == "Bearer"
        foreign = server.headers | {"Origin": "http://evil.example"}
        assert (await http.post(server.url, json={}, headers=foreign)).status_code == 403
        plain = server.headers | {"Content-Type": "text/plain", "Accept": "application/json, text/event-stream"}
        assert (await http.post(server.url, content=b"{}", headers=plain)).status_code in (400, 415)
        large = server.headers | {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
        assert (await http.post(server.url, content=b"x" * 5_000_000, headers=large)).status_code == 413


async def test_without_a_token_loopback_is_served_to_anybody_there(tmp_path: Path) -> None:
    async with served(tmp_path, "--no-token") as server, Client(server.url) as client:
        assert (await client.list_tools()).tools

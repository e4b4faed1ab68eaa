"""Who may do what at the real door: `orcaops serve` as a process, spoken to as curl and a browser's page would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.orcaops_mcp.conftest import error_of
from tests.orcaops_mcp.served import ORCAOPS, Served, served

if TYPE_CHECKING:
    from pathlib import Path

_CHANGING = (
    ("POST", "/orcaops/jobs"),
    ("DELETE", "/orcaops/jobs/{job}"),
    ("POST", "/orcaops/jobs/{job}/cancel"),
    ("POST", "/orcaops/jobs/{job}/rerun"),
    ("POST", "/orcaops/uploads"),
    ("PUT", "/orcaops/uploads/blobs/" + "0" * 64),
    ("DELETE", "/orcaops/runs/{job}"),
    ("POST", "/orcaops/runs/cleanup"),
    ("POST", "/orcaops/runs/export"),
    ("POST", "/orcaops/system/stop"),
)


def _client(server: Served, **headers: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(base_url=server.url.removesuffix("/mcp"), headers=headers, timeout=30)


async def _long_job(server: Served) -> str:
    async with _client(server, **server.headers) as operator:
        answer = await operator.post("/orcaops/jobs", json={"image": "busybox", "command": ["sleep", "600"]})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["job_id"])


async def _codes(client: httpx2.AsyncClient, job: str) -> set[tuple[int, str]]:
    answers = [await client.request(method, path.format(job=job), json={}) for method, path in _CHANGING]
    return {(answer.status_code, answer.json()["error"]["code"]) for answer in answers}


async def _untouched(server: Served, job: str) -> bool:
    async with _client(server) as visitor:
        seen: dict[str, Any] = (await visitor.get(f"/orcaops/jobs/{job}")).json()
        listed: list[Any] = (await visitor.get("/orcaops/jobs")).json()["items"]
    return seen["status"] in ("queued", "running") and [item["job_id"] for item in listed] == [job]


async def _orcaops(home: Path, *words: str) -> str:
    ended = await anyio.run_process([str(ORCAOPS), *words, "--home", str(home)])
    return ended.stdout.decode().strip()


async def test_who_brings_no_token_or_comes_from_elsewhere_changes_nothing(tmp_path: Path) -> None:
    async with served(tmp_path) as server:
        job = await _long_job(server)
        async with _client(server) as curl:
            assert await _codes(curl, job) == {(401, "unauthorized")}
            assert (await curl.post("/mcp", json={})).status_code == 401
        async with _client(server, Origin="http://evil.example", **server.headers) as page:
            assert await _codes(page, job) == {(403, "origin_not_allowed")}
        async with _client(server, Host="evil.example", **server.headers) as rebound:
            assert await _codes(rebound, job) == {(421, "host_not_allowed")}
        form = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}
        async with _client(server, **form, **server.headers) as script:
            assert await _codes(script, job) == {(403, "cross_site")}
        for origin in ("http://evil.example", "null", "http://localhost:3000"):
            with pytest.raises(InvalidStatus) as refused:
                async with connect(_stream(server, job), additional_headers={"Origin": origin} | server.headers):
                    pass
            assert refused.value.response.status_code == 403
        assert await _untouched(server, job)


async def test_a_token_does_what_its_scope_says_and_none_but_the_operators_stops_the_engine(tmp_path: Path) -> None:
    async with served(tmp_path) as server:
        job = await _long_job(server)
        token = await _orcaops(tmp_path, "tokens", "add", "watcher")
        bearer = {"Authorization": f"Bearer {token}"}
        async with _client(server, **bearer) as watcher:
            assert (await watcher.get(f"/orcaops/jobs/{job}")).json()["job_id"] == job
            assert await _codes(watcher, job) == {(403, "read_only_token")}
            async with Client(streamable_http_client(server.url, http_client=watcher)) as agent:
                refused = await agent.call_tool("orcaops_cancel_job", {"job_id": job})
                assert error_of(refused)["code"] == "read_only_token"
            assert await _untouched(server, job)
            await _orcaops(tmp_path, "tokens", "remove", "watcher")
            assert (await watcher.get(f"/orcaops/jobs/{job}")).status_code == 401
        token = await _orcaops(tmp_path, "tokens", "add", "ci", "--scope", "write")
        async with _client(server, Authorization=f"Bearer {token}") as program:
            assert (await program.delete(f"/orcaops/jobs/{job}")).status_code in (200, 202)
            assert (await program.post("/orcaops/system/stop", json={})).status_code == 403


async def test_the_log_of_the_engine_holds_no_token(tmp_path: Path) -> None:
    log, config = anyio.Path(tmp_path / "said.log"), anyio.Path(tmp_path / "config.yaml")
    await config.write_text(f"log_file: {log}\nlog_level: debug\n")
    async with served(tmp_path) as server:
        assert server.token is not None
        address = _stream(server, await _long_job(server))
        async with connect(address, additional_headers=server.headers) as reader:
            assert reader.response is not None
            assert reader.response.status_code == 101
        with pytest.raises(InvalidStatus):
            async with connect(f"{address}?token={server.token}"):
                pass
        async with _client(server) as curl:
            assert (await curl.get(f"/orcaops/jobs?access_token={server.token}")).status_code == 401
    said = await log.read_text()
    assert "DEBUG" in said
    assert "WebSocket" in said
    assert server.token not in said


def _stream(server: Served, job: str) -> str:
    return server.url.replace("http", "ws", 1).removesuffix("/mcp") + f"/orcaops/jobs/{job}/logs/stream"

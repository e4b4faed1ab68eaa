"""The console script as a client starts it: a process, two pipes, whatever comes in."""

from __future__ import annotations

import json
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from anyio.streams.buffered import BufferedByteReceiveStream
from mcp import Client, StdioServerParameters

from tests.orcaops_mcp.conftest import call, error_of, log_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

pytestmark = pytest.mark.slow

ORCAOPS = Path(sys.executable).parent / "orcaops"
_HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}


def _arguments(home: Path, *more: str) -> list[str]:
    return ["mcp", "--in-process", "--home", str(home), "--backend", "simulated", *more]


class Pipe:
    """A server process spoken to in bytes."""

    def __init__(self, process: anyio.abc.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._input = process.stdin
        self._output = BufferedByteReceiveStream(process.stdout)

    async def write(self, line: bytes) -> None:
        await self._input.send(line + b"\n")

    async def ask(self, number: int, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Send a request and return its answer, passing over notifications."""
        request = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        await self.write(json.dumps(request).encode())
        while True:
            answer: dict[str, Any] = json.loads(await self._output.receive_until(b"\n", 1 << 24))
            if answer.get("id") == number:
                return answer

    async def call(self, number: int, tool: str, **arguments: Any) -> dict[str, Any]:
        answer = await self.ask(number, "tools/call", {"name": tool, "arguments": arguments})
        result: dict[str, Any] = answer["result"]
        return result


@asynccontextmanager
async def piped(home: Path) -> AsyncGenerator[Pipe]:
    """A server over plain pipes after the handshake; it must end by itself with exit code 0 when its input ends."""
    with anyio.fail_after(60):
        async with await anyio.open_process([str(ORCAOPS), *_arguments(home)], stderr=None) as process:
            pipe = Pipe(process)
            await pipe.ask(0, "initialize", _HELLO)
            await pipe.write(b'{"jsonrpc":"2.0","method":"notifications/initialized"}')
            yield pipe
            assert process.stdin is not None
            await process.stdin.aclose()
            assert await process.wait() == 0


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_client_runs_a_job_over_stdio(tmp_path: Path, mode: str) -> None:
    server = StdioServerParameters(command=str(ORCAOPS), args=_arguments(tmp_path))
    with anyio.fail_after(60):
        async with Client(server, mode=mode) as client:
            outcome = await call(
                client,
                "orcaops_submit_job",
                image="busybox:latest",
                commands=["echo one", "echo two >&2; exit 3"],
                wait_s=30,
            )
            assert outcome["failure"]["kind"] == "exit"
            assert [step["exit_code"] for step in outcome["steps"]] == [0, 3]
            lines, _ = log_of(await client.call_tool("orcaops_stream_logs", {"id": outcome["job_id"]}))
            assert lines == ["one", "two"]


async def test_options_choose_the_tools(tmp_path: Path) -> None:
    arguments = _arguments(tmp_path, "--read-only", "--tools", "orcaops_wait,orcaops_cancel_job")
    with anyio.fail_after(60):
        async with Client(StdioServerParameters(command=str(ORCAOPS), args=arguments)) as client:
            assert [tool.name for tool in (await client.list_tools()).tools] == ["orcaops_wait"]


@pytest.mark.hostile("B1", "B2", "B4")
async def test_rubbish_on_the_wire_is_survived(tmp_path: Path) -> None:
    rubbish = [
        b"", b"{", b"null", b"42", b'"text"', b"[]", b'[{"jsonrpc":"2.0","id":7,"method":"ping"}]',
        b"\xff\xfe\x00", b'{"jsonrpc":"2.0","id":"\\ud800","method":"tools/list"}',
        b"[" * 100_000, b'{"jsonrpc":"2.0","id":' + b"9" * 5000 + b',"method":"ping"}',
        b'{"jsonrpc":"2.0","id":8,"method":"tools/call","params":{"name":"orcaops_submit_job","arguments":{"timeout_s":NaN}}}',
    ]  # fmt: skip
    async with piped(tmp_path) as pipe:
        for line in rubbish:
            await pipe.write(line)
        status = await pipe.call(1, "orcaops_get_system_status")
        assert status["isError"] is False
        assert json.loads(status["content"][0]["text"])["jobs"].get("running", 0) == 0


@pytest.mark.hostile("B3")
async def test_a_huge_line_is_an_error_about_the_argument(tmp_path: Path) -> None:
    async with piped(tmp_path) as pipe:
        refused = await pipe.call(1, "orcaops_submit_job", image="busybox", script="#" * 64_000_000)
        assert refused["isError"] is True
        assert "256 KiB" in refused["content"][0]["text"]
        assert len(refused["content"][0]["text"]) < 2000
        alive = await pipe.call(2, "orcaops_get_system_status")
        assert alive["isError"] is False


@pytest.mark.hostile("B2")
async def test_surrogates_in_arguments_start_nothing(tmp_path: Path) -> None:
    async with piped(tmp_path) as pipe:
        jobs = ({"image": "busybox", "command": ["echo", "\ud800"]}, {"image": "\ud800"}, {"\ud800": 1})
        for number, arguments in enumerate(jobs, 100):
            params = {"name": "orcaops_submit_job", "arguments": arguments}
            request = {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}
            await pipe.write(json.dumps(request).encode())
        listed = await pipe.call(1, "orcaops_list_runs")
        assert json.loads(listed["content"][0]["text"]) == {"jobs": []}


async def test_a_second_engine_on_a_home_says_whose_it_is_and_leaves(tmp_path: Path) -> None:
    async with piped(tmp_path):
        result = await anyio.run_process([str(ORCAOPS), *_arguments(tmp_path)], check=False)
    assert result.returncode == 1
    assert result.stdout == b""
    message, hint = result.stderr.decode().strip().splitlines()
    assert message.startswith("orcaops: ")
    assert "ORCAOPS_HOME" in hint


async def test_no_container_engine_leaves_the_server_up_and_says_how_to_mend_it(tmp_path: Path) -> None:
    arguments = ["mcp", "--in-process", "--home", str(tmp_path), "--backend", "docker"]
    environment = {"ORCAOPS_DOCKER_BASE_URL": "unix:///nonexistent/docker.sock"}
    server = StdioServerParameters(command=str(ORCAOPS), args=arguments, env=environment)
    with anyio.fail_after(60):
        async with Client(server) as client:
            status = await call(client, "orcaops_get_system_status")
            assert status["containers"]["available"] is False
            assert status["containers"]["hint"]
            submitted = await call(client, "orcaops_submit_job", image="busybox", command=["true"], wait_s=1)
            assert submitted["status"] == "queued" or submitted["failure"]["kind"] == "engine_unavailable"
            error = error_of(await client.call_tool("orcaops_get_job_status", {"job_id": "job_x"}))
            assert error["code"] == "job_not_found"

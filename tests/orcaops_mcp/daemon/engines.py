"""Engines for tests: in this process, where the alarm for blocking calls watches them, or as the processes they are."""

from __future__ import annotations

import json
import os
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
from anyio.streams.buffered import BufferedByteReceiveStream

from orcaops_mcp import places
from orcaops_mcp.daemon.process import Doors, run_engine
from orcaops_mcp.settings import load_configuration

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from anyio.abc import ByteReceiveStream, ByteSendStream, Process

ORCAOPS = Path(sys.executable).parent / "orcaops"
HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
MODERN: dict[str, Any] = {
    "_meta": {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    }
}


def surroundings(**more: str) -> dict[str, str]:
    """Variables for a process: an engine left behind by a failed test does not stay, and takes no port."""
    return dict(os.environ) | {"ORCAOPS_IDLE_EXIT": "60", "ORCAOPS_TCP": "false"} | more


class Wire:
    """One side of a conversation, line by line."""

    def __init__(self, receive: ByteReceiveStream, send: ByteSendStream) -> None:
        self._receive = BufferedByteReceiveStream(receive)
        self._send = send

    async def write(self, data: bytes) -> None:
        await self._send.send(data)

    async def read(self) -> dict[str, Any]:
        line: dict[str, Any] = json.loads(await self._receive.receive_until(b"\n", 1 << 24))
        return line

    async def ends(self) -> bool:
        """Whether the other side says nothing more."""
        try:
            return not await self._receive.receive(1)
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            return True

    async def ask(self, number: int, method: str, **params: Any) -> dict[str, Any]:
        """Send a request of the 2026 era and return its answer, passing over notifications."""
        request = {"jsonrpc": "2.0", "id": number, "method": method, "params": params | MODERN}
        await self.write(json.dumps(request).encode() + b"\n")
        while True:
            answer = await self.read()
            if answer.get("id") == number:
                return answer

    async def call(self, number: int, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool that answers with facts."""
        answer = await self.ask(number, "tools/call", name=tool, arguments=arguments)
        facts: dict[str, Any] = json.loads(answer["result"]["content"][0]["text"])
        return facts

    async def tools(self, number: int = 1) -> list[str]:
        return [tool["name"] for tool in (await self.ask(number, "tools/list"))["result"]["tools"]]


@asynccontextmanager
async def connected(home: Path, **greeting: Any) -> AsyncGenerator[Wire]:
    """A connection to the home's engine, greeted if there is something to say."""
    path = await anyio.to_thread.run_sync(places.socket_path, str(home), places.ENGINE_SOCKET)
    assert path is not None
    async with await anyio.connect_unix(path) as stream:
        wire = Wire(stream, stream)
        if greeting:
            await wire.write(json.dumps({"orcaops": 1} | greeting).encode() + b"\n")
            assert "ok" in await wire.read()
        yield wire


@asynccontextmanager
async def running(home: Path, *, idle_exit_s: float | None = None, **settings: Any) -> AsyncGenerator[None]:
    """An engine in this process, which has left when the context ends."""
    overrides = {"home": str(home), "backend": "simulated"} | settings
    configuration = await anyio.to_thread.run_sync(lambda: load_configuration({}, overrides))
    opened = anyio.Event()
    with anyio.fail_after(90):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run_engine, configuration, Doors(None, idle_exit_s, opened.set))
            await opened.wait()
            yield
            await anyio.to_thread.run_sync(places.leave, str(home))


@asynccontextmanager
async def bridged(
    home: Path, *options: str, cwd: Path | None = None, environment: Mapping[str, str] | None = None
) -> AsyncGenerator[tuple[Wire, Process]]:
    """`orcaops mcp` as a host starts it; killed at the end if it still runs."""
    command = [str(ORCAOPS), "mcp", "--home", str(home), *options]
    async with await anyio.open_process(command, cwd=cwd, env=environment or surroundings()) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield Wire(process.stdout, process.stdin), process
        finally:
            if process.returncode is None:
                process.kill()


def stop(home: Path) -> None:
    """End the home's engine, if there is one, and wait until it has gone."""
    if (home / places.NOTE).exists():
        places.leave(str(home))
        assert places.wait_until_gone(str(home), 30)

from __future__ import annotations

import json
import signal
import socket
import time
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
import pytest
from anyio.streams.text import TextReceiveStream

from orcaops_mcp import __version__, places
from tests.orcaops_mcp.daemon.engines import ORCAOPS, connected, running, surroundings

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from anyio.abc import Process


async def _ask(home: Path, **request: Any) -> dict[str, Any] | None:
    return await anyio.to_thread.run_sync(places.ask, str(home), request)


async def _has_gone(home: Path, patience_s: float = 30) -> bool:
    return await anyio.to_thread.run_sync(places.wait_until_gone, str(home), patience_s)


async def _start(home: Path, **variables: str) -> None:
    """An engine as a call starts it."""
    start = partial(places.start_engine, str(home), ["--backend", "simulated", "--log-level", "info"])
    with pytest.MonkeyPatch.context() as patch:
        for name, value in surroundings(**variables).items():
            patch.setenv(name, value)
        await anyio.to_thread.run_sync(start)


@asynccontextmanager
async def _served(home: Path, *options: str) -> AsyncGenerator[Process]:
    """`orcaops serve` once it can be reached."""
    command = [str(ORCAOPS), "serve", "--port", "0", "--home", str(home), "--backend", "simulated", *options]
    async with await anyio.open_process(command, env=surroundings()) as process:
        assert process.stderr is not None
        async for said in TextReceiveStream(process.stderr):
            if "stop " in said:
                break
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()


async def _orcaops(*arguments: str) -> tuple[int, str]:
    result = await anyio.run_process([str(ORCAOPS), *arguments], check=False, env=surroundings())
    return result.returncode, (result.stdout + result.stderr).decode()


async def test_an_engine_that_a_call_started_leaves_when_it_has_been_idle(home: Path) -> None:
    with anyio.fail_after(60):
        await _start(home, ORCAOPS_IDLE_EXIT="0.5")
        assert await _has_gone(home)
        names = {path.name async for path in anyio.Path(home).iterdir()}
        assert not names & {places.ENGINE_SOCKET, places.API_SOCKET, places.NOTE}
        assert "the engine leaves: it was idle" in await anyio.Path(home / places.LOG).read_text()


async def test_a_connection_or_a_job_keeps_the_engine(home: Path) -> None:
    # A job that waits is there from the next engine's first moment on, however long a slow machine takes to connect.
    async with running(home, **{"queue.max_running": 1}), connected(home, version=__version__) as wire:
        jobs = [
            await wire.call(number, "orcaops_submit_job", image="busybox", commands=["sleep 600"], wait_s=0)
            for number in (1, 2)
        ]
    async with running(home, idle_exit_s=0.3):
        assert not await _has_gone(home, 0.8)
        async with connected(home, version=__version__) as wire:
            await wire.call(1, "orcaops_cancel_job", job_id=jobs[1]["job_id"], reason="it has run for long enough")
            waited = await wire.call(2, "orcaops_wait", ids=[job["job_id"] for job in jobs])
            assert waited["done"] is True
            assert not await _has_gone(home, 0.8)
        assert await _has_gone(home)


async def test_an_idle_engine_of_another_version_makes_room(home: Path) -> None:
    async with running(home, idle_exit_s=60):
        assert await _ask(home, control="check", version=__version__) == await _ask(home, control="check")
        answer = await _ask(home, version="99.0.0")
        assert answer is not None
        assert answer["restart"] is True
        assert answer["version"] == __version__
        assert await _has_gone(home)


async def test_an_engine_of_another_version_that_serves_somebody_stays(home: Path) -> None:
    async with running(home, idle_exit_s=60), connected(home, version=__version__) as wire:
        answer = await _ask(home, control="check", version="99.0.0")
        assert answer is not None
        assert answer["ok"] is True
        assert await wire.tools()


async def test_a_foreground_engine_of_another_version_stays(home: Path) -> None:
    async with running(home):
        answer = await _ask(home, control="check", version="99.0.0")
        assert answer is not None
        assert answer["ok"] is True


async def test_when_idle_means_when_no_job_is_left_whoever_is_connected(home: Path) -> None:
    async with running(home), connected(home, version="") as wire:
        await wire.call(1, "orcaops_submit_job", image="busybox", commands=["sleep 2"])
        answer = await _ask(home, control="stop", when_idle=True)
        assert answer is not None
        assert answer["leaving"] is False
        assert not await _has_gone(home, 0)
        assert await _has_gone(home)


async def test_stop_ends_the_engine_and_says_so_when_there_is_none(home: Path) -> None:
    with anyio.fail_after(90):
        await _start(home)
        code, said = await _orcaops("stop", "--wait", "--home", str(home))
        assert (code, await _has_gone(home, 0)) == (0, True)
        assert "has left" in said
        code, said = await _orcaops("stop", "--home", str(home))
        assert code == 0
        assert "No engine runs" in said


@pytest.mark.fault("F11")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_the_engine_soon_while_chats_and_jobs_are_there(home: Path, number: signal.Signals) -> None:
    with anyio.fail_after(90):
        async with _served(home) as process, connected(home, version="") as wire:
            await wire.call(1, "orcaops_submit_job", image="busybox", commands=["sleep 600"])
            began = time.monotonic()
            process.send_signal(number)
            assert await process.wait() == 0
            assert time.monotonic() - began < 30
            assert await wire.ends()
        assert await anyio.to_thread.run_sync(places.note_of, str(home)) is None


async def test_serve_takes_the_home_from_an_idle_engine_and_refuses_one_that_serves(home: Path) -> None:
    with anyio.fail_after(90):
        await _start(home)
        async with _served(home):
            note = await anyio.to_thread.run_sync(places.note_of, str(home))
            assert note is not None
            assert note["mode"] == "serve"
            assert note["url"].startswith("http://127.0.0.1:")
            code, said = await _orcaops("serve", "--port", "0", "--home", str(home), "--backend", "simulated")
            assert code == 1
            assert f"pid {note['pid']}" in said
            assert "orcaops stop" in said


async def test_serve_does_not_take_the_home_from_an_engine_with_a_chat(home: Path) -> None:
    with anyio.fail_after(90):
        await _start(home)
        async with connected(home, version=__version__) as wire:
            code, said = await _orcaops("serve", "--port", "0", "--home", str(home), "--backend", "simulated")
            assert code == 1
            assert "serves at present" in said
            assert await wire.tools()


async def test_the_note_and_the_tcp_door_of_an_engine_that_a_call_started(home: Path) -> None:
    with anyio.fail_after(60):
        await _start(home, ORCAOPS_TCP="true", ORCAOPS_PORT="0")
        note = json.loads(await anyio.Path(home / places.NOTE).read_text())
        assert note["mode"] == "auto"
        assert note["version"] == __version__
        host, _, port = note["url"].removeprefix("http://").rpartition(":")
        async with await anyio.connect_tcp(host, int(port)) as stream:
            await stream.send(f"GET /healthz HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
            assert (await stream.receive()).startswith(b"HTTP/1.1 200")


async def test_a_port_that_is_taken_is_not_the_end_of_an_engine_that_a_call_started(home: Path) -> None:
    with anyio.fail_after(60):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            await _start(home, ORCAOPS_TCP="true", ORCAOPS_PORT=port)
            note = json.loads(await anyio.Path(home / places.NOTE).read_text())
            assert not note["url"].endswith(f":{port}")


async def test_an_engine_that_cannot_start_says_why_to_whoever_started_it(home: Path) -> None:
    with anyio.fail_after(60):
        with pytest.raises(places.EngineError, match="ORCAOPS_PROT is not known; did you mean ORCAOPS_PORT") as caught:
            await _start(home, ORCAOPS_PROT="1")
        assert caught.value.exit_code == 1
        assert caught.value.hint
        await anyio.Path(home / "orcaops.db").write_bytes(b"this is no database, but it is long enough" * 100)
        with pytest.raises(places.EngineError, match="not a database"):
            await _start(home)


async def test_a_supervisor_is_told_when_the_engine_is_ready_and_when_it_leaves(
    home: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = str(tmp_path_factory.mktemp("s") / "n")
    async with await anyio.create_unix_datagram_socket(local_path=address) as supervisor:
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        async with running(home):
            assert (await supervisor.receive())[0] == b"READY=1"
        assert (await supervisor.receive())[0] == b"STOPPING=1"

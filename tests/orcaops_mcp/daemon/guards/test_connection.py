"""Connections that say too little."""

from __future__ import annotations

import asyncio
import gc
import socket
import weakref
from typing import TYPE_CHECKING

import anyio
import pytest
import uvicorn
from uvicorn.server import ServerState
from websockets.asyncio.client import connect
from websockets.server import ServerProtocol

from core.testing.garbage import no_search_for_garbage
from orcaops_mcp.daemon.guards import GuardedProtocol, GuardedWebSocket
from tests.orcaops_mcp.daemon.guards.conftest import a_room, answer_on

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import Receive, Scope, Send


class Hasty(GuardedProtocol):
    head_s = 0.2


class Full(GuardedProtocol):
    most_connections = 3


@pytest.mark.parametrize("said", [b"", b"G", b"GET / HTTP/1.1\r\nHost: x\r\n", b"GET / HTTP/1.1\r\nX: " + b"y" * 1000])
@pytest.mark.hostile("B30")
async def test_a_connection_that_does_not_get_to_the_point_is_closed(tmp_path: Path, said: bytes) -> None:
    async with (
        a_room(tmp_path / "home", http=Hasty) as room,
        await anyio.connect_tcp("127.0.0.1", room.port) as stream,
    ):
        if said:
            await stream.send(said)
        with pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
            await stream.receive()


async def test_a_second_request_on_a_connection_must_get_to_the_point_too(tmp_path: Path) -> None:
    async with (
        a_room(tmp_path / "home", http=Hasty) as room,
        await anyio.connect_tcp("127.0.0.1", room.port) as stream,
    ):
        await stream.send(room.head("GET / HTTP/1.1"))
        assert (await answer_on(stream))[0] == 200
        await stream.send(b"GET / HTT")
        with pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
            await stream.receive()


async def test_a_stream_and_a_web_socket_outlive_the_time_for_a_head(tmp_path: Path) -> None:
    async with a_room(tmp_path / "home", http=Hasty) as room, room.client() as client:
        async with client.stream("GET", "/stream") as stream, connect(room.ws_url) as web_socket:
            parts = stream.aiter_bytes()
            assert await anext(parts) == b"data: one\n\n"
            assert await web_socket.recv() == "visitor"
            with anyio.move_on_after(1.0):
                assert not await anext(parts)
            await web_socket.ping()
        assert (await client.get("/x")).status_code == 200


def server_ends(gone: anyio.Semaphore) -> list[weakref.ref[ServerProtocol]]:
    """What this process keeps of each WebSocket that it serves; the semaphore counts those that are let go."""
    found = [each for each in gc.get_objects() if type(each) is ServerProtocol]
    return [weakref.ref(each, lambda _: gone.release()) for each in found]


async def test_what_a_web_socket_takes_is_given_back_at_its_end_without_a_search_for_garbage(tmp_path: Path) -> None:
    gone = anyio.Semaphore(0)
    async with a_room(tmp_path / "home") as room:
        with no_search_for_garbage(), anyio.fail_after(30):
            async with connect(room.ws_url) as one, connect(room.ws_url) as other:
                assert await one.recv() == await other.recv() == "visitor"
                kept = server_ends(gone)
                assert len(kept) == 2
            for _ in kept:
                await gone.acquire()


@pytest.mark.hostile("B30")
async def test_one_connection_more_than_there_may_be_is_closed(tmp_path: Path) -> None:
    async with a_room(tmp_path / "home", http=Full) as room, anyio.create_task_group():
        streams = [await anyio.connect_tcp("127.0.0.1", room.port) for _ in range(4)]
        with pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
            await streams[3].receive()
        for stream in streams:
            await stream.aclose()


@pytest.mark.parametrize(
    "head",
    [
        "GET / HTTP/1.1\r\nHost: x\r\nX: " + "y" * 200_000 + "\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\n" + "X: y\r\n" * 50_000 + "\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nBad header\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: x\r\nX: a\0b\r\n\r\n",
        "GET /\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01",
    ],
)
@pytest.mark.hostile("B28")
async def test_a_head_that_is_none_or_too_large_is_refused_and_hurts_nobody(tmp_path: Path, head: str) -> None:
    async with a_room(tmp_path / "home") as room:
        async with await anyio.connect_tcp("127.0.0.1", room.port) as stream:
            with anyio.move_on_after(5):
                try:
                    await stream.send(head.encode("latin-1"))
                    await stream.send_eof()
                    assert (await stream.receive()).startswith((b"HTTP/1.1 400", b"HTTP/1.1 421"))
                except (anyio.EndOfStream, anyio.BrokenResourceError):
                    pass
        assert (await room.say("GET / HTTP/1.1"))[0] == 200


async def nobody(_scope: Scope, _receive: Receive, _send: Send) -> None:
    """An application that nothing gets to."""
    raise AssertionError


async def test_an_engine_can_leave_while_a_handshake_with_a_broken_header_is_being_refused() -> None:
    config = uvicorn.Config(nobody, lifespan="off", log_config=None)
    config.load()
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with theirs:
        transport, protocol = await asyncio.get_running_loop().connect_accepted_socket(
            lambda: GuardedWebSocket(config=config, server_state=ServerState(), app_state={}), sock=ours
        )
        protocol.data_received(b"GET /ws HTTP/1.1\r\nno header\r\n\r\n")
        protocol.shutdown()
        assert transport.is_closing()

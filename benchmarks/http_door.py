"""An engine process behind its HTTP door, and a client that costs next to nothing, for benchmarks."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
from anyio.streams.buffered import BufferedByteReceiveStream

from orcaops_mcp import places

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from anyio.abc import SocketStream

_HEAD: Final = 65_536


@dataclass(frozen=True, slots=True)
class HttpDoor:
    """Where an engine is reached.

    Attributes:
        host: The address.
        port: The port.
        token: The operator's token.
    """

    host: str
    port: int
    token: str

    @asynccontextmanager
    async def connect(self) -> AsyncGenerator[Caller]:
        """A kept-alive connection."""
        async with await anyio.connect_tcp(self.host, self.port) as stream:
            yield Caller(self, stream)


class Caller:
    """One connection, one request at a time.

    Args:
        door: Where it leads.
        stream: The connection.
    """

    def __init__(self, door: HttpDoor, stream: SocketStream) -> None:
        self._door = door
        self._stream = stream
        self._received = BufferedByteReceiveStream(stream)

    async def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Status and JSON of an answer that has a length."""
        headers = await self._send(method, path, body)
        length = int(headers["content-length"])
        data = await self._received.receive_exactly(length) if length else b"null"
        return int(headers[":status"]), json.loads(data)

    async def events(self, path: str) -> AsyncIterator[tuple[str, str]]:
        """Name and data of each event of a stream, until it ends; chunk marks lie between lines."""
        await self._send("GET", path, None)
        event = ""
        with anyio.CancelScope():
            while True:
                try:
                    line = (await self._received.receive_until(b"\n", 1 << 20)).decode()
                except (anyio.IncompleteRead, anyio.EndOfStream):
                    return
                name, colon, value = line.rstrip("\r").partition(": ")
                if colon and name == "event":
                    event = value
                elif colon and name == "data":
                    yield event, value
                    if event == "end":
                        return

    async def _send(self, method: str, path: str, body: object) -> dict[str, str]:
        data = b"" if body is None else json.dumps(body).encode()
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: {self._door.host}:{self._door.port}\r\n"
            f"Authorization: Bearer {self._door.token}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(data)}\r\n\r\n"
        )
        await self._stream.send(head.encode() + data)
        answer = (await self._received.receive_until(b"\r\n\r\n", _HEAD)).decode("latin-1").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in answer[1:])
        return headers | {":status": answer[0].split(" ")[1]}


@asynccontextmanager
async def served(backend: str, **variables: str) -> AsyncGenerator[HttpDoor]:
    """An engine of its own, for as long as the context lasts.

    Args:
        backend: What runs its containers.
        variables: Settings, as `ORCAOPS_…` variables without that beginning.
    """
    with tempfile.TemporaryDirectory() as name:
        home = Path(name) / "home"
        settings = {"PORT": "0", "BACKEND": backend, "IDLE_EXIT": "120"} | variables
        os.environ.update({f"ORCAOPS_{key}": value for key, value in settings.items()})
        await anyio.to_thread.run_sync(places.start_engine, str(home))
        try:
            note = places.note_of(str(home)) or {}
            url = urlsplit(str(note["url"]))
            token = await (anyio.Path(home) / "token").read_text()
            yield HttpDoor(url.hostname or "", url.port or 0, token.strip())
        finally:
            for key in settings:
                os.environ.pop(f"ORCAOPS_{key}", None)
            await anyio.to_thread.run_sync(places.leave, str(home))
            await anyio.to_thread.run_sync(places.wait_until_gone, str(home), 20.0)

"""Something between a backend and the engine that breaks the way a network and a restarting engine do."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

import anyio
import anyio.abc

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from anyio.abc import ByteReceiveStream, ByteSendStream, SocketStream, TaskGroup

ENGINE: Final = "/var/run/docker.sock"


class Proxy:
    """A Unix socket that passes bytes on to the engine.

    Attributes:
        swallow: The answer to the next request that begins with this is lost, and its connection too.
    """

    def __init__(self, path: Path, group: TaskGroup) -> None:
        self.swallow = b""
        self._path = path
        self._group = group
        self._listening: anyio.CancelScope | None = None
        self._connections: set[anyio.CancelScope] = set()

    @property
    def base_url(self) -> str:
        return f"unix://{self._path}"

    async def come_up(self) -> None:
        """Be reachable."""
        listener = await anyio.create_unix_listener(self._path)
        self._listening = anyio.CancelScope()
        self._group.start_soon(self._serve, listener, self._listening)

    async def go_down(self) -> None:
        """Break every connection and be unreachable."""
        if self._listening is not None:
            self._listening.cancel()
        await anyio.Path(self._path).unlink(missing_ok=True)
        self.break_off()

    def break_off(self) -> None:
        """Break every connection; fresh ones are taken."""
        for connection in self._connections:
            connection.cancel()

    async def _serve(self, listener: anyio.abc.Listener[SocketStream], scope: anyio.CancelScope) -> None:
        with scope:
            async with listener:
                await listener.serve(self._connect, self._group)

    async def _connect(self, client: SocketStream) -> None:
        with anyio.CancelScope() as scope:
            self._connections.add(scope)
            async with client, await anyio.connect_unix(ENGINE) as engine, anyio.create_task_group() as group:
                mute = anyio.Event()
                group.start_soon(self._pass_on, client, engine, scope, mute)
                group.start_soon(self._pass_back, engine, client, scope, mute)
        self._connections.discard(scope)

    async def _pass_on(
        self, client: ByteReceiveStream, engine: ByteSendStream, scope: anyio.CancelScope, mute: anyio.Event
    ) -> None:
        try:
            async for data in client:
                if self.swallow and data.startswith(self.swallow):
                    self.swallow = b""
                    mute.set()
                await engine.send(data)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            pass
        scope.cancel()

    async def _pass_back(
        self, engine: ByteReceiveStream, client: ByteSendStream, scope: anyio.CancelScope, mute: anyio.Event
    ) -> None:
        try:
            async for data in engine:
                if mute.is_set():
                    break
                await client.send(data)
        except (anyio.BrokenResourceError, anyio.ClosedResourceError):
            pass
        scope.cancel()


@asynccontextmanager
async def proxied(path: Path) -> AsyncGenerator[Proxy]:
    """A proxy that is up while the context lasts."""
    async with anyio.create_task_group() as group:
        proxy = Proxy(path, group)
        await proxy.come_up()
        try:
            yield proxy
        finally:
            await proxy.go_down()
            group.cancel_scope.cancel()

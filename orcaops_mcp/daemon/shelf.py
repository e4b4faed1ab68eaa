"""MCP servers on one engine, one for each choice of tools, made when it is first asked for and kept."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import anyio
import anyio.to_thread

from orcaops_mcp.mcp_server.sdk import low_level
from orcaops_mcp.mcp_server.server import build_server
from orcaops_mcp.mcp_server.state import App, already_open
from orcaops_mcp.mcp_server.tools import ALL_TOOLS

if TYPE_CHECKING:
    from collections.abc import Generator

    from anyio.abc import TaskGroup, TaskStatus

    from core import Engine
    from orcaops_mcp.mcp_server.server import OrcaServer
    from orcaops_mcp.mcp_server.toolset import ToolChoice

_ROOM: Final = 16
"""Servers kept although nobody uses them."""

_Key = tuple[str, ...]


@dataclass(slots=True)
class Shelved:
    """A server and what its handlers work with.

    Attributes:
        server: The server.
        app: Its state; each connection gets a copy with its own caller.
        scope: Ends it.
        users: Connections that use it.
    """

    server: OrcaServer
    app: App
    scope: anyio.CancelScope
    users: int = 0


class Shelf:
    """Hands out servers.

    Args:
        engine: What they all work on.
        tasks: Where they live; they end with it.
    """

    def __init__(self, engine: Engine, tasks: TaskGroup) -> None:
        self._engine = engine
        self._tasks = tasks
        self._servers: dict[_Key, Shelved] = {}
        self._making = anyio.Lock()
        self._limiter = anyio.CapacityLimiter(1)

    async def server(self, choice: ToolChoice) -> Shelved:
        """The server that offers these tools.

        Raises:
            InvalidArgumentError: The choice names a tool or a group that does not exist.
        """
        key = tuple(tool.name for tool in choice.of(ALL_TOOLS))
        async with self._making:
            if key not in self._servers:
                self._make_room()
                build = partial(build_server, already_open(self._engine), choice)
                server = await anyio.to_thread.run_sync(build, limiter=self._limiter)
                self._servers[key] = await self._tasks.start(self._keep, server)
            return self._servers[key]

    @contextmanager
    def use(self, shelved: Shelved) -> Generator[None]:
        """Keep a server while a connection uses it."""
        shelved.users += 1
        try:
            yield
        finally:
            shelved.users -= 1

    def _make_room(self) -> None:
        unused = [key for key, shelved in self._servers.items() if not shelved.users]
        if len(self._servers) >= _ROOM and unused:
            self._servers.pop(unused[0]).scope.cancel()

    async def _keep(self, server: OrcaServer, *, task_status: TaskStatus[Any] = anyio.TASK_STATUS_IGNORED) -> None:
        low = low_level(server)
        with anyio.CancelScope() as scope:
            async with low.lifespan(low) as app:
                task_status.started(Shelved(server, app, scope))
                await anyio.sleep_forever()

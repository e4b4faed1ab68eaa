"""The engine process: one home, its sockets, its TCP door, and how it ends."""

from __future__ import annotations

import json
import logging
import os
import signal
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import anyio
import anyio.to_thread
from anyio.abc import SocketListener

from core import HomeInUseError, open_engine
from orcaops_mcp import __version__, places
from orcaops_mcp.api.app import build_api
from orcaops_mcp.daemon.app import build_app
from orcaops_mcp.daemon.descriptors import take_descriptors
from orcaops_mcp.daemon.guards import rules_for
from orcaops_mcp.daemon.life import Life
from orcaops_mcp.daemon.mcp_door import McpDoor
from orcaops_mcp.daemon.memory import share_freed_memory
from orcaops_mcp.daemon.pages import Pages
from orcaops_mcp.daemon.shelf import Shelf
from orcaops_mcp.daemon.sockets import take_names_away, unix_listeners
from orcaops_mcp.daemon.supervisor import tell_supervisor
from orcaops_mcp.daemon.web import WebServer
from orcaops_mcp.mcp_server.server import build_server
from orcaops_mcp.mcp_server.state import already_open
from orcaops_mcp.mcp_server.toolset import ToolChoice

if TYPE_CHECKING:
    import socket
    from collections.abc import AsyncGenerator, Callable
    from pathlib import Path

    from anyio.abc import TaskGroup, TaskStatus
    from fastapi import FastAPI
    from starlette.types import ASGIApp

    from core import Engine
    from orcaops_mcp.daemon.door import Door
    from orcaops_mcp.mcp_server.server import OrcaServer
    from orcaops_mcp.settings import Configuration

_log = logging.getLogger(__name__)

_LEAVING_S: Final = 6.0
"""How long an engine that leaves may hold its home."""

_PAUSE_S: Final = 0.05
_ANSWERS_S: Final = 1.5


@dataclass(frozen=True, slots=True)
class Doors:
    """What the process is reached by.

    Attributes:
        tcp: The TCP door; None if there is none.
        idle_exit_s: The engine leaves after so many seconds without work; None stays.
        opened: Called once the engine can be reached.
    """

    tcp: Door | None
    idle_exit_s: float | None
    opened: Callable[[], None]


async def run_engine(configuration: Configuration, doors: Doors) -> None:
    """Run the engine of a home until it is told to leave, by a signal or a call, or is idle; containers run on.

    Raises:
        HomeInUseError: Another engine has the home and keeps it.
        CannotListenError: There is no place for the sockets.
        StoreError: The home cannot be used, with the reason.
    """
    take_descriptors()
    share_freed_memory()
    home = configuration.settings.home
    async with AsyncExitStack() as stack:
        engine = await _opened(configuration, stack)
        life = Life(doors.idle_exit_s)
        web = WebServer(await _app(configuration, engine, life, doors.tcp, stack), life)
        listeners = await stack.enter_async_context(unix_listeners(home, places.ENGINE_SOCKET, places.API_SOCKET))
        mcp, api = (listener.socket for listener in listeners)
        async with _note(home, doors), anyio.create_task_group() as tasks:
            has_answered, accepting = anyio.Event(), anyio.CancelScope()
            door = McpDoor(engine, life, Shelf(engine, tasks), configuration.settings)
            await tasks.start(_listen_for_signals, life)
            tasks.start_soon(_accept, mcp, door, tasks, accepting)
            tasks.start_soon(_serve_web, web, [api, *([doors.tcp.listener] if doors.tcp else [])], has_answered)
            tasks.start_soon(life.watch, engine)
            doors.opened()
            tell_supervisor("READY=1")
            await life.wait()
            tell_supervisor("STOPPING=1")
            accepting.cancel()
            await take_names_away(listeners)
            life.shut_doors()
            with anyio.move_on_after(_ANSWERS_S):
                await has_answered.wait()
            tasks.cancel_scope.cancel()


async def _opened(configuration: Configuration, stack: AsyncExitStack) -> Engine:
    """The open engine; one that is just leaving is waited for."""
    deadline = anyio.current_time() + _LEAVING_S
    while True:
        try:
            return await stack.enter_async_context(open_engine(configuration.engine()))
        except HomeInUseError:
            if anyio.current_time() >= deadline:
                raise
            await anyio.sleep(_PAUSE_S)


async def _app(
    configuration: Configuration, engine: Engine, life: Life, tcp: Door | None, stack: AsyncExitStack
) -> ASGIApp:
    """The application behind both HTTP sockets, with what it needs running until the stack ends."""
    settings = configuration.settings

    async def stop(when_idle: bool) -> bool:  # noqa: FBT001 - the API's own question
        return await life.stop(engine, when_idle=when_idle)

    def build() -> tuple[OrcaServer, FastAPI, ASGIApp]:
        choice = ToolChoice(settings.toolsets, settings.tools, settings.read_only)
        server = build_server(already_open(engine), choice)
        bound = settings if tcp is None else settings.model_copy(update={"host": tcp.host})
        rules = rules_for(bound, tcp.port if tcp else settings.port, tcp.token if tcp else None)
        rest = build_api(engine, stop=stop)
        return server, rest, build_app(server, rest, Pages(engine, configuration), rules)

    server, rest, app = await anyio.to_thread.run_sync(build)
    await stack.enter_async_context(rest.router.lifespan_context(rest))
    await stack.enter_async_context(server.session_manager.run())
    return app


async def _listen_for_signals(life: Life, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        task_status.started()
        async for number in signals:
            life.end(f"it got {signal.Signals(number).name}")


async def _accept(listening: socket.socket, door: McpDoor, tasks: TaskGroup, scope: anyio.CancelScope) -> None:
    with scope:
        async with await SocketListener.from_socket(listening) as listener:
            while True:
                try:
                    stream = await listener.accept()
                except OSError as error:  # no descriptor is free; those who are connected are served on
                    _log.warning("no connection can be taken at present: %s", error)
                    await anyio.sleep(_PAUSE_S)
                else:
                    tasks.start_soon(door.serve, stream)


async def _serve_web(web: WebServer, sockets: list[socket.socket], has_answered: anyio.Event) -> None:
    await web.run_on(sockets)
    has_answered.set()


@asynccontextmanager
async def _note(home: Path, doors: Doors) -> AsyncGenerator[None]:
    """What the engine says of itself, in a file while it lasts."""
    note = {
        "pid": os.getpid(),
        "version": __version__,
        "started_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "mode": "serve" if doors.idle_exit_s is None else "auto",
    }
    if doors.tcp is not None:
        note["url"] = doors.tcp.address
    path = anyio.Path(home / places.NOTE)
    part = path.with_name(f"{places.NOTE}.part")
    await part.write_text(json.dumps(note) + "\n", encoding="utf-8")
    await part.chmod(0o600)
    await part.rename(path)
    try:
        yield
    finally:
        with anyio.CancelScope(shield=True):
            await path.unlink(missing_ok=True)

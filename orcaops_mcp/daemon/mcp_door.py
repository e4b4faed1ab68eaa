"""MCP over the engine's unix socket: a greeting, then messages, line by line, until one side ends."""

from __future__ import annotations

import dataclasses
import logging
import os
import re
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Final

import anyio
import anyio.to_thread
from anyio.abc import SocketAttribute
from mcp.types import INVALID_REQUEST

from core import BusyError, ConflictError, HomeInUseError, OrcaOpsError
from orcaops_mcp import __version__, places
from orcaops_mcp.daemon.calls import CallsUnderWay
from orcaops_mcp.daemon.greeting import accepted, read_greeting, rejected, restarting
from orcaops_mcp.daemon.life import has_work
from orcaops_mcp.daemon.lines import LineReader, LongLine
from orcaops_mcp.daemon.peers import is_ours
from orcaops_mcp.intake.caller import Caller
from orcaops_mcp.mcp_server.sdk import SessionMessage, error_message, line_of, message_of, serve_streams

if TYPE_CHECKING:
    from anyio.abc import SocketStream
    from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

    from core import Engine
    from orcaops_mcp.daemon.greeting import Greeting
    from orcaops_mcp.daemon.life import Life
    from orcaops_mcp.daemon.shelf import Shelf, Shelved
    from orcaops_mcp.settings import Settings

_log = logging.getLogger(__name__)

MAX_FRAME: Final = 16 * 1024 * 1024
"""Bytes of one message."""

_CONNECTIONS: Final = 1000
_GREETING_S: Final = 5.0
_GOODBYE_S: Final = 1.0
_LARGE: Final = 128 * 1024
"""From this size on a message is read in a thread: the loop serves others meanwhile."""

_ENDS: Final = 512
"""Bytes at either end of a line in which its id is looked for."""

_ASKS: Final = b'"method"'
_FIRST_ID: Final = re.compile(
    rb'^\s*\{(?:"jsonrpc"\s*:\s*"2\.0"\s*,\s*)?"id"\s*:\s*(?:(\d{1,15})|"([\w.:-]{1,64})")\s*,'
)
_LAST_ID: Final = re.compile(rb',\s*"id"\s*:\s*(?:(\d{1,15})|"([\w.:-]{1,64})")\s*\}\s*$')


class McpDoor:
    """Takes connections, each on its own: whatever one sends or leaves undone, the others do not notice.

    Args:
        engine: What they work on.
        life: What they keep alive, or end.
        shelf: Where servers come from.
        settings: What a greeting may leave open.
    """

    def __init__(self, engine: Engine, life: Life, shelf: Shelf, settings: Settings) -> None:
        self._engine = engine
        self._life = life
        self._shelf = shelf
        self._settings = settings
        self._limiter = anyio.CapacityLimiter(2)

    async def serve(self, stream: SocketStream) -> None:
        """One connection, from its greeting to its end."""
        async with stream:
            try:
                if not is_ours(stream.extra(SocketAttribute.raw_socket)):  # noqa: S610 - anyio's extra, not Django's
                    _log.warning("a connection of another user was refused")
                    return
                reader = LineReader(stream, MAX_FRAME)
                with ExitStack() as engagement:
                    welcomed = None
                    with anyio.move_on_after(_GREETING_S):
                        welcomed = await self._welcome(stream, reader, engagement)
                    if welcomed is not None:
                        await self._converse(stream, reader, *welcomed)
            except (anyio.BrokenResourceError, anyio.ClosedResourceError):
                _log.debug("a caller left in the middle")
            except Exception:  # noqa: BLE001 - the edge of a connection: the others go on
                _log.exception("a connection failed")

    async def _welcome(
        self, stream: SocketStream, reader: LineReader, engagement: ExitStack
    ) -> tuple[Greeting, Shelved] | None:
        """Answer the greeting; None if that was all. Who is let in is an engagement before it knows."""
        line = await reader.line(places.GREETING_BYTES)
        if line is None:
            return None
        try:
            greeting = read_greeting(line, self._settings)
            if greeting.control in ("stop", "yield"):
                await self._leave(stream, greeting)
                return None
            self._check(greeting)
            if await self._should_restart(greeting):
                await self._make_room(stream, restarting())
                return None
            shelved = await self._shelf.server(greeting.choice)
        except OrcaOpsError as error:
            await stream.send(rejected(error))
            return None
        if self._life.is_over:
            return None
        if not greeting.control:
            engagement.enter_context(self._life.engagement())
            engagement.enter_context(self._shelf.use(shelved))
        await stream.send(accepted())
        return None if greeting.control else (greeting, shelved)

    def _check(self, greeting: Greeting) -> None:
        if self._life.engaged >= _CONNECTIONS:
            raise BusyError(f"The engine serves {_CONNECTIONS} callers at once, and no more.")
        if greeting.backend not in ("", self._settings.backend):
            hint = "Leave out --backend, run `orcaops stop` first, or use another --home."
            message = f"The engine of this home runs containers with {self._settings.backend}, not {greeting.backend}."
            raise ConflictError(message, hint=hint)

    async def _is_idle(self) -> bool:
        return self._life.is_by_itself and not self._life.engaged and not await has_work(self._engine)

    async def _should_restart(self, greeting: Greeting) -> bool:
        return greeting.version not in ("", __version__) and await self._is_idle()

    async def _leave(self, stream: SocketStream, greeting: Greeting) -> None:
        """Do what a control asks."""
        if greeting.control == "yield" and not await self._is_idle():
            hint = "Let `orcaops stop` end it first; jobs that run go on."
            raise HomeInUseError(f"The home {self._settings.home} is in use: {self._occupation()}.", hint=hint)
        when_idle = greeting.control == "stop" and greeting.when_idle
        if await self._life.stop(self._engine, when_idle=when_idle):
            await self._make_room(stream, accepted(leaving=True))
        else:
            await stream.send(accepted(leaving=False))

    def _occupation(self) -> str:
        kind = "serves at present" if self._life.is_by_itself else "was started by `orcaops serve`"
        return f"the engine with pid {os.getpid()} {kind}"

    async def _make_room(self, stream: SocketStream, answer: bytes) -> None:
        """Leave, and answer once nobody else can come in: the caller may start another engine at once."""
        self._life.end("a newer one is to start")
        with anyio.CancelScope(shield=True), anyio.move_on_after(_GREETING_S):
            await self._life.wait_for_shut_doors()
            await stream.send(answer)

    async def _converse(self, stream: SocketStream, reader: LineReader, greeting: Greeting, shelved: Shelved) -> None:
        """Pass messages until one side ends."""
        _log.info("process %d came in, with version %s", greeting.pid, greeting.version)
        app = dataclasses.replace(shelved.app, caller=Caller("agent", folder=greeting.folder))
        to_server, received = anyio.create_memory_object_stream[SessionMessage | Exception](0)
        to_send, outgoing = anyio.create_memory_object_stream[SessionMessage](0)
        has_said_all = anyio.Event()
        async with received, outgoing, anyio.create_task_group() as tasks:
            calls = CallsUnderWay()
            tasks.start_soon(self._read, reader, to_server, to_send.clone(), calls)
            tasks.start_soon(_write, outgoing, stream, has_said_all, calls)
            await serve_streams(shelved.server, received, to_send, app)
            with anyio.move_on_after(_GOODBYE_S):
                await has_said_all.wait()
            tasks.cancel_scope.cancel()

    async def _read(
        self,
        reader: LineReader,
        to_server: MemoryObjectSendStream[SessionMessage | Exception],
        to_send: MemoryObjectSendStream[SessionMessage],
        calls: CallsUnderWay,
    ) -> None:
        async with to_server, to_send:
            with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
                async for line in reader.lines():
                    if not isinstance(line, LongLine):
                        await self._pass_on(line, to_server, to_send, calls)
                        continue
                    request_id = _id_of(line.head, line.tail)
                    if request_id is None:
                        _log.warning("a message of %d bytes ended a connection", line.length)
                        return
                    text = f"The message has {line.length} bytes; {MAX_FRAME} is the most. Send files as uploads."
                    await to_send.send(error_message(request_id, INVALID_REQUEST, text))

    async def _pass_on(
        self,
        line: bytes,
        to_server: MemoryObjectSendStream[SessionMessage | Exception],
        to_send: MemoryObjectSendStream[SessionMessage],
        calls: CallsUnderWay,
    ) -> None:
        """Give the server a message. A request that is none is answered if its id can be told: nobody waits in vain."""
        message = await self._message(line)
        if not isinstance(message, Exception) and (refusal := calls.refuse(message)) is not None:
            await to_send.send(refusal)
            return
        request_id = _id_of(line[:_ENDS], line[-_ENDS:]) if isinstance(message, Exception) and _ASKS in line else None
        if request_id is None:
            await to_server.send(message)
        else:
            text = "The message is no request of JSON-RPC: not JSON, nested too deeply, or with half a surrogate pair."
            await to_send.send(error_message(request_id, INVALID_REQUEST, text))

    async def _message(self, line: bytes) -> SessionMessage | Exception:
        """The line as a message, or why it is none: the server passes over that."""
        try:
            if len(line) < _LARGE:
                return message_of(line)
            return await anyio.to_thread.run_sync(message_of, line, limiter=self._limiter)
        except ValueError as error:
            return error


async def _write(
    outgoing: MemoryObjectReceiveStream[SessionMessage],
    stream: SocketStream,
    has_said_all: anyio.Event,
    calls: CallsUnderWay,
) -> None:
    with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
        async for message in outgoing:
            calls.note_answer(message)
            await stream.send(line_of(message))
    has_said_all.set()


def _id_of(head: bytes, tail: bytes) -> int | str | None:
    """The id of the request in a line that was not read: clients put it at the beginning or at the end."""
    found = _FIRST_ID.search(head) or _LAST_ID.search(tail)
    if found is None:
        return None
    number, name = found.groups()
    return int(number) if number else name.decode()

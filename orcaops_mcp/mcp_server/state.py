"""What the server's handlers work with."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mcp.server.mcpserver import Context

from orcaops_mcp.intake.caller import AGENT, Caller

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from mcp.server import ServerRequestContext
    from mcp.server.subscriptions import InMemorySubscriptionBus

    from core import Engine

    EngineOpener = Callable[[], AbstractAsyncContextManager[Engine]]


@dataclass(frozen=True, slots=True)
class App:
    """The state behind a connection.

    Attributes:
        engine: The open engine.
        bus: Where change events are published for clients.
        caller: Who is at the other end; over HTTP the request says it better.
    """

    engine: Engine
    bus: InMemorySubscriptionBus
    caller: Caller = AGENT


AppContext = Context[App]


def caller_of(ctx: AppContext) -> Caller:
    """Who called the tool."""
    return sender_of(ctx.request_context)


def sender_of(message: ServerRequestContext[App, Any]) -> Caller:
    """Who sent a message: over HTTP whom the door let in with this very request, else who the connection is with."""
    scope: dict[str, Any] = getattr(message.request, "scope", None) or {}
    caller: Any = scope.get("state", {}).get("caller")
    return caller if isinstance(caller, Caller) else message.lifespan_context.caller


def already_open(engine: Engine) -> EngineOpener:
    """An opener for an engine that somebody else opened and will close."""

    @asynccontextmanager
    async def opener() -> AsyncGenerator[Engine]:
        yield engine

    return opener

"""What the server's handlers work with."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mcp.server.mcpserver import Context

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from mcp.server.subscriptions import InMemorySubscriptionBus

    from core import Engine

    EngineOpener = Callable[[], AbstractAsyncContextManager[Engine]]


@dataclass(frozen=True, slots=True)
class App:
    """The state behind a connection.

    Attributes:
        engine: The open engine.
        bus: Where change events are published for clients.
    """

    engine: Engine
    bus: InMemorySubscriptionBus


AppContext = Context[App]


def already_open(engine: Engine) -> EngineOpener:
    """An opener for an engine that somebody else opened and will close."""

    @asynccontextmanager
    async def opener() -> AsyncGenerator[Engine]:
        yield engine

    return opener

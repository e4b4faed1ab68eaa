"""What every route works with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from core import Engine
from orcaops_mcp.intake.caller import Caller

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import HTTPConnection

    from orcaops_mcp.api.feed import ChangeFeed
    from orcaops_mcp.api.lines import LineFrames
    from orcaops_mcp.api.metrics import Metrics

_ANYBODY: Final = Caller("rest")


@dataclass(frozen=True, slots=True)
class ApiState:
    """What stands behind the API.

    Attributes:
        source: The engine, or where it is got from.
        feed: What changed, for those who listen.
        frames: Lines of logs in their wire form.
        metrics: What is counted.
        stop: Asks the engine's process to leave; None where nobody may.
        stall_s: A reader of a stream that takes nothing for so long is dropped.
    """

    source: Engine | Callable[[], Engine]
    feed: ChangeFeed
    frames: LineFrames
    metrics: Metrics
    stop: Callable[[bool], Awaitable[bool]] | None
    stall_s: float

    @property
    def engine(self) -> Engine:
        """The open engine."""
        return self.source if isinstance(self.source, Engine) else self.source()


def state_of(connection: HTTPConnection) -> ApiState:
    """The state behind a connection."""
    return cast("ApiState", connection.app.state.api)


def engine_of(connection: HTTPConnection) -> Engine:
    """The engine behind a connection."""
    return state_of(connection).engine


def caller_of(connection: HTTPConnection) -> Caller:
    """Who calls, as the guards found out."""
    caller = connection.scope.get("state", {}).get("caller")
    return caller if isinstance(caller, Caller) else _ANYBODY

"""What every page works with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from core import Engine
from orcaops_mcp.intake.caller import Caller

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import HTTPConnection

    from orcaops_mcp.intake.dashboard import Doorkeeper
    from orcaops_mcp.settings import Configuration
    from orcaops_mcp.web.rendering import Renderer

_ANYBODY: Final = Caller("ui")


@dataclass(frozen=True, slots=True)
class WebState:
    """What stands behind the dashboard.

    Attributes:
        source: The engine, or where it is got from.
        renderer: Makes pages of templates.
        secret: Of this process; what forms carry is made with it.
        configuration: What the engine was opened with; None where a program opened it.
    """

    source: Engine | Callable[[], Engine]
    renderer: Renderer
    secret: bytes
    configuration: Configuration | None = None

    @property
    def engine(self) -> Engine:
        """The open engine."""
        return self.source if isinstance(self.source, Engine) else self.source()


def state_of(connection: HTTPConnection) -> WebState:
    """The state behind a connection."""
    return cast("WebState", connection.app.state.web)


def engine_of(connection: HTTPConnection) -> Engine:
    """The engine behind a connection."""
    return state_of(connection).engine


def caller_of(connection: HTTPConnection) -> Caller:
    """Who looks, as the guards found out."""
    caller = connection.scope.get("state", {}).get("caller")
    return caller if isinstance(caller, Caller) else _ANYBODY


def acting_as(connection: HTTPConnection) -> str:
    """Who acts, for the audit trail: the holder of a named token by its name, anybody else as the page."""
    name = caller_of(connection).name
    return name if name.startswith("token ") else _ANYBODY.name


def doorkeeper_of(connection: HTTPConnection) -> Doorkeeper | None:
    """Who judges tokens; None where nobody is asked for one."""
    return cast("Doorkeeper | None", connection.scope.get("state", {}).get("doorkeeper"))


def has_logged_in(connection: HTTPConnection) -> bool:
    """Whether they came by a cookie of the login page."""
    return connection.scope.get("state", {}).get("has_logged_in") is True

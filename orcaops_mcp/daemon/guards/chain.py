"""The guards, one around the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orcaops_mcp.daemon.guards.answers import AnswerGuard
from orcaops_mcp.daemon.guards.body import BodyGuard
from orcaops_mcp.daemon.guards.identity import IdentityGuard
from orcaops_mcp.daemon.guards.rate import RateGuard
from orcaops_mcp.daemon.guards.site import SiteGuard
from orcaops_mcp.daemon.guards.streams import StreamGuard

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from orcaops_mcp.daemon.guards.rules import Rules


def guarded(app: ASGIApp, rules: Rules) -> ASGIApp:
    """The application behind all guards; to be made once, for every socket of the process.

    A request meets, in this order: where it comes from, who sends it, how often they come, how many streams are
    open, and how its body comes. Nothing is counted for a caller before it is known who they are.

    Args:
        app: What is guarded; it finds the `Caller` in the scope's state under ``caller``.
        rules: Who may come in.
    """
    counted = RateGuard(StreamGuard(BodyGuard(app, rules), rules), rules)
    return AnswerGuard(SiteGuard(IdentityGuard(counted, rules), rules))

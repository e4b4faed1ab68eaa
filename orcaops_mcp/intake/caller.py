"""Who calls, and what they may do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who came in by a door.

    Attributes:
        name: For the audit trail, such as ``agent``, ``cli`` or ``token ci``.
        may_change: Whether they may do more than look.
        folder: The folder they stand in, on this machine: files below it may be sent in and mounted. None when they
            come over the network and stand nowhere here.
        is_operator: Whether they are who runs this engine: they came by its unix socket, or with its own token.
    """

    name: str
    may_change: bool = True
    folder: Path | None = None
    is_operator: bool = False


AGENT: Final = Caller("agent")
"""An MCP client that did not say more of itself."""

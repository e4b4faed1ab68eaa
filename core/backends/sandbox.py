"""How a container is held: what a backend is told of it, and what every container has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from core.frozen import quickly_made

STANDARD_CAPABILITIES: Final = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID")
"""What package managers need as root; all others are dropped."""


class Tmpfs(NamedTuple):
    """A folder in memory."""

    target: str
    """Absolute, in the container."""
    size_bytes: int
    executable: bool = False


@quickly_made
@dataclass(frozen=True, slots=True)
class Sandbox:
    """How tightly a container is held. Nothing here gives it devices, the host's namespaces or a seccomp profile.

    Attributes:
        capabilities: All others are dropped.
        may_gain_privileges: Whether a program may have more than the one that started it.
        read_only: Whether its root cannot be written; mounts, volumes and tmpfs can.
        tmpfs: Folders in memory.
        volumes: Absolute paths in it that can be written although its root cannot; they go with it.
        file_bytes: The largest file that it may write; 0 for no limit.
    """

    capabilities: tuple[str, ...] = STANDARD_CAPABILITIES
    may_gain_privileges: bool = False
    read_only: bool = False
    tmpfs: tuple[Tmpfs, ...] = ()
    volumes: tuple[str, ...] = ()
    file_bytes: int = 0


STANDARD: Final = Sandbox()
"""As loose as package managers need."""

"""What some of the engine's verbs answer with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from core.backends.base import BackendHealth
    from core.engine.slots import SlotUse
    from core.lifecycle.job import JobStatus
    from core.records.artifact import Artifact


@dataclass(frozen=True, slots=True)
class StoredArtifact:
    """A kept file and where its bytes are.

    Attributes:
        artifact: The record.
        file: The bytes, on this machine; not to be written to.
    """

    artifact: Artifact
    file: Path


@dataclass(frozen=True, slots=True)
class ArtifactSlice:
    """Some bytes of a kept file.

    Attributes:
        artifact: The record.
        data: The bytes.
        next_offset: Where the next slice begins; None at the end.
    """

    artifact: Artifact
    data: bytes
    next_offset: int | None


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """How the engine is.

    Attributes:
        version: Of OrcaOps.
        home: Its folder.
        backend: Whether containers can be run.
        counts: Jobs by status.
        queued: Jobs that wait.
        slots: What is taken of each kind, ``jobs`` among them.
        blocked: Why nothing starts at all, if so.
        started_at: When this engine started.
    """

    version: str
    home: Path
    backend: BackendHealth
    counts: Mapping[JobStatus, int]
    queued: int
    slots: Mapping[str, SlotUse]
    blocked: str | None
    started_at: datetime

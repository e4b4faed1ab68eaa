"""What some of the engine's verbs answer with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.policy.policy import BUILT_IN

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path
    from typing import Literal

    from core.backends.base import BackendHealth
    from core.engine.slots import SlotUse
    from core.lifecycle.job import JobStatus
    from core.policy.policy import Policy
    from core.records.artifact import Artifact, Upload
    from core.workspace.walk import SkippedPath


@dataclass(frozen=True, slots=True)
class StoredArtifact:
    """A kept file and where its bytes are.

    Attributes:
        artifact: The record; its size and hash are those of the file itself.
        file: Where it lies on this machine; not to be written to.
        encoding: ``gzip`` when it lies packed: its bytes may then be sent as they lie to whoever accepts gzip, and are
            read with `Engine.artifact_chunks` for everybody else.
        stored_size: What it takes there, in bytes.
    """

    artifact: Artifact
    file: Path
    encoding: Literal["gzip"] | None
    stored_size: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A folder as it was at one moment, ready to be named by jobs.

    Attributes:
        upload: Its files.
        folder: The folder, without links in its path.
        files: How many they are.
        bytes: Of all of them.
        new_files: Those whose bytes had to be copied.
        new_bytes: Bytes of these.
        skipped: What was left out although no ignore file says so, and why.
    """

    upload: Upload
    folder: Path
    files: int
    bytes: int
    new_files: int
    new_bytes: int
    skipped: tuple[SkippedPath, ...]


@dataclass(frozen=True, slots=True)
class ArtifactSlice:
    """Some bytes of a kept file.

    Attributes:
        artifact: The record.
        data: The bytes.
        next_offset: Where the next slice begins; None at the end.
        is_masked: Whether secrets in it are not shown.
    """

    artifact: Artifact
    data: bytes
    next_offset: int | None
    is_masked: bool = False


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
        blocked_at: Since when, if the container engine is the reason.
        started_at: When this engine started.
        remarks: What somebody should know and the engine cannot mend.
        policy: What the operator allows.
    """

    version: str
    home: Path
    backend: BackendHealth
    counts: Mapping[JobStatus, int]
    queued: int
    slots: Mapping[str, SlotUse]
    blocked: str | None
    started_at: datetime
    remarks: tuple[str, ...] = ()
    policy: Policy = BUILT_IN
    blocked_at: datetime | None = None

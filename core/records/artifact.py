"""Files that were kept, and files that were sent in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from datetime import datetime

    from core.spec.job import InputFile

ArtifactState = Literal["kept", "missing", "skipped"]
"""``missing``: a pattern matched nothing; ``skipped``: something matched that is not kept, with the reason."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file kept from a container, or the reason why there is none.

    Attributes:
        path: Where it was, relative to the working directory or absolute, in printable form.
        state: Whether its bytes were kept.
        size: In bytes; 0 unless kept.
        sha256: Of its bytes, in hexadecimal; empty unless kept.
        media_type: Guessed from the name, such as ``text/plain``; empty unless kept.
        pattern: The pattern of the spec it was found by.
        note: Why it is missing or was skipped.
        attempt: The attempt it came from.
        expires_at: When its bytes are let go before its job is; None if they stay as long as it.
    """

    path: str
    state: ArtifactState
    size: int = 0
    sha256: str = ""
    media_type: str = ""
    pattern: str = ""
    note: str = ""
    attempt: int = 1
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class JobArtifact:
    """A kept file in a list over all jobs.

    Attributes:
        artifact: The file.
        job_id: Whose it is.
        job_name: What the job is called; None if it has no name.
        image: The image it ran.
        created_at: When the job was accepted.
    """

    artifact: Artifact
    job_id: str
    job_name: str | None
    image: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Upload:
    """Files sent in, ready to be named by a job.

    Attributes:
        upload_id: What the job names.
        files: Paths, hashes and sizes.
    """

    upload_id: str
    files: tuple[InputFile, ...]

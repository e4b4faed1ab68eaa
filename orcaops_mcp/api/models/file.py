"""Artifacts and uploads."""

from typing import Annotated, Literal

from pydantic import Field

from orcaops_mcp.api.models.base import Sha256, Shape, Text


class ArtifactShape(Shape):
    """A kept file, or why there is none."""

    path: str
    """Where it was, relative to the working directory or absolute."""
    state: Literal["kept", "missing", "skipped"]
    """`missing`: a pattern matched nothing; `skipped`: something matched that is not kept."""
    size: int | None
    """In bytes."""
    sha256: Sha256 | None
    type: str | None
    """Media type, guessed from the name."""
    pattern: str | None
    """The pattern it was found by."""
    note: str | None
    """Why it is missing or was skipped."""
    attempt: int


class ArtifactList(Shape):
    """The files kept of a job."""

    items: list[ArtifactShape]


class ArtifactQuery(Shape):
    """Which artifacts."""

    pattern: Annotated[Text, Field(min_length=1, max_length=256)] | None = None
    """Only paths that match this glob."""


class UploadFile(Shape):
    """A file of an upload."""

    path: str
    """Relative path below the job's working directory."""
    sha256: Sha256
    size: Annotated[int, Field(ge=0, lt=2**53)]
    executable: bool = False


class UploadShape(Shape):
    """Files sent in, ready to be named by a job."""

    upload_id: str
    """What a job names in `files`."""
    files: list[UploadFile]


class UploadManifest(Shape):
    """Files by their hashes: only bytes that are not here yet need to be sent."""

    files: Annotated[list[UploadFile], Field(min_length=1, max_length=100_000)]


class MissingFiles(Shape):
    """What has to be sent before the upload can be made."""

    missing: list[Sha256]
    """Send each with PUT /orcaops/uploads/blobs/{sha256}, then the manifest again."""


class StoredFile(Shape):
    """A file that is here now."""

    sha256: Sha256
    size: int

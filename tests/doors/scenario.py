"""One story, told through any door: submit, follow, wait, fetch, cancel, rerun, list, err."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Sequence

Request = dict[str, Any]
Line = tuple[int, str, int | None, str]
"""Number, stream, step, text."""

UNKNOWN_JOB: Final = "job_" + "0" * 25
REPORT: Final = b"one line\n"


class Door(Protocol):
    """What the story asks of a door. Records and errors come back as the door shows them, absent facts left out."""

    async def submit(self, request: Request) -> str:
        """The new job's id."""
        ...

    async def follow(self, job_id: str) -> Sequence[Line]:
        """Every line from the first on, read until the job has ended."""
        ...

    async def count(self, job_id: str, expression: str) -> int:
        """How many lines of the whole log match."""
        ...

    async def wait(self, job_id: str) -> Request:
        """The record of the job, once it has ended."""
        ...

    async def artifacts(self, job_id: str) -> Sequence[Request]:
        """What was kept."""
        ...

    async def fetch(self, job_id: str, path: str) -> bytes:
        """A kept file."""
        ...

    async def cancel(self, job_id: str, reason: str) -> None:
        """Ask for its end."""
        ...

    async def rerun(self, job_id: str, changes: Request) -> str:
        """The id of the job that repeats it."""
        ...

    async def listed(self, tag: str) -> Sequence[Request]:
        """A row a job, newest first."""
        ...

    async def failure(self, job_id: str) -> Request:
        """The digest of a failure."""
        ...

    async def error_of_submit(self, request: Request) -> Request:
        """The envelope of a refused submit."""
        ...

    async def error_of_look(self, job_id: str) -> Request:
        """The envelope of a look at a job that is not there."""
        ...


@dataclass(frozen=True, slots=True)
class Story:
    """What a door told, with what differs from run to run taken out."""

    lines: Sequence[Line]
    matches: int
    first: Request
    artifacts: Sequence[Request]
    report: bytes
    cancelled: Request
    rerun: Request
    failed: Request
    why: Request
    listed: Sequence[Request]
    refused: Request
    missing: Request


async def tell(door: Door, tag: str) -> Story:
    """Act the story out and note what the door said."""
    first = await door.submit(
        {
            "image": "busybox",
            "name": "story",
            "tags": [tag],
            "commands": ["echo $GREETING; echo careful >&2", "echo one line > report.txt"],
            "env": ["GREETING=hello"],
            "artifacts": ["report.txt"],
        }
    )
    lines = await door.follow(first)
    record = await door.wait(first)
    endless = await door.submit({"image": "busybox", "name": "endless", "tags": [tag], "command": ["sleep", "600"]})
    await door.cancel(endless, "enough")
    again = await door.rerun(first, {"env": ["GREETING=good day"]})
    failing = await door.submit(
        {"image": "busybox", "name": "failing", "tags": [tag], "script": "echo no luck; exit 3"}
    )
    ended = {job_id: await door.wait(job_id) for job_id in (endless, again, failing)}
    names = {first: "first", endless: "endless", again: "again", failing: "failing"}
    return Story(
        lines=lines,
        matches=await door.count(first, "el+o|car"),
        first=_lasting(record, names),
        artifacts=[_lasting(item, names) for item in await door.artifacts(first)],
        report=await door.fetch(first, "report.txt"),
        cancelled=_lasting(ended[endless], names),
        rerun=_lasting(ended[again], names),
        failed=_lasting(ended[failing], names),
        why=_chosen(await door.failure(failing), ("status", "exit_code", "failure")),
        listed=[_chosen(row, ("status", "name", "image", "exit_code")) for row in await door.listed(tag)],
        refused=await door.error_of_submit({"image": "busybox", "comand": ["true"], "timeout_s": -1}),
        missing=await door.error_of_look(UNKNOWN_JOB),
    )


_FLEETING: Final = frozenset(
    {
        "created_at",
        "started_at",
        "finished_at",
        "duration_s",
        "usage",
        "version",
        "image_digest",
        "submitted_by",
        "tags",
    }
    | {"cancel_requested_at", "next", "queue", "progress", "cleanup", "replayed", "source"}
)


def _lasting(value: Any, names: dict[str, str]) -> Any:
    """The same without moments and measurements, and with ids by what they mean."""
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value).items()
        kept = {key: _lasting(item, names) for key, item in items if key not in _FLEETING}
        return {key: item for key, item in kept.items() if item not in (None, "", [], {})}
    if isinstance(value, list):
        return [_lasting(item, names) for item in cast("list[Any]", value)]
    return names.get(value, value) if isinstance(value, str) else value


def _chosen(record: Request, keys: Sequence[str]) -> Request:
    return {key: record[key] for key in keys if record.get(key) is not None}


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(data).hexdigest()

"""Lines of all nodes of a workflow's run, in one order, and where a reader of them stands."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from core.errors import InvalidArgumentError
from core.records.log import LogCursor

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from core.records.artifact import Artifact
    from core.records.log import LogLine

MAX_WORKFLOW_CURSOR: Final = 8000
"""No cursor is longer than this, in characters, or it is refused."""

_HEAD: Final = re.compile(r"([1-9][0-9]{0,5})\.([0-9]{1,9})")
_PLACE: Final = re.compile(r"([0-9]{1,9})@([1-9][0-9]{0,3}-[1-9][0-9]{0,14})")
_UNREAD: Final = re.compile(r"([1-9][0-9]{0,8})(?:-([1-9][0-9]{0,8}))?")


class NodeJob(NamedTuple):
    """A job that runs a node, as little of it as a reader of many logs needs."""

    number: int
    """Of the jobs of the run, over all its attempts, in the order in which they were submitted; from 1."""
    job_id: str
    node_id: str
    run_attempt: int
    """The attempt of the run that it was submitted in."""
    attempt: int
    """The job's own attempts so far."""
    is_finished: bool
    started_at: datetime | None
    finished_at: datetime | None
    has_service: bool
    """Whether it has the service that was asked about."""


class NodeArtifact(NamedTuple):
    """A file kept of a node, or why there is none."""

    node_id: str
    job_id: str
    artifact: Artifact


@dataclass(frozen=True, slots=True)
class NodeLine:
    """A line of the log of a node.

    Attributes:
        node_id: The node; empty for a service that the run's jobs share.
        job_id: The job that printed it; None for such a service.
        attempt: Of the job.
        line: The line.
    """

    node_id: str
    job_id: str | None
    attempt: int
    line: LogLine


class WorkflowLogPart(NamedTuple):
    """Some lines of a run, in order."""

    lines: tuple[NodeLine, ...]
    cursors: tuple[str, ...]
    """For each line, of whoever has it."""
    next_cursor: str
    """Of whoever has these lines."""


@dataclass(frozen=True, slots=True)
class WorkflowLogCursor:
    """Where a reader of a run's lines stands: ``1.7.3@1-42.5-6``.

    There the jobs up to the seventh were looked at; of the third line 42 of its first attempt comes next, nothing was
    read of the fifth and sixth, and all of the others.

    Attributes:
        attempt: Of the run.
        seen: The last job that was looked at.
        places: The next line of jobs up to that one of which not all was read; 0 is a service of the run.
        unread: First and last of those of them of which nothing was read, ascending.
    """

    attempt: int
    seen: int = 0
    places: Mapping[int, LogCursor] = field(default_factory=dict[int, LogCursor])
    unread: tuple[tuple[int, int], ...] = ()

    def __str__(self) -> str:
        """The cursor's form on the wire."""
        places = [f"{number}@{place}" for number, place in sorted(self.places.items())]
        unread = [str(first) if first == last else f"{first}-{last}" for first, last in self.unread]
        return ".".join([f"{self.attempt}.{self.seen}", *places, *unread])

    def passes(self, number: int) -> bool:
        """Whether nothing more is wanted of a job, as far as was known when the cursor was made."""
        return (
            number <= self.seen
            and number not in self.places
            and not any(first <= number <= last for first, last in self.unread)
        )

    @classmethod
    def parse(cls, text: str) -> WorkflowLogCursor:
        """Read a cursor.

        Raises:
            InvalidArgumentError: The text is not one.
        """
        head, parts = ".".join(text.split(".", 2)[:2]), text.split(".")[2:]
        found = _HEAD.fullmatch(head)
        if found is None or len(text) > MAX_WORKFLOW_CURSOR:
            raise _not_a_cursor()
        seen = int(found[2])
        places: dict[int, LogCursor] = {}
        unread: list[tuple[int, int]] = []
        for part in parts:
            if place := _PLACE.fullmatch(part):
                places[int(place[1])] = LogCursor.parse(place[2])
            elif (span := _UNREAD.fullmatch(part)) and int(span[1]) <= int(span[2] or span[1]) <= seen:
                unread.append((int(span[1]), int(span[2] or span[1])))
            else:
                raise _not_a_cursor()
        if any(number > seen for number in places):
            raise _not_a_cursor()
        return cls(int(found[1]), seen, places, tuple(unread))


def _not_a_cursor() -> InvalidArgumentError:
    return InvalidArgumentError(
        "cursor: not a cursor of a run's log", hint="Use next_cursor of an earlier answer, or leave it out."
    )

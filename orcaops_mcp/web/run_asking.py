"""Which runs of workflows a list shows, as its address says it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from core import InvalidArgumentError, WorkflowFilter, WorkflowStatus
from orcaops_mcp.intake.fields import moment_or_span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.datastructures import QueryParams

STATUSES: Final = (
    *(WorkflowStatus.RUNNING, WorkflowStatus.PENDING, WorkflowStatus.FAILED, WorkflowStatus.PARTIAL),
    *(WorkflowStatus.CANCELLED, WorkflowStatus.SUCCESS),
)
"""In the order of the filters."""

_TEXTS: Final = ("name", "q", "tag", "source", "since", "until")
_LONGEST: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsAsked:
    """Which runs, and from where on.

    Attributes:
        statuses: Any of these; empty for all.
        name: Of the workflow of this name.
        q: A text in a name or in the id.
        tag: That they have.
        source: Who submitted them.
        since: A time, or a span that goes back from now.
        until: The same.
        before: ``next_cursor`` of the page before.
    """

    statuses: tuple[WorkflowStatus, ...] = ()
    name: str = ""
    q: str = ""
    tag: str = ""
    source: str = ""
    since: str = ""
    until: str = ""
    before: str = ""

    @classmethod
    def of(cls, query: QueryParams) -> RunsAsked:
        """What an address asks for. A status that is none, as one of a later version, restricts nothing."""
        known = {status.value for status in WorkflowStatus}
        wanted = tuple(WorkflowStatus(each) for each in dict.fromkeys(query.getlist("status")) if each in known)
        texts = {name: query.get(name, "").strip()[:_LONGEST] for name in (*_TEXTS, "before")}
        return cls(statuses=wanted, **texts)

    @property
    def narrows(self) -> bool:
        """Whether not all runs are asked for."""
        return bool(self.statuses) or any(getattr(self, name) for name in _TEXTS)

    def filter(self, now: datetime | None = None) -> WorkflowFilter:
        """The same for the engine.

        Raises:
            InvalidArgumentError: A time is malformed.
        """
        moment = now or datetime.now(UTC)
        return WorkflowFilter(
            statuses=frozenset(self.statuses),
            name=self.name or None,
            tag=self.tag or None,
            text=self.q or None,
            submitted_by=self.source or None,
            since=moment_or_span(self.since, moment) if self.since else None,
            until=moment_or_span(self.until, moment, name="until") if self.until else None,
        )

    def link(self, **changes: Any) -> str:
        """The address of the list with something changed, from its newest page on unless ``before`` is given.

        Args:
            changes: Fields.
        """
        told: dict[str, Any] = {name: getattr(self, name) for name in _TEXTS} | {"statuses": self.statuses, **changes}
        statuses: Sequence[WorkflowStatus] = told.pop("statuses")
        pairs = [("status", each.value) for each in statuses]
        pairs += [(name, str(value)) for name, value in told.items() if value]
        return f"/workflows?{urlencode(pairs)}" if pairs else "/workflows"

    def fields(self) -> list[tuple[str, str]]:
        """What a search keeps beside its text, as fields of its form."""
        pairs = [("status", status.value) for status in self.statuses]
        return pairs + [(name, getattr(self, name)) for name in _TEXTS if name != "q" and getattr(self, name)]


def attempt_of(query: QueryParams) -> int | None:
    """Which attempt of a run an address names; None for the present one.

    Raises:
        InvalidArgumentError: It is no number of one.
    """
    number = _number(query, "attempt")
    if number == 0:
        raise InvalidArgumentError("attempt: a number from 1 on")
    return number


def first_of(query: QueryParams) -> int | None:
    """Where an address has a table of jobs begin, from 0; None where it does not say.

    Raises:
        InvalidArgumentError: It is no number.
    """
    return _number(query, "first")


def _number(query: QueryParams, name: str) -> int | None:
    text = query.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and 0 < len(text) < 8):
        raise InvalidArgumentError(f"{name}: not a number")
    return int(text)

"""What an address of the list of jobs asks for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from core import InvalidArgumentError, JobFilter, JobStatus
from orcaops_mcp.intake.fields import moment_or_span

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.datastructures import QueryParams

_ID_PREFIX: Final = "job_"
_TEXTS: Final = ("q", "source", "tag", "workflow", "since", "until")
_LONGEST: Final = 200
_STATUSES: Final = frozenset(status.value for status in JobStatus)


@dataclass(frozen=True, slots=True)
class ListAsk:
    """What an address of the list asks for.

    Attributes:
        statuses: Any of these; all if empty.
        texts: What else was asked, by the parameter's name; empty where nothing was.
        before: The cursor of the page, if it is not the first.
    """

    statuses: tuple[str, ...]
    texts: Mapping[str, str]
    before: str | None

    @classmethod
    def read(cls, query: QueryParams) -> ListAsk:
        """From the address; what is empty was not asked.

        Raises:
            InvalidArgumentError: A status is none, or a text is too long.
        """
        statuses = tuple(dict.fromkeys(word for word in query.getlist("status") if word))
        for word in statuses:
            if word not in _STATUSES:
                known = ", ".join(JobStatus)
                raise InvalidArgumentError(f"status: {word[:40]!r} is none; there are {known}")
        texts = {name: query.get(name, "").strip() for name in _TEXTS}
        for name, text in texts.items():
            if len(text) > _LONGEST:
                raise InvalidArgumentError(f"{name}: at most {_LONGEST} characters")
        return cls(statuses, texts, query.get("before") or None)

    def filter(self) -> JobFilter:
        """What the engine is asked; a search for an id's beginning or a label is told by its form.

        Raises:
            InvalidArgumentError: A time is malformed.
        """
        now, texts, search = datetime.now(UTC), self.texts, self.texts["q"]
        is_id, is_label = search.startswith(_ID_PREFIX), "=" in search
        return JobFilter(
            statuses=frozenset(map(JobStatus, self.statuses)),
            text=search if search and not is_id and not is_label else None,
            job_id_prefix=search if is_id else None,
            tag=search.replace("=", ":", 1) if is_label else texts["tag"] or None,
            submitted_by=texts["source"] or None,
            workflow_id=texts["workflow"] or None,
            since=moment_or_span(texts["since"], now) if texts["since"] else None,
            until=moment_or_span(texts["until"], now, name="until") if texts["until"] else None,
        )

    def address(self, *, statuses: Sequence[str] | None = None, before: str | None = None, **texts: str) -> str:
        """The list's address with some of it replaced; the first page unless a cursor is given."""
        chosen = self.statuses if statuses is None else statuses
        pairs = [("status", word) for word in chosen]
        pairs += [(name, text) for name, text in {**self.texts, **texts}.items() if text]
        pairs += [("before", before)] if before else []
        return "/jobs" + (f"?{urlencode(pairs)}" if pairs else "")

"""Lists of jobs: from a query to the engine's filter, from a page to the answer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from core import JobFilter
from orcaops_mcp.intake.fields import moment_or_span
from orcaops_mcp.views.history import job_row

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core import Job, JobStatus, Page
    from orcaops_mcp.api.models.job import ListQuery


def job_filter(query: ListQuery, *, finished: bool | None) -> JobFilter:
    """What a caller wants listed.

    Args:
        query: In the caller's words.
        finished: Only jobs that have ended, or only those that have not.

    Raises:
        InvalidArgumentError: A time is malformed.
    """
    now = datetime.now(UTC)
    return JobFilter(
        statuses=frozenset(query.status),
        finished=finished,
        name=query.name,
        tag=query.tag,
        since=moment_or_span(query.since, now) if query.since else None,
        until=moment_or_span(query.until, now, name="until") if query.until else None,
        text=query.q,
        submitted_by=query.source,
        job_id_prefix=query.prefix,
        workflow_id=query.workflow,
        of_workflows=query.of_workflows,
    )


def job_list(page: Page[Job], counts: Mapping[JobStatus, int]) -> dict[str, Any]:
    """A page of jobs as it is answered with."""
    return {
        "items": [job_row(job) for job in page.items],
        "next_cursor": page.next_cursor,
        "counts": {status.value: count for status, count in counts.items()},
    }

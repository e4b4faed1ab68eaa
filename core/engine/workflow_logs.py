"""Logs of whole workflow runs for callers: pages by cursor, the tail, a search, a live follow until the run ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.engine.bus import jobs_of
from core.engine.named_nodes import NamedNodes
from core.engine.workflow_lines import MergedLines, Source
from core.errors import InvalidArgumentError
from core.logs.search import LogPattern
from core.records.event import JobChanged, LogGrew, WorkflowChanged
from core.records.log import service_log_id
from core.records.workflow_log import WorkflowLogCursor, WorkflowLogPart

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable
    from datetime import datetime

    from core.engine.bus import Subscription
    from core.engine.parts import Parts
    from core.records.job import Job
    from core.records.log import Stream
    from core.records.workflow import WorkflowRun
    from core.records.workflow_log import NodeJob, NodeLine
    from core.records.workflow_node import WorkflowNode

_FOLLOW_LINES: Final = 1000
_FOLLOW_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class WorkflowLogQuery:
    """Which lines of a run are wanted.

    Attributes:
        nodes: Only of these, by any name that `NamedNodes` knows. All nodes that ran in this attempt if empty; what was
            kept of an earlier attempt is shown if it is named.
        service: Of this service of those nodes' jobs instead of the jobs themselves.
        cursor: Begin here; it goes with the same nodes and the same service.
        tail: Only the last so many lines; not with a cursor, and not with a pattern.
        since: Only lines from this moment on.
        pattern: Only lines that contain this RE2 expression.
        errors_only: Only lines that look like errors.
        streams: Only these streams.
        max_lines: At most so many lines.
        max_bytes: At most so many bytes of text.
        attempt: Of the run; None for the cursor's or the present one.
    """

    nodes: tuple[str, ...] = ()
    service: str | None = None
    cursor: str | None = None
    tail: int | None = None
    since: datetime | None = None
    pattern: str | None = None
    errors_only: bool = False
    streams: frozenset[Stream] | None = None
    max_lines: int = 1000
    max_bytes: int = 65_536
    attempt: int | None = None

    def matcher(self) -> LogPattern | None:
        """What a line has to contain.

        Raises:
            InvalidArgumentError: The pattern is malformed.
        """
        if self.pattern is not None:
            return LogPattern.compile(self.pattern)
        return LogPattern.errors() if self.errors_only else None


@dataclass(frozen=True, slots=True)
class WorkflowLogPage:
    """Some lines of a run.

    Attributes:
        lines: By time, as far as they were there; the lines of one job in its own order.
        next_cursor: Where to go on.
        at_end: Whether there was nothing more when this was read.
        done: Whether nothing more will ever come: the attempt has ended and all was read.
        attempt: Of the run.
    """

    lines: tuple[NodeLine, ...]
    next_cursor: str
    at_end: bool
    done: bool
    attempt: int


class _Wanted:
    """Which jobs of a run are read.

    Args:
        query: What was asked.
        attempt: Of the run.
    """

    def __init__(self, query: WorkflowLogQuery, attempt: int) -> None:
        self._service, self._attempt = query.service, attempt
        self.names = NamedNodes(query.nodes)
        self._known: set[str] = set()
        self._nodes: set[str] = set()
        self._kept: set[str | None] = set()

    def lacks(self, jobs: Iterable[NodeJob]) -> bool:
        """Whether there are jobs of nodes that have to be known before it can be said whether they are wanted."""
        return bool(self.names) and any(
            job.run_attempt == self._attempt and job.node_id not in self._known for job in jobs
        )

    def note(self, nodes: Iterable[WorkflowNode]) -> None:
        """Take notice of the nodes there are."""
        for node in nodes:
            self._known.add(node.node_id)
            if self.names.means(node):
                self._nodes.add(node.node_id)
                if node.kept_from is not None:
                    self._kept.add(node.job_id)

    def takes(self, job: NodeJob) -> bool:
        """Whether the lines of a job are wanted."""
        if self._service is not None and not job.has_service:
            return False
        if job.job_id in self._kept:
            return True
        return job.run_attempt == self._attempt and (not self.names or job.node_id in self._nodes)


class WorkflowLogDesk:
    """Reads the logs of runs for callers.

    Args:
        parts: The engine's parts.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def read(self, workflow_id: str, query: WorkflowLogQuery) -> WorkflowLogPage:
        """Some lines of a run.

        Raises:
            WorkflowNotFoundError: There is no such run.
            NodeNotFoundError: A node is named that the run does not have.
            InvalidArgumentError: The cursor, the pattern, the attempt or the service is not valid.
        """
        log = _RunLog(self._parts, await self._parts.workflows.get(workflow_id), query)
        await log.open()
        if log.begins_at_tail:
            lines, at_end = await log.tail(), True
        else:
            lines, at_end = await log.lines.take(query.max_lines, query.max_bytes)
        done = at_end and log.is_ended and log.lines.is_over
        return WorkflowLogPage(lines, str(log.lines.cursor), at_end, done, log.attempt)

    async def follow(self, workflow_id: str, query: WorkflowLogQuery) -> AsyncGenerator[WorkflowLogPart]:
        """The lines of a run as they come, those that are there first, until its attempt ends; jobs join as they start.

        Raises:
            OrcaOpsError: As `read`.
        """
        with self._parts.bus.subscribe([workflow_id, jobs_of(workflow_id)]) as news:
            log = _RunLog(self._parts, await self._parts.workflows.get(workflow_id), query)
            await log.open(news)
            if log.begins_at_tail and (lines := await log.tail()):
                yield WorkflowLogPart(lines, (str(log.lines.cursor),) * len(lines), str(log.lines.cursor))
            while True:
                await log.hear(news)
                cursors: list[str] = []
                taken = await log.lines.take(_FOLLOW_LINES, _FOLLOW_BYTES, cursors)
                if taken.lines:
                    yield WorkflowLogPart(taken.lines, tuple(cursors), str(log.lines.cursor))
                elif taken.at_end and log.is_ended and log.lines.is_over:
                    return
                elif taken.at_end:
                    await news.wait()


class _RunLog:
    """The lines of one run, to be read on as it goes on.

    Args:
        parts: The engine's parts.
        run: The run.
        query: Which of its lines.

    Raises:
        InvalidArgumentError: The cursor or the pattern is malformed, or there is no such attempt.
    """

    def __init__(self, parts: Parts, run: WorkflowRun, query: WorkflowLogQuery) -> None:
        self._parts, self.run, self._query = parts, run, query
        cursor = WorkflowLogCursor.parse(query.cursor) if query.cursor else None
        self.attempt = query.attempt or (cursor.attempt if cursor else run.attempt)
        if self.attempt > run.attempt:
            raise InvalidArgumentError(
                f"attempt: the run has had {run.attempt} so far", hint="Leave it out for the present one."
            )
        if cursor is not None and cursor.attempt != self.attempt:
            raise InvalidArgumentError("cursor: it is of another attempt of the run", hint="Give one of the two only.")
        self._from = cursor or WorkflowLogCursor(self.attempt)
        matcher, tail = query.matcher(), query.tail
        self._tail = tail if cursor is None and matcher is None else None
        self._shelf = parts.node_jobs.jobs_of(run.workflow_id, query.service)
        self._wanted = _Wanted(query, self.attempt)
        self._known: set[str] = set()
        self._has_shared = False
        self.lines = MergedLines(parts.logs, self.attempt, streams=query.streams, pattern=matcher, since=query.since)

    async def open(self, news: Subscription | None = None) -> None:
        """Find the logs there are.

        Raises:
            NodeNotFoundError: A node is named that the attempt does not have.
            InvalidArgumentError: It has no such service.
        """
        if self._query.nodes:
            nodes = await self._parts.workflows.nodes(self.run.workflow_id, attempt=self.attempt)
            self._wanted.names.insist(self.run.workflow_id, nodes)
            self._wanted.note(nodes)
        self._add_shared(news)
        found = await self.look_on(news)
        is_there = self._has_shared or any(map(self._wanted.takes, found))
        if self._query.service is not None and self.is_ended and not is_there:
            raise InvalidArgumentError(
                "service: no job of the run that was chosen has a service of this name",
                hint="Leave it out for the jobs' own lines.",
            )

    @property
    def is_ended(self) -> bool:
        """Whether no further job will come."""
        return self.attempt < self.run.attempt or self.run.is_finished

    async def look_on(self, news: Subscription | None = None) -> tuple[NodeJob, ...]:
        """Take notice of the jobs that came since the look before; from then on their news are heard."""
        found = await self._shelf.read_on()
        self._known.update(job.job_id for job in found)
        if self._wanted.lacks(found):
            self._wanted.note(await self._parts.workflows.nodes(self.run.workflow_id, attempt=self.attempt))
        for job in found:
            if self._wanted.takes(job):
                if self._from.passes(job.number):
                    self.lines.pass_over(job.number)
                else:
                    self.lines.add(self._source(job), self._from.places.get(job.number))
            self.lines.see(job.number)
        wanted = [job for job in found if self._wanted.takes(job)]
        if news is not None and wanted:
            news.widen({name for job in wanted for name in (job.job_id, self._log_id(job.job_id))})
            for job in await self._parts.jobs.get_many(each.job_id for each in wanted if not each.is_finished):
                self._take_job(job)
        return found

    @property
    def begins_at_tail(self) -> bool:
        """Whether only the last lines were asked for."""
        return self._tail is not None

    async def tail(self) -> tuple[NodeLine, ...]:
        """The last lines; the reader stands behind them then."""
        return await self.lines.last(self._tail or 0, self._query.max_bytes)

    async def hear(self, news: Subscription) -> None:
        """Take notice of what happened, and of the jobs that came with it."""
        has_more_jobs = False
        for event in news.take():
            if isinstance(event, LogGrew):
                self.lines.grew(event.job_id)
            elif isinstance(event, JobChanged):
                has_more_jobs |= event.job.job_id not in self._known
                self._take_job(event.job)
            elif isinstance(event, WorkflowChanged):
                self.run, has_more_jobs = event.run, True
                self._add_shared(news)
        if has_more_jobs:
            await self.look_on(news)

    def _add_shared(self, news: Subscription | None) -> None:
        """Read the log of the service that the run's jobs share, once it is there, if that was asked for."""
        run, service = self.run, self._query.service
        if service is None or self._query.nodes or all(each.spec.id != service for each in run.services):
            return
        log_id = service_log_id(run.workflow_id, service)
        if self._has_shared:
            self.lines.changed(log_id, attempts=self.attempt, is_final=self.is_ended, started_at=run.started_at)
            return
        self._has_shared = True
        place = self._from.places.get(0)
        if self._query.cursor and place is None and self._from.seen:
            return
        start = run.started_at or run.created_at
        shared = Source(0, log_id, "", None, self.attempt, self.is_ended, start, run.finished_at, attempt=self.attempt)
        self.lines.add(shared, place)
        if news is not None:
            news.widen({log_id})

    def _take_job(self, job: Job) -> None:
        self.lines.changed(
            self._log_id(job.job_id),
            attempts=job.attempt_number,
            is_final=job.is_finished,
            started_at=job.started_at,
        )

    def _source(self, job: NodeJob) -> Source:
        return Source(
            job.number,
            self._log_id(job.job_id),
            job.node_id,
            job.job_id,
            job.attempt,
            job.is_finished,
            job.started_at,
            job.finished_at,
        )

    def _log_id(self, job_id: str) -> str:
        service = self._query.service
        return job_id if service is None else service_log_id(job_id, service)

"""Waiting for jobs and workflow runs without asking again and again: the bus says when to look."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import anyio

from core.engine.workflow_logs import WorkflowLogQuery
from core.errors import InvalidArgumentError
from core.ids import is_workflow_id
from core.lifecycle.job import JobStatus
from core.lifecycle.workflow import Result, WorkflowStatus
from core.logs.search import LogPattern
from core.records.event import JobChanged, NodeChanged, WorkflowChanged

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from core.engine.parts import Parts
    from core.engine.reading import LogDesk
    from core.engine.workflow_logs import WorkflowLogDesk
    from core.records.event import EngineEvent
    from core.records.job import Job
    from core.records.log import LogLine
    from core.records.workflow import WorkflowRun
    from core.records.workflow_node import WorkflowNode

Until = Literal["any_done", "all_done", "first_failure", "running", "log_match"]
"""What a wait is for. Each also ends once everything has ended, since nothing more can come then."""


@dataclass(frozen=True, slots=True)
class WaitResult:
    """How a wait for jobs ended.

    Attributes:
        jobs: The jobs as they are now, in the order asked for.
        met: Whether what was waited for came true.
        match: The line that matched, for ``log_match``.
        match_job_id: Whose line it is.
    """

    jobs: tuple[Job, ...]
    met: bool
    match: LogLine | None = None
    match_job_id: str | None = None


@dataclass(frozen=True, slots=True)
class WaitedWorkflow:
    """A workflow run that was waited for.

    Attributes:
        run: As it is now.
        nodes: Those of its nodes that changed after the version that the caller named; none if it named none.
    """

    run: WorkflowRun
    nodes: tuple[WorkflowNode, ...]


@dataclass(frozen=True, slots=True)
class RunsWaited:
    """How a wait for jobs and workflow runs ended.

    Attributes:
        jobs: The jobs as they are now, in the order asked for.
        workflows: The workflow runs, in the order asked for.
        met: Whether what was waited for came true.
        match: The line that matched, for ``log_match``.
        match_id: The job or the run whose line it is.
        match_node: The node of that run; None for a job's line.
    """

    jobs: tuple[Job, ...]
    workflows: tuple[WaitedWorkflow, ...]
    met: bool
    match: LogLine | None = None
    match_id: str | None = None
    match_node: str | None = None


@dataclass(slots=True)
class _Seen:
    """As much of a job or a run as a wait looks at."""

    has_begun: bool
    is_finished: bool
    has_failed: bool
    version: int
    job: Job | None = None


@dataclass(slots=True)
class _Tally:
    """All that a wait looks at, counted: news of one among thousands costs no more than of one alone."""

    seen: dict[str, _Seen] = field(default_factory=dict[str, _Seen])
    begun: int = 0
    finished: int = 0
    failed: int = 0
    newest: int = 0

    def put(self, run_id: str, fresh: _Seen) -> None:
        """Take over how a job or a run stands now."""
        known = self.seen.get(run_id)
        self.seen[run_id] = fresh
        self.begun += fresh.has_begun - (known is not None and known.has_begun)
        self.finished += fresh.is_finished - (known is not None and known.is_finished)
        self.failed += fresh.has_failed - (known is not None and known.has_failed)
        self.newest = max(self.newest, fresh.version)

    def put_node(self, node: WorkflowNode) -> None:
        """Take over what a node tells of its run."""
        run = self.seen[node.workflow_id]
        run.version = max(run.version, node.version)
        self.newest = max(self.newest, run.version)
        if node.result is Result.FAILURE and not run.has_failed:
            run.has_failed = True
            self.failed += 1

    @property
    def have_all_ended(self) -> bool:
        """Whether nothing more can come."""
        return self.finished == len(self.seen)

    def meets(self, until: Until, since_version: int | None) -> bool:
        """Whether what is waited for is true."""
        if since_version is not None and self.newest > since_version:
            return True
        match until:
            case "any_done":
                return self.finished > 0
            case "all_done":
                return self.have_all_ended
            case "first_failure":
                return self.failed > 0
            case "running":
                return self.begun == len(self.seen)
            case "log_match":
                return False


@dataclass(slots=True)
class _Match:
    """A line that was waited for, once there is one."""

    line: LogLine | None = None
    run_id: str | None = None
    node_id: str | None = None


class Waiter:
    """Waits for jobs and runs on behalf of callers. Cancelling a wait changes nothing about them.

    Args:
        parts: The engine's parts.
        desk: Reads logs of jobs.
        workflow_desk: Reads logs of runs.
    """

    def __init__(self, parts: Parts, desk: LogDesk, workflow_desk: WorkflowLogDesk) -> None:
        self._parts = parts
        self._desk = desk
        self._workflow_desk = workflow_desk

    async def wait(
        self,
        ids: Sequence[str],
        *,
        until: Until,
        timeout_s: float | None,
        pattern: str | None = None,
        since_version: int | None = None,
    ) -> RunsWaited:
        """Wait for something to become true of some jobs and runs.

        Args:
            ids: Existing jobs and workflow runs.
            until: What is waited for.
            timeout_s: At most so long; None for as long as it takes.
            pattern: For ``log_match``: an RE2 expression that a line has to contain.
            since_version: Also met when the version of one of them is greater.

        Raises:
            JobNotFoundError: One of the jobs does not exist.
            WorkflowNotFoundError: One of the runs does not exist.
            InvalidArgumentError: The pattern is missing or malformed.
        """
        if until == "log_match" and not pattern:
            raise InvalidArgumentError("pattern: needed with until=log_match", hint="Give the text to look for.")
        matcher = LogPattern.compile(pattern) if pattern else None
        found = _Match()
        looks_at_nodes = until == "first_failure" or since_version is not None
        with self._parts.bus.subscribe(ids, kinds=_kinds(ids, looks_at_nodes=looks_at_nodes)) as news:
            tally = await self._looked(ids)
            with anyio.move_on_after(timeout_s):
                if matcher is not None and until == "log_match":
                    await self._until_match(ids, matcher, WorkflowLogQuery(pattern=pattern), found)
                else:
                    while not (tally.meets(until, since_version) or tally.have_all_ended):
                        _hear(await anext(news), tally)
        if until == "log_match":
            tally = await self._looked(ids)
        met = found.line is not None or tally.meets(until, since_version)
        runs = [await self._waited(each, since_version) for each in tally.seen if is_workflow_id(each)]
        jobs = [tally.seen[each].job for each in ids]
        return RunsWaited(tuple(job for job in jobs if job), tuple(runs), met, found.line, found.run_id, found.node_id)

    async def _looked(self, ids: Iterable[str]) -> _Tally:
        tally = _Tally()
        for each in ids:
            tally.put(each, await self._look(each))
        return tally

    async def _look(self, run_id: str) -> _Seen:
        if is_workflow_id(run_id):
            return _of_run(await self._parts.workflows.get(run_id))
        return _of_job(await self._parts.jobs.get(run_id))

    async def _waited(self, workflow_id: str, since_version: int | None) -> WaitedWorkflow:
        if since_version is None:
            return WaitedWorkflow(await self._parts.workflows.get(workflow_id), ())
        return WaitedWorkflow(*await self._parts.workflows.state(workflow_id, since_version=since_version))

    async def _until_match(
        self, ids: Sequence[str], matcher: LogPattern, query: WorkflowLogQuery, found: _Match
    ) -> None:
        async with anyio.create_task_group() as tasks:

            def take(line: LogLine, run_id: str, node_id: str | None) -> bool:
                if found.line is not None or not matcher.matches(line.text):
                    return False
                found.line, found.run_id, found.node_id = line, run_id, node_id
                tasks.cancel_scope.cancel()
                return True

            async def look_at_job(job_id: str) -> None:
                async for part in self._desk.follow(job_id):
                    if any(take(line, job_id, None) for line in part.lines):
                        return

            async def look_at_run(workflow_id: str) -> None:
                async for part in self._workflow_desk.follow(workflow_id, query):
                    if any(take(each.line, workflow_id, each.node_id) for each in part.lines):
                        return

            for each in ids:
                tasks.start_soon(look_at_run if is_workflow_id(each) else look_at_job, each)


def _of_job(job: Job) -> _Seen:
    return _Seen(
        has_begun=job.status is not JobStatus.QUEUED,
        is_finished=job.is_finished,
        has_failed=job.is_finished and job.status is not JobStatus.SUCCESS,
        version=job.version,
        job=job,
    )


def _of_run(run: WorkflowRun) -> _Seen:
    ended_badly = run.is_finished and run.status is not WorkflowStatus.SUCCESS
    return _Seen(
        has_begun=run.status is not WorkflowStatus.PENDING,
        is_finished=run.is_finished,
        has_failed=ended_badly or run.counts.failed + run.counts.timed_out > 0,
        version=run.version,
    )


def _kinds(ids: Iterable[str], *, looks_at_nodes: bool) -> set[type[EngineEvent]]:
    """The sorts of news that may tell that some jobs and runs have begun or ended: that of a node never does."""
    found: set[type[EngineEvent]] = {WorkflowChanged if is_workflow_id(each) else JobChanged for each in ids}
    if looks_at_nodes:
        found.add(NodeChanged)
    return found


def _hear(event: EngineEvent, tally: _Tally) -> None:
    """Take notice of news."""
    match event:
        case JobChanged(job=job) if job.job_id in tally.seen:
            tally.put(job.job_id, _of_job(job))
        case WorkflowChanged(run=run):
            tally.put(run.workflow_id, _of_run(run))
        case NodeChanged(node=node):
            tally.put_node(node)
        case _:
            pass

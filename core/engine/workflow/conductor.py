"""One run of a workflow, from its first node to its end.

A conductor takes what has happened (jobs that ended, requests, times that came), draws the conclusions, writes them,
and only then acts. It may be broken off anywhere: the next one begins from the store.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import anyio

from core.engine.job_cancel import JobCancel
from core.engine.racing import all_at_once, sleep_or_event
from core.engine.workflow.ending import cancel_reason, run_end
from core.engine.workflow.frame import root_frame
from core.engine.workflow.live import Stage
from core.engine.workflow.live_run import LiveRun
from core.engine.workflow.node_end import node_end
from core.engine.workflow.program import read_program
from core.engine.workflow.serving import Serving
from core.engine.workflow.starting import Starter
from core.errors import JobNotFoundError
from core.lifecycle.workflow import NodeEvent, Reason, WorkflowEvent, WorkflowStatus
from core.plan.compile.definition import field_value
from core.records.job import CancelRequest
from core.records.workflow_node import NodeReason
from core.store.node_changes import NodeMove

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from core.engine.parts import Parts
    from core.engine.scheduler import Scheduler
    from core.engine.worker import Worker
    from core.engine.workflow.live import LiveNode
    from core.engine.workflow.node_end import NodeEnd
    from core.engine.workflow.node_job import Admit
    from core.engine.workflow.shared_services import SharedServices
    from core.records.job import Job
    from core.records.workflow import WorkflowRun
    from core.records.workflow_node import WorkflowNode
    from core.spec.workflow import WorkflowSpec

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rooms:
    """What conductors work with.

    Attributes:
        parts: The engine's parts.
        scheduler: Gets the jobs.
        worker: Runs them.
        admit: The engine's admission of specs.
        shared: The services of runs.
        threads: Where files are read.
    """

    parts: Parts
    scheduler: Scheduler
    worker: Worker
    admit: Admit
    shared: SharedServices
    threads: anyio.CapacityLimiter


@dataclass(slots=True)
class Inbox:
    """What has happened and was not looked at yet.

    Attributes:
        jobs: Jobs of the run that ended, by their ids.
        run: The run, if somebody asked for it to stop.
        nodes: Nodes that somebody asked to stop, by their ids.
    """

    jobs: dict[str, Job] = field(default_factory=dict[str, "Job"])
    run: WorkflowRun | None = None
    nodes: dict[str, WorkflowNode] = field(default_factory=dict[str, "WorkflowNode"])
    arrived: anyio.Event = field(default_factory=anyio.Event)

    def ring(self) -> None:
        """Say that there is something to look at."""
        self.arrived.set()


class Conductor:
    """Conducts one run.

    Args:
        rooms: What it works with.
        workflow_id: The run.
        inbox: Where it is told of what happens.
    """

    def __init__(self, rooms: Rooms, workflow_id: str, inbox: Inbox) -> None:
        self._rooms = rooms
        self._parts = rooms.parts
        self._workflow_id = workflow_id
        self._inbox = inbox
        self._cancel = JobCancel(rooms.parts, rooms.scheduler, rooms.worker)
        self._kill_at: datetime | None = None

    async def run(self) -> None:
        """See the run through to its end.

        Raises:
            StoreError: The disk is full or failing.
            StoreBusyError: The database is locked by another process.
        """
        run, records = await self._parts.workflows.state(self._workflow_id)
        if run.is_finished:
            return
        workflow = await read_program(await self._parts.workflows.source(self._workflow_id), self._rooms.threads)
        run = await self._started(run, workflow)
        live = LiveRun(self._parts, run, workflow, records, self._most(run, workflow))
        serving = Serving(self._rooms.shared, live, self._inbox.ring)
        starter = Starter(live, self._rooms.scheduler, self._rooms.admit, serving)
        live.begin()
        self._note_requests(live, records)
        while not await self._turn(live, starter, serving):
            await self._wait(live)
            await self._receive(live, starter)
        await self._end(live, serving)

    # --- the beginning

    async def _started(self, run: WorkflowRun, workflow: WorkflowSpec) -> WorkflowRun:
        """The run, which has left pending."""
        if run.status is not WorkflowStatus.PENDING:
            return run
        now = self._parts.clock.now()
        deadline = now + timedelta(seconds=run_timeout(run, workflow, self._parts))
        return await self._parts.workflow_ledger.move(
            self._workflow_id, WorkflowEvent.START, by="engine", run={"deadline_at": deadline}
        )

    def _most(self, run: WorkflowRun, workflow: WorkflowSpec) -> int:
        return run.max_parallel or workflow.max_parallel or self._parts.settings.queue.max_running

    def _note_requests(self, live: LiveRun, records: Sequence[WorkflowNode]) -> None:
        """Go on with stopping what was being stopped."""
        for record in records:
            if record.cancel is not None and not record.is_finished:
                self._inbox.nodes[record.node_id] = record
        if live.run.cancel is not None:
            self._inbox.run = live.run
        self._heed(live)

    # --- one turn

    async def _turn(self, live: LiveRun, starter: Starter, serving: Serving) -> bool:
        """Conclude, write, act, until nothing follows any more; whether the run is over."""
        while True:
            self._conclude(live, starter)
            await live.outbox.flush()
            await self._adopt(live, starter)
            await self._stop_jobs(live)
            nodes = await self._startable(live, serving)
            if nodes:
                await starter.start(nodes)
            self._tell_waiting(live)
            self._conclude(live, starter)
            await live.outbox.flush()
            if not (nodes or live.adopted or live.progress.stopping.jobs or live.progress.ready):
                return live.file.is_over

    async def _startable(self, live: LiveRun, serving: Serving) -> list[LiveNode]:
        """The nodes for which there is room, once the run's services are up."""
        if live.room.has_jobs:
            await serving.begin()
        serving.look()
        nodes: list[LiveNode] = []
        while (node := live.room.take(only_callers=not serving.is_settled)) is not None:
            nodes.append(node)
        return nodes

    def _conclude(self, live: LiveRun, starter: Starter) -> None:
        progress = live.progress
        while True:
            progress.settle()
            resumed, progress.resumed = progress.resumed, []
            if not resumed:
                break
            for node in resumed:
                starter.call(node, is_fresh=False)
        ended, progress.ended = progress.ended, []
        for node in ended:
            live.room.leave(node)
        ready, progress.ready = progress.ready, []
        for node in ready:
            live.room.add(node)

    async def _adopt(self, live: LiveRun, starter: Starter) -> None:
        """Look after nodes that were running when the engine stopped."""
        adopted, live.adopted = live.adopted, []
        if not adopted:
            return
        by_job = {node.record.job_id: node for node in adopted if node.record.job_id is not None}
        found = {job.job_id: job for job in await self._parts.jobs.get_many(by_job)}
        lost: list[LiveNode] = []
        for job_id, node in by_job.items():
            job = found.get(job_id)
            if job is None:
                lost.append(node)
                continue
            live.by_job[job_id] = node
            if job.is_finished:
                self._inbox.jobs[job_id] = job
                self._inbox.ring()
        await starter.resubmit(lost)

    async def _stop_jobs(self, live: LiveRun) -> None:
        stopping = live.progress.stopping
        nodes, stopping.jobs = stopping.jobs, []
        if nodes:
            await all_at_once(partial(self._stop_job, node) for node in nodes)

    async def _stop_job(self, node: LiveNode) -> None:
        if node.record.job_id is None or node.stage is not Stage.RUNNING:
            return
        reason = node.stop.text if node.stop is not None else ""
        grace = 0.0 if node.frame.is_forced else None
        request = CancelRequest(self._parts.clock.now(), "engine", reason, grace)
        try:
            await self._cancel(node.record.job_id, request)
        except JobNotFoundError:  # deleted behind our back: its end is noted when the engine starts again
            _log.warning("the job %s of %s is gone", node.record.job_id, node.id)

    def _tell_waiting(self, live: LiveRun) -> None:
        """Say of nodes that are ready and did not start that they wait for room."""
        nodes, live.room.unplaced = live.room.unplaced, []
        for node in nodes:
            if node.stage is not Stage.READY or node.has_room:
                continue
            most = node.job.most
            if most is not None and node.job.running >= most:
                text = f"waits for room: {most} of {node.job.spec.id} run at once"
            else:
                text = "waits for room: as many jobs of the run are running as may"
            reason = NodeReason(Reason.MAX_PARALLEL, text)
            if node.record.reason != reason:
                live.outbox.change(node, {"reason": reason})

    # --- what happens

    async def _wait(self, live: LiveRun) -> None:
        """Until there is something to look at, or a time has come."""
        inbox, now = self._inbox, self._parts.clock.now()
        times = [live.retries.next_due, self._kill_at]
        if live.file.stop is None:
            times.append(live.run.deadline_at)
        due = min((time for time in times if time is not None), default=None)
        seconds = None if due is None else max(0.0, (due - now).total_seconds())
        await sleep_or_event(self._parts.clock, seconds, inbox.arrived)
        inbox.arrived = anyio.Event()

    async def _receive(self, live: LiveRun, starter: Starter) -> None:
        jobs, self._inbox.jobs = self._inbox.jobs, {}
        known = [(live.by_job.pop(job_id), job) for job_id, job in jobs.items() if job_id in live.by_job]
        self._heed(live)
        ends = await all_at_once(partial(self._end_of, starter, node, job) for node, job in known)
        for (node, job), end in zip(known, ends, strict=True):
            self._conclude_try(live, node, job, end)
        for node in live.retries.take(self._parts.clock.now()):
            node.stage = Stage.READY
            live.room.add(node)
        await self._heed_times(live)

    async def _end_of(self, starter: Starter, node: LiveNode, job: Job) -> NodeEnd:
        may_retry = node.stop is None and (node.frame.stop is None or not node.frame.is_forced)
        setting = starter.setting(node)
        return await node_end(self._parts, setting, job, may_retry=may_retry, warnings=node.warnings)

    def _conclude_try(self, live: LiveRun, node: LiveNode, job: Job, end: NodeEnd) -> None:
        live.room.leave(node)
        now = self._parts.clock.now()
        last = replace(
            node.record.tries[-1],
            finished_at=job.finished_at or now,
            outcome=end.outcome,
            exit_code=end.exit_code,
            failure_kind=end.failure.kind.value if end.failure is not None else "",
        )
        tries = (*node.record.tries[:-1], last)
        why = end.failure.message if end.failure is not None else ""
        if end.retry_in_s is not None:
            due = now + timedelta(seconds=end.retry_in_s)
            node.stage = Stage.PAUSED
            live.retries.add(node, due)
            live.outbox.move(node, NodeEvent.RETRY, why, {"tries": tries, "retry_at": due, "reason": end.reason})
            return
        fields = end.fields()
        fields["tries"] = tries
        if end.event is NodeEvent.CANCEL and node.stop is not None:
            fields["reason"] = node.stop
        node.failure = end.failure
        live.outbox.move(node, end.event, why, fields)
        live.progress.end(node, end.ending(node.tries))

    def _heed(self, live: LiveRun) -> None:
        """Do what somebody asked for."""
        nodes, self._inbox.nodes = self._inbox.nodes, {}
        for node_id, record in nodes.items():
            node = live.find(node_id)
            if node is not None and record.cancel is not None:
                said = f": {record.cancel.reason}" if record.cancel.reason else ""
                text = f"cancelled by {record.cancel.by}{said}"
                live.progress.stopping.stop(node, NodeReason(Reason.CANCELLED, text))
        run, self._inbox.run = self._inbox.run, None
        if run is None or run.cancel is None:
            return
        live.run = run
        cleanup = timedelta(seconds=self._parts.settings.limits.cleanup_timeout_s)
        self._kill_at = self._kill_at or run.cancel.at + cleanup
        live.progress.stopping.stop_file(live.file, cancel_reason(run), forced=run.cancel_forced)

    async def _heed_times(self, live: LiveRun) -> None:
        """Do what the run's time limit asks for, and what the time for cleaning up does."""
        now = self._parts.clock.now()
        cleanup = timedelta(seconds=self._parts.settings.limits.cleanup_timeout_s)
        deadline = live.run.deadline_at
        if live.file.stop is None and deadline is not None and now >= deadline:
            reason = NodeReason(Reason.TIMEOUT, "the run's time limit passed")
            live.run = await self._parts.workflow_ledger.change(self._workflow_id, {"reason": reason})
            live.progress.stopping.stop_file(live.file, reason)
        if live.file.stop is not None and self._kill_at is None:
            self._kill_at = now + cleanup
        if self._kill_at is not None and now >= self._kill_at and not live.file.is_forced:
            live.progress.stopping.stop_file(live.file, live.file.stop or cancel_reason(live.run), forced=True)

    # --- the end

    async def _end(self, live: LiveRun, serving: Serving) -> None:
        await serving.stop()
        leftovers = live.leftovers()
        if leftovers:
            reason = NodeReason(Reason.NEEDS, "the job that calls its file did not run")
            moves = [NodeMove(each.node_id, NodeEvent.SKIP, reason.text, {"reason": reason}) for each in leftovers]
            await self._parts.workflow_ledger.move_nodes(self._workflow_id, moves, by="engine")
        end = run_end(live)
        await self._parts.workflow_ledger.move(self._workflow_id, end.event, by="engine", why=end.why, run=end.fields)


def run_timeout(run: WorkflowRun, workflow: WorkflowSpec, parts: Parts) -> float:
    """How long a run may take, in seconds."""
    if isinstance(workflow.timeout_s, int | float):
        return workflow.timeout_s
    frame = root_frame(run, workflow, parts.settings)
    found = field_value("timeout_s", workflow.timeout_s, frame.bare.resolver(), "timeout")
    return float(found) if isinstance(found, int | float) else 3600.0

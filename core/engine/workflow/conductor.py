"""One run of a workflow, from its first node to its end.

A conductor takes what has happened (jobs that ended, requests, times that came), draws the conclusions, writes them,
and only then acts. It may be broken off anywhere: the next one begins from the store.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Final

import anyio
import anyio.lowlevel
import anyio.to_thread

from core.engine.job_cancel import JobCancel
from core.engine.racing import all_at_once, sleep_or_event
from core.engine.workflow.beginning import Beginning
from core.engine.workflow.ending import run_end
from core.engine.workflow.grouping import Grouping, has_group
from core.engine.workflow.live import Stage
from core.engine.workflow.live_run import LiveRun
from core.engine.workflow.making import Making
from core.engine.workflow.program import read_program
from core.engine.workflow.requests import Requests
from core.engine.workflow.serving import Serving
from core.engine.workflow.starting import Starter
from core.errors import JobNotFoundError
from core.lifecycle.workflow import NodeEvent, Reason
from core.records.job import CancelRequest
from core.records.workflow_node import NodeReason, NodeTry
from core.store.node_changes import NodeMove

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.engine.workflow.live import LiveNode
    from core.engine.workflow.node_end import NodeEnd
    from core.engine.workflow.rooms import Inbox, Known, Rooms
    from core.records.job import Job
    from core.records.workflow import WorkflowRun
    from core.records.workflow_node import WorkflowNode

_log = logging.getLogger(__name__)

_SLICE: Final = 50
"""Conclusions that are drawn in one go."""


class Hands:
    """What a conductor has for one run beside the run itself.

    Args:
        rooms: What it works with.
        live: The run.
        inbox: Where it is told of what happens.
    """

    def __init__(self, rooms: Rooms, live: LiveRun, inbox: Inbox) -> None:
        self.serving = Serving(rooms.shared, live, inbox.ring)
        self.making = Making(live, rooms.admit)
        self.starter = Starter(live, rooms.scheduler, self.making, self.serving)
        self.grouping = Grouping(rooms.groups, live)
        self.requests = Requests(live, inbox)


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
        self._entering: list[LiveNode] = []
        self._leaving: list[LiveNode] = []
        self._cancel = JobCancel(rooms.parts, rooms.scheduler, rooms.worker)

    async def run(self) -> None:
        """See the run through to its end.

        Raises:
            StoreError: The disk is full or failing.
            StoreBusyError: The database is locked by another process.
        """
        known = self._inbox.take_known()
        run, records = await self._state(known)
        if run.is_finished:
            return
        if known is None:
            source = await self._parts.workflows.source(self._workflow_id)
            workflow, graph = await read_program(source, self._rooms.threads), None
        else:
            workflow, graph = known.workflow, known.graph
        started = await Beginning(self._rooms, run, workflow, records, self._inbox).started()
        if started is not None:
            most = run.max_parallel or workflow.max_parallel or self._parts.settings.queue.max_running
            make = partial(LiveRun, self._parts, started, workflow, records, most, graph)
            live = await anyio.to_thread.run_sync(make, limiter=self._rooms.threads)
            await self._conduct(live, records)
        await self._rooms.groups.leave_all(self._workflow_id)

    async def _state(self, known: Known | None) -> tuple[WorkflowRun, tuple[WorkflowNode, ...]]:
        """The run and its nodes, which are not read again if nothing has changed since they were written."""
        if known is not None:
            run = await self._parts.workflows.get(self._workflow_id)
            if run.version == known.version:
                return run, known.nodes
        return await self._parts.workflows.state(self._workflow_id)

    async def _conduct(self, live: LiveRun, records: Sequence[WorkflowNode]) -> None:
        hands = Hands(self._rooms, live, self._inbox)
        await anyio.to_thread.run_sync(live.begin, limiter=self._rooms.threads)
        await self._conclude(live, hands)  # first: only then all nodes are in their places
        hands.requests.restore(records)
        await self._conclude(live, hands)
        await live.outbox.flush()
        await hands.grouping.restore()
        while not await self._turn(live, hands):
            await self._wait(live, hands)
            await self._receive(live, hands)
        await self._end(live, hands)

    # --- one turn

    async def _turn(self, live: LiveRun, hands: Hands) -> bool:
        """Conclude, write, act, until nothing follows any more; whether the run is over."""
        while True:
            await self._conclude(live, hands)
            await self._see_to_groups(hands)
            await live.outbox.flush()
            await self._adopt(live, hands)
            await self._stop_jobs(live)
            nodes = await self._startable(live, hands)
            if nodes:
                await hands.starter.start(nodes)
            self._tell_waiting(live)
            has_news = await self._conclude(live, hands)
            await live.outbox.flush()
            if not (nodes or has_news or live.adopted or live.progress.stopping.jobs):
                return live.file.is_over

    async def _see_to_groups(self, hands: Hands) -> None:
        """Have nodes leave their groups that have ended, and those come to theirs that are ready."""
        while self._leaving:
            await hands.grouping.leave(self._leaving.pop(0))
        while self._entering:
            node = self._entering.pop(0)
            if node.stage is Stage.READY:
                await hands.grouping.enter(node)

    async def _startable(self, live: LiveRun, hands: Hands) -> list[LiveNode]:
        """The nodes for which there is room, once the run's services are up."""
        if live.room.has_jobs:
            await hands.serving.begin()
        hands.serving.look()
        nodes: list[LiveNode] = []
        while (node := live.room.take(only_callers=not hands.serving.is_settled)) is not None:
            nodes.append(node)
        return nodes

    async def _conclude(self, live: LiveRun, hands: Hands) -> bool:
        """Draw all conclusions; whether there were any."""
        progress = live.progress
        while True:
            while progress.settle(_SLICE):
                await anyio.lowlevel.checkpoint()  # the engine has more to do than this run
            resumed, progress.resumed = progress.resumed, []
            if not resumed:
                break
            for node in resumed:
                hands.starter.call(node, is_fresh=False)
        has_news = bool(progress.ended or progress.ready)
        for node in progress.ended:
            live.room.leave(node)
            if node.group:
                self._leaving.append(node)
        progress.ended.clear()
        ready, progress.ready = progress.ready, []
        for node in ready:
            if has_group(node):
                self._entering.append(node)
            else:
                live.room.add(node)
        return has_news

    async def _adopt(self, live: LiveRun, hands: Hands) -> None:
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
        await hands.starter.resubmit(lost)

    async def _stop_jobs(self, live: LiveRun) -> None:
        stopping = live.progress.stopping
        nodes, stopping.jobs = stopping.jobs, []
        if nodes:
            await all_at_once(partial(self._stop_job, node) for node in nodes)

    async def _stop_job(self, node: LiveNode) -> None:
        if node.record.job_id is None or node.stage is not Stage.RUNNING:
            return
        reason = node.stop.text if node.stop is not None else ""
        asked = node.record.cancel
        grace = 0.0 if node.frame.is_forced else asked.grace_s if asked is not None else None
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

    async def _wait(self, live: LiveRun, hands: Hands) -> None:
        """Until there is something to look at, or a time has come."""
        times = [live.retries.next_due, hands.requests.next_due]
        due = min((time for time in times if time is not None), default=None)
        now = self._parts.clock.now()
        seconds = None if due is None else max(0.0, (due - now).total_seconds())
        await sleep_or_event(self._parts.clock, seconds, self._inbox.arrived)
        self._inbox.arrived = anyio.Event()

    async def _receive(self, live: LiveRun, hands: Hands) -> None:
        jobs, self._inbox.jobs = self._inbox.jobs, {}
        known = [(live.by_job.pop(job_id), job) for job_id, job in jobs.items() if job_id in live.by_job]
        hands.requests.heed()
        granted, self._inbox.granted = self._inbox.granted, set()
        for node_id in granted:
            hands.grouping.grant(node_id)
        ends = await hands.making.ends(known)
        for (node, job), end in zip(known, ends, strict=True):
            self._conclude_try(live, node, job, end)
        for node in live.retries.take(self._parts.clock.now()):
            node.stage = Stage.READY
            live.room.add(node)
        await hands.requests.heed_times()

    def _conclude_try(self, live: LiveRun, node: LiveNode, job: Job, end: NodeEnd) -> None:
        live.room.leave(node)
        now = self._parts.clock.now()
        *earlier, begun = node.record.tries
        failure_kind = end.failure.kind.value if end.failure is not None else ""
        last = NodeTry(
            begun.number,
            begun.job_id,
            begun.started_at,
            job.finished_at or now,
            end.outcome,
            end.exit_code,
            failure_kind,
        )
        tries = (*earlier, last)
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

    # --- the end

    async def _end(self, live: LiveRun, hands: Hands) -> None:
        await hands.serving.stop()
        leftovers = live.leftovers()
        if leftovers:
            reason = NodeReason(Reason.NEEDS, "the job that calls its file did not run")
            moves = [NodeMove(each.node_id, NodeEvent.SKIP, reason.text, {"reason": reason}) for each in leftovers]
            await self._parts.workflow_ledger.move_nodes(self._workflow_id, moves, by="engine")
        end = run_end(live)
        await self._parts.workflow_ledger.move(self._workflow_id, end.event, by="engine", why=end.why, run=end.fields)

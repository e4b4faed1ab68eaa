"""The conductors of all runs that have not ended, and what each is told."""

from __future__ import annotations

import logging
import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import anyio

from core.engine.job_cancel import JobCancel
from core.engine.workflow.acceptance import accept
from core.engine.workflow.conductor import Conductor
from core.engine.workflow.groups import Groups
from core.engine.workflow.rooms import Inbox, Known, Rooms
from core.errors import JobNotFoundError, OrcaOpsError, StoreBusyError, StoreError
from core.lifecycle.workflow import NodeEvent, NodeStatus, Reason, WorkflowEvent
from core.records.event import JobChanged, NodeChanged, WorkflowChanged
from core.records.job import CancelRequest, Failure, FailureKind
from core.records.workflow_node import NodeReason
from core.store.node_changes import NodeMove

if TYPE_CHECKING:
    from pathlib import Path

    from anyio.abc import TaskGroup

    from core.engine.admission import AdmissionDesk
    from core.engine.parts import Parts
    from core.engine.scheduler import Scheduler
    from core.engine.worker import Worker
    from core.engine.workflow.acceptance import AcceptedRun
    from core.engine.workflow.request import WorkflowRequest
    from core.engine.workflow.shared_services import SharedServices
    from core.records.event import EngineEvent
    from core.records.workflow import WorkflowRun

_log = logging.getLogger(__name__)

_PAUSE_S: Final = 1.0
"""Before a run is taken up again for which the store failed."""
_READERS: Final = 2
"""Workflow files that are read at the same time."""


class Conductors:
    """Has a conductor for every run that has not ended.

    Args:
        parts: The engine's parts.
        scheduler: Gets the jobs of nodes.
        worker: Runs them.
        admission: The engine's admission of specs.
        shared: The services of runs.
    """

    def __init__(
        self, parts: Parts, scheduler: Scheduler, worker: Worker, admission: AdmissionDesk, shared: SharedServices
    ) -> None:
        self._parts = parts
        threads = anyio.CapacityLimiter(_READERS)
        groups = Groups(parts, self._grant)
        self._rooms = Rooms(parts, scheduler, worker, admission.admit, shared, groups, threads)
        self._inboxes: dict[str, Inbox] = {}
        self._beginning: list[str] = []
        self._again: set[str] = set()
        self._tasks: TaskGroup | None = None

    def begin(self, run: WorkflowRun, known: Known | None = None) -> None:
        """Have a run conducted that was accepted, or that has begun a further attempt. Repeatable.

        Args:
            run: The run.
            known: What is known of it from its acceptance; None has it read again.
        """
        if run.is_finished:
            return
        if run.workflow_id in self._inboxes:
            self._again.add(run.workflow_id)
            return
        self._inboxes[run.workflow_id] = Inbox(known)
        if self._tasks is None:
            self._beginning.append(run.workflow_id)
        else:
            self._start(self._tasks, run.workflow_id)

    async def accept(self, request: WorkflowRequest, *, by: str, folder: Path | None) -> AcceptedRun:
        """A run that can be stored. See `core.engine.workflow.acceptance.accept`."""
        now, threads = self._parts.clock.now(), self._rooms.threads
        await self._parts.secrets.look_again()
        return await accept(request, self._parts.settings, at=now, by=by, folder=folder, threads=threads)

    async def recover(self) -> None:
        """Take up every run of the store that has not ended; it goes on once `run` does."""
        runs = await self._parts.workflows.live()
        await self._rooms.groups.clear({run.workflow_id for run in runs})
        for run in runs:
            _log.info("taking up %s", run.workflow_id)
            self.begin(run)

    async def run(self) -> None:
        """Conduct, for ever."""
        with self._parts.bus.subscribe(kinds=(JobChanged, WorkflowChanged, NodeChanged), wants=_is_for_runs) as news:
            async with anyio.create_task_group() as tasks:
                self._tasks = tasks
                beginning, self._beginning = self._beginning, []
                for workflow_id in beginning:
                    self._start(tasks, workflow_id)
                while True:
                    await news.wait()
                    for event in news.take():
                        self._tell(event)

    def _grant(self, workflow_id: str, node_id: str) -> None:
        """Tell a run that it, or a node of it, has its group."""
        inbox = self._inboxes.get(workflow_id)
        if inbox is not None:
            inbox.granted.add(node_id)
            inbox.ring()

    def _start(self, tasks: TaskGroup, workflow_id: str) -> None:
        tasks.start_soon(self._conduct, workflow_id, name=f"workflow {workflow_id}")

    def _tell(self, event: EngineEvent) -> None:
        """Put news into the inbox of the run that it is about."""
        match event:
            case JobChanged(job=job) if job.workflow is not None and job.is_finished:
                inbox = self._inboxes.get(job.workflow.workflow_id)
                if inbox is not None:
                    inbox.jobs[job.job_id] = job
                    inbox.ring()
            case WorkflowChanged(run=run) if run.cancel is not None and not run.is_finished:
                inbox = self._inboxes.get(run.workflow_id)
                if inbox is not None:
                    inbox.run = run
                    inbox.ring()
            case NodeChanged(node=node) if node.cancel is not None and not node.is_finished:
                inbox = self._inboxes.get(node.workflow_id)
                if inbox is not None:
                    inbox.nodes[node.node_id] = node
                    inbox.ring()
            case _:
                pass

    async def _conduct(self, workflow_id: str) -> None:
        """See one run through, whatever goes wrong with it."""
        inbox = self._inboxes[workflow_id]
        while True:
            try:
                await Conductor(self._rooms, workflow_id, inbox).run()
            except (StoreError, StoreBusyError) as error:
                _log.warning("%s is taken up again: %s", workflow_id, error)
                await self._parts.clock.sleep(_PAUSE_S)
                continue
            except Exception as error:  # noqa: BLE001 -- the edge of a run: whatever went wrong ends this run, not the engine
                await self._give_up(workflow_id, error)
            if workflow_id not in self._again:
                break
            self._again.discard(workflow_id)
        self._inboxes.pop(workflow_id, None)

    async def _give_up(self, workflow_id: str, error: Exception) -> None:
        """End a run that cannot be conducted."""
        reference = secrets.token_hex(4)
        _log.exception("%s failed inside OrcaOps (%s)", workflow_id, reference)
        if isinstance(error, OrcaOpsError):
            failure = Failure(FailureKind.INTERNAL, error.message, error.hint)
        else:
            message = f"OrcaOps itself failed; the engine's log has the details under {reference}."
            failure = Failure(FailureKind.INTERNAL, message, retryable=True)
        while True:
            try:
                await self._abandon(workflow_id, failure)
            except (StoreError, StoreBusyError) as second:
                _log.warning("%s is ended later: %s", workflow_id, second)
                await self._parts.clock.sleep(_PAUSE_S)
                continue
            except OrcaOpsError as second:
                _log.warning("%s is left as it is: %s", workflow_id, second)
            return

    async def _abandon(self, workflow_id: str, failure: Failure) -> None:
        """End a run with everything that runs for it.

        Raises:
            StoreError: The disk is full or failing.
            StoreBusyError: The database is locked by another process.
        """
        rooms, ledger = self._rooms, self._parts.workflow_ledger
        run, nodes = await self._parts.workflows.state(workflow_id)
        reason = NodeReason(Reason.CANCELLED, "the run could not go on")
        left = [node for node in nodes if not node.is_finished]
        cancel = JobCancel(self._parts, rooms.scheduler, rooms.worker)
        request = CancelRequest(self._parts.clock.now(), "engine", reason.text, None)
        for node in left:
            if node.status is NodeStatus.RUNNING and node.job_id is not None:
                with suppress(JobNotFoundError):  # it was not made yet
                    await cancel(node.job_id, request)
        await rooms.shared.stop(workflow_id)
        moves = [NodeMove(node.node_id, NodeEvent.CANCEL, reason.text, {"reason": reason}) for node in left]
        await ledger.move_nodes(workflow_id, moves, by="engine")
        await ledger.move(run.workflow_id, WorkflowEvent.FAIL, by="engine", run={"failure": failure})
        await rooms.groups.leave_all(workflow_id)


def _is_for_runs(event: EngineEvent) -> bool:
    """Whether an event may be one for an inbox: a node's job that ended, or a request to stop."""
    match event:
        case JobChanged(job=job):
            return job.workflow is not None and job.is_finished
        case WorkflowChanged(run=run):
            return run.cancel is not None
        case NodeChanged(node=node):
            return node.cancel is not None
        case _:
            return False

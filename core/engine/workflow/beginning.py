"""A run before its first node: it may have to wait for its group, and may be stopped while it does."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from core.engine.workflow.conclusions import STOPPED
from core.engine.workflow.ending import cancel_reason
from core.engine.workflow.frame import root_frame
from core.engine.workflow.grouping import run_ask
from core.engine.workflow.groups import waiting_reason
from core.errors import InvalidExpressionError
from core.lifecycle.workflow import NodeEvent, Reason, WorkflowEvent, WorkflowStatus
from core.plan.compile.definition import field_value
from core.records.job import Failure, FailureKind
from core.records.workflow_node import NodeReason
from core.spec.workflow import DEFAULT_RUN_SECONDS
from core.store.node_changes import NodeMove

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.engine.workflow.frame import Frame
    from core.engine.workflow.groups import GroupAsk
    from core.engine.workflow.rooms import Inbox, Rooms
    from core.records.workflow import WorkflowRun
    from core.records.workflow_node import WorkflowNode
    from core.spec.workflow import WorkflowSpec

_BY: Final = "engine"


class Beginning:
    """Brings a run from pending to running, or to its end.

    Args:
        rooms: What it works with.
        run: The record.
        workflow: Its file.
        records: Its nodes.
        inbox: Where it is told of what happens.
    """

    def __init__(
        self, rooms: Rooms, run: WorkflowRun, workflow: WorkflowSpec, records: Sequence[WorkflowNode], inbox: Inbox
    ) -> None:
        self._rooms = rooms
        self._ledger = rooms.parts.workflow_ledger
        self._run = run
        self._frame = root_frame(run, workflow, rooms.parts.settings)
        self._records = records
        self._inbox = inbox

    async def started(self) -> WorkflowRun | None:
        """The run, which is running then; None if it has ended instead.

        Raises:
            StoreError: The disk is full or failing.
            StoreBusyError: The database is locked by another process.
        """
        run = self._run
        try:
            ask = run_ask(self._frame)
            seconds = _time_limit(self._frame)
        except InvalidExpressionError as error:
            await self._refuse(Failure(FailureKind.EXPRESSION, f"The workflow, {error.message}.", error.hint))
            return None
        if ask is not None and not await self._holds(ask):
            return None
        if run.status is not WorkflowStatus.PENDING:
            return run
        if run.cancel is not None:
            await self._cancel(run)
            return None
        return await self._ledger.move(
            run.workflow_id,
            WorkflowEvent.START,
            by=_BY,
            run={
                "deadline_at": self._rooms.parts.clock.now() + timedelta(seconds=seconds),
                "concurrency_group": ask.name if ask is not None else "",
                "reason": None,
            },
        )

    async def _holds(self, ask: GroupAsk) -> bool:
        """Wait until the run has its group; False if it ended before."""
        run = self._run
        place = await self._rooms.groups.enter(ask, run.workflow_id)
        if run.status is not WorkflowStatus.PENDING or (place.is_held and run.cancel is None):
            return True
        if place.refused:
            await self._refuse(Failure(FailureKind.POLICY, f"The workflow, concurrency: {place.refused}."))
            return False
        if run.cancel is None:
            reason = waiting_reason(ask.name, place.holders)
            await self._ledger.change(run.workflow_id, {"concurrency_group": ask.name, "reason": reason})
        while True:
            asked = self._inbox.run or run
            if asked.cancel is not None:
                await self._cancel(asked)
                return False
            if "" in self._inbox.granted:
                self._inbox.granted.discard("")
                return True
            await self._inbox.wait()

    async def _cancel(self, run: WorkflowRun) -> None:
        """End a run that has not begun."""
        is_superseded = run.reason is not None and run.reason.code is Reason.SUPERSEDED
        reason = run.reason if run.reason is not None and is_superseded else cancel_reason(run)
        await self._end_nodes(reason)
        await self._ledger.move(run.workflow_id, WorkflowEvent.CANCEL, by=_BY, why=reason.text, run={"reason": reason})

    async def _refuse(self, failure: Failure) -> None:
        """End a run that cannot begin."""
        await self._end_nodes(NodeReason(STOPPED.code, "the run could not begin"))
        await self._ledger.move(
            self._run.workflow_id, WorkflowEvent.FAIL, by=_BY, why=failure.message, run={"failure": failure}
        )

    async def _end_nodes(self, reason: NodeReason) -> None:
        moves = [
            NodeMove(record.node_id, NodeEvent.CANCEL, reason.text, {"reason": reason})
            for record in self._records
            if not record.is_finished
        ]
        await self._ledger.move_nodes(self._run.workflow_id, moves, by=_BY)


def _time_limit(frame: Frame) -> float:
    """How long a run may take, in seconds.

    Raises:
        InvalidExpressionError: It cannot be evaluated.
    """
    resolver = frame.bare.resolver()
    found = field_value("timeout_s", frame.workflow.timeout_s, resolver, "timeout")
    if resolver.faults:
        raise InvalidExpressionError(f"timeout: {resolver.faults[0].message}", hint=resolver.faults[0].hint)
    return float(found) if isinstance(found, int | float) else float(DEFAULT_RUN_SECONDS)

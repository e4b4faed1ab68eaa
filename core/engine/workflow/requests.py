"""What stops a run or a node of it from outside: requests, and times that have come."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from core.engine.workflow.ending import cancel_reason
from core.engine.workflow.groups import stop_reason
from core.lifecycle.workflow import Reason
from core.records.workflow_node import NodeReason

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from core.engine.workflow.live_run import LiveRun
    from core.engine.workflow.rooms import Inbox
    from core.records.workflow import WorkflowRun
    from core.records.workflow_node import WorkflowNode


class Requests:
    """Heeds what somebody asks of a run, and its time limits.

    Args:
        live: The run.
        inbox: Where requests arrive.
    """

    def __init__(self, live: LiveRun, inbox: Inbox) -> None:
        self._live = live
        self._inbox = inbox
        self._early: dict[str, WorkflowNode] = {}  # nodes of files that are not called yet
        self._kill_at: datetime | None = None
        self._cleanup = timedelta(seconds=live.parts.settings.limits.cleanup_timeout_s)

    def restore(self, records: Iterable[WorkflowNode]) -> None:
        """After a start: go on with stopping what was being stopped.

        Args:
            records: The run's nodes.
        """
        run = self._live.run
        for record in records:
            if record.cancel is not None and not record.is_finished:
                self._inbox.nodes[record.node_id] = record
        if run.cancel is not None:
            self._inbox.run = run
        elif run.reason is not None and run.reason.code is Reason.TIMEOUT:
            self._stop(run.reason, run.deadline_at or self._live.parts.clock.now())
        self.heed()

    @property
    def next_due(self) -> datetime | None:
        """When the next time comes."""
        if self._live.file.stop is None:
            return self._live.run.deadline_at
        return None if self._live.file.is_forced else self._kill_at

    def heed(self) -> None:
        """Do what somebody asked for."""
        nodes, self._inbox.nodes = {**self._early, **self._inbox.nodes}, {}
        self._early = {}
        for node_id, record in nodes.items():
            node = self._live.find(node_id)
            if node is None:
                self._early[node_id] = record
            elif record.cancel is not None:
                is_forced = record.cancel.grace_s == 0
                node.record = replace(node.record, cancel=record.cancel)
                self._live.progress.stopping.stop(node, stop_reason(record.cancel), forced=is_forced)
        run, self._inbox.run = self._inbox.run, None
        if run is not None and run.cancel is not None:
            self._live.run = run
            self._stop(_reason_of(run), run.cancel.at, forced=run.cancel_forced)

    async def heed_times(self) -> None:
        """Do what the run's time limit asks for, and what the end of the time for cleaning up does.

        Raises:
            StoreError: The disk is full or failing.
            StoreBusyError: The database is locked by another process.
        """
        live, now = self._live, self._live.parts.clock.now()
        deadline = live.run.deadline_at
        if live.file.stop is None and deadline is not None and now >= deadline:
            reason = NodeReason(Reason.TIMEOUT, "the run's time limit passed")
            live.run = await live.parts.workflow_ledger.change(live.run.workflow_id, {"reason": reason})
            self._stop(reason, now)
        stop = live.file.stop
        if stop is not None and self._kill_at is None:
            self._kill_at = now + self._cleanup
        if stop is not None and self._kill_at is not None and now >= self._kill_at and not live.file.is_forced:
            self._live.progress.stopping.stop_file(live.file, stop, forced=True)

    def _stop(self, reason: NodeReason, since: datetime, *, forced: bool = False) -> None:
        self._kill_at = self._kill_at or since + self._cleanup
        self._live.progress.stopping.stop_file(self._live.file, reason, forced=forced)


def _reason_of(run: WorkflowRun) -> NodeReason:
    if run.reason is not None and run.reason.code is Reason.SUPERSEDED:
        return run.reason
    return cancel_reason(run)

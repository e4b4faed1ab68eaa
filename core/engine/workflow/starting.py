"""From a node that may run to its job in the line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.engine.workflow.conclusions import condition_of, expression_failure
from core.engine.workflow.live import Stage
from core.engine.workflow.node_end import NodeEnd, fault_end
from core.errors import InvalidExpressionError
from core.ids import new_job_id
from core.lifecycle.job import JobStatus
from core.lifecycle.workflow import NodeEvent
from core.plan.foresight import UnknownYetError
from core.records.job import Failure, FailureKind
from core.records.workflow_node import NodeRef, NodeTry
from core.store.changes import AskedJob

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.engine.scheduler import Scheduler
    from core.engine.workflow.live import LiveNode
    from core.engine.workflow.live_run import LiveRun
    from core.engine.workflow.making import Making
    from core.engine.workflow.node_job import NodeJob
    from core.engine.workflow.serving import Serving
    from core.plan.compile import Definition
    from core.spec.job import JobSpec
    from core.store.workflow_rows import NodeFields

_LOST: Final = Failure(FailureKind.INTERNAL, "The node was running without a job.")

_TOGETHER: Final = 128
"""Nodes that begin together: the first of them run while the jobs of others are made."""

_NO_LIMIT: Final = 2**53
"""The jobs of a run that was accepted are never refused for want of room in the line."""


@dataclass(frozen=True, slots=True)
class _Ready:
    """A job about to be submitted."""

    node: LiveNode
    job_id: str
    spec: JobSpec


class Starter:
    """Starts nodes of one run.

    Args:
        live: The run.
        scheduler: Gets the jobs.
        making: Makes the jobs.
        serving: The services of the run.
    """

    def __init__(self, live: LiveRun, scheduler: Scheduler, making: Making, serving: Serving) -> None:
        self._live = live
        self._serving = serving
        self._scheduler = scheduler
        self._making = making

    async def start(self, nodes: Sequence[LiveNode]) -> None:
        """Begin a try at each node; those that cannot run have failed then.

        Raises:
            StoreError: The disk is full or failing.
            StoreBusyError: The database is locked by another process.
        """
        others: list[LiveNode] = []
        for node in nodes:
            if node.is_caller:
                self.call(node, is_fresh=True)
            elif (failure := self._serving.failure) is not None:
                self._live.room.leave(node)
                self._live.progress.fail(node, failure)
            else:
                others.append(node)
        for first in range(0, len(others), _TOGETHER):
            await self._begin_all(others[first : first + _TOGETHER])

    async def resubmit(self, nodes: Sequence[LiveNode]) -> None:
        """Make the jobs anew of nodes that were said to run when the engine stopped, before their jobs were made."""
        made = await self._making.jobs([(node, node.tries) for node in nodes])
        ready: list[_Ready] = []
        for node, found in zip(nodes, made, strict=True):
            job_id = node.record.job_id
            if isinstance(found, NodeEnd) or job_id is None:
                self._fail(node, found if isinstance(found, NodeEnd) else fault_end(self._making.setting(node), _LOST))
            else:
                node.warnings = found.warnings
                self._live.by_job[job_id] = node
                ready.append(_Ready(node, job_id, found.spec))
        await self._live.outbox.flush()
        await self._submit(ready)

    def call(self, node: LiveNode, *, is_fresh: bool) -> None:
        """Have the file begin that runs in the place of a node, or go on after a restart."""
        live = self._live
        try:
            live.call(node)
        except (InvalidExpressionError, UnknownYetError) as error:
            hint = error.hint if isinstance(error, InvalidExpressionError) else ""
            said = error.message if isinstance(error, InvalidExpressionError) else f"{error} is not known yet"
            live.room.leave(node)
            live.progress.fail(node, expression_failure(node.job.spec.id, "uses", said, hint))
            return
        if is_fresh:
            node.stage = Stage.RUNNING
            live.outbox.move(node, NodeEvent.START, fields=self._told(node))

    async def _begin_all(self, nodes: Sequence[LiveNode]) -> None:
        """Make the jobs of some nodes, note that their tries begin, and submit the jobs."""
        made = await self._making.jobs([(node, node.tries + 1) for node in nodes])
        ready = [self._begin(node, found) for node, found in zip(nodes, made, strict=True)]
        await self._live.outbox.flush()
        await self._submit([each for each in ready if each is not None])

    def _begin(self, node: LiveNode, made: NodeJob | NodeEnd) -> _Ready | None:
        """Note that a node's try begins, before it does."""
        if isinstance(made, NodeEnd):
            self._fail(node, made)
            return None
        live = self._live
        job_id, now = new_job_id(), live.parts.clock.now()
        node.tries += 1
        node.stage = Stage.RUNNING
        node.warnings = made.warnings
        live.by_job[job_id] = node
        tries = (*node.record.tries, NodeTry(node.tries, job_id, now))
        live.outbox.move(
            node, NodeEvent.START, fields={**self._told(node, made.definition), "job_id": job_id, "tries": tries}
        )
        return _Ready(node, job_id, made.spec)

    def _told(self, node: LiveNode, definition: Definition | None = None) -> NodeFields:
        """What is known of a node once it runs.

        Args:
            node: The node.
            definition: What it runs, if that is a job.
        """
        frame, spec = node.frame.frame, node.job.spec
        facts = node.facts or node.frame.facts(node.job, node.edges)
        fields: NodeFields = {"condition": condition_of(node)}
        if spec.name:
            fields["name"] = frame.title(spec, facts, node.record.name)
        if not node.record.fingerprint:
            try:
                found = frame.fingerprints.of(spec, facts, definition)
            except (InvalidExpressionError, UnknownYetError, ValueError, TypeError):
                return fields  # a rerun does not keep it then
            fields["fingerprint"] = found.digest
            fields["fingerprint_parts"] = found.parts
        return fields

    def _fail(self, node: LiveNode, end: NodeEnd) -> None:
        live = self._live
        node.failure = end.failure
        live.room.leave(node)
        live.outbox.move(node, end.event, end.failure.message if end.failure else "", end.fields())
        live.progress.end(node, end.ending(node.tries))

    async def _submit(self, ready: Sequence[_Ready]) -> None:
        if not ready:
            return
        run = self._live.run
        asked = [
            AskedJob(each.job_id, each.spec, run.submitted_by, node=NodeRef(run.workflow_id, each.node.id, run.attempt))
            for each in ready
        ]
        for submitted in await self._live.parts.ledger.submit_all(asked, max_queued=_NO_LIMIT):
            if submitted.job.status is JobStatus.QUEUED and not submitted.replayed:
                self._scheduler.enqueue(submitted.job)

"""From a node that may run to its job in the line."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from core.engine.racing import all_at_once
from core.engine.workflow.conclusions import condition_of, expression_failure
from core.engine.workflow.frame import BETWEEN
from core.engine.workflow.live import Stage
from core.engine.workflow.node_end import NodeEnd, fault_end
from core.engine.workflow.node_job import make_node_job
from core.engine.workflow.node_setting import NodeFaultError, NodeSetting, Producer
from core.errors import InvalidExpressionError
from core.ids import new_job_id
from core.lifecycle.job import JobStatus
from core.lifecycle.workflow import NodeEvent
from core.plan.foresight import UnknownYetError
from core.records.job import Failure, FailureKind
from core.records.workflow_node import NodeRef, NodeTry

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from core.engine.scheduler import Scheduler
    from core.engine.workflow.live import LiveNode
    from core.engine.workflow.live_run import LiveRun
    from core.engine.workflow.node_job import Admit, NodeJob
    from core.engine.workflow.serving import Serving
    from core.records.workflow_node import WorkflowNode
    from core.spec.job import JobSpec
    from core.store.workflow_rows import NodeFields

_LOST: Final = Failure(FailureKind.INTERNAL, "The node was running without a job.")

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
        admit: The engine's admission of specs.
        serving: The services of the run.
    """

    def __init__(self, live: LiveRun, scheduler: Scheduler, admit: Admit, serving: Serving) -> None:
        self._live = live
        self._serving = serving
        self._scheduler = scheduler
        self._admit = admit

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
        made = await all_at_once(partial(self._made, node, node.tries + 1) for node in others)
        ready = [self._begin(node, found) for node, found in zip(others, made, strict=True)]
        await self._live.outbox.flush()
        await all_at_once(partial(self._submit, each) for each in ready if each is not None)

    async def resubmit(self, nodes: Sequence[LiveNode]) -> None:
        """Make the jobs anew of nodes that were said to run when the engine stopped, before their jobs were made."""
        made = await all_at_once(partial(self._made, node, node.tries) for node in nodes)
        ready: list[_Ready] = []
        for node, found in zip(nodes, made, strict=True):
            job_id = node.record.job_id
            if isinstance(found, NodeEnd) or job_id is None:
                self._fail(node, found if isinstance(found, NodeEnd) else fault_end(self.setting(node), _LOST))
            else:
                node.warnings = found.warnings
                self._live.by_job[job_id] = node
                ready.append(_Ready(node, job_id, found.spec))
        await self._live.outbox.flush()
        await all_at_once(partial(self._submit, each) for each in ready)

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

    def setting(self, node: LiveNode, number: int | None = None) -> NodeSetting:
        """A node with everything that its definition may read."""
        live, frame = self._live, node.frame.frame
        return NodeSetting(
            run=live.run,
            workflow=frame.workflow,
            job=node.job.spec,
            node_id=node.id,
            scene=frame.bare,
            facts=node.facts or node.frame.facts(node.job, node.edges),
            name=node.record.name,
            variant=node.local if node.variant is not None else "",
            number=max(1, node.tries) if number is None else number,
            secrets=frame.secrets,
            producers=tuple(self._producers(node)) if node.job.spec.needs else None,
            services=live.services,
            workspace=live.workspace,
            folder=live.folder,
        )

    async def _made(self, node: LiveNode, number: int) -> NodeJob | NodeEnd:
        setting = self.setting(node, number)
        try:
            return await make_node_job(self._live.parts, setting, self._admit)
        except NodeFaultError as error:
            return fault_end(setting, error.failure)

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
        live.outbox.move(node, NodeEvent.START, fields={**self._told(node), "job_id": job_id, "tries": tries})
        return _Ready(node, job_id, made.spec)

    def _told(self, node: LiveNode) -> NodeFields:
        """What is known of a node once it runs."""
        frame, spec = node.frame.frame, node.job.spec
        facts = node.facts or node.frame.facts(node.job, node.edges)
        fields: NodeFields = {"condition": condition_of(node)}
        if spec.name:
            fields["name"] = frame.title(spec, facts, node.record.name)
        if not node.record.fingerprint:
            try:
                found = frame.fingerprints.of(spec, facts)
            except (InvalidExpressionError, UnknownYetError):
                return fields
            fields["fingerprint"] = found.digest
            fields["fingerprint_parts"] = found.parts
        return fields

    def _fail(self, node: LiveNode, end: NodeEnd) -> None:
        live = self._live
        node.failure = end.failure
        live.room.leave(node)
        live.outbox.move(node, end.event, end.failure.message if end.failure else "", end.fields())
        live.progress.end(node, end.ending(node.tries))

    async def _submit(self, ready: _Ready) -> None:
        live = self._live
        ref = NodeRef(live.run.workflow_id, ready.node.id, live.run.attempt)
        submitted = await live.parts.ledger.submit(
            ready.job_id,
            ready.spec,
            by=live.run.submitted_by,
            idempotency_key=None,
            request_digest="",
            rerun_of=None,
            template=None,
            max_queued=_NO_LIMIT,
            node=ref,
        )
        if submitted.job.status is JobStatus.QUEUED and not submitted.replayed:
            self._scheduler.enqueue(submitted.job)

    def _producers(self, node: LiveNode) -> Iterator[Producer]:
        """The jobs that kept files for a node."""
        needs = node.job.spec.needs
        for place, edge in enumerate(node.edges):
            if not edge.artifacts or place >= len(needs):
                continue
            producer = node.frame.jobs[edge.job]
            nodes = producer.nodes if edge.nodes is None else [node.frame.by_local[local] for local in edge.nodes]
            for each in nodes:
                has_own_folder = each.variant is not None and needs[place].matrix != "same"
                folder = f"{edge.job}/{each.local}" if has_own_folder else edge.job
                if each.is_caller:
                    for record in self._live.records_below(each):
                        inner = record.node_id.removeprefix(each.id + BETWEEN).replace(BETWEEN, "/")
                        yield from _kept_of(record, f"{folder}/{inner}")
                else:
                    yield from _kept_of(each.record, folder)


def _kept_of(record: WorkflowNode, folder: str) -> Iterator[Producer]:
    if record.artifacts and record.job_id is not None:
        yield Producer(folder, record.job_id)

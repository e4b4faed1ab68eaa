"""The variants of a job, once its matrix is known: a node for each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.engine.workflow.conclusions import expression_failure
from core.engine.workflow.frame import variant_nodes
from core.engine.workflow.live import LiveNode, Stage, ending_of, stage_of
from core.plan.compile import expand_job

if TYPE_CHECKING:
    from core.engine.workflow.live import LiveJob
    from core.engine.workflow.outbox import Outbox
    from core.plan.compile import NodeFacts
    from core.plan.matrix import Expansion
    from core.records.job import Failure
    from core.records.workflow_node import WorkflowNode


@dataclass(frozen=True, slots=True)
class Expanded:
    """What a matrix came to.

    Attributes:
        expansion: The variants; None if it is at fault or not known yet.
        fault: Why there are none.
        waits: The jobs that it reads and that have not ended.
    """

    expansion: Expansion | None = None
    fault: Failure | None = None
    waits: tuple[str, ...] = ()


def expand(job: LiveJob, facts: NodeFacts) -> Expanded:
    """The variants of a job whose needs have ended, or of which single variants are needed that may still run."""
    scene = job.frame.frame.scene
    resolver = scene.resolver(scene.condition(job.spec, facts))
    expansion = expand_job(job.spec, resolver)
    if expansion is not None:
        return Expanded(expansion)
    if resolver.faults:
        fault = resolver.faults[0]
        return Expanded(fault=expression_failure(job.spec.id, fault.path, fault.message, fault.hint))
    waits = tuple(dict.fromkeys(edge.job for edge in job.edges if not job.frame.course.has_ended(edge.job)))
    if waits:
        return Expanded(waits=waits)
    path, unknown = next(iter(resolver.open.items()))
    message = f"it reads {', '.join(unknown)}, which is not known before the job runs"
    return Expanded(fault=expression_failure(job.spec.id, path, message))


def seat(job: LiveJob, expansion: Expansion, outbox: Outbox) -> tuple[LiveNode, ...]:
    """Have a node for each variant: those that there are, and new ones in the place of the one that stood for them.

    Returns:
        Nodes of variants that there are not any more and that have not ended.
    """
    frame = job.frame
    known = {node.record.variant.index: node for node in job.nodes if node.record.variant is not None}
    placeholder = next((node for node in job.nodes if node.record.variant is None), None)
    lacking = {variant.index for variant in expansion.variants} - known.keys()
    if placeholder is not None:
        frame.by_local.pop(placeholder.local, None)
    if lacking:
        records = [
            record
            for record in variant_nodes(frame.frame, job.spec, expansion, job.position, lacking)
            if record.variant is not None
        ]
        outbox.add(records, instead_of=placeholder.id if placeholder is not None else None)
        for record in records:
            if record.variant is not None:
                known[record.variant.index] = live_node(job, record)
    job.expansion = expansion
    job.nodes = [known[variant.index] for variant in expansion.variants]
    for node, variant in zip(job.nodes, expansion.variants, strict=True):
        node.variant = variant
        frame.by_local[node.local] = node
    surplus = tuple(node for index, node in known.items() if index >= len(expansion.variants))
    job.nodes += surplus
    job.unended = sum(not node.is_noted for node in job.nodes)
    frame.producers.add(job.spec.id, expansion, tuple(node.local for node in job.nodes[: len(expansion.variants)]))
    return tuple(node for node in surplus if node.stage is Stage.WAITING)


def live_node(job: LiveJob, record: WorkflowNode) -> LiveNode:
    """A stored node, as far as it has come."""
    local = record.node_id.removeprefix(job.frame.frame.prefix)
    node = LiveNode(job, record, local, stage=stage_of(record), tries=len(record.tries), failure=record.failure)
    if record.is_finished:
        node.ending = ending_of(record)
    job.frame.frame.take(local)
    job.frame.by_local[local] = node
    return node

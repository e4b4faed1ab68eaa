"""Why a run did not succeed, found in its records and its jobs' logs, with no model."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from core.engine.failures import SERVICE_LINES, SickService, summarise_failure
from core.lifecycle.workflow import NodeStatus, Result
from core.records.log import service_log_id
from core.records.workflow_document import blocked_nodes, passed_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from core.engine.failures import FailureSummary
    from core.engine.parts import Parts
    from core.engine.reading import LogDesk
    from core.records.workflow import WorkflowRun
    from core.records.workflow_node import WorkflowNode

_TOLD: Final = 5
"""Failed nodes whose logs are looked into; the others are counted."""
_LISTED: Final = 20
_LEAST_BYTES: Final = 512
_STILL: Final = frozenset({NodeStatus.SKIPPED, NodeStatus.CANCELLED})


@dataclass(frozen=True, slots=True)
class NodeFailure:
    """A node that failed.

    Attributes:
        node: Its record; `WorkflowNode.failure` says why in a sentence.
        blocked: Nodes that did not run because of it.
        job: What its last job's log says; None if it never had a job.
    """

    node: WorkflowNode
    blocked: tuple[str, ...]
    job: FailureSummary | None


@dataclass(frozen=True, slots=True)
class StillNode:
    """A node that did not run, or not to its end, although it did not fail.

    Attributes:
        node_id: The node.
        status: ``skipped`` or ``cancelled``.
        because: Why, in words.
    """

    node_id: str
    status: NodeStatus
    because: str


@dataclass(frozen=True, slots=True)
class WorkflowSummary:
    """What a developer wants to know first about a run.

    Attributes:
        run: The record.
        attempt: Which of its attempts this is about.
        failures: The nodes that failed and are not tolerated, the one that failed first in front; five at most.
        more_failures: How many more there are.
        matrices: Of matrix jobs that did not wholly pass, how many variants did, such as ``2/3 passed``.
        still: Nodes that did not run to their end without having failed, twenty at most.
        more_still: How many more there are.
        sick_services: Services that its jobs shared and that failed or ended too early, each with the end of its log.
    """

    run: WorkflowRun
    attempt: int
    failures: tuple[NodeFailure, ...]
    more_failures: int = 0
    matrices: Mapping[str, str] = field(default_factory=dict[str, str])
    still: tuple[StillNode, ...] = ()
    more_still: int = 0
    sick_services: tuple[SickService, ...] = ()

    @property
    def cause(self) -> NodeFailure | None:
        """What failed first; None if nothing did, or the run failed without a node."""
        return self.failures[0] if self.failures else None


async def summarise_workflow(
    parts: Parts, desk: LogDesk, workflow_id: str, attempt: int | None, max_bytes: int
) -> WorkflowSummary:
    """Look for what broke a run; one that did not fail is summed up all the same.

    Args:
        parts: The engine's parts.
        desk: Reads logs of jobs.
        workflow_id: The run.
        attempt: None takes the present one.
        max_bytes: Budget of the excerpts of all logs together.

    Raises:
        WorkflowNotFoundError: There is no such run.
    """
    run = await parts.workflows.get(workflow_id)
    number = attempt or run.attempt
    nodes = await parts.workflows.nodes(workflow_id, attempt=number)
    failed = sorted((node for node in nodes if node.result is Result.FAILURE), key=_by_end)
    still = [node for node in nodes if node.status in _STILL]
    blocked = blocked_nodes(nodes) if failed else {}
    told: list[NodeFailure] = []
    for node, budget in zip(failed, _budgets(min(len(failed), _TOLD), max_bytes), strict=False):
        job = await _summed_up(parts, desk, node, budget)
        told.append(NodeFailure(node, blocked.get(node.node_id, ()), job))
    return WorkflowSummary(
        run,
        number,
        tuple(told),
        len(failed) - len(told),
        _matrices(nodes),
        tuple(StillNode(node.node_id, node.status, because(node)) for node in still[:_LISTED]),
        max(0, len(still) - _LISTED),
        await _sick_services(parts, run) if number == run.attempt else (),
    )


def because(node: WorkflowNode) -> str:
    """Why a node waits, did not run or was stopped, in words; empty if nothing is said."""
    reason = node.reason
    if reason is None:
        return ""
    said = reason.text or reason.code.value
    named = [job for job in reason.jobs if job not in said]
    return f"{said} ({', '.join(named[:_LISTED])})" if named else said


async def _summed_up(parts: Parts, desk: LogDesk, node: WorkflowNode, max_bytes: int) -> FailureSummary | None:
    jobs = await parts.jobs.get_many([node.job_id]) if node.job_id is not None else ()
    return await summarise_failure(desk, jobs[0], max_bytes) if jobs else None


async def _sick_services(parts: Parts, run: WorkflowRun) -> tuple[SickService, ...]:
    """Of those that the run's jobs shared."""
    found: list[SickService] = []
    for service in run.services:
        result = service.result
        if result.status == "failed" or result.has_died:
            log_id = service_log_id(run.workflow_id, result.service_id)
            found.append(SickService(result, (await parts.logs.tail(log_id, run.attempt, SERVICE_LINES)).lines))
    return tuple(found)


def _budgets(count: int, max_bytes: int) -> list[int]:
    """How much each may show: the first cause half of all, the others the same of the rest."""
    if count < 2:
        return [max_bytes] * count
    return [max_bytes // 2, *[max(_LEAST_BYTES, max_bytes // 2 // (count - 1))] * (count - 1)]


def _by_end(node: WorkflowNode) -> tuple[float, int]:
    return (node.finished_at.timestamp() if node.finished_at else float("inf")), node.position


def _matrices(nodes: Sequence[WorkflowNode]) -> dict[str, str]:
    variants: dict[str, list[WorkflowNode]] = {}
    for node in nodes:
        if node.variant is not None:
            variants.setdefault(node.job, []).append(node)
    broken = ((job, found) for job, found in variants.items() if _is_broken(found))
    return {job: passed_text(found) for job, found in list(broken)[:_LISTED]}


def _is_broken(variants: Iterable[WorkflowNode]) -> bool:
    return any(node.is_finished and node.status is not NodeStatus.SUCCESS for node in variants)

"""Why a node stands where it stands, as the chain of facts from which the engine concluded it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.clock import time_text
from core.engine.workflow.frame import BETWEEN
from core.engine.workflow.rerun_request import Explanation
from core.errors import InvalidArgumentError, NodeNotFoundError
from core.lifecycle.workflow import NodeStatus, Reason, Result
from core.plan.matrix import parse_selector
from core.plan.nearness import did_you_mean
from core.records.workflow_document import blocked_nodes, passed_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from core.engine.parts import Parts
    from core.records.job import Job, QueuePlace
    from core.records.workflow import WorkflowRun
    from core.records.workflow_node import NodeReason, NodeTry, WorkflowNode

_MOST: Final = 20
"""Needs that are told one by one, hops of a chain, and tries."""
_ENDED: Final = {
    NodeStatus.SUCCESS: "succeeded",
    NodeStatus.FAILED: "failed",
    NodeStatus.TIMED_OUT: "timed out",
    NodeStatus.CANCELLED: "was cancelled",
    NodeStatus.SKIPPED: "was skipped",
    NodeStatus.RUNNING: "is running",
    NodeStatus.WAITING: "waits",
}


async def explained(
    parts: Parts,
    workflow_id: str,
    node_id: str,
    attempt: int | None,
    place_of: Callable[[str], QueuePlace | None],
) -> Explanation:
    """See `WorkflowRerunVerbs.explain_node`.

    Args:
        parts: The engine's parts.
        workflow_id: The run.
        node_id: The node.
        attempt: None takes the present one.
        place_of: Where a job stands in the line.
    """
    run, nodes = await parts.workflows.state(workflow_id)
    if attempt is not None and attempt != run.attempt:
        await parts.workflows.source(workflow_id, attempt)  # says it if there is no such attempt
        nodes = await parts.workflows.nodes(workflow_id, attempt=attempt)
    node = find_node(workflow_id, nodes, node_id)
    found = await parts.jobs.get_many([node.job_id]) if node.job_id is not None else ()
    place = place_of(found[0].job_id) if found else None
    case = _Case(run, nodes, node, found[0] if found else None, place)
    return Explanation(node_id=node.node_id, status=node.status.value, facts=tuple(case.facts()))


def find_node(workflow_id: str, nodes: Sequence[WorkflowNode], name: str) -> WorkflowNode:
    """The node of an attempt that a name means: by its id, its job's, or a selector such as ``test#0``.

    Raises:
        NodeNotFoundError: It means none, or several.
    """
    told = name.strip().lower()
    exact = [node for node in nodes if node.node_id.lower() == told]
    found = exact or [node for node in nodes if node.job.lower() == told or _selects(name, node)]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(node.node_id for node in found[:_MOST])
        raise NodeNotFoundError(f"'{name}' means {len(found)} nodes of {workflow_id}.", hint=f"Take one of {ids}.")
    ids = [node.node_id for node in nodes]
    hint = did_you_mean(name, ids) or f"There are {', '.join(ids[:_MOST])}."
    caller = name.rpartition(BETWEEN)[0]
    if any(node.node_id == caller and not node.is_finished for node in nodes):
        hint = f"The nodes of the file that {caller} calls are known once it runs."
    raise NodeNotFoundError(f"{workflow_id} has no node '{name}'.", hint=hint)


def _selects(name: str, node: WorkflowNode) -> bool:
    if node.variant is None or not ("[" in name or "#" in name):
        return False
    try:
        selector = parse_selector(name)
    except InvalidArgumentError:
        return False
    if selector.job.lower() != node.job.lower():
        return False
    if selector.index is not None:
        return selector.index == node.variant.index
    values = {key.lower(): str(value).lower() for key, value in node.variant.values.items()}
    return all(values.get(key.lower()) == value.lower() for key, value in selector.values)


@dataclass(frozen=True, slots=True)
class _Case:
    """A node with everything that its standing may have been concluded from."""

    run: WorkflowRun
    nodes: Sequence[WorkflowNode]
    node: WorkflowNode
    job: Job | None
    place: QueuePlace | None

    def facts(self) -> Iterator[str]:
        """All facts, the earliest first."""
        yield self._what()
        yield from self._needs()
        yield from self._condition()
        if self.node.kept_from is not None:
            yield self._kept()
        else:
            yield from self._tries()
        yield from self._stop()
        yield self._standing()
        yield from self._causes()
        yield from self._followers()

    def _what(self) -> str:
        node = self.node
        of = f"attempt {node.attempt} of {node.workflow_id}"
        if node.variant is not None:
            values = ", ".join(f"{key}={value}" for key, value in node.variant.values.items())
            place = f"variant {node.variant.index + 1} of {node.variant.total} of {node.job} ({values})"
            return f"{node.node_id} is {place} in {of}."
        outer = node.job.rpartition(BETWEEN)[0]
        return f"{node.node_id} is a job in {of}{f', in the file that {outer} calls' if outer else ''}."

    def _needs(self) -> Iterator[str]:
        """How everything stands that the node waits for."""
        if self.node.is_finally:
            yield "It is a finally job: it waits for all jobs that are none."
        for name in self.node.needs[:_MOST]:
            found = [node for node in self.nodes if name in {node.job, node.node_id}]
            if found:
                yield f"It waits for {name}, which {_together(found)}."
        if len(self.node.needs) > _MOST:
            yield f"It waits for {len(self.node.needs) - _MOST} more."

    def _condition(self) -> Iterator[str]:
        condition = self.node.condition
        if condition is None:
            return
        yield f"Its condition is {condition.text}"
        if condition.expanded and condition.expanded != condition.text:
            yield f"With the values it met: {condition.expanded}"

    def _kept(self) -> str:
        kept = self.node.kept_from
        if kept is None or kept.attempt == 0:
            by = kept.by if kept is not None and kept.by else "somebody"
            return f"It did not run in this attempt: {by} said that it counts as done."
        job = f", job {kept.job_id}" if kept.job_id else ""
        run = f" of {self.run.rerun_of}" if self.run.rerun_of is not None and self.node.attempt == 1 else ""
        why = f": {kept.why}" if kept.why else ""
        return f"It did not run in this attempt; its result is that of attempt {kept.attempt}{run}{job}{why}."

    def _tries(self) -> Iterator[str]:
        tries = self.node.tries
        if len(tries) > _MOST:
            yield f"It was tried {len(tries)} times; the last tries are these."
        for each in tries[-_MOST:]:
            yield _try(each)
        if self.node.status is NodeStatus.RUNNING and self.job is None and self.node.job_id is not None:
            yield f"Its job {self.node.job_id} is about to be submitted."
        elif self.job is not None and not self.job.is_finished and not self.node.is_finished:
            phase = self.job.attempt.phase.value if self.job.attempt is not None else ""
            line = f", at place {self.place.position} of the line: {self.place.reason}" if self.place else ""
            yield f"Its job {self.job.job_id} is {self.job.status.value}{f' ({phase})' if phase else ''}{line}."
        yield from self._file()

    def _file(self) -> Iterator[str]:
        """How the file stands that runs in the node's place."""
        beginning = f"{self.node.node_id}{BETWEEN}"
        inner = [node for node in self.nodes if node.node_id.startswith(beginning)]
        if not inner:
            return
        ended = sum(node.is_finished for node in inner)
        failed = [node.node_id for node in inner if node.result is Result.FAILURE]
        said = f"; {', '.join(failed[:_MOST])} failed" if failed else ""
        yield f"It calls a file: {ended} of its {len(inner)} nodes have ended{said}."

    def _stop(self) -> Iterator[str]:
        """Who asked for it to stop."""
        if (cancel := self.node.cancel) is not None:
            said = f": {cancel.reason}" if cancel.reason else ""
            yield f"{cancel.by} asked for this node to stop at {time_text(cancel.at)}{said}."
        is_present = self.node.attempt == self.run.attempt
        if is_present and (cancel := self.run.cancel) is not None and self.node.kept_from is None:
            said = f": {cancel.reason}" if cancel.reason else ""
            yield f"{cancel.by} asked for the run to stop at {time_text(cancel.at)}{said}."

    def _standing(self) -> str:
        """Where it stands, and why."""
        node, reason = self.node, self.node.reason
        told = f"It {_ENDED[node.status]}"
        if reason is not None:
            told += _because(node, reason)
        if node.failure is not None:
            told += f" ({node.failure.kind.value}): {node.failure.message}"
        if node.retry_at is not None:
            told += f"; the next try is due at {time_text(node.retry_at)}"
        told = told if told.endswith((".", "!", "?")) else f"{told}."
        return f"{told} Its failure is tolerated: others see a success." if node.is_tolerated else told

    def _causes(self) -> Iterator[str]:
        """From what stopped it to what stopped that, up to what went wrong at first."""
        ahead = list(self.node.reason.jobs) if self.node.reason is not None else []
        looked_at = {self.node.node_id, self.node.job}
        hops = 0
        for name in ahead:
            if name in looked_at:
                continue
            looked_at.add(name)
            for cause in (node for node in self.nodes if name in {node.job, node.node_id}):
                if cause.result is Result.SUCCESS or not cause.is_finished:
                    continue
                yield _cause(cause)
                hops += 1
                if cause.reason is not None and cause.reason.code is Reason.NEEDS:
                    ahead += cause.reason.jobs
                if hops >= _MOST:
                    return

    def _followers(self) -> Iterator[str]:
        blocked = blocked_nodes(self.nodes).get(self.node.node_id, ())
        if blocked:
            more = f" and {len(blocked) - _MOST} more" if len(blocked) > _MOST else ""
            yield f"Because of it, these did not run: {', '.join(blocked[:_MOST])}{more}."


def _together(nodes: Sequence[WorkflowNode]) -> str:
    """How the nodes of a job stand."""
    if len(nodes) > 1:
        worst = next((node for node in nodes if node.result is Result.FAILURE), None)
        first = f"; {worst.node_id} {_ENDED[worst.status]}" if worst is not None else ""
        open_ = sum(not node.is_finished for node in nodes)
        left = f", {open_} not ended" if open_ else ""
        return f"has {len(nodes)} variants: {passed_text(nodes)}{left}{first}"
    node = nodes[0]
    told = _ENDED[node.status]
    if node.is_tolerated:
        told += " and is tolerated"
    if node.kept_from is not None:
        kept = node.kept_from
        told += f" (kept from attempt {kept.attempt})" if kept.attempt else " (by hand)"
    return told


def _try(each: NodeTry) -> str:
    told = f"Try {each.number} was job {each.job_id}, from {time_text(each.started_at)}"
    if each.finished_at is None:
        return f"{told}."
    seconds = (each.finished_at - each.started_at).total_seconds()
    ended = each.outcome.value if each.outcome is not None else "an end"
    kind = f" ({each.failure_kind})" if each.failure_kind else ""
    code = f", exit code {each.exit_code}" if each.exit_code is not None else ""
    return f"{told} for {seconds:.1f} s, and ended with {ended}{kind}{code}."


def _because(node: WorkflowNode, reason: NodeReason) -> str:
    """A reason behind what it is the reason of; its code, unless that says the same as the status."""
    code = "" if reason.code.value == node.status.value else f" ({reason.code.value})"
    return f"{code}: {reason.text}" if reason.text else code


def _cause(node: WorkflowNode) -> str:
    """Why another node did not succeed, in one sentence."""
    told = f"{node.node_id} {_ENDED[node.status]}"
    if node.failure is not None:
        told += f" ({node.failure.kind.value}): {node.failure.message}"
    elif node.reason is not None:
        told += _because(node, node.reason)
    return told if told.endswith((".", "!", "?")) else f"{told}."

"""From one end to the next start: which jobs are opened, which nodes run, are skipped, fail or are stopped.

Nothing is awaited here. What is decided goes to the outbox; nodes that may run, and jobs that are to be stopped, are
left in lists for the conductor. Each end costs as much as there are edges that lead away from it.
"""

from __future__ import annotations

from collections import deque
from functools import partial
from typing import TYPE_CHECKING, Final

from core.engine.workflow import expanding
from core.engine.workflow.calls import end_of_call
from core.engine.workflow.conclusions import fault_of, job_ending_of, refusal, tolerates
from core.engine.workflow.live import LiveFrame, LiveJob, LiveNode, Stage
from core.engine.workflow.stopping import Stop, Stopping
from core.errors import InvalidExpressionError, InvalidMatrixError
from core.lifecycle.workflow import NodeEvent, Outcome, Reason, Result
from core.plan.compile import strategy_facts
from core.plan.conditions import Act, NodeDecision, Waiting, decide
from core.plan.foresight import UnknownYetError
from core.plan.results import Ending, Tolerance

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.engine.workflow.outbox import Outbox
    from core.plan.compile import NodeFacts
    from core.records.job import Failure
    from core.records.workflow_node import NodeReason
    from core.store.workflow_rows import NodeFields

ORDINARY: Final = ""
"""What finally jobs wait for: the end of all others."""

_FAULTS: Final = (InvalidExpressionError, UnknownYetError)


class Progress:
    """Decides about the nodes of a run as others end.

    Args:
        outbox: Gets what is to be written.
        mask: Takes the values of secrets out of a text.

    Attributes:
        ready: Nodes that may run and were not taken yet.
        resumed: Nodes whose files were running when the engine stopped.
        stopping: Stops nodes.
        ended: Nodes that have ended and were not looked at yet.
    """

    def __init__(self, outbox: Outbox, mask: Callable[[str], str]) -> None:
        self.ready: list[LiveNode] = []
        self.resumed: list[LiveNode] = []
        self.ended: list[LiveNode] = []
        self.mask = mask
        self.outbox = outbox
        self.stopping = Stopping(self)
        self._due: deque[LiveJob | LiveNode | Stop] = deque()

    def watch(self, frame: LiveFrame) -> None:
        """Begin with a file whose jobs and nodes are in their places; `settle` goes on."""
        for job in frame.jobs.values():
            narrow = [need.matrix is not None for need in job.spec.needs]
            for place, edge in enumerate(job.edges):
                is_narrow = place < len(narrow) and narrow[place]
                (frame.openings if is_narrow else frame.watchers).setdefault(edge.job, []).append(job)
                job.left += 1
            if job.spec.is_finally and frame.ordinary_left:
                frame.watchers.setdefault(ORDINARY, []).append(job)
                job.left += 1
            if not job.left:
                self._due.append(job)
        if not frame.jobs and frame.outer is not None:
            self._due.append(frame.outer)

    def later(self, stop: Stop) -> None:
        """Have a node looked at that may have to be stopped, when `settle` comes to it."""
        self._due.append(stop)

    def settle(self, most: int) -> bool:
        """Draw conclusions from what has ended, about so many jobs and nodes; whether there are more to be drawn."""
        for _ in range(most):
            if not self._due:
                break
            item = self._due.popleft()
            if isinstance(item, LiveJob):
                self._open(item)
            elif isinstance(item, Stop):
                self.stopping.carry_out(item)
            elif item.callee is not None and item.callee.is_over:
                self._end_call(item, item.callee)
            elif item.stage is Stage.WAITING:
                self._decide(item, None)
        return bool(self._due)

    # --- jobs

    def _open(self, job: LiveJob) -> None:
        """Decide about a job whose needs have ended, and let its nodes look each for itself."""
        if job.ending is not None:
            return
        facts = job.frame.facts(job, job.edges)
        whole = self._whole(job, facts)
        if whole is not None and whole.act is not Act.RUN:
            for node in self._undecided(job):
                self.refuse(node, whole)
        if job.ending is None and job.spec.matrix is not None and not self._expand(job, facts):
            return
        if job.ending is None:
            job.is_open = True
            for node in tuple(job.nodes):
                self._open_node(node, whole, facts)
            self._wake(job.frame.openings, job.spec.id)

    def _whole(self, job: LiveJob, facts: NodeFacts) -> NodeDecision | None:
        """The decision for all nodes of a job alike; none if each has one of its own, or none has to be made."""
        if not self._undecided(job):
            return None
        frame = job.frame
        try:
            condition = frame.frame.condition(job.spec)
            if condition.reads_matrix or (job.is_narrow and _looks_at_variants(job)):
                return None
            waiting = Waiting(condition, job.edges, job.spec.is_finally)
            return decide(waiting, frame.course, partial(frame.frame.scene.condition, job.spec, facts))
        except _FAULTS as error:
            for node in self._undecided(job):
                node.facts = facts
                self.fail(node, fault_of(error, node, "if"))
            return None

    def _undecided(self, job: LiveJob) -> list[LiveNode]:
        return [node for node in job.nodes if node.stage is Stage.WAITING]

    def _expand(self, job: LiveJob, facts: NodeFacts) -> bool:
        """Have a node for each variant; whether there are any."""
        placeholder = job.nodes[0]
        if len(job.nodes) == 1 and placeholder.record.variant is None and placeholder.stage is Stage.ENDED:
            self._note(placeholder)
            return False
        found = expanding.expand(job, facts)
        if found.waits:
            job.left = len(found.waits)
            for name in found.waits:
                job.frame.watchers.setdefault(name, []).append(job)
            return False
        if found.fault is not None:
            for node in self._undecided(job):
                node.facts = facts
                self.fail(node, found.fault)
            return bool(job.unended)
        if found.expansion is None or not found.expansion.variants:
            for node in self._undecided(job):
                self.refuse(node, NodeDecision(Act.SKIP, Reason.EMPTY_MATRIX))
            return bool(job.unended)
        for node in expanding.seat(job, found.expansion, self.outbox):
            self.refuse(node, NodeDecision(Act.SKIP, Reason.NOT_SELECTED))
        return True

    def _end_job(self, job: LiveJob) -> None:
        frame = job.frame
        job.ending = job_ending_of(job)
        edges = job.edges
        if job.is_narrow:
            edges = tuple(dict.fromkeys(edge for node in job.nodes for edge in node.edges)) or edges
        frame.course.note(job.spec.id, job.ending.result, edges)
        frame.left -= 1
        self._wake(frame.watchers, job.spec.id)
        self._wake(frame.openings, job.spec.id)
        if not job.spec.is_finally:
            frame.ordinary_left -= 1
            if not frame.ordinary_left:
                self._wake(frame.watchers, ORDINARY)
        if frame.is_over and frame.outer is not None:
            self._due.append(frame.outer)

    def _wake(self, watchers: dict[str, list[LiveJob | LiveNode]] | dict[str, list[LiveJob]], name: str) -> None:
        for watcher in watchers.pop(name, ()):
            watcher.left -= 1
            if not watcher.left:
                self._due.append(watcher)

    # --- nodes

    def _open_node(self, node: LiveNode, whole: NodeDecision | None, facts: NodeFacts) -> None:
        job = node.job
        if node.is_noted:
            return
        try:
            self._place(node, facts)
        except (InvalidMatrixError, *_FAULTS) as error:
            node.facts = node.facts or facts
            if node.stage is Stage.WAITING:
                self.fail(node, fault_of(error, node, "matrix"))
                return
        if node.stage is Stage.ENDED:
            self._note(node)
        elif node.stage is Stage.RUNNING and node.is_caller:
            self.resumed.append(node)
        elif node.stage is Stage.WAITING:
            course = job.frame.course
            pending = {end for edge in node.edges for end in edge.ends if not course.has_ended(end)}
            node.left = len(pending)
            for end in pending:
                job.frame.watchers.setdefault(end, []).append(node)
            if not pending:
                self._decide(node, None if job.is_narrow else whole)

    def _place(self, node: LiveNode, facts: NodeFacts) -> None:
        """Find what a node waits for by itself, and what its expressions are given.

        Args:
            node: The node.
            facts: What its job's are given.

        Raises:
            InvalidMatrixError: It waits for a variant that there is not.
            InvalidExpressionError: ``fail_fast`` or ``max_parallel`` cannot be evaluated.
        """
        job, frame = node.job, node.frame
        node.edges = job.edges
        if job.is_narrow:
            node.edges = frame.producers.edges(job.spec, node.variant, job.expansion)
        if job.spec.matrix is None or node.variant is None or job.expansion is None:
            node.facts = frame.facts(job, node.edges) if job.is_narrow else facts
            return
        matrix = node.variant.values
        scene = frame.frame.scene
        resolver = scene.resolver(scene.condition(job.spec, frame.facts(job, node.edges, matrix=matrix)))
        strategy = strategy_facts(job.spec.matrix, resolver, node.variant, len(job.expansion.variants))
        node.facts = frame.facts(job, node.edges, matrix=matrix, strategy=strategy)
        if resolver.faults:
            raise InvalidExpressionError(resolver.faults[0].message, hint=resolver.faults[0].hint)
        node.fails_fast = strategy["fail-fast"] is True
        if job.spec.matrix.max_parallel is not None:
            most = strategy["max-parallel"]
            job.most = max(1, int(most)) if isinstance(most, int | float) else None

    def _decide(self, node: LiveNode, whole: NodeDecision | None) -> None:
        """Decide about a node for which nothing is left to wait for."""
        frame = node.frame
        try:
            decision = whole if whole is not None else self.weigh(node)
        except _FAULTS as error:
            self.fail(node, fault_of(error, node, "if"))
            return
        node.expanded = self.mask(decision.expanded)
        if decision.act is Act.RUN and not (frame.stop is not None and frame.is_forced):
            node.stage = Stage.READY
            self.ready.append(node)
        else:
            self.refuse(node, decision)

    def weigh(self, node: LiveNode) -> NodeDecision:
        """What a node's condition comes to now.

        Raises:
            InvalidExpressionError: It cannot be evaluated.
            UnknownYetError: It reads what is known only later.
        """
        spec, frame = node.job.spec, node.frame
        facts = node.facts or frame.facts(node.job, node.edges)
        waiting = Waiting(frame.frame.condition(spec), node.edges, spec.is_finally)
        return decide(waiting, frame.course, partial(frame.frame.scene.condition, spec, facts))

    def _end_call(self, node: LiveNode, file: LiveFrame) -> None:
        """Have a node end whose file has ended."""
        found = end_of_call(node, file)
        node.failure = found.failure
        is_tolerated = found.outcome is Outcome.FAILURE and tolerates(node)
        result = Result.SUCCESS if is_tolerated else Tolerance().result(found.outcome, None)
        fields: NodeFields = {
            "result": result,
            "outputs": found.outputs,
            "warnings": found.warnings,
            "failure": found.failure,
            "reason": found.reason,
        }
        self.outbox.move(node, found.event, found.failure.message if found.failure else "", fields)
        code = found.reason.code if found.reason is not None else None
        self.end(node, Ending(result, found.outcome, code, found.outputs, attempts=1))

    def refuse(self, node: LiveNode, decision: NodeDecision) -> None:
        """Have a node end without having run."""
        event, reason, condition = refusal(node, decision, self.mask)
        self.finish(node, event, reason, {"condition": condition} if condition is not None else {})

    def fail(self, node: LiveNode, failure: Failure) -> None:
        """Have a node fail without having run."""
        result = Result.SUCCESS if tolerates(node) else Result.FAILURE
        ending = Ending(result, Outcome.FAILURE, None, attempts=node.tries)
        node.failure = failure
        self.outbox.move(node, NodeEvent.FAIL, failure.message, {"result": result, "failure": failure})
        self.end(node, ending)

    def finish(self, node: LiveNode, event: NodeEvent, reason: NodeReason, fields: NodeFields | None = None) -> None:
        """Have a node end as skipped or cancelled."""
        result = Result.SKIPPED if event is NodeEvent.SKIP else Result.CANCELLED
        self.outbox.move(node, event, reason.text, {**(fields or {}), "reason": reason})
        self.end(node, Ending(result, Outcome(result.value), reason.code, attempts=node.tries))

    def end(self, node: LiveNode, ending: Ending) -> None:
        """Note that a node has ended, and see to what follows at once."""
        node.stage = Stage.ENDED
        node.ending = ending
        self._note(node)

    def _note(self, node: LiveNode) -> None:
        job, ending = node.job, node.ending
        if node.is_noted or ending is None:
            return
        node.is_noted = True
        self.ended.append(node)
        if node.local != job.spec.id:
            job.frame.course.note(node.local, ending.result, node.edges or job.edges)
            self._wake(job.frame.watchers, node.local)
        job.unended -= 1
        if not job.unended:
            self._end_job(job)
        if ending.result is Result.FAILURE and node.record.kept_from is None:
            self.stopping.after_failure(node)


def _looks_at_variants(job: LiveJob) -> bool:
    """Whether the nodes of a job wait for single variants of another one, which has them."""
    needs = zip(job.spec.needs, job.edges, strict=False)
    return any(need.matrix is not None and job.frame.jobs[edge.job].expansion is not None for need, edge in needs)

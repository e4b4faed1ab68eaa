"""Jobs that can never run, and conditions whose keys do not go together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.errors import InvalidExpressionError
from core.plan.compile.templates import EVERYTHING
from core.plan.conditions import Act, NodeDecision, Waiting, job_condition, predict
from core.plan.context import CONTEXTS
from core.plan.expressions.surroundings import Surroundings
from core.plan.foresight import unknown_context
from core.plan.interpolate import has_status, parse_bare
from core.plan.results import Result
from core.plan.standing import Course, Edge

if TYPE_CHECKING:
    from core.plan.lint.ground import Ground
    from core.spec.workflow import WorkflowJobSpec

_ANY: Final = frozenset(Result)
_NEVER: Final = frozenset({Result.SKIPPED, Result.CANCELLED})


def check_running(ground: Ground, broken: frozenset[str]) -> None:
    """Find the jobs whose conditions are false whatever happens.

    Args:
        ground: The file.
        broken: The jobs whose conditions could not be read: nothing is said of them, nor because of them.
    """
    surroundings = Surroundings({name: unknown_context(name) for name in CONTEXTS})
    graph = ground.graph
    course = Course(graph.vertices, graph.ordinary)
    course.is_cancelling = None
    for name in graph.order:
        job = ground.workflow.jobs[name]
        edges = tuple(
            Edge(parent, counts=parent in graph.vertices[name].needs, optional=parent in graph.vertices[name].optional)
            for parent in graph.parents(name)
        )
        is_sure = name in broken or _may_run(job, edges, course)
        found = None if is_sure else _foreseen(job, edges, course, surroundings)
        is_never = found is not None and found.act in {Act.SKIP, Act.CANCEL}
        course.note(name, _NEVER if is_never else _ANY, edges)
        if found is not None and is_never:
            _say_never(ground, job, edges, course, found)


def check_completion(ground: Ground, job: WorkflowJobSpec) -> None:
    """``on_complete`` says which ends of others count; a status function in the condition says it again."""
    if job.on_complete is None:
        return
    for key, text in (("if", job.condition), ("unless", job.unless)):
        try:
            expression = parse_bare(text, EVERYTHING)
        except InvalidExpressionError:
            continue
        if expression is not None and has_status(expression.root):
            node = ground.node(("jobs", job.id, key))
            message = f"Job '{job.id}' has on_complete, and a status function in '{key}': both say which ends count."
            ground.say("E005", message, node, f"leave on_complete out, or the status function in {key}")


def _may_run(job: WorkflowJobSpec, edges: tuple[Edge, ...], course: Course) -> bool:
    """Whether a job without a condition may run: nothing that it waits for is known to stop it."""
    has_none = not (job.condition or job.unless or job.on_complete or job.is_finally)
    return has_none and all(course.results(edge.job) == _ANY for edge in edges)


def _foreseen(
    job: WorkflowJobSpec, edges: tuple[Edge, ...], course: Course, surroundings: Surroundings
) -> NodeDecision | None:
    try:
        condition = job_condition(job.condition, job.unless, job.on_complete, EVERYTHING)
        return predict(Waiting(condition, edges, job.is_finally), course, surroundings)
    except InvalidExpressionError:
        return None


def _say_never(
    ground: Ground, job: WorkflowJobSpec, edges: tuple[Edge, ...], course: Course, found: NodeDecision
) -> None:
    stopping = [edge.job for edge in edges if edge.counts and not edge.optional and course.results(edge.job) <= _NEVER]
    key = "if" if job.condition else "unless" if job.unless else "on_complete" if job.on_complete else "needs"
    if stopping and not (job.condition or job.unless or job.on_complete):
        message = f"Job '{job.id}' can never run: it needs '{stopping[0]}', which never does."
        hint = "mark the need optional, or write if: ${{ !cancelled() }}"
    else:
        message = f"Job '{job.id}' can never run: {found.expanded}."
        asks = not edges and not job.is_finally and "failure()" in found.expanded
        hint = "it needs no job that could fail" if asks else "change the condition, or remove the job"
    node = ground.key(("jobs", job.id)) or ground.node(("jobs", job.id))
    where = ground.node(("jobs", job.id, key))
    ground.say("W014", message, where if where.path != ground.node(("jobs", job.id)).path else node, hint)

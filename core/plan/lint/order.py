"""Checks of the jobs' order: unknown jobs, circles, promises that cannot be kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.plan.findings import shown
from core.plan.graph import find_cycles, waits_for
from core.plan.lint.edits import swapped, without_item
from core.plan.lint.ground import note
from core.plan.nearness import did_you_mean, nearest
from core.plan.source import Scalar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.plan.findings import Fix, Related
    from core.plan.graph import Cycle
    from core.plan.lint.ground import Ground
    from core.plan.source import Node, TreePath
    from core.spec.workflow import WorkflowJobSpec

_SAID = {"needs": "depends on", "after": "comes after", "parallel_with": "runs beside"}


def check_order(ground: Ground) -> None:
    """Every reference to a job, every circle, every ``parallel_with``."""
    for job in ground.workflow.jobs.values():
        _check_references(ground, job)
    for cycle in find_cycles(ground.graph):
        _say_cycle(ground, cycle)
    for job in ground.workflow.jobs.values():
        _check_companions(ground, job)


def unknown_job(ground: Ground, name: str, job: WorkflowJobSpec) -> str:
    """The hint for a name that no job has; the job that names it is not meant."""
    jobs = tuple(other for other in ground.workflow.jobs if other != job.id)
    if near := did_you_mean(name, jobs):
        return near
    if not jobs:
        return "there is no other job"
    return f"the jobs are {', '.join(map(shown, jobs[:20]))}{', …' if len(jobs) > 20 else ''}"


def _references(job: WorkflowJobSpec) -> Iterator[tuple[str, str, TreePath]]:
    """The key, the name and the path of every job that a job names."""
    for index, need in enumerate(job.needs):
        yield "needs", need.job, ("jobs", job.id, "needs", index, "job")
    for index, name in enumerate(job.after):
        yield "after", name, ("jobs", job.id, "after", index)
    for index, name in enumerate(job.parallel_with):
        yield "parallel_with", name, ("jobs", job.id, "parallel_with", index)


def _check_references(ground: Ground, job: WorkflowJobSpec) -> None:
    first: dict[tuple[str, str], tuple[TreePath, str]] = {}
    for key, name, path in _references(job):
        found = ground.names.find(name)
        if found is None:
            node = ground.node(path)
            message = f"Job '{job.id}' {_SAID[key]} unknown job '{shown(name)}'."
            is_template = name.startswith(".")
            hint = "a template never runs: use extends" if is_template else unknown_job(ground, name, job)
            ground.say("E011", message, node, hint, fix=_renaming(ground, node, name, job))
            continue
        earlier = first.setdefault((key, found), (path, name))
        if earlier[0] != path:
            node = ground.node(path)
            fix = _without(ground, path)
            here = note(ground.node(earlier[0]), "it stands here already")
            ground.say(
                "W011", f"Job '{job.id}' names '{found}' twice in {key}.", node, "name it once", fix=fix, related=[here]
            )
    for (key, name), (path, _) in first.items():
        if key == "after" and ("needs", name) in first:
            node = ground.node(path)
            message = f"Job '{job.id}' names '{name}' both in needs and in after."
            hint = "leave it in needs if its result counts, in after if it does not"
            here = note(ground.node(first["needs", name][0]), "it stands in needs here")
            ground.say("E011", message, node, hint, fix=_without(ground, path), related=[here])


def _renaming(ground: Ground, node: Node, name: str, job: WorkflowJobSpec) -> Fix | None:
    near = nearest(name, [other for other in ground.workflow.jobs if other != job.id])
    if len(near) != 1 or not isinstance(node, Scalar) or node.text != name:
        return None
    return swapped(ground, node, 0, len(node.text), near[0])


def _without(ground: Ground, path: TreePath) -> Fix | None:
    """The fix that takes a name out of its list."""
    return without_item(ground, path[:-1] if path[-1] == "job" else path)


def _say_cycle(ground: Ground, cycle: Cycle) -> None:
    edges = [(job, other, _edge(ground, job, other)) for job, other in cycle.edges]
    written = [(job, other, path) for job, other, path in edges if path is not None]
    if not written:
        return
    related: list[Related] = [note(ground.node(path), f"'{job}' waits for '{other}'") for job, other, path in written]
    rank = ground.graph.rank
    upward = [path for job, other, path in written if rank(job) <= rank(other)]
    path = upward[0] if upward else written[0][2]
    fix = _without(ground, path) if len(upward) == 1 else None
    if len(cycle.jobs) == 1:
        message = f"Job '{cycle.jobs[0]}' waits for itself: {cycle}."
    else:
        message = f"Jobs wait for each other in a circle: {cycle}."
    lasts = [job for job in cycle.jobs if ground.graph.vertices[job].is_finally]
    hint = "take one of these dependencies away"
    if lasts and len(cycle.jobs) > 1:
        hint = f"'{lasts[0]}' is a finally job: it waits for all jobs that are none, so that none of them can need it"
    ground.say("E012", message, ground.node(path), hint, fix=fix, related=related if len(related) > 1 else ())


def _edge(ground: Ground, job: str, other: str) -> TreePath | None:
    """The path where a job names one that it waits for; none if it is a finally job and names it not."""
    for key, name, path in _references(ground.workflow.jobs[job]):
        if key != "parallel_with" and ground.names.find(name) == other:
            return path
    return None


def _check_companions(ground: Ground, job: WorkflowJobSpec) -> None:
    for index, name in enumerate(job.parallel_with):
        other = ground.names.find(name)
        if other is None:
            continue
        node = ground.node(("jobs", job.id, "parallel_with", index))
        fix = _without(ground, ("jobs", job.id, "parallel_with", index))
        if other == job.id:
            ground.say("E013", f"Job '{job.id}' cannot run beside itself.", node, "remove it", fix=fix)
            continue
        one, two = waits_for(ground.graph, job.id, other), waits_for(ground.graph, other, job.id)
        for late, early, waits in ((job.id, other, one), (other, job.id, two)):
            if waits and one != two:  # if both wait, they stand in a circle, which was told
                message = f"Job '{job.id}' is to run beside '{other}', but '{late}' waits for '{early}' to end."
                ground.say("E013", message, node, "remove it, or what orders the two", fix=fix)

"""A plan for readers: as plain data, as a text tree, as Mermaid and as DOT."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from core.plan.conditions import Act
from core.plan.findings import shown
from core.plan.standing import Edge

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.plan.compile import PlannedImage, PlannedJob, PlannedNode, WorkflowPlan
    from core.plan.conditions import NodeDecision

_MARKS: Final = {
    Act.RUN: "+",
    Act.SKIP: "-",
    Act.CANCEL: "-",
    Act.WAIT: "?",
    Act.DEPENDS: "?",
    Act.FAIL: "!",
}
_COLOURS: Final = {
    Act.SKIP: "#d0d0d0",
    Act.CANCEL: "#d0d0d0",
    Act.DEPENDS: "#fff3c4",
    Act.FAIL: "#f8c8c8",
}
_SHOWN_VARIANTS: Final = 8


def plan_view(plan: WorkflowPlan) -> dict[str, object]:
    """The plan as plain data for JSON; what is absent is left out. The same plan gives the same data."""
    counts = plan.counts
    path = plan.critical_path
    return _without_blanks({
        "name": plan.name,
        "run_name": plan.run_name,
        "status": plan.status.value if plan.status is not None else None,
        "inputs": dict(plan.inputs),
        "counts": {name: getattr(counts, name) for name in counts.__slots__},
        "order": list(plan.order),
        "generations": [list(generation) for generation in plan.generations],
        "critical_path": {"jobs": list(path.jobs), "duration_s": path.duration_s if plan.has_durations else None},
        "images": [_image_view(image) for image in plan.images],
        "secrets": list(plan.secrets),
        "services": dict(plan.services),
        "concurrency": dict(plan.concurrency or {}),
        "max_parallel": plan.max_parallel,
        "timeout_s": plan.timeout_s,
        "jobs": [_job_view(job) for job in plan.jobs],
        "nodes": [_node_view(node) for node in plan.nodes],
        "outputs": dict(plan.outputs),
        "open_outputs": list(plan.open_outputs),
        "assumed": {name: assumption.outcome.value for name, assumption in plan.assumed.items()},
        "faults": [{"path": fault.path, "message": fault.message, "hint": fault.hint} for fault in plan.faults],
    })  # fmt: skip


def plan_tree(plan: WorkflowPlan) -> str:
    """The plan as text: the jobs in the order in which they start, what becomes of each, and why.

    ``+`` runs, ``-`` does not, ``?`` depends on what is not known yet, ``!`` fails.
    """
    counts = plan.counts
    status = plan.status.value if plan.status is not None else "depends"
    lines = [f"{shown(plan.run_name)}: {_number(counts.jobs, 'job')}, {_number(counts.nodes, 'node')}, ends: {status}"]
    for number, generation in enumerate(plan.generations, start=1):
        lines.append(f"{number}")
        for job in generation:
            lines += _tree_of(plan, plan.job(job))
    if len(plan.critical_path.jobs) > 1:
        took = f" ({plan.critical_path.duration_s:g} s)" if plan.has_durations else ""
        lines.append(f"longest: {' > '.join(plan.critical_path.jobs)}{took}")
    return "\n".join(lines) + "\n"


def mermaid(plan: WorkflowPlan) -> str:
    """The jobs as a Mermaid flowchart; a dotted arrow waits without counting, or may have been skipped."""
    names = {job.id: f"j{index}" for index, job in enumerate(plan.jobs)}
    lines = ["flowchart LR"]
    lines += (f"    {names[job.id]}[{mermaid_text(_label(plan, job))}]" for job in plan.jobs)
    for job in plan.jobs:
        for edge in _drawn(plan, job):
            arrow = "-->" if edge.counts and not edge.optional else "-.->"
            lines.append(f"    {names[edge.job]} {arrow} {names[job.id]}")
    for act, colour in _COLOURS.items():
        styled = [names[job.id] for job in plan.jobs if job.decision.act is act]
        lines += [f"    style {name} fill:{colour}" for name in styled]
    return "\n".join(lines) + "\n"


def dot(plan: WorkflowPlan) -> str:
    """The jobs as a graph for Graphviz; a dashed arrow waits without counting, or may have been skipped."""
    lines = [
        f"digraph {dot_text(plan.name)} {{",
        "    rankdir=LR;",
        "    node [shape=box, style=filled, fillcolor=white];",
    ]
    for job in plan.jobs:
        colour = _COLOURS.get(job.decision.act)
        filled = f', fillcolor="{colour}"' if colour else ""
        lines.append(f"    {dot_text(job.id)} [label={dot_text(_label(plan, job))}{filled}];")
    for job in plan.jobs:
        for edge in _drawn(plan, job):
            dashed = "" if edge.counts and not edge.optional else " [style=dashed]"
            lines.append(f"    {dot_text(edge.job)} -> {dot_text(job.id)}{dashed};")
    return "\n".join([*lines, "}"]) + "\n"


def _job_view(job: PlannedJob) -> dict[str, object]:
    return _without_blanks({
        "id": job.id,
        "nodes": list(job.nodes),
        "needs": [_edge_view(edge) for edge in job.edges if edge.counts],
        "after": [edge.job for edge in job.edges if not edge.counts],
        "finally": job.is_finally or None,
        "together": list(job.together),
        "condition": job.condition,
        **_decision_view(job.decision),
        "results": sorted(job.results),
    })  # fmt: skip


def _node_view(node: PlannedNode) -> dict[str, object]:
    definition = node.definition
    return _without_blanks({
        "id": node.id,
        "job": node.job,
        "name": node.name if node.name != node.id else None,
        "matrix": dict(node.variant.values) if node.variant is not None else None,
        "index": node.variant.index if node.variant is not None else None,
        "dynamic": node.is_dynamic or None,
        "needs": [_edge_view(edge) for edge in node.edges if edge.counts],
        "after": [edge.job for edge in node.edges if not edge.counts],
        "finally": node.is_finally or None,
        **_decision_view(node.decision),
        "results": sorted(node.results),
        "request": dict(definition.values),
        "open": {path: list(waits) for path, waits in definition.open.items()},
        "faults": [{"path": fault.path, "message": fault.message, "hint": fault.hint} for fault in definition.faults],
        "called": plan_view(node.called) if node.called is not None else None,
    })  # fmt: skip


def _decision_view(decision: NodeDecision) -> dict[str, object]:
    return {
        "will": decision.act.value,
        "reason": decision.reason.value if decision.reason is not None else None,
        "why": decision.explanation,
        "expanded": decision.expanded,
        "blamed": {name: result.value for name, result in decision.blamed},
        "depends_on": list(decision.waits_for),
    }


def _edge_view(edge: Edge) -> object:
    said: dict[str, object] = {"job": edge.job}
    if edge.nodes is not None:
        said["nodes"] = list(edge.nodes)
    if edge.optional:
        said["optional"] = True
    if not edge.artifacts:
        said["artifacts"] = False
    return edge.job if len(said) == 1 else said


def _image_view(image: PlannedImage) -> dict[str, object]:
    return _without_blanks({
        "image": image.reference,
        "nodes": list(image.nodes),
        "services": list(image.services),
        "open": image.is_open or None,
    })  # fmt: skip


def _without_blanks(view: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in view.items() if value is not None and value not in ("", [], {})}


def _tree_of(plan: WorkflowPlan, job: PlannedJob) -> Iterator[str]:
    waits = ", ".join(_waited(edge) for edge in job.edges)
    behind = f" <- {waits}" if waits else " <- all other jobs" if job.is_finally else ""
    why = job.decision.explanation
    said = f": {shown(why, most=200)}" if why else ""
    yield f"  {_MARKS[job.decision.act]} {_label(plan, job)}{behind}{said}"
    nodes = [plan.node(name) for name in job.nodes if name != job.id]
    for node in nodes[:_SHOWN_VARIANTS]:
        why = node.decision.explanation if node.decision != job.decision else ""
        yield f"      {_MARKS[node.decision.act]} {shown(node.name)}{f': {shown(why, most=200)}' if why else ''}"
    if len(nodes) > _SHOWN_VARIANTS:
        yield f"      … {len(nodes) - _SHOWN_VARIANTS} more"
    for name in job.nodes:
        called = plan.node(name).called
        if called is not None:
            yield from (f"      {line}" for line in plan_tree(called).splitlines())


def _label(plan: WorkflowPlan, job: PlannedJob) -> str:
    if len(job.nodes) == 1 and plan.node(job.nodes[0]).is_dynamic:
        return f"{job.id} (a matrix, known later)"
    return f"{job.id} ({_number(len(job.nodes), 'variant')})" if job.nodes != (job.id,) else job.id


def _number(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _waited(edge: Edge) -> str:
    return f"{edge.job}{'?' if edge.optional else ''}" if edge.counts else f"({edge.job})"


def _drawn(plan: WorkflowPlan, job: PlannedJob) -> Iterator[Edge]:
    """The edges of a job, and for a finally job those to the jobs that nothing else waits for."""
    yield from job.edges
    if job.is_finally:
        ordinary = [other for other in plan.jobs if not other.is_finally]
        waited = {edge.job for other in ordinary for edge in other.edges} | {edge.job for edge in job.edges}
        yield from (Edge(other.id, counts=False) for other in ordinary if other.id not in waited)


def mermaid_text(text: str) -> str:
    """A label of Mermaid, which knows entities and no escapes."""
    return '"' + re.sub(r'["#<>&;]', lambda found: f"#{ord(found[0])};", shown(text)) + '"'


def dot_text(text: str) -> str:
    """A text of Graphviz."""
    return json.dumps(shown(text), ensure_ascii=False)

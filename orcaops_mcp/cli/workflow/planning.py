"""`orcaops workflow plan`, `graph` and `expand`: what a workflow in order would do, and how it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core import expand_workflow, plan_dot, plan_mermaid, plan_tree, plan_view, read_workflow
from orcaops_mcp.cli.output import Column
from orcaops_mcp.cli.text import shown
from orcaops_mcp.cli.workflow.checking import check, planned, valid
from orcaops_mcp.cli.workflow.checkout import github_context
from orcaops_mcp.cli.workflow.files import read_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core import WorkflowPlan
    from orcaops_mcp.cli.output import Output

_COLUMNS = (Column("STAGE", is_number=True), Column("JOB"), Column("RUNS", is_number=True), Column("WAITS FOR"))


def show_plan(out: Output, path: str, inputs: Mapping[str, str], assume: Mapping[str, str]) -> None:
    """Print what a workflow would do.

    Args:
        out: Where to print.
        path: The file as it was named.
        inputs: Values of its inputs, as texts.
        assume: How which jobs are taken to end.

    Raises:
        EndedError: The file has errors, or its inputs are wrong.
        ClientError: What is assumed is wrong.
    """
    file = read_file(path)
    tell_plan(out, planned(out, check(file, inputs, assume, github_context(file.folder))))


def tell_plan(out: Output, plan: WorkflowPlan) -> None:
    """Print a plan: as a tree, or as a document."""
    if out.is_json:
        out.document(plan_view(plan))
    else:
        _lines(out, plan_tree(plan))


def show_graph(out: Output, path: str, form: str, inputs: Mapping[str, str]) -> None:
    """Print which jobs wait for which.

    Args:
        out: Where to print.
        path: The file as it was named.
        form: ``text``, ``dot``, ``mermaid`` or ``json``.
        inputs: Values of its inputs, as texts.

    Raises:
        EndedError: The file has errors, or its inputs are wrong.
    """
    file = read_file(path)
    plan = planned(out, check(file, inputs, github=github_context(file.folder)))
    match form:
        case "json":
            out.document(_graph(plan))
        case "dot":
            _lines(out, plan_dot(plan))
        case "mermaid":
            _lines(out, plan_mermaid(plan))
        case _:
            rows = [
                (job["stage"], job["id"], len(job["nodes"]), ", ".join(job["waits_for"]) or None)
                for job in sorted(_graph(plan)["jobs"], key=lambda job: job["stage"])
            ]
            out.table(_COLUMNS, rows)


def show_expansion(out: Output, path: str) -> None:
    """Print a workflow as it is read.

    Args:
        out: Where to print.
        path: The file as it was named.

    Raises:
        EndedError: The file has errors.
    """
    file = read_file(path)
    valid(out, check(file))
    text = expand_workflow(read_workflow(file.content, file.base, file.load))
    if out.is_json:
        out.document({"file": file.name, "text": text})
    else:
        _lines(out, text)


def _graph(plan: WorkflowPlan) -> dict[str, Any]:
    """The jobs with their stages, counted from 1, and the edges between them."""
    stages = {job: number for number, jobs in enumerate(plan.generations, start=1) for job in jobs}
    ordinary = [job.id for job in plan.jobs if not job.is_finally]
    jobs = [
        {
            "id": job.id,
            "stage": stages[job.id],
            "nodes": list(job.nodes),
            "finally": job.is_finally,
            "waits_for": list(
                dict.fromkeys([*(ordinary if job.is_finally else ()), *(edge.job for edge in job.edges)])
            ),
        }
        for job in plan.jobs
    ]
    edges = [
        {"from": edge.job, "to": job.id, "kind": "needs" if edge.counts else "after", "optional": edge.optional}
        for job in plan.jobs
        for edge in job.edges
    ]
    return {"name": plan.name, "jobs": jobs, "edges": edges}


def _lines(out: Output, text: str) -> None:
    """Text of several lines; a terminal is kept from what names in the file could do to it."""
    for line in text.rstrip("\n").split("\n"):
        out.text(shown(line) if out.has_terminal else line)

"""What was found in a workflow file and what it would do, for a model: short lines, and as much of them as is read."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, Final

from orcaops_mcp.mcp_server.untrusted import one_line
from orcaops_mcp.mcp_server.within import within
from orcaops_mcp.views.compact import compact_json, without_absent
from orcaops_mcp.views.problem import problem
from orcaops_mcp.views.workflow import check_view

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from core import Edge, Edit, Finding, PlannedNode, SourceFinding, WorkflowCheck, WorkflowPlan

MAX_FINDINGS: Final = 50
MAX_NODES: Final = 100
MAX_TEXT_BYTES: Final = 16 * 1024
MAX_REFUSED_BYTES: Final = 6 * 1024
"""Of the findings in a refusal: clients cut long errors."""
_SAID: Final = 300
_LISTED: Final = 2000


def report_text(check: WorkflowCheck) -> str:
    """The check in lines: the verdict, every finding with place, hint and fix, then order and jobs."""
    lines = [_verdict(check)]
    lines += [_finding_line(finding) for finding in check.findings[:MAX_FINDINGS]]
    if len(check.findings) > MAX_FINDINGS:
        lines.append(f"… and {len(check.findings) - MAX_FINDINGS} more findings; mend these first.")
    lines += [_input_line(finding) for finding in check.input_findings[:MAX_FINDINGS]]
    if check.plan is not None:
        lines += _plan_lines(check.plan)
    return _cut(lines)


def report_facts(check: WorkflowCheck) -> dict[str, Any]:
    """The same as an object: findings in full, jobs in short."""
    whole = check_view(check)
    findings = within(whole["findings"][:MAX_FINDINGS])
    return whole | {
        "findings": findings,
        "findings_left_out": len(check.findings) - len(findings) or None,
        "input_findings": within(whole["input_findings"][:MAX_FINDINGS]),
        "plan": _brief(check.plan) if check.plan is not None else None,
    }


def refused_workflow(check: WorkflowCheck) -> dict[str, Any]:
    """The problem of a call for a workflow that cannot be run: what is wrong with its file, or with its inputs.

    The findings are those of `report_facts`, as many as a client shows of an error.
    """
    whole = check_view(check)
    findings = within(whole["findings"][:MAX_FINDINGS], MAX_REFUSED_BYTES)
    inputs = within(whole["input_findings"][:MAX_FINDINGS], MAX_REFUSED_BYTES // 4)
    left = len(check.findings) + len(check.input_findings) - len(findings) - len(inputs)
    hint = "Nothing was started. Mend what the findings name; a fix is sure and may be carried out as it stands."
    if check.is_valid:
        hint = "Nothing was started. Correct the inputs named and call again."
    refused = problem("invalid_workflow", _verdict(check), hint=hint)
    refused |= without_absent({"findings": findings, "input_findings": inputs, "findings_left_out": left or None})
    return refused


def _verdict(check: WorkflowCheck) -> str:
    name = one_line(check.file or (check.spec.name if check.spec else "")) or "The workflow"
    errors = sum(finding.severity == "error" for finding in check.findings)
    others = len(check.findings) - errors
    if errors:
        more = f" and {_many(others, 'remark')}" if others else ""
        return f"{name} has {_many(errors, 'error')}{more}. Lines and columns count from 1."
    remarks = f", {_many(others, 'remark')}" if others else ""
    if check.plan is None:
        return f"{name} is in order{remarks}, but cannot be planned with these inputs:"
    return f"{name} is in order{remarks}."


def _finding_line(finding: SourceFinding) -> str:
    place = f"{finding.place.line}:{finding.place.column}"
    where = f"{one_line(finding.file)}:{place}" if finding.file else place
    said = f"{where} {finding.severity}[{finding.code}] {one_line(finding.message, _SAID)}"
    if finding.path:
        said += f" ({one_line(finding.path)})"
    if finding.hint:
        said += f" Hint: {one_line(finding.hint, _SAID)}"
    if finding.fix:
        said += f" Fix: {'; '.join(_edit_said(edit) for edit in finding.fix.edits[:5])}"
    return said


def _edit_said(edit: Edit) -> str:
    start = f"{edit.place.line}:{edit.place.column}"
    end = f"{edit.place.end_line}:{edit.place.end_column}"
    text = one_line(compact_json(edit.text), _SAID)
    if start == end:
        return f"insert {text} at {start}"
    return f"replace {start}-{end} by {text}" if edit.text else f"remove {start}-{end}"


def _input_line(finding: Finding) -> str:
    return one_line(f"{finding}{'. ' + finding.hint if finding.hint else ''}", _SAID)


def _plan_lines(plan: WorkflowPlan) -> Iterable[str]:
    counts = plan.counts
    status = f"; if every job does its part the run ends as {plan.status}" if plan.status else ""
    if plan.assumed:
        assumed = ", ".join(f"{one_line(name)}={each.outcome}" for name, each in plan.assumed.items())
        status = f"; with {assumed} the run ends as {plan.status or 'depends'}"
    yield f"Plan: {_many(counts.jobs, 'job')}, {_many(counts.nodes, 'node')}{status}."
    yield "Order: " + one_line(" > ".join(", ".join(generation) for generation in plan.generations), _LISTED)
    if len(plan.critical_path.jobs) > 1:
        yield "Critical path: " + one_line(" > ".join(plan.critical_path.jobs), _LISTED)
    for node in plan.nodes[:MAX_NODES]:
        yield _node_line(node)
    if len(plan.nodes) > MAX_NODES:
        yield f"… and {len(plan.nodes) - MAX_NODES} more nodes."
    yield from (f"Cannot be evaluated: {fault.path}: {one_line(fault.message, _SAID)}" for fault in plan.faults[:10])
    if plan.images:
        yield "Images: " + one_line(", ".join(image.reference for image in plan.images[:MAX_NODES]), _LISTED)


def _node_line(node: PlannedNode) -> str:
    said = f"- {one_line(node.name)}"
    if node.name != node.id:
        said += f" [{node.id}]"
    said += f": {node.decision.act}"
    if node.decision.explanation:
        said += f", {one_line(node.decision.explanation, _SAID)}"
    waits = _waits(node.edges)
    if waits:
        said += f"; after {', '.join(waits)}"
    if node.is_finally:
        said += "; at the end, whatever happened"
    if node.is_dynamic:
        said += "; its matrix is known only when it starts"
    if node.called is not None:
        said += f"; calls {_many(node.called.counts.nodes, 'node')} of another file"
    faults = [f"{fault.path}: {fault.message}" for fault in node.definition.faults[:5]]
    return f"{said}; faults: {one_line('; '.join(faults), _SAID)}" if faults else said


def _brief(plan: WorkflowPlan) -> dict[str, Any]:
    nodes = within([_node_brief(node) for node in plan.nodes[:MAX_NODES]])
    return {
        "name": plan.name,
        "counts": {
            "jobs": plan.counts.jobs,
            "nodes": plan.counts.nodes,
            "run": plan.counts.runs,
            "skip": plan.counts.skipped,
            "depend": plan.counts.depends,
            "fail": plan.counts.fails,
        },
        "status": plan.status.value if plan.status else None,
        "order": within([list(generation) for generation in plan.generations]),
        "critical_path": within(plan.critical_path.jobs),
        "nodes": nodes,
        "nodes_left_out": len(plan.nodes) - len(nodes) or None,
        "images": within([one_line(image.reference) for image in plan.images]),
        "secrets": within(plan.secrets),
    }


def _node_brief(node: PlannedNode) -> dict[str, Any]:
    matrix: Mapping[str, object] = node.variant.values if node.variant is not None else {}
    return {
        "id": node.id,
        "job": node.job if node.job != node.id else None,
        "act": node.decision.act.value,
        "why": one_line(node.decision.explanation, _SAID) or None,
        "matrix": {one_line(name): _value(value) for name, value in list(matrix.items())[:20]},
        "after": _waits(node.edges),
        "finally": node.is_finally or None,
        "dynamic": node.is_dynamic or None,
        "faults": [f"{fault.path}: {one_line(fault.message, _SAID)}" for fault in node.definition.faults[:5]],
    }


def _value(value: object) -> object:
    """A value of a matrix; what JSON does not have, and what is long, as text."""
    if isinstance(value, bool | int) or value is None or (isinstance(value, float) and math.isfinite(value)):
        return value
    return one_line(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def _waits(edges: Iterable[Edge]) -> list[str]:
    return [end for edge in edges for end in edge.ends][:20]


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _cut(lines: Iterable[str]) -> str:
    """The lines as far as they fit."""
    kept: list[str] = []
    room = MAX_TEXT_BYTES
    for line in lines:
        room -= len(line.encode()) + 1
        if room < 0:
            kept.append("… cut here; the structured content has more.")
            break
        kept.append(line)
    return "\n".join(kept)

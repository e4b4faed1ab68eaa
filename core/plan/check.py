"""A workflow file as a door is asked about it: every finding, and if it is in order, what it would do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.errors import Finding, InvalidSpecError
from core.plan.compile import compile_workflow, refuse_unplannable
from core.plan.findings import MOST_FINDINGS, Severity, has_errors
from core.plan.ignores import silenced
from core.plan.lint import lint_workflow
from core.plan.reading import read_workflow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from core.plan.compile import WorkflowPlan
    from core.plan.findings import SourceFinding
    from core.plan.graph import Graph
    from core.spec.workflow import WorkflowSpec


@dataclass(frozen=True, slots=True)
class WorkflowCheck:
    """What there is to say about a workflow file.

    Attributes:
        file: Its name, as the caller gave it.
        findings: What was found in it and then in the files it calls, each from top to end, at most 100.
        spec: The workflow as far as it was understood; None if the file is no mapping.
        plan: What it would do; None if the file has errors, or its inputs do, or nobody asked.
        input_findings: What is wrong with the inputs, or with what they lead to, such as ``inputs.version``: a file in
            order that has no plan.
        canonical: The workflow in its canonical form as plain data; empty if the file is no mapping.
        graph: The order of its jobs; None if the file is no mapping.
    """

    file: str
    findings: tuple[SourceFinding, ...]
    spec: WorkflowSpec | None
    plan: WorkflowPlan | None
    input_findings: tuple[Finding, ...] = ()
    canonical: Mapping[str, object] = field(default_factory=dict[str, object])
    graph: Graph | None = None

    @property
    def is_valid(self) -> bool:
        """Whether the file has no errors; warnings do not count."""
        return not has_errors(self.findings)

    @property
    def can_run(self) -> bool:
        """Whether neither the file nor its inputs keep it from being run."""
        return self.spec is not None and self.is_valid and not self.input_findings


def check_workflow(
    text: str | bytes,
    file_name: str = "",
    *,
    inputs: Mapping[str, object] | None = None,
    load: Callable[[str], str | bytes] | None = None,
    assume: Mapping[str, str] | None = None,
    github: Mapping[str, object] | None = None,
    plans: bool = True,
) -> WorkflowCheck:
    """Read, examine and plan a workflow file. Nothing is run and nothing asked of a container engine.

    Args:
        text: The file.
        file_name: For the findings; files that it calls are looked for beside it.
        inputs: Values by name.
        load: Gives the content of a called file by its path, and raises OSError or ValueError if there is none.
            Without it, called files are not looked at.
        assume: How which jobs are taken to end instead of with success, such as ``{"test": "failure"}``.
        github: The context ``github``; what is missing in it is empty. None if it is not known.
        plans: Whether the plan is wanted. Without it the findings are the same, and a large file takes less time.

    Raises:
        InvalidArgumentError: What is assumed names no job of a file in order, or no outcome.
    """
    reading = read_workflow(text, file_name, load)
    found = _bounded(silenced((*reading.findings, *lint_workflow(reading)), reading))
    if reading.spec is None or reading.graph is None or has_errors(found):
        return WorkflowCheck(file_name, found, reading.spec, None)
    plan = None
    try:
        if plans:
            plan = compile_workflow(reading.spec, inputs, assume=assume, github=github)
        else:
            refuse_unplannable(reading.spec, reading.graph, inputs, github=github)
    except InvalidSpecError as error:
        return WorkflowCheck(file_name, found, reading.spec, None, error.findings)
    canonical = reading.tree.to_plain() if reading.tree is not None else {}
    return WorkflowCheck(file_name, found, reading.spec, plan, canonical=canonical, graph=reading.graph)


def flat_findings(check: WorkflowCheck) -> tuple[Finding, ...]:
    """What keeps a file from being run, as findings of a request: its errors, then what is wrong with the inputs.

    A path names the place too, such as ``ci.yaml:23:13 jobs.x``.
    """
    errors = [finding for finding in check.findings if finding.severity is Severity.ERROR]
    return (*map(_flat, errors), *check.input_findings)


def loader(files: Mapping[str, str]) -> Callable[[str], str]:
    """How `check_workflow` loads called files that were given with the workflow, by the paths it asks for."""

    def load(path: str) -> str:
        try:
            return files[path]
        except KeyError:
            raise FileNotFoundError(f"{path} was not given") from None

    return load


def _flat(finding: SourceFinding) -> Finding:
    file = f"{finding.file}:" if finding.file else ""
    place = f"{file}{finding.place.line}:{finding.place.column}"
    return Finding(f"{place} {finding.path}" if finding.path else place, finding.message, finding.hint)


def _bounded(findings: tuple[SourceFinding, ...]) -> tuple[SourceFinding, ...]:
    """As many as are read; of too many, errors first."""
    if len(findings) <= MOST_FINDINGS:
        return findings
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    others = [finding for finding in findings if finding.severity is not Severity.ERROR]
    return (*errors, *others)[:MOST_FINDINGS]

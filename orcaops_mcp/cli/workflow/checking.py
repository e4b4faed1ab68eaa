"""Workflow files checked and planned, in this process."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import click

from core import OrcaOpsError, check_workflow
from orcaops_mcp.cli.exits import NOT_VALID, EndedError
from orcaops_mcp.cli.workflow.telling import count_text, finding_line
from orcaops_mcp.client.errors import ClientError
from orcaops_mcp.views.workflow import finding_view, input_finding_view

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core import SourceFinding, WorkflowCheck, WorkflowPlan
    from orcaops_mcp.cli.output import Output
    from orcaops_mcp.cli.workflow.files import WorkflowFile

_FAULTY: Final = "invalid_workflow"


@dataclass(frozen=True, slots=True)
class Checked:
    """A file with everything there is to say about it.

    Attributes:
        file: The file.
        check: What came of it; it names files from the file's folder.
        findings: A file after the other, from top to end, with the names of files as the command line calls them.
    """

    file: WorkflowFile
    check: WorkflowCheck
    findings: tuple[SourceFinding, ...]


def check(
    file: WorkflowFile,
    inputs: Mapping[str, object] | None = None,
    assume: Mapping[str, str] | None = None,
    github: Mapping[str, object] | None = None,
) -> Checked:
    """Read a file, check it, and plan it if it is in order.

    Args:
        file: The file.
        inputs: Values of its inputs by name.
        assume: How which jobs are taken to end.
        github: The context `github`, if anything is known of it.

    Raises:
        ClientError: What is assumed names no job, or no outcome.
    """
    try:
        found = check_workflow(
            file.content, file.base, inputs=inputs, load=file.load, assume=assume, github=github or None
        )
    except OrcaOpsError as error:
        raise ClientError(error.code, error.message, hint=error.hint or "") from None
    findings = [replace(finding, file=file.shown(finding.file)) for finding in found.findings]
    findings.sort(key=lambda finding: (finding.file != file.name, finding.file))
    return Checked(file, found, tuple(findings))


def valid(out: Output, checked: Checked) -> Checked:
    """The same, if the file may run; else the findings are told on standard error.

    Args:
        out: Where to print.
        checked: The file.

    Raises:
        EndedError: The file has errors.
    """
    if checked.check.is_valid:
        return checked
    name = checked.file.name
    if not out.is_json:
        for finding in checked.findings:
            click.echo(finding_line(finding), err=True)
    error = ClientError(
        _FAULTY,
        f"{name}: {count_text(checked.findings)}.",
        hint=f"`orcaops workflow validate {name}` shows the lines; --fix mends what is sure.",
        findings=[finding_view(finding) for finding in checked.findings] if out.is_json else (),
    )
    raise EndedError(error, NOT_VALID)


def planned(out: Output, checked: Checked) -> WorkflowPlan:
    """What the workflow would do.

    Args:
        out: Where to print.
        checked: The file.

    Raises:
        EndedError: The file has errors, or its inputs are wrong.
    """
    plan = valid(out, checked).check.plan
    if plan is not None:
        return plan
    findings = checked.check.input_findings
    error = ClientError(
        "invalid_spec",
        "; ".join(map(str, findings)) if len(findings) == 1 else f"{len(findings)} inputs are not as declared.",
        hint=findings[0].hint if len(findings) == 1 else "Give each as --input NAME=VALUE.",
        findings=[input_finding_view(each) for each in findings],
    )
    raise EndedError(error, NOT_VALID)

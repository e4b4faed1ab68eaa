"""`orcaops workflow validate`: every finding of every file, in the form that was asked for."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final

import click

from orcaops_mcp.cli.exits import NOT_VALID
from orcaops_mcp.cli.workflow.annotations import annotation
from orcaops_mcp.cli.workflow.checking import check
from orcaops_mcp.cli.workflow.files import STANDARD_INPUT, read_file
from orcaops_mcp.cli.workflow.mending import mend
from orcaops_mcp.cli.workflow.rules import rules
from orcaops_mcp.cli.workflow.sarif import sarif
from orcaops_mcp.cli.workflow.telling import count_text, mendable, show_findings
from orcaops_mcp.views.workflow import finding_view

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orcaops_mcp.cli.output import Output
    from orcaops_mcp.cli.workflow.checking import Checked

_COUNTED: Final = {False: frozenset({"error"}), True: frozenset({"error", "warning"})}


def validate(out: Output, paths: Sequence[str], form: str, *, is_strict: bool, mends: bool) -> int:
    """Check files and print what was found.

    Args:
        out: Where to print.
        paths: The files as they were named; each is told once.
        form: ``text``, ``json``, ``sarif`` or ``github``.
        is_strict: Whether warnings count as errors.
        mends: Whether sure fixes are carried out first.

    Returns:
        The exit code.

    Raises:
        click.UsageError: A file cannot be read, or standard input shall be mended.
    """
    if mends and STANDARD_INPUT in paths:
        raise click.UsageError("--fix writes the file again; standard input is none. Name the file.")
    files = [read_file(path) for path in dict.fromkeys(paths)]
    checks = [check(file) for file in files]
    if mends:
        mended = [mend(out, checked) for checked in checks]
        checks = [check(checked.file) for checked in mended]  # one may call another that was mended after it
    counted = _COUNTED[is_strict]
    bad = [checked for checked in checks if any(finding.severity in counted for finding in checked.findings)]
    _show(out, checks, form, is_valid=not bad)
    for checked in checks:
        out.remark(_summary(checked))
    return NOT_VALID if bad else 0


def explain(out: Output, code: str) -> int:
    """Print what a code means.

    Raises:
        click.BadParameter: There is no such code.
    """
    rule = rules().get(code.strip().upper())
    if rule is None:
        raise click.BadParameter(f"there is no code {code!r}; there are {', '.join(rules())}", param_hint="--explain")
    if out.is_json:
        out.document({"code": rule.code, "title": rule.title, "text": rule.text})
    else:
        out.text(f"{rule.code}: {rule.title}\n\n{rule.text}")
    return 0


def _show(out: Output, checks: Sequence[Checked], form: str, *, is_valid: bool) -> None:
    findings = list(chain.from_iterable(checked.findings for checked in checks))
    match form:
        case "json":
            out.document({"valid": is_valid, "findings": [finding_view(finding) for finding in findings]})
        case "sarif":
            out.document(sarif(findings))
        case "github":
            for finding in findings:
                out.text(annotation(finding))
        case _:
            for checked in checks:
                show_findings(out, checked)


def _summary(checked: Checked) -> str:
    """A file's verdict on one line."""
    name, count = checked.file.name, count_text(checked.findings)
    mends = len(mendable(checked.findings, name))
    if mends:
        count += f"; --fix mends {mends}"
    if not checked.check.is_valid:
        return f"{name}: {count}"
    spec = checked.check.spec
    jobs = len(spec.jobs) if spec is not None else 0
    return f"{name}: in order, {jobs} job{'' if jobs == 1 else 's'}{f' ({count})' if count else ''}"

"""`orcaops doctor`: can this machine run jobs, and if not, what mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from orcaops_mcp.cli.command import Command
from orcaops_mcp.cli.exits import FAILED

if TYPE_CHECKING:
    from orcaops_mcp.cli.output import Output
    from orcaops_mcp.cli.session import Session
    from orcaops_mcp.intake.checks import Check

_LOOKS: Final = {
    "ok": ("success", "ok  "),
    "warning": ("timed_out", "warn"),
    "failed": ("failed", "FAIL"),
    "mended": ("success", "done"),
}


@click.command(
    "doctor",
    cls=Command,
    examples=(
        ("orcaops doctor", "Look at everything a job needs."),
        ("orcaops doctor --fix", "Mend what can be mended, such as the modes of files."),
    ),
    exits=(("0", "Jobs can run."), ("1", "Something failed; with --strict: or gave a warning.")),
)
@click.option("--backend", type=click.Choice(["docker", "simulated"]), help="What runs the containers [docker].")
@click.option("--fix", is_flag=True, help="Mend what can be mended.")
@click.option("--strict", is_flag=True, help="Fail for warnings too.")
@click.pass_obj
def command(session: Session, *, backend: str | None, fix: bool, strict: bool) -> None:
    """Check that this machine can run jobs, and show the effective configuration and where each value came from."""
    from orcaops_mcp.cli.checks import all_checks  # noqa: PLC0415 - slow to import

    checks, values = all_checks(session, backend=backend, fix=fix)
    out = session.out
    if out.is_json:
        out.document([check.view() for check in checks])
    else:
        for check in checks:
            _show(out, check, fix=fix)
        if values:
            out.text("\nConfiguration")
            width = max(map(len, values))
            for path, (value, origin) in values.items():
                out.fact(f"  {path:<{width}}  {value}  ({origin})")
    bad = {"failed", "warning"} if strict else {"failed"}
    if any(check.state in bad for check in checks):
        raise click.exceptions.Exit(FAILED)


def _show(out: Output, check: Check, *, fix: bool) -> None:
    style, word = _LOOKS[check.state]
    head = out.paint(word, out.colour(style))
    out.text(f"{head}  {check.name}: {_one_line(check.said)}")
    if check.state in {"failed", "warning"} and check.hint:
        out.fact(f"      {check.hint}")
        if check.mend is not None and not fix:
            out.text("      `orcaops doctor --fix` does that.")


def _one_line(text: str) -> str:
    from orcaops_mcp.cli.text import shown  # noqa: PLC0415 - beside its only use

    return shown(text)

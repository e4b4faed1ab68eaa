"""`orcaops system`: the engine's health, load and limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from orcaops_mcp.cli.command import Command
from orcaops_mcp.cli.exits import NOT_REACHABLE
from orcaops_mcp.cli.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orcaops_mcp.cli.session import Session


@click.command(
    "system",
    cls=Command,
    examples=(
        ("orcaops system", "Whether jobs can run, how many do, and the limits."),
        ("orcaops system --json=running,queued", "For a script."),
    ),
    exits=(("5", "The container engine does not answer."),),
)
@click.pass_obj
def command(session: Session) -> None:
    """The engine's health, load and limits."""
    out = session.out
    found = session.client.system()
    if out.is_json:
        out.document(found)
    else:
        for name, value in _facts(found):
            out.text(f"{name:<12}{shown(value)}" if out.has_terminal else f"{name}\t{shown(value)}")
    if not found["containers"]["available"]:
        raise click.exceptions.Exit(NOT_REACHABLE)


def _facts(found: dict[str, Any]) -> Iterator[tuple[str, object]]:
    containers: dict[str, Any] = found["containers"]
    yield "version", found["version"]
    yield "started", found["started_at"]
    yield "containers", f"{containers['backend']} {containers['version'] or ''}".strip()
    if not containers["available"]:
        yield "problem", containers["problem"] or "the container engine does not answer"
        yield "hint", containers["hint"] or "Run `orcaops doctor`."
    yield "running", f"{found['running']} of {found['max_running']}"
    yield "queued", f"{found['queued']} of {found['max_queued']}"
    if found["blocked"]:
        since = f", since {found['blocked_at']}" if found["blocked_at"] else ""
        yield "blocked", f"{found['blocked']}{since}"
    for remark in found["remarks"]:
        yield "remark", remark
    for status, count in found["jobs"].items():
        if count:
            yield status, count
    yield from found["limits"].items()
    policy: dict[str, Any] = found["policy"]
    yield "policy", f"{policy['source'] or 'built-in'}: {policy['default']}, none looser than {policy['floor']}"
    yield "secrets", ", ".join(found["secrets"]) or "none"

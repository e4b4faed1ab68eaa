"""`orcaops stop`: the home's engine leaves; what runs in containers runs on."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import click

from orcaops_mcp import places
from orcaops_mcp.cli.command import Command
from orcaops_mcp.client.errors import UNREACHABLE, ClientError

if TYPE_CHECKING:
    from orcaops_mcp.cli.session import Session

_LEAVING_S: Final = 15.0


@click.command(
    "stop",
    cls=Command,
    examples=(
        ("orcaops stop", "Let the engine leave now; the next start takes up the jobs that run."),
        ("orcaops stop --when-idle --wait", "Let it finish its jobs first, and come back when it has gone."),
    ),
    exits=(("0", "It leaves, or none was running."),),
)
@click.option("--when-idle", is_flag=True, help="Only once no job is queued or running.")
@click.option("--wait", is_flag=True, help="Come back when it has gone.")
@click.pass_obj
def command(session: Session, *, when_idle: bool, wait: bool) -> None:
    """Stop the engine; containers run on, and the next engine takes their jobs up."""
    home = session.home_folder
    try:
        answer = places.leave(home, when_idle=when_idle)
        if answer is not None and "error" in answer:
            raise places.refused(answer)
    except places.EngineError as error:
        code = UNREACHABLE if error.exit_code == 5 else "failed"
        raise ClientError(code, error.message, hint=error.hint) from None
    is_leaving = answer is not None and bool(answer.get("leaving"))
    if wait or answer is None:
        _wait(home, math.inf if when_idle and not is_leaving else _LEAVING_S if answer else 0)
    facts: dict[str, Any] = {"home": home, "was_running": answer is not None, "pid": answer and answer.get("pid")}
    if session.out.is_json:
        session.out.document(
            facts | {"has_left": wait or answer is None, "leaves_when_idle": not is_leaving and when_idle}
        )
    else:
        session.out.text(_said(home, answer, has_gone=wait))


def _wait(home: str, seconds: float) -> None:
    """Until nobody holds the home.

    Raises:
        ClientError: Somebody still does.
    """
    if not places.wait_until_gone(home, seconds):
        hint = "An engine in the process of `orcaops mcp --in-process` ends with its chat."
        raise ClientError("home_in_use", f"A process still holds the home {home}.", hint=hint)


def _said(home: str, answer: dict[str, Any] | None, *, has_gone: bool) -> str:
    if answer is None:
        return f"No engine runs on {home}."
    name = f"The engine with pid {answer.get('pid')}"
    if has_gone:
        return f"{name} has left."
    return f"{name} leaves." if answer.get("leaving") else f"{name} leaves when its jobs are done."

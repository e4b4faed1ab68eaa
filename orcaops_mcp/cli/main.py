"""The `orcaops` command: its parts are imported when they are called, and how each can end is decided here."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING, Any

import click

from orcaops_mcp.cli.command import LazyGroup
from orcaops_mcp.cli.exits import FAILED, INTERRUPTED, PIPE_CLOSED, USAGE, EndedError, exit_code_of
from orcaops_mcp.cli.front import SECTIONS, SUMMARY, root_help, version_line
from orcaops_mcp.cli.output import UnknownFieldError
from orcaops_mcp.cli.session import Session
from orcaops_mcp.cli.text import shown
from orcaops_mcp.client.errors import ClientError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn


class Root(LazyGroup):
    """`orcaops` itself: the help is the table's, and every end has its exit code."""

    def main(self, args: Sequence[str] | None = None, *_: Any, **more: Any) -> NoReturn:
        """Run the command and leave the process with its exit code.

        Args:
            args: The words after the program's name; the process's own if None.
            more: What `click.Group.main` takes.
        """
        words = list(sys.argv[1:] if args is None else args)
        session = Session()
        more |= {"prog_name": "orcaops", "standalone_mode": False, "obj": session}
        if os.environ.get("_ORCAOPS_COMPLETE", "").startswith("powershell"):
            from orcaops_mcp.cli.powershell import make_known  # noqa: PLC0415 - only for this

            make_known()
        try:
            ended: object = super().main(words, **more)
            code = ended if isinstance(ended, int) else 0
        except (
            click.ClickException,
            click.Abort,
            ClientError,
            EndedError,
            UnknownFieldError,
            BrokenPipeError,
        ) as error:
            code = _told(error, session)
        raise SystemExit(code)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a reader that has gone is seen here, before click takes it for a fault."""
        try:
            ended = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            _drop_output()
            raise click.exceptions.Exit(PIPE_CLOSED) from None
        return ended

    def get_help(self, ctx: click.Context) -> str:  # noqa: ARG002 - click's signature
        """The page that is also printed without click."""
        return root_help()


@click.group(
    cls=Root,
    help=SUMMARY,
    entries=tuple(entry for _, entries in SECTIONS for entry in entries),
    context_settings={"auto_envvar_prefix": "ORCAOPS"},
)
@click.version_option(version_line().split()[1], prog_name="orcaops", message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """The root of all commands; what `serve` and its like call the home, they get from here."""
    session: Session = ctx.obj
    if session.home is not None:
        ctx.default_map = {name: {"home": session.home} for name in ("mcp", "serve", "stop", "tokens")}


def _told(error: Exception, session: Session) -> int:
    """Say an error on standard error, and its exit code."""
    if isinstance(error, BrokenPipeError):
        _drop_output()
        return PIPE_CLOSED
    if isinstance(error, click.Abort):
        return INTERRUPTED
    told, code = _meaning(error)
    _tell(told, session)
    return code


def _meaning(error: Exception) -> tuple[ClientError, int]:
    if isinstance(error, ClientError):
        return error, exit_code_of(error)
    if isinstance(error, EndedError):
        return error.error, error.exit_code
    if isinstance(error, click.UsageError):
        name = error.ctx.command_path if error.ctx else "orcaops"
        hint = f"`{name} --help` says what there is."
        code = int(getattr(error.ctx.command if error.ctx else None, "usage_exit", USAGE))
        return ClientError("usage", error.format_message(), hint=hint), code
    if isinstance(error, click.ClickException):
        return ClientError("failed", error.format_message()), FAILED
    return ClientError("usage", str(error)), USAGE


def _tell(error: ClientError, session: Session) -> None:
    if session.fields is not None:
        import json  # noqa: PLC0415 - only for this

        click.echo(json.dumps({"error": error.view()}, ensure_ascii=False), err=True)
        return
    first, *others = map(shown, error.message.splitlines() or [""])
    click.echo("\n".join((f"orcaops: {first}", *others)), err=True)
    if len(error.findings) > 1:
        for finding in error.findings:
            click.echo(f"  {shown(finding.get('path') or 'request')}: {shown(finding.get('message', ''))}", err=True)
    if error.hint:
        click.echo(f"  hint: {shown(error.hint)}", err=True)
    if error.retry_after_s is not None:
        click.echo(f"  try again in {error.retry_after_s} s", err=True)


def _drop_output() -> None:
    """What is still to be written has no reader any more; Python shall not complain about it at its end."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

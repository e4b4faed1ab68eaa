"""`orcaops secrets`: values that jobs name, kept in the home and shown by none of these commands."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from orcaops_mcp.cli.command import Command, LazyGroup
from orcaops_mcp.cli.front import Entry
from orcaops_mcp.cli.output import Column
from orcaops_mcp.client.errors import UNREACHABLE, ClientError

if TYPE_CHECKING:
    from collections.abc import Generator

    from core import SecretFile
    from orcaops_mcp.cli.session import Session

_ENTRIES: Final = (
    Entry("list", "The names of the secrets, and where each comes from.", "secrets:listing"),
    Entry("set", "Set a secret, its value from standard input, a file or a prompt.", "secrets:put"),
    Entry("remove", "Forget secrets of the home's store.", "secrets:remove"),
)
_COLUMNS: Final = (Column("NAME"), Column("FROM"), Column("SET"), Column("MASKED"))
_MINUTES: Final = 16
_MOST_READ: Final = 1024 * 1024
_NO_ARGUMENT: Final = (
    "A value is no argument: the list of processes and the shell's history would show it. "
    "Give it on standard input, with --from-file, or at the prompt."
)


@click.group(
    "secrets",
    cls=LazyGroup,
    entries=_ENTRIES,
    fallback="list",
    examples=(
        ("orcaops secrets set NPM_TOKEN", "Asks for the value, and shows nothing of it."),
        ("orcaops run --secret NPM_TOKEN node:22-slim npm publish", "A job that is given it."),
    ),
)
def command() -> None:
    """Secrets for jobs, kept in the home; a running engine gives new values to jobs that start afterwards."""


@click.command(
    "list",
    cls=Command,
    examples=(
        ("orcaops secrets list", "What jobs may name."),
        ("orcaops secrets list --json=name,source", "The same for a program."),
    ),
)
@click.pass_obj
def listing(session: Session) -> None:
    """List the names of the secrets, and where each comes from; never the values.

    A running engine is asked: its environment counts. If none runs, the home and this environment are looked at.
    """
    found = _known(session)
    if session.out.is_json:
        session.out.document({"items": found})
        return
    shorten = session.out.has_terminal
    rows = [
        (each["name"], each["source"], _moment(each["set_at"], shorten=shorten), "yes" if each["masked"] else "no")
        for each in found
    ]
    session.out.table(_COLUMNS, rows)


@click.command(
    "set",
    cls=Command,
    examples=(
        ("orcaops secrets set NPM_TOKEN", "Asks for the value, twice."),
        ("pass show npm | orcaops secrets set NPM_TOKEN", "From another program."),
        ("orcaops secrets set DEPLOY_KEY --from-file ~/.ssh/deploy", "A file's content."),
    ),
    exits=(("2", "The name or the value cannot be one."), ("1", "The store cannot be read or written.")),
)
@click.argument("name")
@click.argument("more", nargs=-1, metavar="", type=click.UNPROCESSED)
@click.option("--from-file", "file", metavar="FILE", help="Take the value from a file.")
@click.pass_obj
def put(session: Session, *, name: str, more: tuple[str, ...], file: str | None) -> None:
    """Set a secret in the home's store; a value that was there is replaced.

    One line end at the end of what is read is no part of the value. Jobs that run keep the value they were given.
    """
    if more or "=" in name:
        raise click.UsageError(_NO_ARGUMENT)
    with _store(session) as store:
        store.check(name)
        replaced = store.put(name, _value(name, file), datetime.now(UTC))
    made = _effective(session, name)
    if session.out.is_json:
        session.out.document({"name": name, "replaced": replaced, "in_effect": made["source"] == "store", **made})
        return
    session.out.fact(f"{'replaced' if replaced else 'set'} {name}")
    if made["source"] != "store":
        session.out.remark(
            f"Jobs are given another value of {name}, from the {made['source']}, as long as that is set."
        )
    elif not made["masked"]:
        session.out.remark("The value is too short to be masked: logs show it. Take a longer one.")


@click.command(
    "remove",
    cls=Command,
    examples=(
        ("orcaops secrets remove NPM_TOKEN", "Jobs that name it are refused from now on."),
        ("orcaops secrets remove NPM_TOKEN DEPLOY_KEY", "Both, or none if there is no such name."),
    ),
    exits=(("3", "The store has no such secret."),),
)
@click.argument("names", metavar="NAME…", nargs=-1, required=True)
@click.pass_obj
def remove(session: Session, *, names: tuple[str, ...]) -> None:
    """Forget secrets of the home's store. Jobs that run keep what they were given."""
    with _store(session) as store:
        store.remove(names)
    if session.out.is_json:
        session.out.document({"removed": list(names)})
        return
    for name in names:
        session.out.fact(f"removed {name}")


def _known(session: Session) -> list[dict[str, Any]]:
    """The secrets as the running engine has them, or as one would that were started here."""
    try:
        return session.client_that(starts=False).secrets()
    except ClientError as error:
        if session.url or error.code != UNREACHABLE:
            raise
    from core import OrcaOpsError, list_secrets  # noqa: PLC0415 - slow to import
    from orcaops_mcp.cli.settings_read import as_client_error, read_configuration  # noqa: PLC0415 - same
    from orcaops_mcp.views.system import secret_view  # noqa: PLC0415 - same

    try:
        return [secret_view(each) for each in list_secrets(read_configuration(home=session.home).engine())]
    except OrcaOpsError as error:
        raise as_client_error(error) from None


def _effective(session: Session, name: str) -> dict[str, Any]:
    """What jobs are given under a name that was just set."""
    found = {each["name"]: each for each in _known(session)}
    return {key: found[name][key] for key in ("source", "set_at", "masked")}


def _value(name: str, file: str | None) -> str:
    """The value, from where it was asked to be taken from."""
    if file is not None:
        path = Path(file).expanduser()
        try:
            with path.open("rb") as opened:
                content = opened.read(_MOST_READ)
        except OSError as error:
            raise ClientError("invalid_argument", f"{path} cannot be read: {error.strerror}.") from None
    elif sys.stdin.isatty():
        return str(click.prompt(f"Value of {name}", hide_input=True, confirmation_prompt=True, err=True))
    else:
        content = sys.stdin.buffer.read(_MOST_READ)
    try:
        text = content.decode()
    except UnicodeDecodeError:
        hint = "Encode it, as base64 does, and have the job decode it."
        raise ClientError("invalid_argument", "The value is no text.", hint=hint) from None
    return text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text


@contextmanager
def _store(session: Session) -> Generator[SecretFile]:
    """The home's own secrets; what is wrong with them is told as every error of the command line is."""
    if session.url:
        raise click.UsageError("Secrets are kept in a home on this machine; run this there, without --url.")
    from core import NotFoundError, OrcaOpsError, SecretFile  # noqa: PLC0415 - slow to import
    from orcaops_mcp.cli.settings_read import as_client_error  # noqa: PLC0415 - same

    try:
        yield SecretFile(Path(session.home_folder))
    except NotFoundError as error:
        raise ClientError(error.code, error.message, hint=error.hint, status=404) from None
    except OrcaOpsError as error:
        raise as_client_error(error) from None


def _moment(text: str | None, *, shorten: bool) -> str:
    if text is None:
        return "-"
    return text.replace("T", " ")[:_MINUTES] if shorten else text

"""`orcaops tokens`: named tokens for callers over HTTP, kept in the home as hashes."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import click

from orcaops_mcp.cli.command import Command, LazyGroup
from orcaops_mcp.cli.front import Entry
from orcaops_mcp.cli.output import Column
from orcaops_mcp.client.errors import ClientError

if TYPE_CHECKING:
    from collections.abc import Generator
    from datetime import datetime

    from orcaops_mcp.cli.session import Session
    from orcaops_mcp.daemon.named_tokens import NamedToken, TokenFile, TokenScope

_ENTRIES: Final = (
    Entry("list", "List the tokens; never the secrets themselves.", "tokens:listing"),
    Entry("add", "Make a token, and print it this once.", "tokens:add"),
    Entry("remove", "Refuse tokens from now on.", "tokens:remove"),
)
_COLUMNS: Final = (Column("NAME"), Column("SCOPE"), Column("CREATED"), Column("EXPIRES"), Column("LAST USED"))
_MINUTES: Final = 16


@click.group(
    "tokens",
    cls=LazyGroup,
    entries=_ENTRIES,
    fallback="list",
    examples=(
        ("orcaops tokens add dashboard --scope read", "For a program that only looks."),
        ("orcaops tokens remove ci", "A running engine refuses it at once."),
    ),
)
def command() -> None:
    """Named tokens for callers over HTTP; they are kept in the home, and a running engine takes them up at once."""


@click.command(
    "list",
    cls=Command,
    examples=(
        ("orcaops tokens list", "Who has one, and when it was last used."),
        ("orcaops tokens list --json=name,expires_at", "The same for a program."),
    ),
)
@click.pass_obj
def listing(session: Session) -> None:
    """List the tokens; never the secrets themselves."""
    with _token_file(session) as file:
        tokens = file.read()
    if session.out.is_json:
        session.out.document({"items": [_view(token) for token in tokens]})
        return
    moment = _minute if session.out.has_terminal else _stamp
    rows = [
        (token.name, token.scope, *map(moment, (token.created_at, token.expires_at, token.last_used_at)))
        for token in tokens
    ]
    session.out.table(_COLUMNS, rows)


@click.command(
    "add",
    cls=Command,
    examples=(
        ("orcaops tokens add ci --scope write --expires 90d", "For a build that runs jobs."),
        ("TOKEN=$(orcaops tokens add dashboard)", "Only the token is on standard output."),
    ),
    exits=(("2", "The name or the span is not one."), ("6", "There is a token of this name.")),
)
@click.argument("name")
@click.option(
    "--scope",
    type=click.Choice(("read", "write")),
    default="read",
    show_default=True,
    help="read: look at everything; write: change things too.",
)
@click.option("--expires", metavar="SPAN", help="How long it is good, such as 90d; for ever if left out.")
@click.pass_obj
def add(session: Session, *, name: str, scope: str, expires: str | None) -> None:
    """Make a token, and print it this once: only a hash of it is kept."""
    from core import SystemClock  # noqa: PLC0415 - slow to import
    from orcaops_mcp.intake.fields import span  # noqa: PLC0415 - same

    with _token_file(session) as file:
        now = SystemClock().now()
        expires_at = None if expires is None else _after(now, span(expires, name="--expires").total_seconds())
        token = file.add(name, cast("TokenScope", scope), now, expires_at)
        made = next(kept for kept in file.read() if kept.name == name)
    if session.out.is_json:
        session.out.document({**_view(made), "token": token})
        return
    session.out.text(token)
    may = "look at everything" if scope == "read" else "look at everything and change things"
    session.out.remark(f"Whoever has it may {may}; it is not shown again. Send it as `Authorization: Bearer <token>`.")


@click.command(
    "remove",
    cls=Command,
    examples=(
        ("orcaops tokens remove ci", "The next request with it is refused."),
        ("orcaops tokens remove ci dashboard", "Both, or none if there is no such name."),
    ),
    exits=(("3", "There is no such token."),),
)
@click.argument("names", metavar="NAME…", nargs=-1, required=True)
@click.pass_obj
def remove(session: Session, *, names: tuple[str, ...]) -> None:
    """Refuse tokens from now on."""
    with _token_file(session) as file:
        file.remove(names)
    if session.out.is_json:
        session.out.document({"removed": list(names)})
        return
    for name in names:
        session.out.fact(f"removed {name}")


@contextmanager
def _token_file(session: Session) -> Generator[TokenFile]:
    """The home's tokens; what is wrong with them is told as every error of the command line is."""
    if session.url:
        raise click.UsageError("Tokens are kept in a home on this machine; run this there, without --url.")
    from core import ConflictError, NotFoundError, OrcaOpsError  # noqa: PLC0415 - slow to import
    from orcaops_mcp.daemon.named_tokens import TokenFile  # noqa: PLC0415 - same

    try:
        yield TokenFile(Path(session.home_folder))
    except OrcaOpsError as error:
        status = 404 if isinstance(error, NotFoundError) else 409 if isinstance(error, ConflictError) else 0
        raise ClientError(error.code, error.message, hint=error.hint, status=status) from None


def _after(now: datetime, seconds: float) -> datetime:
    from datetime import timedelta  # noqa: PLC0415 - only for this

    if seconds <= 0:
        from core import InvalidArgumentError  # noqa: PLC0415 - only for this

        raise InvalidArgumentError("--expires: must lie in the future")
    return now + timedelta(seconds=seconds)


def _view(token: NamedToken) -> dict[str, Any]:
    moments = {"created_at": token.created_at, "expires_at": token.expires_at, "last_used_at": token.last_used_at}
    return {"name": token.name, "scope": token.scope, **{name: _stamp(moment) for name, moment in moments.items()}}


def _stamp(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def _minute(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(" ")[:_MINUTES]

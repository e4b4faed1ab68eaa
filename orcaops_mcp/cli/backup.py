"""`orcaops backup` and `orcaops restore`: a home as one file."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from orcaops_mcp import __version__
from orcaops_mcp.cli.command import Command
from orcaops_mcp.cli.text import size_text
from orcaops_mcp.client.errors import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from core import BackupFacts
    from orcaops_mcp.cli.output import Output
    from orcaops_mcp.cli.session import Session

_TOLD_EVERY: Final = 256 * 1024 * 1024


@click.command(
    "backup",
    cls=Command,
    examples=(
        ("orcaops backup orcaops.tar.gz", "Everything that is kept, packed."),
        ("orcaops backup /mnt/backups/monday.tar --force", "Not packed, in the place of the last one."),
    ),
    exits=(("0", "The backup is whole."), ("1", "There is none: the disk, the home or its database said no.")),
)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--force", is_flag=True, help="Replace the file if it is there.")
@click.pass_obj
def backup(session: Session, *, file: Path, force: bool) -> None:
    """Copy the home into one file: records, logs, artifacts, uploads, settings and policy.

    An engine may work on meanwhile; what is copied is of one moment. Tokens and secrets are no part of it. A name that
    ends with .gz or .tgz is packed.
    """
    from core import OrcaOpsError, back_up_home  # noqa: PLC0415 - help needs no engine
    from orcaops_mcp.cli.settings_read import as_client_error  # noqa: PLC0415 - same

    home = _own_home(session)
    try:
        facts = back_up_home(
            home,
            file.absolute(),
            version=__version__,
            at=datetime.now(UTC),
            replace=force,
            on_progress=_telling(session.out, "copied"),
        )
    except OrcaOpsError as error:
        raise as_client_error(error) from None
    _tell(session.out, facts, home, file, f"{file} holds")
    if facts.missing:
        session.out.remark(f"{facts.missing} files went meanwhile: their jobs were cleaned up.")


@click.command(
    "restore",
    cls=Command,
    examples=(
        ("orcaops --home ~/.orcaops restore orcaops.tar.gz", "The home that was lost."),
        ("orcaops --home /tmp/look restore orcaops.tar.gz", "A copy beside it, to look into."),
    ),
    exits=(("0", "The home is there."), ("1", "Nothing was restored."), ("6", "The folder is not empty.")),
)
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option(
    "--take-over",
    is_flag=True,
    help="Be the home that was copied, and take up its containers: only when it is gone for good.",
)
@click.pass_obj
def restore(session: Session, *, file: Path, take_over: bool) -> None:
    """Make a home from a backup, in a folder that is missing or empty.

    Nothing lies in its place before every hash is right. Without --take-over it is another home: jobs that ran when the
    backup was made end as container_lost, or are tried again as their specification says. The first engine of the home
    makes a new token.
    """
    from core import OrcaOpsError, restore_home  # noqa: PLC0415 - help needs no engine
    from orcaops_mcp.cli.settings_read import as_client_error  # noqa: PLC0415 - same

    home = _own_home(session)
    try:
        facts = restore_home(file.absolute(), home, takes_over=take_over, on_progress=_telling(session.out, "restored"))
    except OrcaOpsError as error:
        raise as_client_error(error) from None
    _tell(session.out, facts, home, file, f"{home} holds")


def _own_home(session: Session) -> Path:
    if session.url:
        hint = "Run it on the machine of that engine, as the user whose home it is."
        raise ClientError("invalid_argument", "A home is copied where it lies, not over --url.", hint=hint)
    return Path(session.home_folder)


def _telling(out: Output, done: str) -> Callable[[int], None]:
    told = 0

    def tell(size: int) -> None:
        nonlocal told
        if size - told >= _TOLD_EVERY and sys.stderr.isatty():
            told = size
            out.remark_at_once(f"{size_text(size)} {done} …")

    return tell


def _tell(out: Output, facts: BackupFacts, home: Path, file: Path, head: str) -> None:
    if out.is_json:
        out.document({"home": str(home), "file": str(file), **facts._asdict()})
    else:
        out.text(f"{head} {facts.jobs:,} jobs and {facts.files:,} files, {size_text(facts.size)}.")

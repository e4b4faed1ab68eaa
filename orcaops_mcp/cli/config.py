"""`orcaops config`: the effective configuration, where each value comes from, and the file to change it in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from orcaops_mcp.cli.command import Command, LazyGroup
from orcaops_mcp.cli.front import Entry
from orcaops_mcp.cli.output import Column
from orcaops_mcp.client.errors import ClientError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo

    from orcaops_mcp.cli.session import Session

_ENTRIES: Final = (
    Entry("show", "Every setting and its value.", "config:show"),
    Entry("path", "Where the configuration file is.", "config:path"),
    Entry("init", "Write a configuration file with every setting in it, commented out.", "config:init"),
)
_COLUMNS: Final = (Column("SETTING"), Column("VALUE", may_shrink=True))
_INTRO: Final = """\
# The configuration of OrcaOps in this home. Variables win over this file, and options over both:
# `queue: {max_running: 8}` is ORCAOPS_QUEUE_MAX_RUNNING=8. `orcaops config show --origin` tells what applies.
"""


@click.group(
    "config",
    cls=LazyGroup,
    entries=_ENTRIES,
    fallback="show",
    examples=(
        ("orcaops config show --origin", "Every value, and where it comes from."),
        ("orcaops config init", "A file to change them in."),
    ),
)
def command() -> None:
    """Show the configuration and where each value comes from."""


@click.command(
    "show",
    cls=Command,
    examples=(
        ("orcaops config show --origin", "Every value, and where it comes from."),
        ("orcaops config show --json", "The same for a program."),
    ),
    exits=(("2", "The configuration has faults; each is named."),),
)
@click.option("--origin", is_flag=True, help="Say where each value comes from.")
@click.pass_obj
def show(session: Session, *, origin: bool) -> None:
    """Every setting and its value; secrets by their names only."""
    from orcaops_mcp.cli.settings_read import read_configuration  # noqa: PLC0415 - slow to import
    from orcaops_mcp.intake.configured import values_of  # noqa: PLC0415 - as above

    values = values_of(read_configuration(home=session.home))
    if session.out.is_json:
        document: dict[str, Any] = {
            path: {"value": value, "origin": source} if origin else value for path, (value, source) in values.items()
        }
        session.out.document(document)
        return
    columns = (*_COLUMNS, Column("FROM")) if origin else _COLUMNS
    rows = [(path, *(pair if origin else pair[:1])) for path, pair in values.items()]
    session.out.table(columns, rows)


@click.command(
    "path",
    cls=Command,
    examples=(
        ("orcaops config path", "The file of the home that applies."),
        ('$EDITOR "$(orcaops config path)"', "To change it."),
    ),
)
@click.pass_obj
def path(session: Session) -> None:
    """Where the configuration file is, whether it is there or not."""
    file = Path(session.home_folder) / "config.yaml"
    if session.out.is_json:
        session.out.document({"path": str(file), "exists": file.exists()})
    else:
        session.out.fact(file)


@click.command(
    "init",
    cls=Command,
    examples=(
        ("orcaops config init", "A file in which nothing is changed yet."),
        ("orcaops config init --force", "The same over one that is there."),
    ),
    exits=(("6", "There is one already."),),
)
@click.option("--force", is_flag=True, help="Write over a file that is there.")
@click.pass_obj
def init(session: Session, *, force: bool) -> None:
    """Write a configuration file with every setting in it, commented out."""
    file = Path(session.home_folder) / "config.yaml"
    text = f"{_INTRO}\n" + "\n".join(_template())
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with file.open("w" if force else "x", encoding="utf-8") as opened:
            opened.write(text)
        file.chmod(0o600)
    except FileExistsError:
        hint = "Change it with an editor, or write over it with --force."
        raise ClientError("exists", f"{file} is there already.", hint=hint, status=409) from None
    except OSError as error:
        raise ClientError("failed", f"{file} cannot be written: {error.strerror}.") from None
    if session.out.is_json:
        session.out.document({"path": str(file)})
    else:
        session.out.fact(file)


def _template() -> Iterator[str]:
    """The file's lines: each setting with what it means and its default."""
    from pydantic import BaseModel  # noqa: PLC0415 - slow to import

    from orcaops_mcp.settings import Settings  # noqa: PLC0415 - same

    for name, field in Settings.model_fields.items():
        section = field.annotation
        if name == "home":
            continue
        if isinstance(section, type) and issubclass(section, BaseModel):
            yield f"# {name}:"
            for inner, part in section.model_fields.items():
                yield from _lines(inner, part, "  ")
        else:
            yield from _lines(name, field, "")
        yield ""


def _lines(name: str, field: FieldInfo, indent: str) -> Iterator[str]:
    if field.description:
        yield f"# {indent}# {field.description}"
    yield f"# {indent}{name}: {_default(field)}"


def _default(field: FieldInfo) -> str:
    import json  # noqa: PLC0415 - only for this

    value: Any = field.get_default(call_default_factory=True)
    if isinstance(value, Path):
        value = str(value)
    return json.dumps(list(value) if isinstance(value, tuple) else value, default=str)  # pyright: ignore[reportUnknownArgumentType] - any default

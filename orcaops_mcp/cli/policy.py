"""`orcaops policy`: what the operator's policy says, whether its file is well written, what it makes of an image."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import click

from orcaops_mcp.cli.command import Command, LazyGroup
from orcaops_mcp.cli.exits import NOT_ALLOWED
from orcaops_mcp.cli.front import Entry
from orcaops_mcp.cli.output import Column

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core import Policy
    from orcaops_mcp.cli.session import Session

_ENTRIES: Final = (
    Entry("show", "What holds here.", "policy:show"),
    Entry("check", "Look for faults in a policy's file.", "policy:check"),
    Entry("explain", "Whether images are allowed, and by which rule.", "policy:explain"),
)
_RULES: Final = (Column("RULE"), Column("SAYS", may_shrink=True))
_ANSWERS: Final = (Column("IMAGE", may_shrink=True), Column("ANSWER"), Column("WHY", may_shrink=True))
_LISTS: Final = frozenset({"callers", "images", "mounts", "secrets"})
_FAULTS: Final = (("2", "The file has faults; each is named with line and column."),)


@click.group(
    "policy",
    cls=LazyGroup,
    entries=_ENTRIES,
    fallback="show",
    examples=(
        ("orcaops policy check", "Before the engine is started again with it."),
        ("orcaops policy explain --as mcp python:3.12", "May agents run this?"),
    ),
)
def command() -> None:
    """The operator's policy: `policy.yaml` in the home, read when the engine starts."""


@click.command(
    "show",
    cls=Command,
    examples=(
        ("orcaops policy show", "The file's rules, or the built-in policy where there is none."),
        ("orcaops policy show --json", "The same for a program."),
    ),
    exits=_FAULTS,
)
@click.pass_obj
def show(session: Session) -> None:
    """What holds here: the file's rules, or the built-in policy where there is none."""
    from core import policy_document  # noqa: PLC0415 - slow to import

    document = policy_document(_policy_of(session))
    if session.out.is_json:
        session.out.document(document)
        return
    session.out.table(_RULES, list(_rows(document)))


@click.command(
    "check",
    cls=Command,
    examples=(
        ("orcaops policy check", "The home's own file."),
        ("orcaops policy check draft.yaml", "One that is not in use yet."),
    ),
    exits=_FAULTS,
)
@click.argument("file", required=False)
@click.pass_obj
def check(session: Session, *, file: str | None) -> None:
    """Look for faults in a policy's file, the home's if none is named. Nothing is started."""
    from core import policy_document  # noqa: PLC0415 - slow to import

    policy = _policy_of(session) if file is None else _policy_in(file)
    if session.out.is_json:
        session.out.document(policy_document(policy))
    elif file is None and not policy.source:
        session.out.text("There is no policy.yaml here; the built-in policy holds.")
    else:
        session.out.text("The policy is valid. A running engine takes it up when it is started again.")


@click.command(
    "explain",
    cls=Command,
    examples=(
        ("orcaops policy explain python:3.12 ghcr.io/org/app", "May you run these?"),
        ("orcaops policy explain --as mcp alpine", "May agents?"),
        ("orcaops policy explain --as 'token ci' alpine", "May whoever holds this token?"),
    ),
    exits=(*_FAULTS, ("4", "An image is not allowed.")),
)
@click.argument("images", metavar="IMAGE…", nargs=-1, required=True)
@click.option(
    "--as", "who", metavar="WHO", default="cli", show_default=True, help="mcp, rest, cli, operator, or 'token NAME'."
)
@click.pass_obj
def explain(session: Session, *, images: tuple[str, ...], who: str) -> None:
    """Whether jobs may use images, and by which rule; and how tightly the jobs of somebody are held."""
    from core import InvalidSpecError, ask_for_image, parse_job  # noqa: PLC0415 - slow to import

    policy = _policy_of(session)
    for image in images:
        try:
            parse_job({"image": image})
        except InvalidSpecError as error:
            raise click.BadParameter(f"{image}: {error.message}", param_hint="IMAGE") from None
    answers = [(image, ask_for_image(policy, image, who)) for image in images]
    stance = policy.stance_for(who)
    if session.out.is_json:
        session.out.document({
            "who": who,
            "default": stance.default,
            "floor": stance.floor,
            "images": [{"image": image, "allowed": found.is_allowed, "why": found.why} for image, found in answers],
        })  # fmt: skip
    else:
        rows = [(image, "allowed" if found.is_allowed else "denied", found.why) for image, found in answers]
        session.out.table(_ANSWERS, rows)
        said = f"Jobs of {who} run as {stance.default} unless they say otherwise, none looser than {stance.floor}."
        session.out.remark(said)
    if not all(found.is_allowed for _, found in answers):
        raise click.exceptions.Exit(NOT_ALLOWED)


def _policy_of(session: Session) -> Policy:
    """The home's policy.

    Raises:
        ClientError: It has faults.
    """
    from core import OrcaOpsError, load_policy  # noqa: PLC0415 - slow to import
    from orcaops_mcp.cli.settings_read import as_client_error  # noqa: PLC0415 - same

    try:
        return load_policy(Path(session.home_folder))
    except OrcaOpsError as error:
        raise as_client_error(error) from None


def _policy_in(file: str) -> Policy:
    """The policy of a file that may be anywhere.

    Raises:
        click.BadParameter: It cannot be read.
        ClientError: It has faults.
    """
    from core import OrcaOpsError, read_policy  # noqa: PLC0415 - slow to import
    from orcaops_mcp.cli.settings_read import as_client_error  # noqa: PLC0415 - same

    try:
        return read_policy(Path(file).read_bytes(), file=file)
    except OSError as error:
        raise click.BadParameter(f"{file} cannot be read: {error.strerror}", param_hint="FILE") from None
    except OrcaOpsError as error:
        raise as_client_error(error) from None


def _rows(document: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    for name, value in document.items():
        if name not in _LISTS:
            rows.append((name, _text(value)))
        elif value is None:
            rows.append((name, "whatever the configuration allows"))
        else:
            rows += [(name, _said(item)) for item in cast("list[Mapping[str, Any]]", value)] or [(name, "none")]
    return rows


def _said(item: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}: {_text(value)}" for name, value in item.items() if value not in (None, [], ["*"]))


def _text(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(map(str, cast("list[object]", value))) or "-"
    if isinstance(value, dict):
        return " ".join(f"{name}={number:g}" for name, number in cast("dict[str, float]", value).items()) or "-"
    return "-" if value is None else str(value)

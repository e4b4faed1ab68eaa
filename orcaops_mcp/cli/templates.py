"""`orcaops templates`: saved jobs and workflows with typed inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NoReturn

import click

from orcaops_mcp.cli.command import Command, LazyGroup
from orcaops_mcp.cli.exits import NOT_STARTED, EndedError
from orcaops_mcp.cli.front import Entry
from orcaops_mcp.cli.job_request import parse_object, read_object
from orcaops_mcp.cli.output import Column
from orcaops_mcp.client.errors import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from click.shell_completion import CompletionItem

    from orcaops_mcp.cli.session import Session
    from orcaops_mcp.client.client import Client

Template = dict[str, Any]

_ENTRIES: Final = (
    Entry("list", "List the templates by name.", "templates:listing"),
    Entry("show", "Print a template as the YAML that saves it.", "templates:show"),
    Entry("save", "Check a file and keep it as a template.", "templates:save"),
    Entry("run", "Run a template's job or workflow and stay with it.", "templates:run"),
    Entry("delete", "Delete templates with all their versions.", "templates:delete"),
)
_COLUMNS: Final = (
    Column("NAME"),
    Column("VERSION", is_number=True),
    Column("INPUTS", may_shrink=True),
    Column("DESCRIPTION", may_shrink=True),
    Column("KIND"),
)
_PAGE: Final = 100
_MOST_BYTES: Final = 1024 * 1024
_TEMPLATE: Final = "a template: the fields name, inputs and job; or a workflow: the field jobs"
_INPUTS: Final = "inputs: fields such as `version: 1.2`"


@click.group(
    "templates",
    cls=LazyGroup,
    entries=_ENTRIES,
    fallback="list",
    examples=(
        ("orcaops templates save unit-tests.yaml", "Check it, and keep it under the name it gives."),
        ("orcaops templates run unit-tests -i python=3.11", "Run it, with its output and its exit code."),
    ),
)
def command() -> None:
    """Saved jobs and workflows with typed inputs: list, show, save, run, delete."""


@click.command(
    "list",
    cls=Command,
    examples=(
        ("orcaops templates list", "Names, versions, and what they take."),
        ("orcaops templates list --json=name,inputs", "For a script."),
    ),
)
@click.pass_obj
def listing(session: Session) -> None:
    """List the templates by name."""
    items = list(_all_templates(session.client))
    if session.out.is_json:
        session.out.document({"items": items, "next_cursor": None})
        return
    rows = [
        (item["name"], item["version"], ", ".join(item["inputs"]), item["description"], item["kind"]) for item in items
    ]
    session.out.table(_COLUMNS, rows)
    if not items and session.out.has_error_terminal:
        session.out.remark("No template yet: save one with `orcaops templates save FILE`.")


def _completed(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:  # noqa: ARG001 - click's
    """Names that begin so, of an engine that runs; none is started for this."""
    from click.shell_completion import CompletionItem  # noqa: PLC0415 - only for completion

    from orcaops_mcp.cli.session import Session  # noqa: PLC0415 - same

    session = ctx.find_object(Session) or Session()
    try:
        items = session.client_that(starts=False).templates({"limit": _PAGE})["items"]
    except ClientError:
        return []
    return [CompletionItem(item["name"]) for item in items if item["name"].startswith(incomplete)]


@click.command(
    "show",
    cls=Command,
    examples=(
        ("orcaops templates show unit-tests > unit-tests.yaml", "To change it and save it again."),
        ("orcaops templates show --version 2 unit-tests", "As it was."),
    ),
    exits=(("3", "There is no such template, or not this version of it."),),
)
@click.argument("name", shell_complete=_completed)
@click.option("--version", type=click.IntRange(1), metavar="N", help="An older version [the newest].")
@click.pass_obj
def show(session: Session, *, name: str, version: int | None) -> None:
    """Print a template as the YAML that saves it; with --json its whole record."""
    found = session.client.template(name, version)
    if session.out.is_json:
        session.out.document(found)
        return
    session.out.text(_yaml(_as_written(found)).rstrip("\n"))
    if session.out.has_error_terminal:
        session.out.remark(f"version {found['version']}, saved {found['saved_at']} by {found['saved_by']}")


@click.command(
    "save",
    cls=Command,
    examples=(
        ("orcaops templates save unit-tests.yaml", "A first version."),
        ("orcaops templates save --overwrite unit-tests.yaml", "The next one; the last 20 are kept."),
        ("orcaops templates save --name nightly ci.yaml", "A workflow, with the files that it calls."),
    ),
    exits=(("6", "There is one of this name, and --overwrite was not given."), ("7", "It has faults; all are told.")),
)
@click.argument("file", metavar="FILE")
@click.option("--name", metavar="NAME", help="Another name than the file gives.")
@click.option("--overwrite", is_flag=True, help="Make it the next version if the name exists.")
@click.pass_obj
def save(session: Session, *, file: str, name: str | None, overwrite: bool) -> None:
    """Check a file of YAML or JSON and keep it as a template; - reads standard input.

    It describes a template, with name, inputs and job, or is a workflow, whose own name and inputs are taken.
    """
    fields = _fields_of(session, file)
    if name is not None:
        fields["name"] = name
    saved = session.client.save_template({**fields, "overwrite": overwrite})
    if session.out.is_json:
        session.out.document(saved)
        return
    word = "saved" if saved["changed"] else "unchanged"
    session.out.text(f"{word} {saved['name']} version {saved['version']}")


@click.command(
    "delete",
    cls=Command,
    examples=(
        ("orcaops templates delete unit-tests", "Asks first, on a terminal."),
        ("orcaops templates delete --yes unit-tests lint", "Two of them, for a script."),
    ),
    exits=(("3", "There is no such template."),),
)
@click.argument("names", metavar="NAME…", nargs=-1, required=True, shell_complete=_completed)
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def delete(session: Session, *, names: tuple[str, ...], yes: bool) -> None:
    """Delete templates with all their versions; jobs that came of them stay as they are."""
    from orcaops_mcp.cli.runs import insist  # noqa: PLC0415 - only for this

    client, out = session.client, session.out
    for name in names:
        client.template(name)
    insist(yes=yes, question=f"Delete {', '.join(names)} with all versions?")
    for name in names:
        client.delete_template(name)
        if not out.is_json:
            out.fact(f"deleted {name}")
    if out.is_json:
        out.document({"deleted": len(names), "names": list(names)})


_RUN_OPTIONS: Final = (
    click.argument("name", shell_complete=_completed),
    click.option("-i", "--input", "inputs", multiple=True, metavar="K=V", help="Set an input. Repeatable."),
    click.option("--inputs", "inputs_file", metavar="FILE", help="Inputs from a file of YAML or JSON; -i comes after."),
    click.option("--version", type=click.IntRange(1), metavar="N", help="An older version [the newest]."),
    click.option("-d/-f", "--detach/--follow", help="Only submit it and print its id, or stay with it [follow]."),
    click.option("--no-logs", is_flag=True, help="Stay, but do not show what it prints."),
    click.option("--dry-run", is_flag=True, help="Only check it, and show what would run."),
    click.option("--idempotency-key", metavar="KEY", default="", help="A repeat with this key starts nothing more."),
)


def _run_options(function: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_RUN_OPTIONS):
        function = option(function)
    return function


@click.command(
    "run",
    cls=Command,
    usage_exit=NOT_STARTED,
    examples=(
        ("orcaops templates run unit-tests -i python=3.11 -i marker='not slow'", "Its output and its exit code."),
        ("orcaops templates run -d --inputs release.yaml release", "Left to itself."),
    ),
    exits=(
        ("n", "The container's own exit code."),
        ("124", "It ran into its time limit."),
        ("125", "No container was started: wrong usage or inputs, refused, no engine, no image."),
        ("126, 127", "The command may not be executed, or does not exist."),
        ("130, 143", "Ctrl-C or SIGTERM: the job was cancelled. A second one leaves at once."),
        ("2 to 7", "Only with --detach or --dry-run, as for every command; 7: inputs are wrong, all are told."),
    ),
)
@_run_options
@click.pass_obj
def run(session: Session, *, name: str, detach: bool, no_logs: bool, dry_run: bool, **options: Any) -> None:
    """Run a template's job and stay with it, as `orcaops run` does; or its workflow, as `orcaops workflow run` does.

    Inputs are kept with the record: they are no place for secrets.
    """
    given = _inputs(options["inputs"], options["inputs_file"])
    version, key = options["version"], str(options["idempotency_key"])
    if _is_workflow(session, name, version):
        _run_workflow(session, name, {**options, "detach": detach, "dry_run": dry_run})
    if detach or dry_run:
        answer = session.client.run_template(name, given, version=version, idempotency_key=key, dry_run=dry_run)
        if session.out.is_json or dry_run:
            session.out.document(answer)
        else:
            session.out.fact(answer["job_id"])
            for warning in answer["warnings"]:
                session.out.remark(f"orcaops: {warning}")
        return
    from orcaops_mcp.cli.attached import stay_with  # noqa: PLC0415 - only for this

    try:
        job = session.client.run_template(name, given, version=version, idempotency_key=key)
        code = stay_with(session, job, with_log=not no_logs)
    except ClientError as error:
        raise EndedError(error, NOT_STARTED) from error
    raise click.exceptions.Exit(code)


def _is_workflow(session: Session, name: str, version: int | None) -> bool:
    """Whether a template holds one; what is wrong with the name is told when it is run."""
    try:
        return bool(session.client.template(name, version)["kind"] == "workflow")
    except ClientError:
        return False


def _run_workflow(session: Session, name: str, options: dict[str, Any]) -> NoReturn:
    """As `orcaops workflow run --template` does."""
    from orcaops_mcp.cli.workflow.running import run as run_workflow  # noqa: PLC0415 - imports core

    version = options["version"]
    chosen = name if version is None else f"{name}@{version}"
    more = dict.fromkeys(("name", "max_parallel", "priority", "workspace", "backend"))
    given = {"input": options["inputs"], "inputs": options["inputs_file"], "tag": ()}
    raise click.exceptions.Exit(run_workflow(session, None, chosen, {**options, **more, **given}))


def _fields_of(session: Session, path: str) -> Template:
    """What a file describes: a template, or one made of the workflow that it is."""
    from orcaops_mcp.cli.workflow.files import STANDARD_INPUT, read_file  # noqa: PLC0415 - only for this

    file = read_file(path)
    if len(file.content) > _MOST_BYTES:
        raise click.BadParameter(f"{path} is larger than 1 MiB", param_hint="FILE")
    fields = parse_object(path, file.text, _TEMPLATE)
    if "jobs" not in fields or "job" in fields:
        return fields
    from orcaops_mcp.cli.workflow.checking import check, valid  # noqa: PLC0415 - imports core

    spec = valid(session.out, check(file)).check.spec
    name = "" if path == STANDARD_INPUT else file.base
    described = {"description": spec.description} if spec is not None and spec.description else {}
    workflow = {"text": file.text, "file_name": name, "files": file.called}
    return {"name": fields.get("name") or file.base.partition(".")[0], **described, "workflow": workflow}


def _inputs(pairs: tuple[str, ...], path: str | None) -> dict[str, Any]:
    """Values by name; those of a file keep their types, those of the command line are texts for the engine to read."""
    given = read_object(path, "--inputs", _INPUTS) if path else {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not name or not equals:
            raise click.BadParameter(f"{pair!r} is not K=V", param_hint="-i")
        given[name] = value
    return given


def _all_templates(client: Client) -> Iterator[Template]:
    query: dict[str, Any] = {"limit": _PAGE}
    while True:
        page = client.templates(query)
        yield from page["items"]
        if not page["next_cursor"]:
            return
        query["cursor"] = page["next_cursor"]


def _as_written(template: Template) -> Template:
    """The template without what need not be said; a workflow declares its inputs itself."""
    if template["workflow"] is not None:
        fields = {"name": template["name"], "description": template["description"]}
        workflow = {key: value for key, value in template["workflow"].items() if value}
        return {key: value for key, value in fields.items() if value} | {"workflow": workflow}
    inputs = {name: _input_as_written(declared) for name, declared in template["inputs"].items()}
    fields = {"name": template["name"], "description": template["description"], "inputs": inputs}
    return {key: value for key, value in fields.items() if value} | {"job": template["job"]}


def _yaml(value: object) -> str:
    """YAML as people write it: texts of several lines stand as they are."""
    import yaml  # noqa: PLC0415 - only for this

    class Writer(yaml.SafeDumper):
        """Has a way of its own with texts."""

    def text_node(writer: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
        style = "|" if "\n" in text else None
        return writer.represent_scalar("tag:yaml.org,2002:str", text, style)  # pyright: ignore[reportUnknownMemberType] - its stub leaves the value open

    Writer.add_representer(str, text_node)
    return yaml.dump(value, Dumper=Writer, sort_keys=False, allow_unicode=True, width=120)


def _input_as_written(declared: Template) -> Template:
    said = {key: value for key, value in declared.items() if value not in (None, "", [], False)}
    if declared["default"] is not None:
        said["default"] = declared["default"]
    for bound in {"min", "max"} & declared.keys():
        if declared[bound] is not None:
            said[bound] = int(declared[bound]) if float(declared[bound]).is_integer() else declared[bound]
    return said

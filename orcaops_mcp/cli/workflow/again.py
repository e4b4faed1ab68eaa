"""`orcaops workflow rerun` and `resume`: what they take, and what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from orcaops_mcp.cli.command import Command
from orcaops_mcp.cli.job_request import read_object
from orcaops_mcp.cli.output import Column
from orcaops_mcp.cli.workflow.chosen import complete_node, run_argument, run_or_last
from orcaops_mcp.cli.workflow.commands import input_values
from orcaops_mcp.cli.workflow.run import RUN_EXITS

if TYPE_CHECKING:
    from collections.abc import Callable

    from orcaops_mcp.cli.session import Session

Request = dict[str, Any]

_PLAN: Final = (Column("PLAN"), Column("JOB"), Column("WHY", may_shrink=True))
_OUTPUTS: Final = "outputs: fields such as `version: 1.2`"
_FOLLOWED: Final = tuple((code, f"--follow: {text}") for code, text in RUN_EXITS)
_EXITS: Final = (
    ("3", "There is no such run."),
    ("6", "The run has not ended."),
    ("7", "The file of --spec, or an input, is not valid."),
    *_FOLLOWED,
)
_SHARED: Final = (
    click.option("-i", "--input", multiple=True, metavar="NAME=VALUE", help="Another input. Repeatable."),
    click.option("--spec", metavar="FILE", help="Another file: what it leaves as it was is kept."),
    click.option("--skip", multiple=True, metavar="JOB[=FILE]", help="Take a job for done, with the outputs in FILE."),
    click.option("--include-tolerated", is_flag=True, help="Also jobs whose failure was tolerated."),
    click.option("--new-run", is_flag=True, help="As a run of its own instead of a further attempt of this one."),
    click.option("--dry-run", is_flag=True, help="Only say of each job whether it is kept or runs, and why."),
    click.option("-f", "--follow", is_flag=True, help="Stay until it has ended, and exit as it does."),
    click.option("--idempotency-key", metavar="KEY", default="", help="A repeat with this key starts nothing more."),
)


def _shared(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_SHARED):
        command = option(command)
    return command


@click.command(
    "rerun",
    cls=Command,
    examples=(
        ("orcaops workflow rerun @last", "Everything again, in a further attempt of the run."),
        ("orcaops workflow rerun --failed -f @last", "Only what did not succeed; what did is kept."),
        (
            "orcaops workflow rerun --failed --spec ci.yaml 1k4m",
            "With a mended file: what it leaves as it was is kept.",
        ),
        ("orcaops workflow rerun --job 'test[python=3.12]' --only 1k4m", "One variant, and nothing behind it."),
        ("orcaops workflow rerun --from deploy --dry-run 1k4m", "What would run, and why."),
    ),
    exits=_EXITS,
)
@run_argument
@click.option("--failed", is_flag=True, help="Only what failed or did not run, and what waits for it.")
@click.option(
    "-j", "--job", multiple=True, metavar="JOB", shell_complete=complete_node,
    help="Only this job or variant, and what waits for it; repeatable.",
)  # fmt: skip
@click.option("--only", is_flag=True, help="With --job: not what waits for it.")
@click.option(
    "--from", multiple=True, metavar="JOB", shell_complete=complete_node,
    help="From this job on; what it does not wait for is kept where it can be. Repeatable.",
)  # fmt: skip
@_shared
@click.pass_obj
def rerun(session: Session, *, run: str, failed: bool, job: tuple[str, ...], **options: Any) -> None:
    """Run a workflow again: all of it, or a part.

    It is a further attempt of the same run; what the earlier ones left stays. A job is kept if it succeeded, nothing
    that it was made of has changed, and its files are still there; each job says why it is kept or not.
    """
    start: tuple[str, ...] = options.pop("from")
    only = bool(options.pop("only"))
    if failed + bool(job) + bool(start) > 1:
        raise click.UsageError("--failed, --job and --from do not go together.")
    if only and not job:
        raise click.UsageError("--only goes with --job.")
    selection = "failed" if failed else "jobs" if job else "from" if start else "all"
    request: Request = {"selection": selection, "jobs": list(job or start), "only": only}
    _ask(session, run, request, options)


@click.command(
    "resume",
    cls=Command,
    examples=(
        ("orcaops workflow resume", "The newest run again, from where it failed."),
        ("orcaops workflow resume -f --spec ci.yaml 1k4m", "With a mended file, to its end."),
    ),
    exits=_EXITS,
)
@run_or_last
@_shared
@click.pass_obj
def resume(session: Session, *, run: str, **options: Any) -> None:
    """Go on from where a run failed: `rerun --failed`. What succeeded is kept."""
    _ask(session, run, {"selection": "failed", "jobs": [], "only": False}, options)


def _ask(session: Session, run: str, request: Request, options: dict[str, Any]) -> None:
    """Ask for the rerun, and say or show what comes of it."""
    out, client = session.out, session.client.workflows
    request |= {name: options[name] for name in ("include_tolerated", "new_run", "dry_run")}
    request |= {"inputs": input_values(options["input"]), "skip": dict(map(_skipped, options["skip"]))}
    if options["spec"]:
        request |= _file(session, options["spec"])
    workflow_id = client.find(run)
    answer = client.rerun(workflow_id, request, idempotency_key=options["idempotency_key"])
    if options["dry_run"]:
        _show_plan(session, answer["plan"])
        return
    begun: Request = answer["workflow"]
    if options["follow"]:
        from orcaops_mcp.cli.workflow.running import stay_with_run  # noqa: PLC0415 - only for this

        _remark(session, answer["plan"])
        raise click.exceptions.Exit(stay_with_run(session, session.client, str(begun["workflow_id"])))
    if out.is_json:
        out.document(answer)
        return
    _remark(session, answer["plan"])
    out.fact(begun["workflow_id"])


def _show_plan(session: Session, plan: Request) -> None:
    if session.out.is_json:
        session.out.document(plan)
        return
    rows = [("keep" if node["keeps"] else "run", node["node_id"], node["why"]) for node in plan["nodes"]]
    session.out.table(_PLAN, rows)
    if plan["left_out"]:
        session.out.remark(f"and {plan['left_out']} more")
    _remark(session, plan)


def _remark(session: Session, plan: Request) -> None:
    if session.out.has_error_terminal:
        session.out.remark(f"attempt {plan['attempt']}: {plan['kept']} kept, {plan['rerun']} to run")


def _skipped(text: str) -> tuple[str, Request]:
    """A job that is taken for done, and its outputs.

    Raises:
        click.BadParameter: The file cannot be read.
    """
    from pathlib import Path  # noqa: PLC0415 - only for this

    job, sign, path = text.rpartition("=")
    if not sign or job.count("[") != job.count("]"):  # a variant's name holds the sign itself
        return text, {}
    if not Path(path).is_file():
        raise click.BadParameter(f"{path} is no file; give JOB, or JOB=FILE with its outputs", param_hint="--skip")
    return job, {name: _value(value) for name, value in read_object(path, "--skip", _OUTPUTS).items()}


def _value(value: object) -> str:
    """An output is a text."""
    if isinstance(value, str):
        return value
    import json  # noqa: PLC0415 - only for this

    return json.dumps(value, ensure_ascii=False)


def _file(session: Session, path: str) -> Request:
    """The file of ``--spec``, once it has no errors; its inputs are for the engine to look at."""
    from orcaops_mcp.cli.workflow.checking import check, valid  # noqa: PLC0415 - imports core
    from orcaops_mcp.cli.workflow.files import STANDARD_INPUT, read_file  # noqa: PLC0415 - same

    file = read_file(path)
    valid(session.out, check(file))
    return {"spec": file.text, "file_name": "" if path == STANDARD_INPUT else file.base, "files": file.called}

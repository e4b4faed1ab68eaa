"""`orcaops run`: a container job, as `docker run --rm` would run it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import click

from orcaops_mcp.cli.command import Command, OptionalValue
from orcaops_mcp.cli.exits import NOT_STARTED, EndedError
from orcaops_mcp.cli.job_request import job_request
from orcaops_mcp.cli.values import MEMORY, SPAN
from orcaops_mcp.client.errors import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable

    from orcaops_mcp.cli.session import Session

_WHAT: Final = (
    click.argument("words", metavar="IMAGE [--] [COMMAND]…", nargs=-1, type=click.UNPROCESSED),
    click.option("--spec", metavar="FILE", help="A job's description in YAML or JSON; - reads standard input."),
    click.option("--runtime", metavar="NAME", help="Instead of IMAGE: python3.12, node22, bash …; with --entry."),
    click.option("--entry", metavar="FILE", help="File for --runtime to run, sent along; the words are its arguments."),
    click.option("-e", "--env", multiple=True, metavar="K[=V]", help="Set a variable; without =V, to your own value."),
    click.option("--env-file", multiple=True, metavar="FILE", help="Variables from a file, K=V a line."),
    click.option("--secret", multiple=True, metavar="NAME", help="A secret of the engine's, as a variable."),
    click.option(
        "--service",
        multiple=True,
        metavar="[ID=]IMAGE",
        help="A container beside the job, up before it and reached as ID. Repeatable; more of it goes into --spec.",
    ),
    click.option("-v", "--volume", multiple=True, metavar="SRC:DST[:rw]", help="Mount a folder, read-only unless :rw."),
    click.option("-w", "--workdir", metavar="DIR", help="Working directory in the container."),
    click.option("-u", "--user", metavar="USER", help="User in the container."),
    click.option(
        "--workspace",
        cls=OptionalValue,
        bare=".",
        takes_folder=True,
        metavar="[DIR]",
        help="Send a folder into the working directory, without what .gitignore and .dockerignore name.",
    ),
)
_HOW: Final = (
    click.option("--name", metavar="NAME", help="A name to find the job by."),
    click.option("--tag", "--label", "tag", multiple=True, metavar="TAG", help="A tag; K=V means K:V. Repeatable."),
    click.option("--timeout", type=SPAN, metavar="SPAN", help="Time limit, such as 90s or 10m."),
    click.option("--cpus", type=click.FloatRange(min=0, min_open=True), metavar="N", help="CPU limit in cores."),
    click.option("-m", "--memory", type=MEMORY, metavar="SIZE", help="Memory limit, such as 512m or 2g."),
    click.option("--gpus", type=click.IntRange(0), metavar="N", help="GPUs to reserve."),
    click.option(
        "--network",
        type=click.Choice(("none", "services", "bridge", "default")),
        help="none cuts it off, services leaves it those [the profile's: bridge].",
    ),
    click.option(
        "--profile",
        type=click.Choice(("strict", "standard", "trusted")),
        help="How tightly it is held [the policy's default].",
    ),
    click.option("--read-only", is_flag=True, help="Nothing but the working directory and tmpfs can be written."),
    click.option("--tmpfs", multiple=True, metavar="PATH[:SIZE[:exec]]", help="A folder in memory. Repeatable."),
    click.option("--cap-add", multiple=True, metavar="NAME", help="A capability, with --profile trusted. Repeatable."),
    click.option("--disk", type=MEMORY, metavar="SIZE", help="What it may write into its container, such as 10g."),
    click.option("--retries", type=click.IntRange(0, 10), metavar="N", help="Further attempts after a failure."),
    click.option("--priority", type=click.IntRange(-100, 100), metavar="N", help="Higher starts earlier."),
    click.option("--artifact", multiple=True, metavar="GLOB", help="Files to keep. Repeatable."),
    click.option("--out", "folder", metavar="DIR", help="Fetch the kept files into this folder at the end."),
    click.option("-d", "--detach", is_flag=True, help="Only submit it, and print its id."),
    click.option("--no-logs", is_flag=True, help="Stay, but do not show what it prints."),
    click.option("--dry-run", is_flag=True, help="Only check it, and show what would run."),
    click.option("--idempotency-key", metavar="KEY", default="", help="A repeat with this key starts nothing more."),
    click.option("--rm", is_flag=True, hidden=True, help="Containers are always removed."),
)


def _options(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed((*_WHAT, *_HOW)):
        command = option(command)
    return command


@click.command(
    "run",
    cls=Command,
    context_settings={"allow_interspersed_args": False},
    usage_exit=NOT_STARTED,
    examples=(
        ("orcaops run alpine echo hello", "Prints hello, and exits as echo does."),
        ("orcaops run --workspace . python:3.12-slim python -m pytest", "This folder's tests in a container."),
        ("orcaops run --service postgres:16 --service cache=redis:7 my/app make test", "With a database and a cache."),
        ("orcaops run -d --name nightly --timeout 2h --artifact 'dist/**' node:22-slim npm test", "Left to itself."),
        ("orcaops run --runtime python3.12 --entry main.py -- --fast", "A file of yours with a runtime."),
    ),
    exits=(
        ("n", "The container's own exit code."),
        ("124", "It ran into its time limit."),
        ("125", "No container was started: wrong usage, refused, no engine, no image."),
        ("126, 127", "The command may not be executed, or does not exist."),
        ("130, 143", "Ctrl-C or SIGTERM: the job was cancelled. A second one leaves at once."),
        ("2 to 7", "Only with --detach or --dry-run, as for every command."),
    ),
)
@_options
@click.pass_obj
def command(session: Session, *, words: tuple[str, ...], **options: Any) -> None:
    """Run a container job and stay with it, like `docker run --rm`.

    Options end at IMAGE. The job's output comes on standard output and standard error, as it wrote it. The job belongs
    to the engine: it goes on when this command or the engine is killed.
    """
    if options["detach"] and options["folder"]:
        raise click.UsageError("--out needs the end of the job: it does not go with --detach.")
    if options["detach"] or options["dry_run"]:
        _submit_only(session, words, options)
        return
    try:
        code = _attached(session, words, options)
    except ClientError as error:
        raise EndedError(error, NOT_STARTED) from error
    raise click.exceptions.Exit(code)


def _submit_only(session: Session, words: tuple[str, ...], options: dict[str, Any]) -> None:
    request = job_request(session.client, words, options)
    key, dry_run = str(options["idempotency_key"]), bool(options["dry_run"])
    answer = session.client.submit(request, idempotency_key=key, dry_run=dry_run)
    if session.out.is_json or dry_run:
        session.out.document(answer)
    else:
        session.out.fact(answer["job_id"])
        for warning in answer["warnings"]:
            session.out.remark(f"orcaops: {warning}")


def _attached(session: Session, words: tuple[str, ...], options: dict[str, Any]) -> int:
    from orcaops_mcp.cli.attached import stay_with  # noqa: PLC0415 - only for this

    request = job_request(session.client, words, options)
    job = session.client.submit(request, idempotency_key=str(options["idempotency_key"]))
    code = stay_with(session, job, with_log=not options["no_logs"])
    if options["folder"]:
        from orcaops_mcp.client.files import save_artifact  # noqa: PLC0415 - only for this

        for item in session.client.artifacts(job["job_id"]):
            if item["state"] == "kept":
                session.out.detail(str(save_artifact(session.client, job["job_id"], item, options["folder"])))
            else:
                session.out.remark(f"orcaops: {item['path']}: {item['state']}, {item['note']}")
    return code

"""`orcaops jobs status`, `why` and `events`: what is known of a job."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import click

from orcaops_mcp.cli.command import Command
from orcaops_mcp.cli.exits import judged
from orcaops_mcp.cli.jobs.chosen import job_argument
from orcaops_mcp.cli.output import Column, StatusCell
from orcaops_mcp.cli.text import shown, size_text, span_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orcaops_mcp.cli.output import Output
    from orcaops_mcp.cli.session import Session

Job = dict[str, Any]

EXIT_STATUS: Final = (
    ("0", "The job succeeded."),
    ("1", "It failed, or has not ended."),
    ("124", "It ran into its time limit."),
    ("130", "It was cancelled."),
)
_STEPS: Final = (Column("STEP"), Column("TITLE", may_shrink=True), Column("EXIT", is_number=True), Column("DURATION"))

_SERVICES: Final = (
    Column("SERVICE"),
    Column("ID"),
    Column("IMAGE", may_shrink=True),
    Column("EXIT", is_number=True),
    Column("READY AFTER"),
    Column("MESSAGE", may_shrink=True),
)


@click.command(
    "status",
    cls=Command,
    examples=(
        ("orcaops jobs status @last", "Everything about the newest job."),
        ("orcaops jobs status --exit-status 1k4m", "For a script: the exit code says how the job ended."),
    ),
    exits=(("3", "There is no such job."), *((f"{code}", f"--exit-status: {text}") for code, text in EXIT_STATUS)),
)
@job_argument
@click.option("--exit-status", is_flag=True, help="Exit as the job did: 0, 1, 124 or 130.")
@click.pass_obj
def status(session: Session, *, job: str, exit_status: bool) -> None:
    """Everything about a job."""
    found = session.client.job(session.client.find_job(job))
    if session.out.is_json:
        session.out.document(found)
    else:
        show_job(session.out, found)
    if exit_status:
        raise click.exceptions.Exit(judged(found))


@click.command(
    "why",
    cls=Command,
    examples=(
        ("orcaops jobs why @last", "What broke the newest job, and the lines that say so."),
        ("orcaops jobs why --json 1k4m", "The same for a program."),
    ),
)
@job_argument
@click.option("--max-bytes", type=click.IntRange(256, 65_536), help="Most of the log to show [8192].")
@click.pass_obj
def why(session: Session, *, job: str, max_bytes: int | None) -> None:
    """Why a job failed: the cause and the lines that matter."""
    out, client = session.out, session.client
    digest = client.failure(client.find_job(job), max_bytes=max_bytes)
    if out.is_json:
        out.document(digest)
        return
    out.text(f"{out.status(digest['status'])}  {shown(digest['job_id'])}")
    for line in digest_lines(digest):
        out.text(line)


@click.command(
    "events",
    cls=Command,
    examples=(
        ("orcaops jobs events @last", "Who submitted the newest job, when it started and ended."),
        ("orcaops jobs events --json 1k4m", "The same, an object a line."),
    ),
)
@job_argument
@click.option("-f", "--follow", is_flag=True, help="Go on until the job has ended.")
@click.pass_obj
def events(session: Session, *, job: str, follow: bool) -> None:
    """What happened to a job, and who did it."""
    out, client = session.out, session.client
    job_id = client.find_job(job)
    told, version = 0, None
    while True:
        record = client.wait(job_id, timeout_s=25, since_version=version)["job"] if version else client.job(job_id)
        trail = client.history(job_id)
        for event in trail[told:]:
            _show_event(out, event)
        told, version = len(trail), record["version"]
        out.flush()
        if not follow or record["finished_at"]:
            return


def show_job(out: Output, job: Job) -> None:
    """Print a job for a person: facts, steps, failure, artifacts."""
    if out.has_terminal:
        out.text(f"{out.status(job['status'])}  {shown(job['job_id'])}")
    else:
        out.text(f"status\t{shown(job['status'])}\njob_id\t{shown(job['job_id'])}")
    for name, value in _facts(job):
        out.text(f"{name:<10}{shown(value)}" if out.has_terminal else f"{name}\t{shown(value)}")
    if job["steps"]:
        out.text("")
        out.table(_STEPS, [_step_cells(step) for step in job["steps"]])
    for step in job["steps"]:
        for line in (step["summary"] or "").splitlines():
            out.text(shown(line))
    show_services(out, job["services"])
    failure = job["failure"]
    if failure:
        out.text("")
        out.fact(f"{failure['kind']}: {failure['message']}")
        if failure.get("hint"):
            out.fact(f"hint: {failure['hint']}")
        if out.has_error_terminal:
            out.remark(f"`orcaops jobs why {job['job_id']}` shows the lines that matter.")


def show_services(out: Output, services: list[Job]) -> None:
    """Print what became of the containers beside a job, or beside all jobs of a run."""
    if services:
        out.text("")
        out.table(_SERVICES, [_service_cells(service) for service in services])


def duration_of(job: Job) -> float | None:
    """Seconds from the start to the end; None before."""
    if not job["started_at"] or not job["finished_at"]:
        return None
    return (datetime.fromisoformat(job["finished_at"]) - datetime.fromisoformat(job["started_at"])).total_seconds()


def _facts(job: Job) -> Iterator[tuple[str, object]]:
    usage: Job = job["usage"] or {}
    use: Job = job["template"] or {}
    place: Job = job["queue"] or {}
    place_of: Job = job["workflow"] or {}
    facts = {
        "name": job["name"],
        "image": job["image"],
        "by": job["submitted_by"],
        "tags": ", ".join(job["tags"]),
        "exit code": job["exit_code"],
        "waits": f"{place['position']}. in the line: {place['reason']}" if place else None,
        "now": job["progress"],
        "created": job["created_at"],
        "started": job["started_at"],
        "finished": job["finished_at"],
        "duration": span_text(duration_of(job)),
        "attempt": job["attempt"] if job["attempt"] > 1 else None,
        "cpu": span_text(usage.get("cpu_seconds")),
        "memory": size_text(usage.get("peak_memory_bytes")),
        "rerun of": job["rerun_of"],
        "template": f"{use['name']} version {use['version']}" if use else None,
        "workflow": f"{place_of['id']}/{place_of['node']}" if place_of else None,
        "container": job["cleanup"],
    }
    yield from ((name, value) for name, value in facts.items() if value not in (None, ""))
    yield from (("output", f"{name}={value}") for name, value in job["outputs"].items())
    yield from (("warning", text) for text in job["warnings"])
    yield from (("artifact", _artifact_text(item)) for item in job["artifacts"])


def _artifact_text(item: Job) -> str:
    if item["state"] == "kept":
        return f"{item['path']} ({size_text(item['size'])})"
    return f"{item['path']}: {item['state']}, {item['note'] or 'no reason given'}"


def _service_cells(service: Job) -> list[object]:
    return [
        StatusCell(service["status"]),
        service["id"],
        service["image"],
        service["exit_code"],
        span_text(service["ready_after_s"]),
        service["message"],
    ]


def _step_cells(step: Job) -> list[object]:
    began, ended = step["started_at"], step["finished_at"]
    took = (datetime.fromisoformat(ended) - datetime.fromisoformat(began)).total_seconds() if began and ended else None
    return [StatusCell(step["status"]), f"{step['title']}{_step_remark(step)}", step["exit_code"], span_text(took)]


def _step_remark(step: Job) -> str:
    """What is not as usual about a step."""
    remarks = [
        "failure tolerated" if step["status"] == "success" and step["outcome"] == "failure" else "",
        f"{step['attempts']} tries" if step["attempts"] > 1 else "",
        step["reason"] or "",
    ]
    said = "; ".join(filter(None, remarks))
    return f" ({said})" if said else ""


def _show_event(out: Output, event: Job) -> None:
    if out.is_json:
        out.event(event)
        return
    moved = (
        f"{event['before'] or '-'} → {event['after']}" if out.has_glyphs else f"{event['before']} > {event['after']}"
    )
    line = (event["at"], event["event"] or "submit", moved, f"by {event['by']}", event["why"] or "")
    out.text("  ".join(map(shown, line)) if out.has_terminal else "\t".join(map(shown, line)))


def digest_lines(digest: Job) -> Iterator[str]:
    """Why a job failed: the cause, the lines of the log that matter, what to do; fit for a terminal."""
    failure: Job = digest.get("failure") or {}
    cause: Job = digest.get("cause") or {}
    if not failure:
        yield f"The job has not failed: it is {shown(digest['status'])}."
    if failure:
        yield shown(f"{failure['kind']}: {failure['message']}")
    if cause:
        yield shown(f"cause: {cause['headline']}")
        if cause.get("file"):
            yield shown(f"at: {cause['file']}" + (f":{cause['line']}" if cause.get("line") else ""))
    yield from (shown(f"failed test: {test}") for test in digest["failed_tests"])
    yield from _excerpt_lines(digest)
    for service in digest["services"]:
        yield shown(f"service {service['id']}: {service['message']}")
        if service["status"] != "failed":  # the end of its log is what the excerpts show
            yield from (f"        {shown(line)}" for line in service["last_lines"])
    suggestions = digest["suggestions"] or ([failure["hint"]] if failure.get("hint") else [])
    yield from (shown(f"hint: {text}") for text in suggestions)


def _excerpt_lines(digest: Job) -> Iterator[str]:
    for excerpt in digest["excerpts"]:
        yield ""
        for number, line in enumerate(excerpt["lines"], start=excerpt["first_line"]):
            yield f"{number:>6}  {shown(line)}"
    if digest["excerpts"]:
        yield ""

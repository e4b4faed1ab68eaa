"""`orcaops jobs watch`: stay with a job until it ends."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import click

from orcaops_mcp.cli.command import Command
from orcaops_mcp.cli.exits import judged
from orcaops_mcp.cli.jobs.chosen import job_argument
from orcaops_mcp.cli.jobs.status import EXIT_STATUS, duration_of
from orcaops_mcp.cli.screen import Screen, ScreenLine
from orcaops_mcp.cli.text import shown, span_text
from orcaops_mcp.cli.values import SPAN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orcaops_mcp.cli.output import Output
    from orcaops_mcp.cli.session import Session
    from orcaops_mcp.client.client import Client

Job = dict[str, Any]

_TROUBLE: Final = frozenset({"failed", "timed_out", "cancelled"})
_UNWATCHED_S: Final = 25.0


@click.command(
    "watch",
    cls=Command,
    examples=(
        ("orcaops jobs watch @last", "Stay with the newest job, step by step."),
        ("orcaops jobs watch --exit-status 1k4m && deploy", "Go on only if it succeeds."),
    ),
    exits=tuple((code, f"--exit-status: {text}") for code, text in EXIT_STATUS),
)
@job_argument
@click.option("--exit-status", is_flag=True, help="Exit as the job did: 0, 1, 124 or 130.")
@click.option(
    "--compact/--full", default=True, help="Leave out steps that are done or wait, where there are many [on]."
)
@click.option("--interval", type=SPAN, default="1s", show_default=True, metavar="SPAN", help="How often to look again.")
@click.pass_obj
def command(session: Session, *, job: str, exit_status: bool, compact: bool, interval: float) -> None:
    """Stay with a job until it ends; leaving changes nothing about it."""
    out, client = session.out, session.client
    job_id = client.find_job(job)
    if out.is_json:
        found = _each_change(client, job_id, out.event)
    elif out.has_terminal:
        found = _live(client, job_id, _Picture(out, compact=compact), max(0.1, min(interval, _UNWATCHED_S)))
    else:
        teller = _Teller(out)
        found = _each_change(client, job_id, teller.tell)
    if exit_status:
        raise click.exceptions.Exit(judged(found))


def _each_change(client: Client, job_id: str, tell: Any) -> Job:
    job = client.job(job_id)
    tell(job)
    while not job["finished_at"]:
        later = client.wait(job_id, timeout_s=_UNWATCHED_S, since_version=job["version"])["job"]
        if later["version"] != job["version"]:
            tell(later)
        job = later
    return job


def _live(client: Client, job_id: str, picture: _Picture, interval: float) -> Job:
    job = client.job(job_id)
    while True:
        picture.draw(job)
        if job["finished_at"]:
            return job
        job = client.wait(job_id, timeout_s=interval, since_version=job["version"])["job"]


class _Teller:
    """Tells each change on a line of its own, for a log.

    Args:
        out: Where to.
    """

    def __init__(self, out: Output) -> None:
        self._out = out
        self._told: set[tuple[object, ...]] = set()

    def tell(self, job: Job) -> None:
        """Say what has not been said of the job yet."""
        for step in job["steps"]:
            if step["status"] not in {"pending", "skipped"}:
                self._once(f"step {step['index'] + 1}", step["status"], step["title"])
        failure: Job = job["failure"] or {}
        self._once(job["job_id"], job["status"], failure.get("message", ""))
        self._out.flush()

    def _once(self, *cells: object) -> None:
        if cells not in self._told:
            self._told.add(cells)
            at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
            self._out.text("\t".join([at, *map(shown, cells)]).rstrip("\t"))


class _Picture:
    """A job as it is drawn, never higher than the terminal.

    Args:
        out: Where to.
        compact: Whether steps that are done well or wait are left out first.
    """

    def __init__(self, out: Output, *, compact: bool) -> None:
        self._screen = Screen(out)
        self._compact = compact

    def draw(self, job: Job) -> None:
        """Put the job's present state in the place of the last one."""
        room = max(1, self._screen.room - 3)
        self._screen.draw([self._head(job), *self._steps(job, room), *self._foot(job)])

    def _head(self, job: Job) -> ScreenLine:
        name = shown(job["name"] or job["image"])
        text = "  ".join((name, f"{job['job_id']} · {_elapsed(job)} · by {shown(job['submitted_by'])}"))
        return ScreenLine(job["status"], text)

    def _steps(self, job: Job, room: int) -> Iterator[ScreenLine]:
        steps: list[Job] = job["steps"]
        chosen = steps
        if len(steps) > room or (self._compact and len(steps) > 8):
            chosen = [step for step in steps if step["status"] in _TROUBLE | {"running"}]
        chosen = chosen[-room:]
        width = min(40, max((len(step["title"]) for step in chosen), default=0))
        for step in chosen:
            text = f"{shown(step['title'])[:width]:<{width}}  {_step_text(step)}".rstrip()
            yield ScreenLine(step["status"], text)
        if len(chosen) < len(steps):
            done = sum(step["status"] == "success" for step in steps)
            yield ScreenLine("", f"{done} of {len(steps)} steps done")

    def _foot(self, job: Job) -> Iterator[ScreenLine]:
        place: Job = job["queue"] or {}
        if not job["finished_at"]:
            text = job["progress"] or (f"waits: {place['reason']}" if place.get("reason") else "")
            if text:
                yield ScreenLine("", shown(text))
            return
        failure: Job = job["failure"] or {}
        if failure:
            yield ScreenLine("", shown(failure["message"]))
        code = "" if job["exit_code"] is None else f", exit code {job['exit_code']}"
        yield ScreenLine("", f"{job['status']}{code}; `orcaops jobs logs {job['job_id']}`")


def _elapsed(job: Job) -> str:
    took = duration_of(job)
    if took is None:
        began = datetime.fromisoformat(job["started_at"] or job["created_at"])
        took = max(0.0, (datetime.now(UTC) - began).total_seconds())
        return f"{'ran' if job['finished_at'] else 'runs' if job['started_at'] else 'waits'} {span_text(took)}"
    return span_text(took)


def _step_text(step: Job) -> str:
    began, ended = step["started_at"], step["finished_at"]
    if not began:
        return ""
    last = datetime.fromisoformat(ended) if ended else datetime.now(UTC)
    took = span_text(max(0.0, (last - datetime.fromisoformat(began)).total_seconds()))
    code = step["exit_code"]
    return f"exit {code} after {took}" if code else took

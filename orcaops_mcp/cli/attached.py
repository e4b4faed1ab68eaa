"""Staying with a job: its log, its progress, Ctrl-C, its end."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from orcaops_mcp.cli.exits import INTERRUPTED, TERMINATED, as_docker_run
from orcaops_mcp.cli.log_stream import LogPrinter, follow_job
from orcaops_mcp.cli.text import shown, span_text
from orcaops_mcp.client.errors import ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from types import FrameType

    from orcaops_mcp.cli.output import Output
    from orcaops_mcp.cli.session import Session
    from orcaops_mcp.client.client import Client

Job = dict[str, Any]

_BEAT_S: Final = 0.25
"""How often the progress of a pull is looked at, where somebody sees it."""

_TOLD_BY_ITSELF: Final = frozenset({"exit"})
"""Causes of which the container's own output and exit code say enough."""


def stay_with(session: Session, job: Job, *, with_log: bool = True) -> int:
    """Show what a job prints until it has ended, and return the exit code `docker run` would have.

    The first Ctrl-C cancels the job, the second leaves at once.

    Args:
        session: The call.
        job: The job's record.
        with_log: Whether its output is shown.
    """
    out, client, job_id = session.out, session.client, str(job["job_id"])
    if out.is_json:
        out.event({"type": "state", "job_id": job_id, "status": job["status"]})
    else:
        out.detail(f"{job_id} {job['status']}")
    stop = partial(client.cancel, job_id, reason="interrupted")
    with cancelling(stop, job_id, f"orcaops jobs status {job_id}", out.remark_at_once) as interrupts:
        if out.has_error_terminal and not out.is_quiet and not out.is_json:
            _show_progress(out, client, job)
        if with_log:
            printer = LogPrinter(out)
            steps = job["spec"]["commands"]
            printer.steps = tuple(str(step["name"] or step["run"].strip().splitlines()[0]) for step in steps)
            if not out.has_error_terminal and not out.is_verbose:
                printer.steps = ()
            follow_job(client, job_id, {}, printer)
        job = client.job(job_id)
        while not job["finished_at"]:
            job = client.wait(job_id, timeout_s=25, since_version=job["version"])["job"]
    tell_end(out, job)
    return interrupts[0] if interrupts and job["status"] == "cancelled" else as_docker_run(job)


def tell_end(out: Output, job: Job) -> None:
    """Say how a job ended: to a person always, to a script only what its exit code cannot say."""
    if out.is_json:
        out.event({"type": "result", **job})
        return
    sys.stdout.flush()
    failure: Job = job["failure"] or {}
    told = failure.get("kind") in _TOLD_BY_ITSELF or not failure
    if out.has_error_terminal or out.is_verbose:
        code = "" if job["exit_code"] is None else f" · exit {job['exit_code']}"
        line = f"{out.status(job['status'], on_error=True)}  {shown(job['job_id'])}{code}{_took(job)}"
        if not out.is_quiet:
            sys.stderr.write(f"{line}\n")
    if not told:
        sys.stderr.write(f"orcaops: {shown(failure['message'])}\n")
        if failure.get("hint"):
            sys.stderr.write(f"  hint: {shown(failure['hint'])}\n")
    for warning in job["warnings"]:
        out.remark(f"orcaops: {warning}")
    sys.stderr.flush()


@contextmanager
def cancelling(cancel: Callable[[], object], name: str, look: str, tell: Callable[[str], None]) -> Generator[list[int]]:
    """Make the first Ctrl-C or SIGTERM cancel something, and the second one leave at once.

    The connection that reads the log is left alone by the first: what is printed while it ends is still shown.

    Args:
        cancel: Asks for the cancelling.
        name: What is cancelled.
        look: The command that says how it goes on.
        tell: Where it is said that the first one was heard; it may not use a stream's buffer.

    Yields:
        The exit codes of the signals that came.
    """
    came: list[int] = []

    def interrupted(number: int, _: FrameType | None) -> None:
        came.append(INTERRUPTED if number == signal.SIGINT else TERMINATED)
        if len(came) > 1:
            _say(f"orcaops: left; `{look}` says how it goes on")
            raise SystemExit(came[-1])
        tell(f"cancelling {name}; once more leaves it alone")
        try:
            cancel()
        except ClientError as error:
            _say(f"orcaops: not cancelled: {shown(error.message)}")
            raise SystemExit(came[-1]) from None

    if threading.current_thread() is not threading.main_thread():  # only the main thread may set what signals do
        yield came
        return
    before = {number: signal.signal(number, interrupted) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield came
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)


def _say(text: str) -> None:
    """A line on standard error, past its buffer: the signal may have come while that was written to."""
    os.write(sys.stderr.fileno(), f"{text}\n".encode(sys.stderr.encoding or "ascii", "replace"))


def _show_progress(out: Output, client: Client, job: Job) -> None:
    """On one line that overwrites itself, until the container has started."""
    last = ""
    while not job["started_at"] and not job["finished_at"]:
        place: Job = job["queue"] or {}
        text = job["progress"] or (f"waits: {place['reason']}" if place.get("reason") else "")
        if text != last:
            width = max(20, _columns() - 1)
            sys.stderr.write(f"\r\x1b[K{out.paint(shown(text)[:width], '2', on_error=True)}")
            sys.stderr.flush()
            last = text
        job = client.wait(job["job_id"], timeout_s=_BEAT_S, since_version=job["version"])["job"]
    if last:
        sys.stderr.write("\r\x1b[K")
        sys.stderr.flush()


def _columns() -> int:
    import shutil  # noqa: PLC0415 - only for a terminal

    return shutil.get_terminal_size().columns


def _took(job: Job) -> str:
    from orcaops_mcp.cli.jobs.status import duration_of  # noqa: PLC0415 - only for a person

    seconds = duration_of(job)
    return "" if seconds is None else f" · {span_text(seconds)}"

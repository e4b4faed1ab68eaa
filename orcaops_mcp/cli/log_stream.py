"""A job's log as it grows, from the engine to the two outputs, over any number of lost connections."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Any, Final, TextIO

from orcaops_mcp.cli.text import log_line
from orcaops_mcp.client.errors import UNREACHABLE, ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from orcaops_mcp.cli.output import Output
    from orcaops_mcp.client.client import Client
    from orcaops_mcp.client.events import ServerEvent

Line = dict[str, Any]

_PATIENCE: Final = 8
"""How often a lost stream is taken up again before the first line that comes of it."""


class LogPrinter:
    """Prints lines of a log in the form that fits who reads them.

    Args:
        out: Where to.
        timestamps: Whether each line begins with its time.
        raw: Whether a terminal gets everything too.
        apart: Whether what the container wrote to standard error goes there.
    """

    def __init__(self, out: Output, *, timestamps: bool = False, raw: bool = False, apart: bool = True) -> None:
        self._out = out
        self._timestamps = timestamps
        self._raw = raw
        self._apart = apart
        self.lead: Callable[[Line], str] | None = None
        """What stands before a line, such as whose it is; nothing if None."""
        self.steps: tuple[str, ...] = ()
        """Titles of the job's steps, told when they begin; empty tells none."""
        self._step: int | None = None

    def print(self, events: Iterable[tuple[str, Line]]) -> None:
        """Print lines and send them out.

        Args:
            events: Each a kind (``log``, ``gap``, ``attempt``) and what is in it.
        """
        for kind, line in events:
            if self._out.is_json:
                self._out.text(json.dumps({"type": kind, **line}, ensure_ascii=False, separators=(",", ":")))
            elif kind == "attempt":
                self._step = None
                self._out.remark(f"attempt {line['attempt']}")
            else:
                self._line(kind, line)
        sys.stdout.flush()
        sys.stderr.flush()

    def _line(self, kind: str, line: Line) -> None:
        self._tell_step(line.get("step"))
        ours = kind == "gap" or line["stream"] == "engine"
        to_error = self._apart and (ours or line["stream"] == "stderr")
        text = str(line["text"])
        if self._out.has_error_terminal if to_error else self._out.has_terminal:
            if not self._raw:
                text = log_line(text, colours=self._out.has_error_colours if to_error else self._out.has_colours)
            if ours:
                text = self._out.paint(text, "2", on_error=to_error)
        if self.lead is not None:
            text = f"{self.lead(line)}{text}"
        if self._timestamps:
            text = f"{line['ts']} {text}"
        _write(sys.stderr if to_error else sys.stdout, text)

    def _tell_step(self, step: int | None) -> None:
        if step is not None and step != self._step and step < len(self.steps):
            self._step = step
            title = f"step {step + 1} of {len(self.steps)}: {self.steps[step]}"
            sys.stdout.flush()
            self._out.remark(f"— {title}" if self._out.has_error_glyphs else f"-- {title}")


def follow_job(client: Client, job_id: str, query: dict[str, Any], printer: LogPrinter) -> Line:
    """Print a job's log until the job has ended, and return what the end said of it.

    Args:
        client: The engine.
        job_id: The job.
        query: What of the log is wanted.
        printer: Where it goes.

    Raises:
        ClientError: The engine refused, or stays away.
    """
    return follow_log(lambda last_id: client.follow(job_id, query, last_id=last_id), printer)


def follow_log(listen: Callable[[str], Iterator[list[ServerEvent]]], printer: LogPrinter) -> Line:
    """Print a log until it ends, and return what the end said.

    A connection that is lost is made again, with an engine that has to be started if need be, and the log goes on
    where it was left.

    Args:
        listen: Opens the log's stream behind the event of this id; at its beginning if that is empty.
        printer: Where it goes.

    Raises:
        ClientError: The engine refused, or stays away.
    """
    last_id, failures = "", 0
    while True:
        try:
            for batch in listen(last_id):
                events = [(event.kind, json.loads(event.data)) for event in batch]
                printer.print((kind, line) for kind, line in events if kind in {"log", "gap", "attempt"})
                last_id, failures = batch[-1].last_id or last_id, 0
                for kind, said in events:
                    if kind == "end":
                        return said
        except ClientError as error:
            if error.code != UNREACHABLE or failures >= _PATIENCE:
                raise
        failures += 1
        if failures > _PATIENCE:
            raise ClientError(UNREACHABLE, "The log's stream ends again and again.", hint="Look at the engine's log.")
        time.sleep(min(2.0, 0.1 * 2**failures))


def _write(stream: TextIO, text: str) -> None:
    try:
        stream.write(f"{text}\n")
    except UnicodeEncodeError:
        encoding = stream.encoding or "ascii"
        stream.write(f"{text}\n".encode(encoding, "replace").decode(encoding))

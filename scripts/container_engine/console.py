"""What a person sees: progress on stderr, and one kind of failure."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ("CannotContinueError", "say", "step")


class CannotContinueError(Exception):
    """The machine lacks something that this script cannot give it; the message says what to do."""


def say(line: str) -> None:
    """Print one line of progress."""
    print(line, file=sys.stderr, flush=True)


_unfinished: list[str] = []


@contextmanager
def step(label: str) -> Generator[None]:
    """Print `label … 17 s` around something that takes a while; a step within a step gets a line of its own."""
    started = time.monotonic()
    if _unfinished:
        say("")
    _unfinished[:] = [label]
    print(f"{label} … ", end="", file=sys.stderr, flush=True)
    outcome = "failed after "
    try:
        yield
        outcome = ""
    finally:
        prefix = "" if _unfinished == [label] else f"{label} … "
        _unfinished.clear()
        say(f"{prefix}{outcome}{_spell(time.monotonic() - started)}")


def _spell(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 9.95 else f"{seconds:.0f} s"  # one digit is enough from ten seconds on

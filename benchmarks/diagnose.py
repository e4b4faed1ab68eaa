"""How fast a log is searched for the cause of a failure, beside the floor of iterating and splitting the same text."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from core.logs.diagnose import find_cause
from core.records.log import LogLine

if TYPE_CHECKING:
    from collections.abc import Iterator

LINES = 100_000
ROUNDS = 3
_AT = datetime(2026, 1, 2, tzinfo=UTC)
_CALM = "2026-01-02 03:04:05 INFO request {} handled in 12 ms by worker 3, status 200"
_ERROR = "2026-01-02 03:04:05 ERROR request {} failed: Connection refused by db:5432"
_TRACEBACK = (
    "Traceback (most recent call last):",
    '  File "/app/app.py", line 2, in divide',
    "    return a / b",
    "ZeroDivisionError: division by zero",
)


def log(name: str) -> str:
    """A log of `LINES` lines that ends in a traceback."""
    every = {"calm": LINES, "an error every 20 lines": 20, "nothing but errors": 1}[name]
    lines = [(_ERROR if number % every == every - 1 else _CALM).format(number) for number in range(LINES)]
    return "\n".join((*lines[: -len(_TRACEBACK)], *_TRACEBACK))


def lines_of(text: str) -> Iterator[LogLine]:
    """The text as a log's lines."""
    for number, line in enumerate(text.split("\n"), 1):
        yield LogLine(number, _AT, "stdout", None, line)


def floor(text: str) -> None:
    """What any reader pays: splitting the text and making its lines."""
    for _ in lines_of(text):
        pass


def search(text: str) -> None:
    """What is measured."""
    cause = find_cause(lines_of(text), exit_code=1).cause
    assert cause is not None
    assert cause.headline == "ZeroDivisionError: division by zero at /app/app.py:2 in divide"


def main() -> None:
    """Measure and print both rates for each log, the best of three rounds each."""
    for name in ("calm", "an error every 20 lines", "nothing but errors"):
        text = log(name)
        size = len(text) / 1e6
        seconds: dict[str, float] = {}
        for call in (floor, search):
            spans: list[float] = []
            for _ in range(ROUNDS):
                began = time.process_time()
                call(text)
                spans.append(time.process_time() - began)
            seconds[call.__name__] = min(spans)
        print(
            f"{name:24} {size:4.1f} MB: search {size / seconds['search']:6.1f} MB/s ({seconds['search']:.2f} s), "
            f"floor {size / seconds['floor']:6.1f} MB/s, {seconds['search'] / seconds['floor']:.1f} times the floor"
        )


if __name__ == "__main__":
    main()

"""What runs in the demo home: jobs as a small team and its agents would run them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Kind:
    """Jobs of one name.

    Attributes:
        name: Of the jobs.
        image: They run in.
        steps: Shell texts.
        seconds: How long one takes, in the middle.
        share: How many there are, beside the others.
        failing: Of a thousand, how many fail.
        tags: To find them by.
        memory_mb: What one uses at most, in the middle.
    """

    name: str
    image: str
    steps: tuple[str, ...]
    seconds: float
    share: int
    failing: int
    tags: tuple[str, ...] = ()
    memory_mb: int = 180


KINDS: Final = (
    Kind("pytest-unit", "python:3.12-slim", ("pip install -e .", "pytest -q"), 42, 24, 150, ("tests",), 310),
    Kind("lint", "python:3.12-slim", ("ruff check .", "ruff format --check ."), 9, 18, 90, ("checks",), 90),
    Kind("docs-build", "node:22-alpine", ("npm ci", "npm run docs"), 64, 8, 60, ("docs",), 420),
    Kind("build-image", "alpine:3.20", ("./build.sh",), 118, 10, 80, ("release",), 640),
    Kind(
        "integration-tests", "python:3.12-slim", ("make up", "pytest tests/integration"), 205, 8, 210, ("tests",), 720
    ),
    Kind("fuzz-parser", "rust:1.81-slim", ("cargo fuzz run parser -- -runs=200000",), 320, 4, 130, ("nightly",), 900),
    Kind("train-tiny-model", "python:3.12-slim", ("python train.py --epochs 3",), 410, 3, 120, ("models",), 3200),
    Kind("migrate-db", "postgres:16", ("psql -f migrations/all.sql",), 14, 5, 70, ("database",), 150),
    Kind("bench-http", "rust:1.81-slim", ("cargo bench --bench http",), 96, 5, 40, ("nightly",), 350),
    Kind("scrape-prices", "python:3.12-slim", ("python scrape.py",), 21, 7, 180, ("agents",), 120),
    Kind("convert-report", "pandoc/core:3.5", ("pandoc report.md -o report.html",), 6, 5, 30, ("docs",), 80),
    Kind("explore-data", "python:3.12-slim", ("python notebook.py",), 33, 3, 110, ("agents",), 560),
)
"""Every kind of job; nodes of workflows come beside them."""

CALLERS: Final = (("agent", 46), ("cli", 21), ("token ci", 17), ("rest", 9), ("token nightly", 7))
"""Who submits jobs, and how many of a hundred."""

BRANCHES: Final = ("main", "main", "main", "fix/retry", "feat/search", "feat/upload", "deps/bump")
"""What a job works on; some more often than others."""

_TRACE: Final = ("Traceback (most recent call last):", '  File "run.py", line 41, in <module>')

LAST_LINES: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "python": (
        (*_TRACE, "AssertionError: expected 200, got 503"),
        (*_TRACE, "ModuleNotFoundError: No module named 'httpx'"),
        (*_TRACE, "TimeoutError: page did not load in 30 s"),
    ),
    "rust": (("error[E0382]: borrow of moved value: `frame`",), ("error: could not compile `parser`",)),
    "node": (("npm ERR! code ERESOLVE",),),
    "postgres": (("psql: error: connection refused",),),
}
"""What failing jobs print last, by the program that their image is for."""

OTHER_LAST_LINES: Final = (("curl: (7) Failed to connect to example.invalid port 443: Connection refused",),)
"""The same for all other images."""

HOURS: Final = (1, 1, 1, 2, 1, 1, 2, 4, 9, 13, 14, 12, 9, 12, 15, 14, 12, 9, 6, 4, 3, 3, 2, 1)
"""How busy each hour of a day is, beside the others."""

WEEKEND: Final = 0.3
"""How busy a day of the weekend is, beside a working day."""

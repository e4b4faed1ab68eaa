"""What a diagnosis says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class TestCounts:
    """How a test run ended, summed over the summaries in the log.

    Attributes:
        passed: Tests that passed.
        failed: Tests that failed or could not be set up.
        skipped: Tests that were not run.
    """

    __test__: ClassVar[bool] = False

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: TestCounts) -> TestCounts:
        """Both runs taken together."""
        return TestCounts(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)


@dataclass(frozen=True, slots=True)
class Cause:
    """Why the job failed, as far as its log tells.

    Attributes:
        kind: A fixed word for the family, such as ``python_exception`` or ``out_of_memory``.
        headline: The one sentence a developer wants, at most 300 characters.
        line: Number of the log line that says so; 0 when only the exit code speaks.
        file: The source file at fault as the tool printed it, or None.
        file_line: The line in that file, from 1, or None.
        hint: What to do about it; empty when the headline says it all.
    """

    kind: str
    headline: str
    line: int
    file: str | None = None
    file_line: int | None = None
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Consecutive lines of the log, free of colours and overwritten text, each cut at 500 characters.

    Attributes:
        first_line: Number of the first line; the others follow without a gap.
        lines: Their texts.
    """

    first_line: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What a failed job's log says about the failure.

    Attributes:
        cause: The first real cause, or None when nothing was recognised.
        excerpts: The lines that matter, most important first; empty only when the job printed nothing.
        failed_tests: Names of failed tests in the order they appeared, at most 50.
        tests: Counts from the test runners' summaries, or None when none was printed.
        suggestions: Things to do next, most useful first; the cause's hint leads.
    """

    cause: Cause | None
    excerpts: tuple[Excerpt, ...] = ()
    failed_tests: tuple[str, ...] = ()
    tests: TestCounts | None = None
    suggestions: tuple[str, ...] = ()

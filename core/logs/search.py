"""Patterns to search a log with; RE2, so that no pattern takes more than linear time."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Protocol, cast

import re2

from core.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_PATTERN: Final = 1000
"""Longest pattern, in characters."""

ESCAPES: Final = re.compile(rb"\x1b\[[0-?]{0,64}[ -/]{0,8}[@-~]|\x1b[()][0-9A-B]")
_ERRORS: Final = (
    r"(?i:(?:^|[^a-z0-9])(?:errors?|exceptions?|fatal|panic(?:ked)?|traceback|fail(?:ed|ures?|s)?|critical|abort(?:ed|ing)?"
    r"|segmentation fault|core dumped|out of memory|oom-?kill(?:ed|er)?|killed|command not found"
    r"|no such file or directory|(?:permission|access) denied|connection refused|cannot|could not|unable to"
    r"|undefined (?:reference|symbol)|unresolved|not ok|assert(?:ion)?)(?:[^a-z0-9]|$))"
    r"|[A-Za-z0-9](?:Error|Exception)\b|^E  |[✖✗✘❌]|\bnpm ERR!|\bERR_[A-Z_]+"
)
_NO_ERRORS: Final = (
    r"(?i)\b(?:0|no) (?:errors?|failed|failures?|failing|exceptions?)\b|\b(?:errors?|failed|failures?|fail)[:=] ?0\b"
)


class _Compiled(Protocol):
    def search(self, text: bytes, /) -> object | None: ...
    def sub(self, repl: bytes, text: bytes, /) -> bytes: ...


class LogPattern:
    """What a line is searched for; ANSI colours in the line are passed over. Made by `compile` or `errors`."""

    def __init__(self, sought: _Compiled, harmless: _Compiled | None = None) -> None:
        """Use `compile` or `errors`."""
        self._sought = sought
        self._harmless = harmless

    @classmethod
    def compile(cls, pattern: str, *, ignore_case: bool = False) -> LogPattern:
        """A pattern of a caller's.

        Args:
            pattern: In RE2's syntax: no look-around, no back references.
            ignore_case: Whether capitals count as their small letters.

        Raises:
            InvalidArgumentError: It is too long, or RE2 does not accept it.
        """
        if len(pattern) > MAX_PATTERN:
            raise InvalidArgumentError(
                f"pattern: longer than {MAX_PATTERN} characters", hint="Search for a shorter, more telling part."
            )
        return cls(_compile(pattern, ignore_case=ignore_case))

    @classmethod
    def errors(cls) -> LogPattern:
        """The built-in pattern for lines that tell of errors."""
        return cls(_compile(_ERRORS), _compile(_NO_ERRORS))

    def matches(self, line: bytes | str) -> bool:
        """Whether the pattern is found anywhere in a line."""
        raw = line.encode("utf-8", "replace") if isinstance(line, str) else line
        if b"\x1b" in raw:
            raw = ESCAPES.sub(b"", raw)
        if self._sought.search(raw) is None:
            return False
        if self._harmless is None or self._harmless.search(raw) is None:
            return True
        return self._sought.search(self._harmless.sub(b" ", raw)) is not None


def _compile(pattern: str, *, ignore_case: bool = False) -> _Compiled:
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = not ignore_case
    compiled = cast("Callable[[str, object], _Compiled]", re2.compile)
    failure = cast("type[Exception]", re2.error)
    try:
        return compiled(pattern, options)
    except (failure, UnicodeEncodeError) as error:
        raise refused(error) from None


def refused(error: Exception) -> InvalidArgumentError:
    """What to tell a caller whose pattern was not accepted."""
    return InvalidArgumentError(
        f"pattern: {_reason(error)}",
        hint="Use RE2 syntax (no look-around, no back references); a bracket itself is \\( or \\[.",
    )


def _reason(error: Exception) -> str:
    said = error.args[0] if error.args else ""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    return "not valid Unicode" if isinstance(error, UnicodeEncodeError) else text

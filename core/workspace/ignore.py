"""What ``.gitignore`` and ``.dockerignore`` leave out.

Both are a list of patterns of which the last that matches decides; they differ in what a pattern may match. git asks
about each entry by itself and never looks into a folder that is left out; Docker's patterns hold for all that is below
what they match, and a later ``!`` takes single files back. Patterns are matched by RE2: they come from whoever wrote
the folder.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, cast

import re2
from pathspec.patterns.gitignore.base import GitIgnorePatternError
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

from core.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_PATTERNS_AT_ONCE: Final = 64
"""Few enough that matching them together stays within `_MEMORY` whatever they are."""
_MEMORY: Final = 32 * 1024 * 1024
_TRAILING_SPACE: Final = re.compile(r"(?<!\\) +$")


class _Set(Protocol):
    def Add(self, pattern: str, /) -> int: ...  # noqa: N802 - RE2's names
    def Compile(self) -> None: ...  # noqa: N802
    def Match(self, text: str, /) -> list[int] | None: ...  # noqa: N802


class _Pattern(NamedTuple):
    """One line of an ignore file.

    Attributes:
        regex: Matches whole paths.
        leaves_out: False for a line with ``!``.
        folders_only: The line ended with a slash.
    """

    regex: str
    leaves_out: bool
    folders_only: bool = False


class _Patterns:
    """Patterns that are matched together; those that are no expressions are passed over."""

    def __init__(self, patterns: Iterable[_Pattern]) -> None:
        self.all = [pattern for pattern in patterns if _is_expression(pattern.regex)]
        self._sets = [
            (start, _compiled(self.all[start : start + _PATTERNS_AT_ONCE]))
            for start in range(0, len(self.all), _PATTERNS_AT_ONCE)
        ]

    def last(self, path: str, *, is_folder: bool) -> int:
        """The index of the last pattern that matches, or -1."""
        for start, chunk in reversed(self._sets):
            fitting = [
                start + index
                for index in chunk.Match(path) or ()
                if is_folder or not self.all[start + index].folders_only
            ]
            if fitting:
                return max(fitting)
        return -1


class GitRules:
    """One ignore file of git's.

    Args:
        text: What it says.
        base: The folder it lies in, from where paths are told; empty for that place itself.
    """

    def __init__(self, text: str, base: str = "") -> None:
        self._start = len(base) + 1 if base else 0
        self._patterns = _Patterns(_git_patterns(text))

    def decide(self, path: str, *, is_folder: bool) -> bool | None:
        """Whether the entry is left out; None when no line says anything about it."""
        last = self._patterns.last(path[self._start :], is_folder=is_folder)
        return None if last < 0 else self._patterns.all[last].leaves_out


class DockerRules:
    """A ``.dockerignore``.

    Args:
        text: What it says; empty where there is none.

    Raises:
        InvalidArgumentError: A line is no pattern; Docker refuses such a file too.
    """

    def __init__(self, text: str) -> None:
        given = list(_docker_patterns(text))
        for pattern in given:
            if not _is_expression(pattern.regex):
                raise InvalidArgumentError("workspace: .dockerignore has a line that is no pattern")
        self._patterns = _Patterns(given)
        self._last_exception = max((index for index, item in enumerate(given) if not item.leaves_out), default=-1)

    def last(self, path: str, above: int) -> int:
        """The pattern that decides about a path.

        Args:
            path: From the workspace's own folder.
            above: The pattern that decided about its folder; -1 for none.
        """
        return max(above, self._patterns.last(path, is_folder=True))

    def leaves_out(self, index: int) -> bool:
        """What that pattern says."""
        return index >= 0 and self._patterns.all[index].leaves_out

    def may_take_back(self, index: int) -> bool:
        """Whether a line after that pattern could take something back."""
        return self._last_exception > index


def _git_patterns(text: str) -> Iterator[_Pattern]:
    for raw in text.removeprefix("\ufeff").split("\n"):
        line = _TRAILING_SPACE.sub("", raw.removesuffix("\r"))
        folders_only = line.endswith("/") and not line.endswith("\\/")
        if folders_only:
            line = line[:-1]
        if line.endswith("/**"):  # pathspec means what is below, in one go; here each entry is asked about by itself
            line += "/*"
        try:
            regex, leaves_out = GitIgnoreSpecPattern.pattern_to_regex(line)
        except GitIgnorePatternError:
            continue
        if regex is not None and leaves_out is not None:
            whole = ".*" if regex == "." else regex.replace("[^", "[^/")  # a class never matches a slash in git
            yield _Pattern(whole, leaves_out, folders_only)


def _docker_patterns(text: str) -> Iterator[_Pattern]:
    for raw in text.removeprefix("\ufeff").splitlines():
        line = raw.strip()
        if raw.startswith("#") or not line:
            continue
        leaves_out = not line.startswith("!")
        path = line if leaves_out else line[1:].strip()
        if path:
            yield _Pattern(_docker_regex(posixpath.normpath(path).lstrip("/")), leaves_out)


def _docker_regex(pattern: str) -> str:
    """As Docker's own matcher reads a pattern."""
    regex, rest = "", pattern
    while rest:
        mark, rest = rest[0], rest[1:]
        if mark == "*" and rest.startswith("*"):
            rest = rest[1:].removeprefix("/")
            regex += "(?:.*/)?" if rest else ".*"
        elif mark == "*":
            regex += "[^/]*"
        elif mark == "?":
            regex += "[^/]"
        elif mark == "\\" and rest:
            regex, rest = regex + re.escape(rest[0]), rest[1:]
        elif mark == "[":
            inside, _, rest = rest.partition("]")
            regex += f"[{inside}]"
        else:
            regex += re.escape(mark)
    return regex


def _is_expression(regex: str) -> bool:
    try:
        cast("Any", re2).compile(regex, _options())
    except cast("type[Exception]", cast("Any", re2).error):
        return False
    return True


def _compiled(patterns: Iterable[_Pattern]) -> _Set:
    chunk = cast("_Set", cast("Any", re2).Set.FullMatchSet(_options()))
    for pattern in patterns:
        chunk.Add(pattern.regex)
    chunk.Compile()
    return chunk


def _options() -> object:
    options = cast("Any", re2).Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    options.dot_nl = True
    return options

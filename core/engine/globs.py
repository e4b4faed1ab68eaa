"""Patterns for paths: ``*``, ``?``, ``[…]``, ``{a,b}`` and ``**``, as a shell with globstar reads them.

A pattern becomes one expression of RE2, so that no pattern takes more than linear time on any path: both come from
others, and neither may hold up the engine. ``*`` and ``?`` match dots in front too, and nothing matches a slash but
``**`` as a whole part of a path.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final, Protocol, cast

import re2

from core.errors import InvalidArgumentError

MOST_ALTERNATIVES: Final = 100
"""As many patterns may stand in one, by its braces."""

_MEMORY: Final = 32 * 1024 * 1024
_CLASS: Final = re.compile(r"\[([!^]?)((?:\[:[a-z]{1,10}:\]|\\.|[^\]\\]|(?<=[\[!^])\])+?)\]", re.DOTALL)
_ITEM: Final = re.compile(r"\[:([a-z]{1,10}):\]|(\\?.)(?:-(\\?[^\]\\]|\\.))?", re.DOTALL)
_POSIX: Final = frozenset(
    {
        "alnum",
        "alpha",
        "ascii",
        "blank",
        "cntrl",
        "digit",
        "graph",
        "lower",
        "print",
        "punct",
        "space",
        "upper",
        "xdigit",
    }
)
_HALF: Final = re.compile("[\ud800-\udfff]")
_NOTHING: Final = r"[^\x00-\x{10FFFF}]"


class _Compiled(Protocol):
    def fullmatch(self, text: bytes, /) -> object | None: ...


def path_matches(path: str, pattern: str) -> bool:
    """Whether a path matches a glob of the artifacts' kind.

    Args:
        path: Any text; halves of surrogate pairs match what a character does.
        pattern: The glob.

    Raises:
        InvalidArgumentError: The pattern stands for too many others.
    """
    return _compiled(pattern).fullmatch(_HALF.sub("\ufffd", path).encode()) is not None


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> _Compiled:
    text = _HALF.sub("\ufffd", pattern)
    options = cast("Any", re2).Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    options.dot_nl = True
    try:
        regex = "|".join(f"(?:{_expression(each)})" for each in _alternatives(text))
        return cast("_Compiled", cast("Any", re2).compile(regex.encode(), options))
    except (_TooManyError, cast("type[Exception]", cast("Any", re2).error)):
        hint = "Ask for less at once, or without a pattern."
        raise InvalidArgumentError(
            f"pattern: braces list at most {MOST_ALTERNATIVES} alternatives in all", hint=hint
        ) from None


class _TooManyError(ValueError):
    """A pattern stands for too many others."""


def _alternatives(pattern: str) -> list[str]:
    """The patterns that it stands for: itself, if no braces list anything."""
    found: list[str] = []
    waiting = [(pattern, 0)]
    while waiting:
        text, start = waiting.pop()
        group = _first_group(text, start)
        if group is None:
            found.append(text)
        else:
            begin, alternatives, end = group
            waiting += [(text[:begin] + one + text[end:], begin) for one in reversed(alternatives)]
        if len(found) + len(waiting) > MOST_ALTERNATIVES:
            raise _TooManyError
    return found


def _first_group(text: str, start: int) -> tuple[int, list[str], int] | None:
    """The first group that lists at least two: where it begins, its alternatives, where the text goes on."""
    open_groups: list[list[int]] = []
    whole: list[list[int]] = []
    at = start
    while at < len(text):
        mark = text[at]
        if mark == "\\":
            at += 1
        elif mark == "{":
            open_groups.append([at])
        elif mark == "," and open_groups:
            open_groups[-1].append(at)
        elif mark == "}" and open_groups:
            edges = [*open_groups.pop(), at]
            whole += [edges] if len(edges) > 2 else []
        at += 1
    if not whole:
        return None
    edges = min(whole)
    return edges[0], [text[low + 1 : high] for low, high in pairwise(edges)], edges[-1] + 1


def _expression(pattern: str) -> str:
    """A pattern without alternatives, as an expression for whole paths."""
    *folders, last = pattern.split("/")
    regex = "".join(r"(?:[^/]*/)*" if part == "**" else f"{_part(part)}/" for part in folders)
    return regex + (".*" if last == "**" else _part(last))


def _part(part: str) -> str:
    """One part of a path."""
    regex: list[str] = []
    at = 0
    while at < len(part):
        mark = part[at]
        found = _CLASS.match(part, at) if mark == "[" else None
        if found is not None:
            regex.append(_class(found[2], is_negated=bool(found[1])))
            at = found.end()
            continue
        if mark == "\\" and at + 1 < len(part):
            at += 1
            regex.append(re.escape(part[at]))
        elif mark == "*":
            if regex[-1:] != ["[^/]*"]:
                regex.append("[^/]*")
        else:
            regex.append("[^/]" if mark == "?" else re.escape(mark))
        at += 1
    return "".join(regex)


def _class(inside: str, *, is_negated: bool) -> str:
    """A set of characters; a range that runs backwards holds none."""
    items: list[str] = []
    for posix, low, high in _ITEM.findall(inside):
        if posix:
            items += [f"[:{posix}:]"] if posix in _POSIX else []
        elif not high:
            items.append(re.escape(low[-1]))
        elif low[-1] <= high[-1]:
            items.append(f"{re.escape(low[-1])}-{re.escape(high[-1])}")
    if is_negated:
        return f"[^/{''.join(items)}]"
    return f"[{''.join(items)}]" if items else _NOTHING

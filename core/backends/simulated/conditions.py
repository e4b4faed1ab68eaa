"""What `test` and `[` answer."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Final

from core.backends.simulated.process import whole_number

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.backends.simulated.process import Io
    from core.backends.simulated.shell import Shell

_NUMBERS: Final[dict[str, Callable[[int, int], bool]]] = {
    "-eq": operator.eq,
    "-ne": operator.ne,
    "-lt": operator.lt,
    "-le": operator.le,
    "-gt": operator.gt,
    "-ge": operator.ge,
}
_TEXTS: Final[dict[str, Callable[[str, str], bool]]] = {"=": operator.eq, "==": operator.eq, "!=": operator.ne}
_KINDS: Final = {
    "-L": ("symlink",),
    "-d": ("folder",),
    "-e": ("file", "folder"),
    "-f": ("file",),
    "-h": ("symlink",),
    "-r": ("file", "folder"),
    "-x": ("file",),
}


def holds(shell: Shell, argv: list[str], io: Io) -> int:
    """The status of ``test …``: 0 if it holds, 1 if not, 2 if it makes no sense."""
    words = argv[1:-1] if argv[0] == "[" else argv[1:]
    negated = False
    while words and words[0] == "!":
        words, negated = words[1:], not negated
    try:
        answer = _answer(shell, words)
    except (KeyError, ValueError):
        io.err(f"sh: {' '.join(argv)}: not a condition\n".encode())
        return 2
    return int(answer == negated)


def _answer(shell: Shell, words: list[str]) -> bool:
    if len(words) < 2:
        return words not in ([], [""])
    if len(words) == 2:
        return _unary(shell, *words)
    if len(words) > 3:
        raise ValueError("not a condition")
    left, comparison, right = words
    if comparison in _NUMBERS:
        return _NUMBERS[comparison](_number(left), _number(right))
    return _TEXTS[comparison](left, right)


def _unary(shell: Shell, question: str, word: str) -> bool:
    if question in {"-n", "-z"}:
        return bool(word) == (question == "-n")
    node = shell.world.files.find(shell.path(word), follow=question not in {"-L", "-h"})
    if question == "-s":
        return node is not None and bool(node.data)
    return node is not None and node.kind in _KINDS[question]


def _number(text: str) -> int:
    number = whole_number(text)
    if number is None:
        raise ValueError(text)
    return number

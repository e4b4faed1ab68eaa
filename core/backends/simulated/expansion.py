"""What a word becomes: variables, arithmetic, the output of commands, and splitting at blanks."""

from __future__ import annotations

import ast
import operator
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from core.backends.simulated.process import Io, Pipe, PipeFullError, ProcessExit, whole_number
from core.backends.simulated.syntax import Arithmetic, Substitution, Variable

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from core.backends.simulated.shell import Shell
    from core.backends.simulated.syntax import Word

_VARIABLE: Final = re.compile(r"\$?\{?([A-Za-z_][A-Za-z0-9_]*)\}?")
_LONGEST_SUM: Final = 256
_LONGEST_WORD: Final = 8 * 1024 * 1024
_WORD_BITS: Final = 64

_OPERATIONS: Final[dict[type[ast.AST], Callable[[int, int], int]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: lambda left, right: int(left / right) if right else 0,
    ast.Mod: lambda left, right: left - right * int(left / right) if right else 0,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


def expand(shell: Shell, word: Word, io: Io, *, split: bool = True) -> Generator[float, None, list[str]]:
    """The fields a word becomes: one, or none or several where an unquoted expansion is split.

    Args:
        shell: Whose variables.
        word: The word.
        io: Where substituted commands read, and print their errors.
        split: Whether unquoted expansions are split.
    """
    parts = word.parts
    if len(parts) == 1 and isinstance(first := parts[0], str):
        return [first]
    fields, present = [""], word.quoted
    for part in parts:
        if isinstance(part, str):
            fields[-1] += part
            present = True
            continue
        if isinstance(part, Arithmetic):
            text, quoted = str(_sum(shell, part.text)), True
        elif isinstance(part, Variable):
            text, quoted = _value(shell, part.name) or part.default, part.quoted
        else:
            text = yield from _output(shell, part, io)
            quoted = part.quoted
        if quoted or not split:
            fields[-1] += text
            present = present or bool(text)
        elif pieces := text.split():
            fields[-1] += pieces[0]
            fields += pieces[1:]
            present = True
    if sum(map(len, fields)) > _LONGEST_WORD:
        io.err(b"sh: argument list too long\n")
        raise ProcessExit(2)
    return fields if present or not split else []


def _value(shell: Shell, name: str) -> str:
    if name == "?":
        return str(shell.status)
    if name == "$":
        return "1"
    if name == "#":
        return "0"
    return shell.variables.get(name, shell.folder if name == "PWD" else "")


def _output(shell: Shell, part: Substitution, io: Io) -> Generator[float, None, str]:
    pipe = Pipe()
    inner = type(shell)(shell.world, shell)
    inner_io = Io(io.stdin, pipe.write, io.err)
    with suppress(PipeFullError):
        shell.status = yield from inner.live(inner.script(part.script, inner_io), inner_io)
    return pipe.data.decode(errors="replace").rstrip("\n")


def _sum(shell: Shell, text: str) -> int:
    """The value of an arithmetic text of whole numbers; 0 for one that makes no sense."""

    def value(match: re.Match[str]) -> str:
        found = shell.variables.get(match[1], "0")
        return f"({whole_number(found.strip()) or 0})"

    plain = _VARIABLE.sub(value, text.strip())
    if len(plain) > _LONGEST_SUM:
        return 0
    try:
        return _evaluate(ast.parse(plain, mode="eval").body)
    except (SyntaxError, ValueError):
        return 0


def _evaluate(node: ast.expr) -> int:
    match node:
        case ast.Constant(value=int(number)):
            return number
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_evaluate(operand)
        case ast.BinOp(left=left, op=operation, right=right) if type(operation) in _OPERATIONS:
            result = _OPERATIONS[type(operation)](_evaluate(left), _evaluate(right))
            return (result + (1 << _WORD_BITS - 1)) % (1 << _WORD_BITS) - (1 << _WORD_BITS - 1)
        case ast.Compare(left=left, ops=[operation], comparators=[right]) if type(operation) in _OPERATIONS:
            return int(_OPERATIONS[type(operation)](_evaluate(left), _evaluate(right)))
        case _:
            raise ValueError(ast.dump(node))

"""Files and functions stay small enough to read in one go."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.architecture.conftest import Source

_FILE_LINES = 400
_FUNCTION_LINES = 40


def test_no_source_file_is_longer_than_400_lines(sources: list[Source]) -> None:
    lengths = {source.where: len(source.text.splitlines()) for source in sources}
    assert {where: lines for where, lines in lengths.items() if lines > _FILE_LINES} == {}


def test_no_function_is_longer_than_40_lines_without_its_docstring(sources: list[Source]) -> None:
    lengths = {
        f"{source.where}:{function.lineno} {function.name}": _lines(function)
        for source in sources
        for function in source.functions()
    }
    assert {where: lines for where, lines in lengths.items() if lines > _FUNCTION_LINES} == {}


def _lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function, clean=False) is not None:
        lines -= (first.end_lineno or first.lineno) - first.lineno + 1
    return lines

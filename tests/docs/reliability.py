"""The tables of faults and hostile inputs, with the tests that show what is done about each row.

A test says which rows it shows by a mark: ``@pytest.mark.fault("F12")``, ``@pytest.mark.hostile("B7", "B8")``, on the
function, in ``pytest.param(marks=…)``, or in ``pytestmark``. The marks are read from the source, so that no test has to
be imported for the page.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = ROOT / "docs" / "reliability.md"


class Row(NamedTuple):
    """One thing that may happen, and what is done about it."""

    happens: str
    behaviour: str


class MarkedTest(NamedTuple):
    """A test that shows a row."""

    file: str
    name: str


def marked_tests(kind: str) -> dict[str, list[MarkedTest]]:
    """Tests by the id of a row they show.

    Args:
        kind: ``fault`` or ``hostile``.
    """
    found: defaultdict[str, list[MarkedTest]] = defaultdict(list)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        text = path.read_text(encoding="utf-8")
        if f"mark.{kind}(" not in text:
            continue
        file = path.relative_to(ROOT).as_posix()
        for row_id, name in _marks(ast.parse(text), kind):
            test = MarkedTest(file, name)
            if test not in found[row_id]:
                found[row_id].append(test)
    return dict(found)


def table(rows: Mapping[str, Row], kind: str, head: str) -> str:
    """A Markdown table of rows with their tests."""
    tests = marked_tests(kind)
    lines = [f"| id | {head} | what happens then | shown by |", "| --- | --- | --- | --- |"]
    for row_id, row in rows.items():
        shown = "<br>".join(f"[{test.name}](../{test.file})" for test in tests.get(row_id, ()))
        lines.append(f"| {row_id} | {row.happens} | {row.behaviour} | {shown or 'nothing yet'} |")
    return "\n".join(lines) + "\n"


def _marks(module: ast.Module, kind: str) -> Iterator[tuple[str, str]]:
    of_all = [row_id for node in module.body if _is_pytestmark(node) for row_id in _ids(node, kind)]
    for node in module.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            own = [row_id for decorator in node.decorator_list for row_id in _ids(decorator, kind)]
            for row_id in dict.fromkeys([*own, *of_all]):
                yield row_id, node.name.removeprefix("test_").replace("_", " ")


def _is_pytestmark(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and any(
        isinstance(target, ast.Name) and target.id == "pytestmark" for target in node.targets
    )


def _ids(node: ast.AST, kind: str) -> Iterator[str]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute) and inner.func.attr == kind:
            yield from (one.value for one in inner.args if isinstance(one, ast.Constant) and isinstance(one.value, str))

"""The page on embedding is a program: its blocks are run in their order, on the simulated backend."""

from __future__ import annotations

import ast
import inspect
import re
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio

from core import open_engine

if TYPE_CHECKING:
    import pytest

    from core import EngineSettings

_PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "embed.md"
_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks() -> list[str]:
    """The blocks, each on the lines that it has in the page."""
    text = _PAGE.read_text(encoding="utf-8")
    return ["\n" * text.count("\n", 0, found.start(1)) + found[1] for found in _BLOCK.finditer(text)]


def test_the_first_block_is_a_whole_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    exec(compile(blocks()[0], _PAGE, "exec"), {})  # noqa: S102 - our own documentation
    assert capsys.readouterr().out == "success 0\n"


async def test_the_other_blocks_run_inside_an_engine(settings: EngineSettings) -> None:
    assert len(blocks()) > 10
    with anyio.fail_after(60):
        async with open_engine(settings) as engine:
            names: dict[str, Any] = {"engine": engine}
            for block in blocks()[1:]:
                code = compile(block, _PAGE, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
                result = types.FunctionType(code, names)()
                if inspect.isawaitable(result):
                    await result

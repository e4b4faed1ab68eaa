"""Whatever stands in a file, there is a reading; and what was read can be told."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.plan.expand import expand_workflow
from core.plan.findings import has_errors
from core.plan.fixes import mended
from core.plan.ignores import silenced
from core.plan.reading import Reading, read_workflow
from core.plan.source import node_at
from tests.core.plan.keys.documents import WHOLE, records
from tests.core.plan.reading.asking import PIPELINE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import FrameType

pytestmark = pytest.mark.slow

KEYS = sorted({name for record in records().values() for name in record.rows} | {".base", "a", "x-a", "<<", "A B", ""})
WORDS = st.sampled_from([
    None, True, False, 0, -1, 1.5, 3600, 10**30, 1e300, float("inf"), float("nan"), "", "a", "alpine:3.20", "10m",
    "${{ x }}", "${{", "always", "same", "inherit", ".base", "./b.yaml", "../x", "a/b@c", "5432", "CMD",
    "--health-cmd x", "\0", "é", "{0}", "x" * 500, "SIGINT", "3.10", "on", "7 days", "1" * 400,
])  # fmt: skip
DATA = st.recursive(
    WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=25,
)
PIECES = st.sampled_from([
    "jobs:\n", "  a:\n", "    ", "image: alpine\n", "run: x\n", "needs: [a]\n", "steps:\n", "      - ",
    "run: |\n", "        x\n", "uses: ./b.yaml\n", "extends: .a\n", "  .a: ", "{", "}", "[", "]", ",", ": ",
    "&x ", "*x", "<<: *x\n", "# orcaops-ignore: W006\n", "3.10", "matrix: {v: [on]}\n", "services: [a]\n",
    "${{ x }}", "'", '"', "\n", "on: push\n", "stages: [a]\n", "stage: a\n", "parallel: 3\n", "env: {A: 1}\n",
    "inputs: {a: }\n", "defaults: {image: a}\n", "retry: {when: x}\n", "~", "!t ", "- a\n",
])  # fmt: skip


def load(path: str) -> str:
    """Any file is there: one calls the first again, others are empty or nothing."""
    return {"b.yaml": "jobs: {a: {uses: ./ci.yaml}, b: {image: a, run: x}}"}.get(path, "[")


def check(found: Reading, text: str) -> None:
    lines = found.source.text.lines
    assert found.spec is not None or has_errors(found.findings)
    assert len(found.findings) <= 100
    for finding in found.findings:
        assert finding.file
        assert finding.message.endswith((".", "?")), finding
        assert "\n" not in finding.message
        if finding.file == "ci.yaml":
            assert 1 <= finding.place.line <= len(lines) + 1
            finding.render(lines)
    for site in found.sites:
        assert found.tree is not None
        assert node_at(found.tree, site.path) is site.scalar
    silenced(found.findings, found)
    read_workflow(mended(text, (each for each in found.findings if each.file == "ci.yaml")), "ci.yaml", load)
    assert_same(found)


def assert_same(found: Reading) -> None:
    """What was read without errors says the same as canonical text."""
    if found.tree is None or has_errors(found.findings) or has_errors(silenced(found.findings, found)):
        return
    again = read_workflow(expand_workflow(found), "ci.yaml", load)
    assert again.spec == found.spec


@settings(deadline=None, max_examples=200)
@given(DATA)
@example({"jobs": {"a": {"extends": "a"}}})
@example({"jobs": {".a": {"extends": ".a"}, "b": {"extends": ".a", "image": "a", "run": "x"}}})
@example({"on": {"workflow_call": {"outputs": {"o": None}, "secrets": {"S": {"required": True}}}}})
def test_any_data_is_read(data: Any) -> None:
    text = json.dumps(data)
    check(read_workflow(text, "ci.yaml", load), text)


@settings(deadline=None, max_examples=200)
@given(
    st.dictionaries(st.sampled_from(KEYS), DATA, max_size=5), st.dictionaries(st.sampled_from(KEYS), DATA, max_size=3)
)
def test_any_job_is_read(job: dict[str, Any], template: dict[str, Any]) -> None:
    document = {"jobs": {".base": template, "a": {"image": "alpine", **job}}}
    text = json.dumps(document)
    check(read_workflow(text, "ci.yaml", load), text)


@settings(deadline=None, max_examples=200)
@given(st.lists(PIECES, max_size=30).map("".join))
def test_any_text_is_read(text: str) -> None:
    check(read_workflow(text, "ci.yaml", load), text)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read(content: bytes) -> None:
    found = read_workflow(content, "ci.yaml", load)
    assert found.spec is not None or has_errors(found.findings)


def cut(text: str) -> Iterator[str]:
    yield from (text[:end] for end in range(0, len(text), 37))


@pytest.mark.parametrize("text", [PIPELINE, json.dumps(WHOLE)])
def test_a_file_cut_off_anywhere_is_read(text: str) -> None:
    for part in cut(text):
        check(read_workflow(part, "ci.yaml", load), part)


def _joined(size: int, piece: Callable[[int], str], between: str = "") -> str:
    return between.join(map(piece, range(size)))


LARGE: Mapping[str, tuple[int, Callable[[int], str]]] = {
    "keys": (300_000, lambda size: "a: " * size),
    "depth": (100_000, lambda size: "[" * size),
    "text": (1_000_000, lambda size: "x" * size),
    "image": (200_000, lambda size: f"jobs: {{a: {{image: '{'a/' * size}', run: x}}}}"),
    "duration": (200_000, lambda size: f"jobs: {{a: {{image: a, run: x, timeout: '{'1s' * size}'}}}}"),
    "glob": (100_000, lambda size: f"jobs: {{a: {{image: a, run: x, artifacts: '{'{a,' * size}'}}}}"),
    "rule": (300_000, lambda size: f"jobs: {{a: {{image: a, run: x, rules: [{{if: '{'$' * size}'}}]}}}}"),
    "options": (
        300_000,
        lambda size: f"jobs: {{a: {{image: a, run: x, services: {{a: {{image: a, options: '{'-' * size}'}}}}}}}}",
    ),
    "unknown keys": (
        20_000,
        lambda size: f"jobs: {{a: {{image: a, run: x, {_joined(size, lambda n: f'k{n}: 1', ', ')}}}}}",
    ),
    "unknown templates": (
        9_000,
        lambda size: "jobs:\n" + _joined(size, lambda n: f"  j{n}: {{image: a, run: x, extends: .t{n}x}}\n"),
    ),
    "unknown services": (
        9_000,
        lambda size: (
            "jobs: {a: {image: a, run: x, services: {"
            + _joined(size, lambda n: f"s{n}: {{image: a, depends_on: t{n}}}", ", ")
            + "}}}"
        ),
    ),
    "stages": (
        9_000,
        lambda size: (
            "stages: [build, test]\njobs:\n"
            + _joined(size, lambda n: f"  j{n}: {{image: a, run: x, stage: {'build' if n % 2 else 'test'}}}\n")
        ),
    ),
    "templates": (
        9_000,
        lambda size: (
            "jobs:\n"
            + _joined(size, lambda n: f"  .t{n}: {{env: {{A{n}: 1}}}}\n")
            + f"  a: {{image: a, run: x, extends: [{_joined(size, lambda n: f'.t{n}', ', ')}]}}\n"
        ),
    ),
}
"""What is meant to take long: how large it may well be, and a text of a size."""

MAKING = {"stages", "templates"}
"""What makes many values of few: up to a limit, and as it likes until there."""

BILLION = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{chr(ord(name) - 1)}'] * 9)}]\n" for name in "cdefghi"
)


@pytest.mark.parametrize(
    "content", [*(text(size) for size, text in LARGE.values()), BILLION], ids=[*LARGE, "a billion of aliases"]
)
def test_a_text_that_is_meant_to_take_long_is_read(content: str) -> None:
    read_workflow(content, "ci.yaml", load)


def calls_to_read(text: str) -> int:
    """How many functions are called, of Python's own too, until a text is read: how much work it is, on any machine."""
    count = 0

    def seen(_frame: FrameType, event: str, _value: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(seen)
    try:
        read_workflow(text, "ci.yaml", load)
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("shape", [shape for shape in LARGE if shape not in MAKING])
def test_twice_as_much_of_it_is_twice_the_work(shape: str) -> None:
    size, text = LARGE[shape]
    assert calls_to_read(text(size // 10)) < 2.5 * calls_to_read(text(size // 20))

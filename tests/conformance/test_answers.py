"""The program that answers cases of other suites."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conformance.expressions import answer

pytestmark = pytest.mark.slow


def test_cases_are_answered_a_line_each() -> None:
    nothing: dict[str, object] = {}
    cases = [
        {"mode": "expr", "expr": "a.b", "contexts": {"a": {"b": [1]}}, "status": None},
        {"mode": "expr", "expr": "nosuch", "contexts": nothing},
        {"mode": "template", "expr": "x${{ '\u2028' }}", "contexts": nothing},
    ]
    done = subprocess.run(
        [sys.executable, "-m", "tests.conformance", "expressions"],
        input="".join(json.dumps(case) + "\n\n" for case in cases).encode(),
        capture_output=True,
        cwd=Path(__file__).resolve().parents[2],
        timeout=60,
        check=True,
    )
    assert [json.loads(line) for line in done.stdout.split(b"\n") if line] == [
        {"result": [1]},
        {"error": "Unrecognized named-value: 'nosuch'. Located at position 1 within expression: nosuch"},
        {"result": "x\u2028"},
    ]


def test_an_unknown_kind_of_case_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.conformance", "nosuch"],
        capture_output=True,
        cwd=Path(__file__).resolve().parents[2],
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (1, b"usage: python -m tests.conformance expressions|matrix\n")


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("NaN", {"$number": "NaN"}),
        ("Infinity", {"$number": "Infinity"}),
        ("-Infinity", {"$number": "-Infinity"}),
        ("1", 1),
        ("fromJSON('{\"a\": [1e999]}')", {"a": [{"$number": "Infinity"}]}),
    ],
)
def test_numbers_that_json_does_not_have_are_written_out(expression: str, result: object) -> None:
    assert answer({"expr": expression, "contexts": {}}) == {"result": result}


@pytest.mark.parametrize(
    ("expression", "status", "runs"),
    [
        ("true", "success", True),
        ("true", "failure", False),
        ("failure()", "failure", True),
        ("cancelled()", "cancelled", True),
        ("success('build')", "failure", True),
        ("failure('build', 'lint')", "success", True),
        ("success('build', 'lint')", "success", False),
    ],
)
def test_a_condition_is_answered_by_whether_it_runs(expression: str, status: str, runs: bool) -> None:
    needs = {"build": {"result": "success"}, "Lint": {"result": "failure"}}
    case = {"mode": "if", "expr": expression, "contexts": {"needs": needs}, "status": status}
    assert answer(case) == {"result": runs}

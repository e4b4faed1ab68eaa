"""What is said about a literal matrix before anything runs."""

from __future__ import annotations

from typing import Any

import pytest

from core.plan.matrix import check_matrix


def told(matrix: object) -> list[tuple[str, str, str]]:
    return [
        (fault.code, ".".join(str(part) for part in fault.path), f"{fault.message} | {fault.hint}")
        for fault in check_matrix(matrix)
    ]


@pytest.mark.parametrize(
    ("matrix", "code", "path", "said"),
    [
        ({"a": []}, "E121", "a", "does not contain any values"),
        ({"a": list(range(300))}, "E125", "", "300 combinations"),
        ({"a": [1], "exclude": [{"a": 1}]}, "E126", "exclude", "every combination is excluded"),
        ({"a": ["x", "y", "x"]}, "W120", "a.2", "has 'x' twice"),
        ({"a": [4, "4"]}, "W120", "a.1", "has 4 and '4', which exclude cannot tell apart"),
        ({"a": [None, ""]}, "W120", "a.1", "has null and '', which"),
        ({"a": [{"k": 1}, {"k": 1.0}]}, "W120", "a.1", 'has {"k":1} twice'),
        ({"a": [1, 2], "exclude": [{"a": 3}]}, "W122", "exclude.0", "matches no combination | the values are a: 1, 2"),
        ({"node": [1], "include": [{"nodes": 1, "x": 2}]}, "W123", "include.0.nodes", "did you mean 'node'?"),
        (
            {"go-version": [1], "include": [{"go_version": 2}]},
            "W123",
            "include.0.go_version",
            "did you mean 'go-version'?",
        ),
    ],
)
def test_a_mistake_or_what_looks_like_one_is_told(matrix: Any, code: str, path: str, said: str) -> None:
    ((found_code, found_path, text),) = told(matrix)
    assert (found_code, found_path) == (code, path)
    assert said in text


@pytest.mark.parametrize(
    "matrix",
    [
        {"a": ["x", "y"], "exclude": [{"a": "x"}], "include": [{"a": "z", "extra": 1}, {"more": 2}]},
        {"a": [{"k": 1}, {"k": 2}, [1], "1x", True]},
        {"include": [{"a": 1}, {"a": 1}]},
    ],
)
def test_nothing_is_said_about_a_matrix_that_is_meant_so(matrix: Any) -> None:
    assert told(matrix) == []


def test_several_remarks_are_made_at_once() -> None:
    matrix = {"a": [1, 1], "b": [1], "exclude": [{"a": 7}, {"b": 8}], "include": [{"bb": 1}]}
    assert [code for code, _, _ in told(matrix)] == ["W120", "W122", "W122", "W123"]

from __future__ import annotations

import time

import pytest

from core.errors import InvalidArgumentError
from core.logs.search import MAX_PATTERN, LogPattern


@pytest.mark.parametrize(
    ("pattern", "line", "expected"),
    [
        ("fail(ed|ure)", b"it failed", True),
        ("^start", b"a start", False),
        ("^start", b"\x1b[32mstart\x1b[0m", True),
        ("é", "café".encode(), True),
        ("a.c", b"a\xffc \xff abc", True),
        ("Fail", b"fail", False),
    ],
)
def test_a_pattern_is_found_anywhere_in_a_line(pattern: str, line: bytes, expected: bool) -> None:
    assert LogPattern.compile(pattern).matches(line) is expected


def test_capitals_can_be_passed_over_and_text_can_be_given_decoded() -> None:
    assert LogPattern.compile("FAIL", ignore_case=True).matches("it fails")


@pytest.mark.parametrize("pattern", ["(", "[", "a(?=b)", r"(a)\1", "*", "a{2000}", "\ud800", "x" * (MAX_PATTERN + 1)])
def test_a_pattern_re2_does_not_accept_is_the_callers_to_mend(pattern: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        LogPattern.compile(pattern)
    assert caught.value.message.startswith("pattern: ")
    assert caught.value.hint


def test_a_pattern_that_would_explode_elsewhere_takes_linear_time() -> None:
    pattern = LogPattern.compile("(a+)+$")
    began = time.process_time()
    assert not pattern.matches(b"a" * 60_000 + b"!")
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    "line",
    [
        b"Error: cannot find module 'x'",
        b"java.lang.NullPointerException",
        b"E   assert 1 == 2",
        b"FAILED tests/test_a.py::test_b",
        b"FAIL\tpkg/x\t0.01s",
        b"\x1b[31merror\x1b[0m[E0308]: mismatched types",
        b"sh: foo: command not found",
        b"Traceback (most recent call last):",
        b"npm ERR! code ENOENT",
        b"Segmentation fault (core dumped)",
        b"3 failed, 0 errors",
        b"thread 'main' panicked at src/main.rs:1:1",
    ],
)
def test_lines_that_tell_of_errors_are_found(line: bytes) -> None:
    assert LogPattern.errors().matches(line)


@pytest.mark.parametrize(
    "line",
    [
        b"0 errors, 0 warnings",
        b"Tests: 12 passed, 0 failed",
        b"errors=0",
        b"compiling terror.c",
        b"all good",
        b"no errors",
    ],
)
def test_lines_that_tell_of_no_errors_are_not(line: bytes) -> None:
    assert not LogPattern.errors().matches(line)

"""What real outputs of failing tools are diagnosed as."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from core.logs.diagnose import Cause, Diagnosis, TestCounts, find_cause

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.records.log import LogLine

_SAMPLES = Path(__file__).parent / "samples"
_EXPECTED: dict[str, dict[str, Any]] = tomllib.loads((_SAMPLES / "expected.toml").read_text())


def _diagnose(name: str, log_of: Callable[..., list[LogLine]]) -> Diagnosis:
    text = (_SAMPLES / f"{name}.txt").read_bytes().decode()  # carriage returns stay
    return find_cause(log_of(text), exit_code=1)


def test_every_sample_has_an_expectation_and_every_expectation_a_sample() -> None:
    assert {path.stem for path in _SAMPLES.glob("*.txt")} == set(_EXPECTED)


@pytest.mark.parametrize("name", _EXPECTED)
def test_a_sample_is_diagnosed_as_expected(name: str, log_of: Callable[..., list[LogLine]]) -> None:
    expected = _EXPECTED[name]
    diagnosis = _diagnose(name, log_of)
    cause = diagnosis.cause
    assert cause is not None
    counts = diagnosis.tests
    assert {
        "kind": cause.kind,
        "headline": cause.headline,
        "line": cause.line,
        "file": cause.file,
        "file_line": cause.file_line,
        "failed_tests": list(diagnosis.failed_tests),
        "counts": [counts.passed, counts.failed, counts.skipped] if counts else None,
    } == {"file": None, "file_line": None, "failed_tests": [], "counts": None} | expected


@pytest.mark.parametrize("name", _EXPECTED)
def test_the_first_excerpt_shows_the_line_that_names_the_cause(name: str, log_of: Callable[..., list[LogLine]]) -> None:
    diagnosis = _diagnose(name, log_of)
    assert diagnosis.cause is not None
    excerpt = diagnosis.excerpts[0]
    assert excerpt.first_line <= diagnosis.cause.line < excerpt.first_line + len(excerpt.lines)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("python_module_not_found", "pip install requests_oauth_missing"),
        ("pytest_collection_error", "pip install shop_missing"),
        ("node_module_not_found", "npm install express"),
        ("jest_suite_failed", "npm install express"),
        ("node_relative_module", "check the path"),
        ("go_missing_module", "go mod tidy"),
        ("gcc_missing_header", "zlib_missing.h"),
        ("linker_no_lib", "-lnothere"),
        ("missing_library", "libpq.so.5"),
        ("bash_unbound", "NOPE"),
        ("bash_permission", "chmod +x"),
        ("dash_bad_interpreter", "interpreter"),
        ("dash_not_found", "foo is not there"),
        ("node_heap", "--max-old-space-size"),
        ("bash_killed", "memory_mb"),
        ("npm_ci_no_lock", "package-lock.json"),
        ("curl_tls", "ca-certificates"),
        ("pytest_short", "pytest -k 'test_db'"),
    ],
)
def test_the_hint_names_what_to_do(name: str, words: str, log_of: Callable[..., list[LogLine]]) -> None:
    diagnosis = _diagnose(name, log_of)
    assert diagnosis.cause is not None
    assert words in diagnosis.cause.hint
    assert diagnosis.suggestions[0] == diagnosis.cause.hint


@pytest.mark.parametrize(
    ("module", "package"),
    [("cv2", "opencv-python-headless"), ("yaml", "pyyaml"), ("PIL.Image", "pillow"), ("x.y", "x")],
)
def test_a_module_is_installed_by_the_name_of_its_package(
    module: str, package: str, log_of: Callable[..., list[LogLine]]
) -> None:
    frame = '  File "a.py", line 1, in <module>'
    lines = ["Traceback (most recent call last):", frame, f"ModuleNotFoundError: No module named '{module}'"]
    cause = find_cause(log_of(lines), exit_code=1).cause
    assert cause is not None
    assert f"pip install {package}`" in cause.hint


def test_a_cause_is_a_plain_value(log_of: Callable[..., list[LogLine]]) -> None:
    assert _diagnose("gcc_missing_header", log_of).cause == Cause(
        kind="c_compile",
        headline="zlib_missing.h: No such file or directory at inc.c:1",
        line=1,
        file="inc.c",
        file_line=1,
        hint="Install the development package that has zlib_missing.h, or add its folder with -I.",
    )


def test_counts_of_several_summaries_add_up(log_of: Callable[..., list[LogLine]]) -> None:
    text = "=== 1 failed, 2 passed in 0.1s ===\n=== 3 passed, 1 skipped in 0.2s ==="
    assert find_cause(log_of(text), exit_code=1).tests == TestCounts(passed=5, failed=1, skipped=1)

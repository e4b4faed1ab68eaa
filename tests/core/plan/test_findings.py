"""Findings: one line, a marked excerpt, an order."""

from __future__ import annotations

import pytest

from core.plan.findings import (
    Edit,
    Fix,
    Place,
    Related,
    Severity,
    SourceFinding,
    has_errors,
    in_file,
    in_order,
    shown,
)
from core.plan.fixes import mended

TEXT = "jobs:\n  deploy:\n    needs: [build, test-units]\n\tx: y\n"
UNKNOWN = SourceFinding(
    "E011",
    "Job 'deploy' depends on unknown job 'test-units'.",
    Place(3, 20, 3, 30),
    "jobs.deploy.needs[1]",
    "did you mean 'test-unit'?",
    "ci.yaml",
    Fix("replace by 'test-unit'", (Edit(Place(3, 20, 3, 30), "test-unit"),)),
    (Related(Place(9, 3, 9, 12), "test-unit is defined here"),),
)


def at(line: int, column: int, code: str = "E001", fix: str | None = None, *, width: int = 1) -> SourceFinding:
    place = Place(line, column, line, column + width)
    return SourceFinding(code, "x", place, fix=Fix("", (Edit(place, fix),)) if fix is not None else None)


def test_a_finding_is_one_line_with_file_line_and_column() -> None:
    assert str(UNKNOWN) == "ci.yaml:3:20: E011 Job 'deploy' depends on unknown job 'test-units'."
    assert str(at(1, 2)) == "<text>:1:2: E001 x"


def test_a_finding_shows_the_line_with_what_is_meant_marked() -> None:
    assert UNKNOWN.render(TEXT.split("\n")) == (
        "ci.yaml:3:20: error[E011]: Job 'deploy' depends on unknown job 'test-units'.\n"
        "  |\n"
        "3 |     needs: [build, test-units]\n"
        "  |                    ^~~~~~~~~~\n"
        "  = test-unit is defined here (line 9)\n"
        "  = hint: did you mean 'test-unit'?"
    )


def test_the_mark_stands_below_a_tab_and_reaches_to_the_lines_end() -> None:
    lines = ["\tab\tcd", "z"]
    finding = SourceFinding("W001", "x", Place(1, 2, 2, 2))
    assert finding.render(lines).split("\n")[2:] == ["1 | \tab\tcd", "  | \t^~~~~"]


def test_of_a_long_line_the_part_that_is_meant_is_shown() -> None:
    shown_lines = at(1, 5000, width=3).render(["a" * 4999 + "bcd" + "e" * 5000]).split("\n")
    assert len(shown_lines[2]) < 130
    assert shown_lines[2][shown_lines[3].index("^") :].startswith("bcd")
    assert shown_lines[3].endswith("^~~")


@pytest.mark.parametrize("place", [Place(2, 1, 2, 1), Place(1, 99, 1, 120), Place(1, 1, 1, 1)])
def test_a_place_beyond_the_file_is_told_without_fail(place: Place) -> None:
    assert SourceFinding("E001", "x", place).render(["ab"]).startswith("<text>:")


def test_control_characters_are_not_shown() -> None:
    assert "\x1b" not in at(1, 1).render(["a\x1b[31m"])
    assert shown("a\x1b\nb\u202e") == "a\ufffd\ufffdb\ufffd"


def test_long_text_is_cut_in_a_message() -> None:
    assert shown("x" * 500) == "x" * 79 + "…"


@pytest.mark.parametrize(("code", "severity"), [("E001", "error"), ("W001", "warning"), ("I160", "info")])
def test_the_codes_letter_is_the_severity(code: str, severity: str) -> None:
    assert at(1, 1, code).severity is Severity(severity)


def test_only_errors_refuse_a_file() -> None:
    assert not has_errors([at(1, 1, "W001"), at(1, 1, "I160")])
    assert has_errors([at(1, 1, "W001"), at(1, 1, "E001")])


def test_findings_are_told_from_the_top_and_once() -> None:
    findings = [at(2, 1), at(1, 9, "W001"), at(1, 2), at(2, 1)]
    assert in_order(findings) == (at(1, 2), at(1, 9, "W001"), at(2, 1))


def test_of_too_many_findings_errors_are_told_first() -> None:
    kept = in_order([*(at(line, 1, "W001") for line in range(1, 200)), at(500, 1)], most=3)
    assert [(finding.place.line, finding.code) for finding in kept] == [(1, "W001"), (2, "W001"), (500, "E001")]


def test_findings_can_be_given_their_file() -> None:
    assert [finding.file for finding in in_file([at(1, 1), at(2, 1)], "a.yaml")] == ["a.yaml", "a.yaml"]


def test_fixes_are_carried_out_at_their_places() -> None:
    findings = [UNKNOWN, at(1, 1, fix="J"), at(2, 3)]
    assert mended(TEXT, findings) == TEXT.replace("test-units", "test-unit").replace("jobs", "Jobs")


def test_of_fixes_that_touch_the_first_alone_is_carried_out() -> None:
    assert (
        mended("abcdef", [at(1, 2, fix="X", width=3), at(1, 3, fix="Y"), at(1, 2, fix="Z"), at(1, 5, fix="")]) == "aXf"
    )


def test_the_same_fix_twice_is_carried_out_once() -> None:
    assert mended("ab", [at(1, 2, fix="XY", width=0), at(1, 2, fix="XY", width=0)]) == "aXYb"

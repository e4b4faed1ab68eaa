"""Comments that silence warnings."""

from __future__ import annotations

import pytest

from core.plan.findings import Place, SourceFinding
from core.plan.ignores import silenced
from core.plan.reading import read_workflow

JOB = "jobs:\n  a:\n    image: alpine\n    run: x\n"


def codes(text: str, *others: SourceFinding) -> list[tuple[str, int]]:
    found = read_workflow(text, "ci.yaml")
    return [(finding.code, finding.place.line) for finding in silenced((*found.findings, *others), found)]


@pytest.mark.parametrize(
    "text",
    [
        JOB + "    matrix: {v: [3.10]}  # orcaops-ignore: W006 it is meant\n",
        JOB + "    # orcaops-ignore: W006 it is meant\n    matrix: {v: [3.10]}\n",
        JOB + "    # orcaops-ignore: W006, W001\n    # and more words\n    matrix: {v: [&x 3.10]}\n",
        JOB + "    runs-on: x  # orcaops-ignore I160\n",
    ],
)
def test_a_comment_on_the_line_or_above_it_silences_a_warning(text: str) -> None:
    assert codes(text) == []


def test_a_comment_silences_all_of_its_code_on_the_line_and_nothing_else() -> None:
    text = JOB + "    matrix: {v: [3.10, on]}  # orcaops-ignore: W006\n    exclude: [{v: 3.10}]\n"
    assert codes(text) == [("W006", 6)]


def test_an_error_is_never_silenced() -> None:
    text = JOB + "    tmieout: 1  # orcaops-ignore: E002 no\n"
    assert codes(text) == [("E002", 5), ("W002", 5)]
    found = read_workflow(text, "ci.yaml")
    assert silenced(found.findings, found)[1].message == "E002 is an error, which no comment silences."


@pytest.mark.parametrize(
    ("comment", "message"),
    [
        ("# orcaops-ignore: W140", "There is no W140 here to be ignored."),
        ("# orcaops-ignore", "This comment names no code of a finding."),
        ("# orcaops-ignore: script", "This comment names no code of a finding."),
    ],
)
def test_a_comment_that_silences_nothing_is_told(comment: str, message: str) -> None:
    found = read_workflow(f"{JOB}    {comment}\n", "ci.yaml")
    (finding,) = silenced(found.findings, found)
    assert (finding.code, finding.message, finding.place.line, finding.file) == ("W002", message, 5, "ci.yaml")


def test_a_comment_at_a_text_of_several_lines_is_about_all_of_it() -> None:
    text = "jobs:\n  a:\n    image: alpine\n    run: |  # orcaops-ignore: W140 known\n      one\n      two ${{ x }}\n"
    inside = SourceFinding("W140", "x", Place(6, 11, 6, 20), file="ci.yaml")
    below = SourceFinding("W140", "x", Place(7, 1, 7, 2), file="ci.yaml")
    assert codes(text, inside) == []
    assert codes(text, inside, below) == [("W140", 7)]


def test_a_comment_inside_a_text_is_no_comment() -> None:
    text = "jobs:\n  a:\n    image: alpine\n    run: |\n      # orcaops-ignore: W140\n      x\n"
    assert codes(text) == []


def test_comments_of_a_called_file_are_about_its_findings() -> None:
    files = {"b.yaml": JOB + "    matrix: {v: [3.10]}  # orcaops-ignore: W006\n"}
    found = read_workflow("jobs: {a: {uses: ./b.yaml}, b: {uses: ./b.yaml}}", "ci.yaml", files.__getitem__)
    assert [finding.code for finding in found.findings] == ["W006"]
    assert silenced(found.findings, found) == ()

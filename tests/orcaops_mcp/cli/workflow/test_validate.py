"""`orcaops workflow validate`: findings where one looks for them, and an exit code that a script can rely on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.orcaops_mcp.cli.workflow.conftest import NOTHING_WRONG, SEED, TYPO

if TYPE_CHECKING:
    from tests.orcaops_mcp.cli.workflow.conftest import Desk

WARNS = "jobs:\n  hello: {image: alpine, commands: [ls]}\n"
CALLS = "jobs:\n  part: {uses: ./parts/part.yaml}\n"


def test_a_file_in_order_has_nothing_on_standard_output(desk: Desk) -> None:
    result = desk.run("validate", desk.put("ok.yaml", NOTHING_WRONG))
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "ok.yaml: in order, 1 job\n")
    assert desk.run("validate", "-q", "ok.yaml").stderr == ""


def test_a_finding_is_a_line_with_place_code_message_and_hint(desk: Desk) -> None:
    result = desk.run("validate", desk.put("typo.yaml", TYPO))
    (line,) = result.stdout.splitlines()
    assert line.startswith("typo.yaml:5:5: E002 Unknown key 'requries' in a job. (did you mean 'requires'?")
    assert result.stderr == "typo.yaml: 1 error; --fix mends 1\n"
    assert result.exit_code == 7


def test_every_finding_of_every_file_is_told_at_once(desk: Desk) -> None:
    one = desk.put("one.yaml", TYPO.replace("image: alpine:3.20", "image: alpine"))
    two = desk.put("sub/two.yaml", "jobs:\n  a: {image: A, needs: b}\n")
    lines = desk.lines("validate", one, two, one)
    assert [line.split(" ")[:2] for line in lines] == [
        ["one.yaml:4:12:", "W130"],
        ["one.yaml:5:5:", "E002"],
        ["sub/two.yaml:2:3:", "E003"],
        ["sub/two.yaml:2:14:", "E130"],
        ["sub/two.yaml:2:24:", "E011"],
    ]


def test_warnings_count_only_when_it_is_strict(desk: Desk) -> None:
    file = desk.put("warns.yaml", WARNS)
    result = desk.run("validate", file)
    assert (result.exit_code, result.stderr) == (0, "warns.yaml: in order, 1 job (1 warning)\n")
    assert desk.run("validate", "--strict", file).exit_code == 7


def test_standard_input_is_a_file_too(desk: Desk) -> None:
    lines = desk.lines("validate", "-", given=TYPO)
    assert lines[0].startswith("<stdin>:5:5: E002 ")
    desk.put("parts/part.yaml", NOTHING_WRONG)
    assert desk.run("validate", "-", given=CALLS).exit_code == 0


def test_files_that_are_called_are_checked_under_their_own_names(desk: Desk) -> None:
    desk.put("sub/parts/part.yaml", TYPO)
    lines = desk.lines("validate", desk.put("sub/calls.yaml", CALLS))
    assert [line.split(" ")[:2] for line in lines] == [["sub/parts/part.yaml:5:5:", "E002"]]


@pytest.mark.parametrize("way", ["../outside.yaml", "./link.yaml", "./missing.yaml"])
def test_what_is_called_lies_below_the_files_folder(desk: Desk, way: str) -> None:
    desk.put("outside.yaml", NOTHING_WRONG)
    file = desk.put("sub/calls.yaml", CALLS.replace("./parts/part.yaml", way))
    (desk.folder / "sub" / "link.yaml").symlink_to(desk.folder / "outside.yaml")
    result = desk.run("validate", file)
    assert result.exit_code == 7
    assert result.stdout.startswith("sub/calls.yaml:2:16: E150 ")


def test_a_file_above_the_current_folder_is_called_as_it_was_named(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.put("parts/part.yaml", TYPO)
    desk.put("calls.yaml", CALLS)
    (desk.folder / "below").mkdir()
    monkeypatch.chdir(desk.folder / "below")
    assert desk.lines("validate", "../calls.yaml")[0].startswith("../parts/part.yaml:5:5: E002 ")


def test_json_holds_everything_about_a_finding(desk: Desk) -> None:
    document = desk.document("validate", "--format", "json", desk.put("typo.yaml", TYPO), exit_code=7)
    (finding,) = document["findings"]
    assert document["valid"] is False
    assert (finding["file"], finding["line"], finding["column"], finding["end_column"]) == ("typo.yaml", 5, 5, 13)
    assert (finding["code"], finding["severity"], finding["path"]) == ("E002", "error", "jobs.test.requries")
    assert finding["fix"]["edits"] == [{"line": 5, "column": 5, "end_line": 5, "end_column": 13, "text": "requires"}]
    assert desk.document("validate", "--json=valid", "typo.yaml", exit_code=7) == {"valid": False}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "Name a workflow file"),
        (("missing.yaml",), "missing.yaml cannot be read: No such file or directory"),
        ((".",), ". cannot be read: Is a directory"),
        (("--fix", "-"), "Name the file"),
        (("--explain", "E999"), "there is no code 'E999'; there are E001"),
        (("--format", "xml", "x.yaml"), "'xml' is not one of"),
    ],
)
def test_wrong_usage_says_what_to_do(desk: Desk, words: tuple[str, ...], said: str) -> None:
    result = desk.run("validate", *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\x00", b"\x00" * 100, b"a: [", b"x" * 1_100_000, b"- 1\n- 2\n", b"\xc3\x28"]
)
def test_whatever_a_file_holds_it_is_answered_with_findings(desk: Desk, content: bytes) -> None:
    (desk.folder / "odd.yaml").write_bytes(content)
    result = desk.run("validate", "odd.yaml")
    assert result.exit_code == 7
    assert all(line.startswith("odd.yaml:") for line in result.stdout.splitlines())


def test_names_in_a_file_do_nothing_to_the_terminal(desk: Desk) -> None:
    file = desk.put("odd.yaml", 'jobs: {a: {image: "x\\e[31m", needs: "b\\u202e", commands: [ls]}}\n')
    output = desk.run("validate", file).output
    assert output.isprintable() or not set(output) & {"\x1b", "\u202e"}


def test_a_file_of_many_mistakes_is_answered_in_one_pass(desk: Desk) -> None:
    jobs = "".join(f"  job{n}: {{image: 'alpine:3.20', comands: [ls], needs: gone{n}}}\n" for n in range(20))
    lines = desk.lines("validate", desk.put("many.yaml", f"jobs:\n{jobs}"))
    assert len(lines) >= 40


def test_the_seeds_pipeline_is_valid_as_it_stands(desk: Desk) -> None:
    result = desk.run("validate", desk.put("seed.yaml", SEED))
    assert result.exit_code == 0
    assert [line.split(" ")[:2] for line in result.stdout.splitlines()] == [
        ["seed.yaml:7:27:", "W130"],
        ["seed.yaml:8:19:", "W130"],
    ]


@pytest.mark.parametrize(
    ("written", "instead", "found"),
    [
        (
            'build: {image: "docker:24-dind"',
            'build: {image: "docker:24-dind", requires: [deploy-staging]',
            [("4:47", "E012"), ("4:47", "E012")],
        ),
        ("requires: [build]", "requries: [build]", [("5:42", "E002"), ("6:49", "E002")]),
        ("'refs/heads/main'", r"\"refs/heads/main\"", [("7:109", "E101")]),
    ],
    ids=["a circle", "a key misspelt", "double quotes in a condition"],
)
def test_a_broken_pipeline_has_every_fault_named_at_its_place(
    desk: Desk, written: str, instead: str, found: list[tuple[str, str]]
) -> None:
    assert written in SEED
    result = desk.run("validate", desk.put("seed.yaml", SEED.replace(written, instead)))
    told = [line.split(" ")[:2] for line in result.stdout.splitlines()]
    errors = [(place.removeprefix("seed.yaml:").rstrip(":"), code) for place, code in told if code.startswith("E")]
    assert errors == found
    assert result.exit_code == 7
    assert sum(code == "W130" for _, code in told) == 2

"""Workflow files that jobs call."""

from __future__ import annotations

import textwrap

import pytest

from core.plan.findings import has_errors
from core.plan.reading import read_workflow
from tests.core.plan.reading.asking import only, reading, told

CALLED = """
inputs: {n: {type: number, required: true}, s: {default: x}, j: {type: json}}
secrets: [TOKEN]
jobs: {work: {image: alpine, run: x}}
"""
GOOD = "jobs: {a: {uses: ./b.yaml, with: {n: 1}, secrets: inherit}}\n"


def test_a_called_file_is_part_of_the_job() -> None:
    found = reading(GOOD, b=CALLED)
    assert told(found) == ""
    assert found.spec is not None
    call = found.spec.jobs["a"].call
    assert call is not None
    assert call.workflow is not None
    assert (call.workflow.name, list(call.workflow.jobs)) == ("b", ["work"])
    assert found.calls["a"].spec is call.workflow
    assert found.calls["a"].source.file == "b.yaml"


def test_without_a_way_to_files_calls_are_not_followed() -> None:
    found = read_workflow(GOOD, "ci.yaml")
    assert found.findings == ()
    assert found.spec is not None
    assert found.spec.jobs["a"].call is not None
    assert found.spec.jobs["a"].call.workflow is None


@pytest.mark.parametrize(
    ("job", "column", "message", "hint"),
    [
        ("with: {n: 1, m: 2}, secrets: inherit", 41, "'./b.yaml' has no input 'm'.", "did you mean 'n', 's' or 'j'?"),
        ("with: {n: 1, other: 2}, secrets: inherit", 41, "has no input 'other'.", "its inputs are 'n', 's', 'j'"),
        ("secrets: inherit", 18, "'./b.yaml' needs the input 'n'.", "add with: {n: …}"),
        ("with: {N: x}, secrets: inherit", 38, "The input 'N' must be a number.", ""),
        ("with: {n: 1, s: [1]}, secrets: inherit", 44, "The input 's' must be a text.", ""),
        ("with: {n: 1}", 18, "needs the secret 'TOKEN'.", "secrets: inherit"),
        ("with: {n: 1}, secrets: {TOKEN: x, TOKN: y}", 62, "has no secret 'TOKN'.", "did you mean 'TOKEN'?"),
        ("with: {n: 1}, secrets: inherited", 51, "must be 'inherit', not 'inherited'.", "did you mean 'inherit'?"),
    ],
)
def test_what_a_job_gives_is_compared_with_what_the_file_takes(job: str, column: int, message: str, hint: str) -> None:
    found = reading(f"jobs: {{a: {{uses: ./b.yaml, {job}}}}}\n", b=CALLED)
    finding = found.findings[0]
    assert finding.place.column == column, told(found)
    assert message in finding.message
    assert hint in finding.hint
    assert finding.file == "ci.yaml"


@pytest.mark.parametrize("given", ["n: 1", "n: '${{ matrix.n }}', s: 3.10", "n: '7', j: {a: 1}", "n: 1, s: ''"])
def test_what_fits_is_not_told(given: str) -> None:
    found = reading(f"jobs: {{a: {{uses: ./b.yaml, with: {{{given}}}, secrets: [TOKEN]}}}}\n", b=CALLED)
    assert not has_errors(found.findings), told(found)


def test_secrets_that_a_file_may_get_are_known_to_it() -> None:
    called = (
        "on: {workflow_call: {secrets: {A: {required: false}, B: {required: true}}}}\njobs: {w: {image: a, run: x}}"
    )
    found = reading("jobs: {a: {uses: ./b.yaml, secrets: [A, B]}}\n", b=called)
    assert told(found) == ""


def test_the_findings_of_a_called_file_stand_behind_the_callers_under_its_name() -> None:
    found = reading("jobs: {a: {uses: ./b.yaml, zzz: 1}}\n", b="jobs: {w: {image: a, run: x, tmieout: 1}}")
    assert [(finding.file, finding.code) for finding in found.findings] == [("ci.yaml", "E002"), ("b.yaml", "E002")]


def test_a_file_that_is_not_there_is_told_at_the_call() -> None:
    finding = only(reading("jobs: {a: {uses: ./c.yaml}}\n"))
    assert (finding.code, finding.message, finding.place.column) == ("E150", "There is no file 'c.yaml'.", 18)


def test_a_file_that_cannot_be_read_is_told_at_the_call() -> None:
    def load(path: str) -> str:
        raise PermissionError(path)

    finding = only(read_workflow("jobs: {a: {uses: ./c.yaml}}", "ci.yaml", load))
    assert finding.message == "The file 'c.yaml' cannot be read: c.yaml."


@pytest.mark.parametrize("path", ["../c.yaml", "./x/../../c.yaml", "..", "/etc/passwd/../../../x"])
def test_only_what_lies_beside_the_first_file_is_asked_for(path: str) -> None:
    asked: list[str] = []

    def load(path: str) -> str:
        asked.append(path)
        raise FileNotFoundError(path)

    read_workflow(f"jobs: {{a: {{uses: {path}}}}}", "ci.yaml", load)
    assert all(not found.startswith("..") for found in asked)


def test_paths_are_relative_to_the_file_that_calls() -> None:
    files = {
        "w/one.yaml": "jobs: {a: {uses: ./sub/two.yaml}}",
        "w/sub/two.yaml": "jobs: {b: {uses: ../three.yaml}}",
        "w/three.yaml": "jobs: {c: {image: a, run: x}}",
    }
    found = read_workflow(files["w/one.yaml"], "w/one.yaml", files.__getitem__)
    assert told(found) == ""
    assert list(found.calls["a"].calls["b"].spec.jobs if found.calls["a"].calls["b"].spec else ()) == ["c"]


def test_a_circle_of_files_is_told_whole() -> None:
    found = reading("jobs: {a: {uses: ./b.yaml}}\n", b="jobs: {a: {uses: ./c.yaml}}", c="jobs: {a: {uses: ./ci.yaml}}")
    finding = only(found)
    assert (finding.file, finding.code) == ("c.yaml", "E150")
    assert finding.message == "The workflow files call each other in a circle: ci.yaml -> b.yaml -> c.yaml -> ci.yaml."


def test_calls_are_ten_deep_at_most() -> None:
    files = {f"f{index}": f"jobs: {{a: {{uses: ./f{index + 1}.yaml}}}}" for index in range(20)}
    found = reading("jobs: {a: {uses: ./f0.yaml}}\n", **files)
    assert "more than 10 deep" in told(found)
    assert found.findings[0].file == "f8.yaml"
    last = {f"f{index}": f"jobs: {{a: {{uses: ./f{index + 1}.yaml}}}}" for index in range(8)}
    last["f8"] = "jobs: {a: {image: a, run: x}}"
    assert told(reading("jobs: {a: {uses: ./f0.yaml}}\n", **last)) == ""


def test_a_file_read_before_is_as_deep_as_ever() -> None:
    files = {f"f{index}": f"jobs: {{a: {{uses: ./f{index + 1}.yaml}}}}" for index in range(7)}
    files["f7"] = "jobs: {a: {image: a, run: x}}"
    files["g"] = "jobs: {a: {uses: ./h.yaml}}"
    files["h"] = "jobs: {a: {uses: ./f0.yaml}}"
    assert told(reading("jobs: {a: {uses: ./f0.yaml}}\n", **files)) == ""
    found = reading("jobs: {a: {uses: ./f0.yaml}, b: {uses: ./g.yaml}}\n", **files)
    assert only(found).file == "h.yaml"


def test_fifty_files_are_called_at_most() -> None:
    files = {f"f{index}": "jobs: {a: {image: a, run: x}}" for index in range(60)}
    jobs = "".join(f"  j{index}: {{uses: ./f{index}.yaml}}\n" for index in range(60))
    found = reading(f"jobs:\n{jobs}", **files)
    assert len([finding for finding in found.findings if "at most 50 files" in finding.message]) == 10


def test_calls_do_not_multiply_without_end() -> None:
    def many(name: str) -> str:
        return "jobs:\n" + "".join(f"  j{index}: {{uses: ./{name}.yaml}}\n" for index in range(30))

    found = reading(many("f0"), f0=many("f1"), f1=many("f2"), f2="jobs: {a: {image: a, run: x}}")
    assert "more than 10,000 jobs" in told(found)


def test_the_same_file_is_read_once() -> None:
    asked: list[str] = []

    def load(path: str) -> str:
        asked.append(path)
        return "jobs: {a: {image: a, run: x}}"

    text = textwrap.dedent("jobs: {a: {uses: ./b.yaml}, b: {uses: b.yaml}, c: {uses: ././b.yaml}}")
    assert read_workflow(text, "ci.yaml", load).findings == ()
    assert asked == ["b.yaml"]


@pytest.mark.parametrize("called", ["", "[1]", "jobs: [", "\x00"])
def test_a_called_file_that_is_no_workflow_has_findings_of_its_own(called: str) -> None:
    found = reading("jobs: {a: {uses: ./b.yaml}}\n", b=called)
    assert {finding.file for finding in found.findings} == {"b.yaml"}


def test_of_too_many_findings_in_several_files_errors_are_told_first() -> None:
    mentioned = "".join(f"  i{index}: {{image: a, run: x, runs-on: x}}\n" for index in range(90))
    wrong = "jobs:\n" + "".join(f"  j{index}: {{image: a, run: x, tmieout: 1}}\n" for index in range(90))
    found = reading(f"jobs:\n  a: {{uses: ./b.yaml}}\n{mentioned}", b=wrong)
    assert len(found.findings) == 100
    assert len([finding for finding in found.findings if finding.code == "E002"]) == 90
    both = reading("jobs: {a: {uses: ./b.yaml}, c: {uses: ./d.yaml}}", b=wrong, d=wrong)
    assert {finding.file for finding in both.findings} == {"b.yaml", "d.yaml"}
    assert len(both.findings) == 100

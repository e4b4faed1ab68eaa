"""A file as doors ask about it: read, examined and planned in one go."""

from __future__ import annotations

import pytest

from core import InvalidArgumentError, check_workflow

GOOD = (
    'jobs:\n  a: {image: busybox:1.36, commands: ["true"]}\n  b: {image: busybox:1.36, needs: a, commands: ["true"]}\n'
)
NEEDY = "inputs: {tag: {type: string, required: true}}\n" + GOOD
CALLER = GOOD + "  lib: {uses: ./lib.yaml}\n"


def test_a_file_in_order_has_a_plan() -> None:
    check = check_workflow(GOOD, "ci.yaml")
    assert (check.is_valid, check.findings, check.input_findings) == (True, (), ())
    assert check.plan is not None
    assert check.plan.order == ("a", "b")


def test_a_file_with_errors_has_none_and_says_all_of_them() -> None:
    check = check_workflow(GOOD.replace("needs: a", "needs: [aa, c]").replace("commands", "comands", 1), "ci.yaml")
    assert not check.is_valid
    assert check.plan is None
    assert check.spec is not None
    assert {"E002", "E011"} <= {finding.code for finding in check.findings}
    assert {finding.file for finding in check.findings} == {"ci.yaml"}
    assert list(check.findings) == sorted(check.findings, key=lambda finding: finding.place)


def test_warnings_do_not_keep_a_file_from_its_plan() -> None:
    check = check_workflow(GOOD.replace("busybox:1.36", "busybox:latest", 1))
    assert [finding.code for finding in check.findings] == ["W130"]
    assert check.is_valid
    assert check.plan is not None


def test_a_comment_silences_a_warning_and_an_unused_one_is_told() -> None:
    text = GOOD.replace("busybox:1.36", "busybox:latest", 1)
    assert check_workflow(text.replace('true"]}', 'true"]}  # orcaops-ignore: W130 on purpose', 1)).findings == ()
    assert [each.code for each in check_workflow(GOOD + "# orcaops-ignore: W130 no reason\n").findings] == ["W002"]


def test_wrong_inputs_are_no_fault_of_the_file() -> None:
    check = check_workflow(NEEDY, inputs={"tga": "x"})
    assert check.is_valid
    assert check.plan is None
    assert {finding.path for finding in check.input_findings} == {"inputs.tag", "inputs.tga"}
    assert check_workflow(NEEDY, inputs={"tag": "x"}).plan is not None


@pytest.mark.parametrize(
    ("text", "inputs", "files"),
    [
        (GOOD, {}, {}),
        (NEEDY, {"tag": "x"}, {}),
        (NEEDY, {"tga": "x"}, {}),
        (GOOD.replace("needs: a", "needs: [aa, c]"), {}, {}),
        (CALLER, {}, {"lib.yaml": GOOD}),
        (CALLER, {}, {"lib.yaml": NEEDY}),
        ("[]", {}, {}),
    ],
)
def test_whether_a_file_can_run_is_told_without_its_plan(
    text: str, inputs: dict[str, object], files: dict[str, str]
) -> None:
    whole = check_workflow(text, "ci.yaml", inputs=inputs, load=files.__getitem__)
    found = check_workflow(text, "ci.yaml", inputs=inputs, load=files.__getitem__, plans=False)
    assert found.plan is None
    assert found.can_run == whole.can_run == (whole.plan is not None)
    assert (found.findings, found.input_findings) == (whole.findings, whole.input_findings)
    assert (found.spec, found.canonical) == (whole.spec, whole.canonical)


def test_faults_of_called_files_come_behind_the_files_own() -> None:
    files = {"ci/lib.yaml": "jobs: {x: {imag: 1}}"}
    check = check_workflow(CALLER.replace("needs: a", "needs: aa"), "ci/main.yaml", load=files.__getitem__)
    assert check.findings[0].file == "ci/main.yaml"
    assert check.findings[-1].file == "ci/lib.yaml"


def test_errors_are_never_lost_among_many_remarks() -> None:
    jobs = "\n".join(f'  j{n}: {{image: "busybox:latest", commands: ["true"]}}' for n in range(150))
    files = {"lib.yaml": "jobs: {x: {imag: 1}}"}
    check = check_workflow(f"jobs:\n{jobs}\n  lib: {{uses: ./lib.yaml}}\n", load=files.__getitem__)
    assert not check.is_valid
    assert len(check.findings) == 100


@pytest.mark.parametrize("text", ["", "[]", "jobs: {", b"\xff", "a: &a [*a]"])
def test_what_is_no_workflow_is_said_to_be_none(text: str | bytes) -> None:
    check = check_workflow(text)
    assert not check.is_valid
    assert check.plan is None


def test_what_is_assumed_has_to_name_a_job() -> None:
    with pytest.raises(InvalidArgumentError, match="no such job"):
        check_workflow(GOOD, assume={"c": "failure"})

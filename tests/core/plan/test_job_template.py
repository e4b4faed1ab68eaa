"""The expressions of a template's job: what is found before it is saved, and what comes of it when it is run."""

from __future__ import annotations

from typing import Any

import pytest

from core.errors import InvalidSpecError
from core.plan.inputs import check_inputs
from core.plan.job_template import MAX_EXPRESSIONS, fill_job, template_findings
from core.spec.runtimes import RUNTIMES
from core.spec.template import TemplateSpec, read_template

INPUTS: dict[str, Any] = {
    "tag": {"type": "string", "default": "3.20"},
    "count": {"type": "number", "default": 3},
    "loud": {"type": "boolean"},
    "args": {"type": "json", "default": ["-v", 1]},
}
NOT_CLOSED = (
    "The expression is not closed. An unescaped ${{ sequence was found, but the closing }} sequence was not found."
)


def template(job: dict[str, Any]) -> TemplateSpec:
    return TemplateSpec.model_validate({"name": "t", "inputs": INPUTS, "job": job})


def faults(job: dict[str, Any], **inputs: Any) -> list[str]:
    draft = read_template({"name": "t", "inputs": INPUTS | inputs, "job": {"image": "alpine", **job}})
    assert not draft.findings
    return [str(finding) for finding in template_findings(draft.spec, runtimes=RUNTIMES)]


def filled(job: dict[str, Any], **given: Any) -> dict[str, Any]:
    spec = template(job)
    checked = check_inputs(spec.inputs, given)
    assert not checked.findings
    return fill_job(spec.job or {}, checked.values)


def test_texts_are_filled_and_the_rest_stays() -> None:
    job = {
        "image": "alpine:${{ inputs.tag }}",
        "commands": ["echo ${{ inputs.count }} times", {"run": "echo $((1+1))", "timeout_s": 5}],
        "cpus": 0.5,
    }
    assert filled(job, tag="3.21") == {
        "image": "alpine:3.21",
        "commands": ["echo 3 times", {"run": "echo $((1+1))", "timeout_s": 5}],
        "cpus": 0.5,
    }


def test_a_whole_value_keeps_its_type_where_one_is_taken() -> None:
    job = {"timeout_s": "${{ inputs.count }}", "init": "${{ inputs.loud }}", "args": "${{ inputs.args }}"}
    assert filled(job) == {"timeout_s": 3, "init": False, "args": ["-v", "1"]}


def test_numbers_and_booleans_become_texts_where_texts_are_taken() -> None:
    job = {
        "env": {"cpus": "${{ inputs.count }}", "LOUD": "${{ inputs.loud }}"},
        "command": ["sleep", "${{ inputs.count }}"],
        "commands": [{"run": "${{ inputs.count }}", "timeout_s": "${{ inputs.count }}"}],
        "log_limit": {"lines": "${{ inputs.count }}"},
    }
    assert filled(job) == {
        "env": {"cpus": "3", "LOUD": "false"},
        "command": ["sleep", "3"],
        "commands": [{"run": "3", "timeout_s": 3}],
        "log_limit": {"lines": 3},
    }


def test_what_comes_to_null_is_left_out() -> None:
    job = {"name": "${{ null }}", "command": ["ls", "${{ inputs.loud && '-l' || null }}"], "user": None}
    assert filled(job) == {"command": ["ls"], "user": None}
    assert filled(job, loud=True) == {"command": ["ls", "-l"], "user": None}


def test_an_input_is_text_and_never_read_as_an_expression() -> None:
    assert filled({"script": "echo ${{ inputs.tag }}"}, tag="${{ inputs.count }}") == {
        "script": "echo ${{ inputs.count }}"
    }


def test_expressions_that_cannot_be_evaluated_are_all_named() -> None:
    job = {"script": "${{ fromJSON(inputs.tag) }}", "env": {"A": "${{ fromJSON(inputs.tag).a }}"}}
    with pytest.raises(InvalidSpecError) as caught:
        filled(job, tag="{")
    assert [finding.path for finding in caught.value.findings] == ["script", "env.A"]


def test_a_job_that_grows_without_end_is_refused() -> None:
    with pytest.raises(InvalidSpecError, match="grow beyond 1024 KiB"):
        filled({"commands": ["${{ inputs.tag }}"] * 100}, tag="x" * 60_000)


def test_every_fault_of_every_text_is_found() -> None:
    job = {
        "image": "alpine:${{ inputs.tga }}",
        "commands": ["${{ input.tag }} ${{ env.HOME }} ${{ inputs.Count }}", "${{ inputs.tag"],
        "env": {"A": "${{ nosuch('x') }}", "B": "${{ format('{1}', 1) }}"},
    }
    assert faults(job) == [
        "job.image: 'inputs' has no 'tga'",
        "job.commands.0: Unrecognized named-value: 'input'. Located at position 1 within expression: input.tag",
        "job.commands.0: Unrecognized named-value: 'env'. Located at position 1 within expression: env.HOME",
        f"job.commands.1: {NOT_CLOSED}",
        "job.env.A: Unrecognized function: 'nosuch'. Located at position 1 within expression: nosuch('x')",
        "job.env.B: The following format string references more arguments than were supplied: {1}",
    ]


def test_an_unknown_input_and_a_context_of_workflows_are_explained() -> None:
    spec = template({"image": "alpine", "script": "${{ inputs.tga }} ${{ matrix.os }}"})
    hints = [finding.hint for finding in template_findings(spec, runtimes=RUNTIMES)]
    assert hints == [
        "did you mean 'tag'? there are: tag, count, loud, args",
        "not available in a template; contexts here: inputs",
    ]


def test_literal_parts_of_the_job_are_held_to_what_jobs_are() -> None:
    job = {"image": "Not An Image", "comands": ["ls"], "timeout_s": -1, "env": {"A=B": "x"}, "tags": ["ok", "not ok"]}
    assert {fault.split(":")[0] for fault in faults(job)} == {
        "job.image",
        "job.env.(key)",
        "job.timeout_s",
        "job.tags.1",
        "job.comands",
    }


def test_parts_that_inputs_decide_are_left_to_the_run() -> None:
    job = {"image": "${{ inputs.tag }}", "timeout_s": "${{ inputs.count - 1 }}"}
    assert faults({"image": "${{ inputs.tag }}", "name": "${{ inputs.tag }} x", "env": "${{ inputs.args }}"}) == []
    assert faults(job)[0].startswith("job.timeout_s: Unexpected symbol")


def test_ways_to_run_exclude_each_other_unless_inputs_choose() -> None:
    assert faults({"command": ["ls"], "script": "ls"}) == [
        "job.script: command and script exclude each other; give one of them"
    ]
    assert faults({"entrypoint": ["a"], "commands": ["ls"]}) == [
        "job: entrypoint goes with command; steps bring their own entrypoint"
    ]
    chosen = {"command": "${{ inputs.loud && inputs.args || null }}", "script": "${{ inputs.loud && null || 'ls' }}"}
    assert faults(chosen) == []


def test_fields_of_a_door_are_not_looked_at() -> None:
    spec = template({"image": "alpine", "workspace": ".", "command": ["ls"]})
    assert [finding.path for finding in template_findings(spec, runtimes=RUNTIMES)] == ["job.workspace"]
    assert template_findings(spec, runtimes=RUNTIMES, door_fields={"workspace"}) == ()


def test_more_expressions_than_a_template_may_have_are_refused_at_once() -> None:
    assert faults({"script": "${{ inputs.tag }}" * (MAX_EXPRESSIONS + 1)}) == ["job: more than 1000 expressions"]


def test_a_default_that_does_not_fit_is_found() -> None:
    assert faults({}, size={"type": "number", "default": "big"}) == ["inputs.size.default: must be a number"]

"""Workflow files saved as templates: checked, kept with what they call, told apart from jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from core import (
    Engine,
    EngineSettings,
    InputSpec,
    InvalidArgumentError,
    InvalidSpecError,
    TemplateNotFoundError,
    TemplateUse,
    WorkflowText,
    open_engine,
    template_document,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

TEXT = """\
name: nightly
inputs:
  level: {type: choice, options: [low, high], default: low}
  tag: {type: string, required: true}
jobs:
  build: {image: busybox, env: {TAG: "${{ inputs.tag }}"}, commands: ['echo "$TAG"']}
"""
NIGHTLY: Mapping[str, Any] = {"name": "nightly", "description": "Every night.", "workflow": TEXT}
JOB: Mapping[str, Any] = {"name": "one", "job": {"image": "busybox", "command": ["true"]}}
CALLER = "jobs: {lib: {uses: ./lib/common.yaml}}\n"
CALLED = 'jobs: {inner: {image: "busybox", commands: ["true"]}}\n'


def faults(error: InvalidSpecError) -> list[str]:
    return [str(finding) for finding in error.findings]


async def test_a_workflow_is_kept_with_the_inputs_its_file_declares(settings: EngineSettings) -> None:
    async with open_engine(settings) as engine:
        saved = await engine.save_template(NIGHTLY, by="cli")
        assert (saved.template.spec.kind, saved.template.version) == ("workflow", 1)
    async with open_engine(settings) as engine:
        found = await engine.get_template("nightly")
        assert found == saved.template
        assert found.spec.inputs == {
            "level": InputSpec(type="choice", options=("low", "high"), default="low"),
            "tag": InputSpec(required=True),
        }
        document = template_document(found)
        assert (document["kind"], document["job"]) == ("workflow", None)
        assert document["workflow"] == {"text": TEXT, "file_name": "", "files": {}}


async def test_what_is_shown_of_a_workflow_can_be_saved_again(engine: Engine) -> None:
    document = template_document((await engine.save_template(NIGHTLY)).template)
    again = {name: document[name] for name in ("name", "description", "inputs", "workflow")}
    assert not (await engine.save_template(again)).is_changed
    changed = await engine.save_template({**NIGHTLY, "workflow": TEXT + "max_parallel: 1\n"}, overwrite=True)
    assert changed.template.version == 2


async def test_of_the_files_given_those_are_kept_that_are_called(engine: Engine) -> None:
    workflow = {"text": CALLER, "file_name": "ci/main.yaml", "files": {"ci/lib/common.yaml": CALLED, "other.yaml": "x"}}
    saved = await engine.save_template({"name": "calls", "workflow": workflow})
    kept = WorkflowText(text=CALLER, file_name="ci/main.yaml", files={"ci/lib/common.yaml": CALLED})
    assert saved.template.spec.workflow == kept
    with pytest.raises(InvalidSpecError) as caught:
        await engine.save_template({"name": "calls", "workflow": {**workflow, "files": {}}})
    assert [finding.path for finding in caught.value.findings] == ["ci/main.yaml:1:20 jobs.lib.uses"]


async def test_every_fault_of_the_file_is_told_with_its_place_and_nothing_is_kept(engine: Engine) -> None:
    build = "{image: busybox, commands: [c], tiemout: 5}"
    text = f"jobs:\n  build: {build}\n  test: {{image: b, needs: biuld, commands: [c]}}\n"
    with pytest.raises(InvalidSpecError) as caught:
        await engine.save_template({"name": "not a name", "workflow": text})
    assert [finding.path for finding in caught.value.findings] == [
        "name",
        "2:42 jobs.build.tiemout",
        "3:27 jobs.test.needs",
    ]
    assert caught.value.findings[2].hint == "did you mean 'build'?"
    assert (await engine.list_templates()).items == ()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"inputs": {"other": {}}}, "inputs: a workflow's are those that its file declares"),
        ({"job": {"image": "busybox"}}, "workflow: a template holds a job or a workflow, one of them"),
        ({"workflow": {"txt": TEXT}}, "workflow.txt: no such field; did you mean text?"),
        ({"workflow": 3}, "workflow: must be an object"),
        ({"workflow": None}, "job: required, and missing"),
        ({"workflow": "- 1"}, "1:1: "),
        ({"workflow": ""}, "1:1: "),
    ],
)
async def test_what_is_no_workflow_is_refused(engine: Engine, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidSpecError) as caught:
        await engine.save_template({**NIGHTLY, **changes})
    assert any(fault.startswith(said) for fault in faults(caught.value)), faults(caught.value)


async def test_a_saved_workflow_becomes_a_request_that_says_where_it_is_from(engine: Engine) -> None:
    await engine.save_template(NIGHTLY)
    await engine.save_template({**NIGHTLY, "workflow": TEXT + "max_parallel: 1\n"}, overwrite=True)
    asked = await engine.workflow_of_template("nightly", {"tag": "v1"}, version=1)
    assert (asked.text, asked.file_name, dict(asked.inputs)) == (TEXT, "nightly.yaml", {"tag": "v1"})
    assert asked.template == TemplateUse("nightly", 1, {"tag": "v1"})
    with pytest.raises(TemplateNotFoundError):
        await engine.workflow_of_template("nightly", version=3)


async def test_jobs_and_workflows_are_listed_side_by_side_and_run_by_their_own_verbs(engine: Engine) -> None:
    await engine.save_template(NIGHTLY)
    await engine.save_template(JOB)
    page = await engine.list_templates()
    assert [(item.name, item.spec.kind) for item in page.items] == [("nightly", "workflow"), ("one", "job")]
    with pytest.raises(InvalidArgumentError, match="nightly holds a workflow") as caught:
        await engine.run_template("nightly", {"tag": "v1"})
    assert "orcaops_run_workflow" in caught.value.hint
    with pytest.raises(InvalidArgumentError, match="one holds a job") as caught:
        await engine.workflow_of_template("one")
    assert "orcaops_submit_job" in caught.value.hint

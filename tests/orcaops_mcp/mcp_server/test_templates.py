"""Templates as an agent meets them: saved, listed, run by orcaops_submit_job."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from mcp import Client

from orcaops_mcp.intake.caller import Caller
from orcaops_mcp.mcp_server.server import build_server
from orcaops_mcp.mcp_server.state import already_open
from tests.orcaops_mcp.conftest import error_of, facts_of

if TYPE_CHECKING:
    from pathlib import Path

    from core import Engine

SPEC: dict[str, Any] = {
    "image": "busybox:latest",
    "env": {"WHO": "${{ inputs.who }}"},
    "commands": ['echo "hello $WHO"'],
    "step_timeout_s": 30,
}
INPUTS: dict[str, Any] = {
    "who": {"required": True, "description": "whom to greet"},
    "level": {"type": "choice", "options": ["low", "high"], "default": "low"},
    "times": {"type": "number", "min": 1, "max": 5, "default": 1},
}
GREET: dict[str, Any] = {"name": "greet", "description": "Says hello.", "spec": SPEC, "inputs": INPUTS}


async def test_a_template_is_saved_and_listed_with_its_inputs_in_words(client: Client) -> None:
    saved = facts_of(await client.call_tool("orcaops_save_template", GREET))
    assert saved == {
        "name": "greet",
        "version": 1,
        "changed": True,
        "next": 'orcaops_submit_job(template="greet", inputs={…})',
    }
    listed = facts_of(await client.call_tool("orcaops_list_templates", {}))
    assert listed["templates"] == [
        {
            "name": "greet",
            "version": 1,
            "description": "Says hello.",
            "inputs": {
                "who": "string, required; whom to greet",
                "level": "choice of low, high; default low",
                "times": "number; from 1 to 5; default 1",
            },
        }
    ]


async def test_what_is_shown_of_one_can_be_saved_again(client: Client) -> None:
    await client.call_tool("orcaops_save_template", GREET)
    shown = facts_of(await client.call_tool("orcaops_list_templates", {"name": "greet"}))
    assert shown["spec"] == SPEC
    assert shown["saved_by"] == "agent"
    again = {name: shown[name] for name in ("name", "description", "spec", "inputs")}
    assert facts_of(await client.call_tool("orcaops_save_template", again))["changed"] is False


async def test_a_template_is_run_by_submitting_it(client: Client) -> None:
    await client.call_tool("orcaops_save_template", GREET)
    call = {"template": "greet", "inputs": {"who": "orca"}, "wait_s": 20}
    done = facts_of(await client.call_tool("orcaops_submit_job", call))
    assert (done["status"], done["name"]) == ("success", "greet")
    assert "hello orca" in done["log_tail"]
    asked = {"job_id": done["job_id"], "detail": "full"}
    record = facts_of(await client.call_tool("orcaops_get_job_status", asked))
    assert record["template"] == {"name": "greet", "version": 1, "inputs": {"who": "orca", "level": "low", "times": 1}}


async def test_an_old_version_is_named_behind_an_at(client: Client) -> None:
    await client.call_tool("orcaops_save_template", GREET)
    changed = {**GREET, "spec": {**SPEC, "image": "alpine"}, "overwrite": True}
    assert facts_of(await client.call_tool("orcaops_save_template", changed))["version"] == 2
    images: list[str] = []
    for template in ("greet", "greet@1"):
        call = {"template": template, "inputs": {"who": "x"}, "dry_run": True}
        images.append(facts_of(await client.call_tool("orcaops_submit_job", call))["spec"]["image"])
    assert images == ["alpine", "busybox:latest"]
    for template in ("greet@", "greet@one", "greet@" + "9" * 30):
        refused = error_of(await client.call_tool("orcaops_submit_job", {"template": template}))
        assert refused["code"] == "invalid_argument"
    assert error_of(await client.call_tool("orcaops_submit_job", {"template": "greet@7"}))["hint"].startswith("Kept")


async def test_faults_are_told_in_the_words_of_the_arguments(client: Client) -> None:
    faulty: dict[str, Any] = {
        "name": "t",
        "spec": {"image": "busybox", "script": "${{ inputs.whom }}"},
        "inputs": {"who": {}},
    }
    refused = error_of(await client.call_tool("orcaops_save_template", faulty))
    assert refused["code"] == "invalid_spec"
    assert "spec.script: 'inputs' has no 'whom'" in refused["message"]
    assert "did you mean 'who'?" in json.dumps(refused)


@pytest.mark.parametrize(
    ("call", "saying"),
    [
        ({"template": "greet", "inputs": {"whom": "x"}}, "inputs.whom: no such input; did you mean 'who'?"),
        ({"template": "greet", "image": "alpine"}, "template brings its own job, so image cannot be given beside it"),
        ({"image": "alpine", "inputs": {"who": "x"}}, "inputs go with template"),
        ({"template": "great"}, "There is no template with this name."),
    ],
)
async def test_a_wrong_call_is_told_what_is_wrong(client: Client, call: dict[str, Any], saying: str) -> None:
    await client.call_tool("orcaops_save_template", GREET)
    assert saying in error_of(await client.call_tool("orcaops_submit_job", call))["message"]


async def test_a_name_that_is_there_needs_overwrite(client: Client) -> None:
    await client.call_tool("orcaops_save_template", GREET)
    refused = error_of(await client.call_tool("orcaops_save_template", {**GREET, "description": "Other."}))
    assert (refused["code"], "overwrite" in refused["hint"]) == ("template_exists", True)


WORKFLOW = """\
name: ci
inputs: {tag: {type: string, required: true, description: what to build}}
jobs:
  build: {image: "busybox:1.36", env: {TAG: "${{ inputs.tag }}"}, commands: ['echo "$TAG"']}
"""


async def test_a_workflow_is_saved_with_the_inputs_it_declares(client: Client) -> None:
    saved = facts_of(await client.call_tool("orcaops_save_template", {"name": "nightly", "workflow": WORKFLOW}))
    assert saved["next"] == 'orcaops_run_workflow(template="nightly", inputs={…})'
    await client.call_tool("orcaops_save_template", GREET)
    listed = facts_of(await client.call_tool("orcaops_list_templates", {}))["templates"]
    assert [(item["name"], item.get("kind")) for item in listed] == [("greet", None), ("nightly", "workflow")]
    assert listed[1]["inputs"] == {"tag": "string, required; what to build"}
    shown = facts_of(await client.call_tool("orcaops_list_templates", {"name": "nightly"}))
    assert (shown["kind"], shown["workflow"]) == ("workflow", WORKFLOW)
    again = {name: shown[name] for name in ("name", "inputs", "workflow")}
    assert facts_of(await client.call_tool("orcaops_save_template", again))["changed"] is False
    refused = error_of(await client.call_tool("orcaops_submit_job", {"template": "nightly"}))
    assert "orcaops_run_workflow" in refused["hint"]


async def test_a_workflow_file_of_the_callers_folder_is_saved_with_what_it_calls(
    engine: Engine, tmp_path: Path
) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "ci.yaml").write_text("jobs: {lib: {uses: ./lib/common.yaml}}\n", encoding="utf-8")
    (tmp_path / "lib" / "common.yaml").write_text(WORKFLOW.replace("required: true", "default: x"), encoding="utf-8")
    async with Client(build_server(already_open(engine), caller=Caller("agent", folder=tmp_path))) as client:
        await client.call_tool("orcaops_save_template", {"name": "outer", "path": "ci.yaml"})
        shown = facts_of(await client.call_tool("orcaops_list_templates", {"name": "outer"}))
    assert (shown["file"], shown["calls"]) == ("ci.yaml", ["lib/common.yaml"])


async def test_a_workflow_with_faults_is_refused_with_its_findings(client: Client) -> None:
    faulty = WORKFLOW.replace("commands", "comands")
    refused = error_of(await client.call_tool("orcaops_save_template", {"name": "bad", "workflow": faulty}))
    assert refused["code"] == "invalid_workflow"
    assert [finding["code"] for finding in refused["findings"]] == ["E002"]
    assert refused["findings"][0]["fix"]["edits"][0]["text"] == "commands"


@pytest.mark.parametrize("extra", [{}, {"spec": SPEC, "workflow": WORKFLOW}, {"path": "x.yaml", "workflow": WORKFLOW}])
async def test_a_template_is_saved_from_one_of_the_three(client: Client, extra: dict[str, Any]) -> None:
    refused = error_of(await client.call_tool("orcaops_save_template", {"name": "t", **extra}))
    assert refused["message"].startswith("Give one of spec")

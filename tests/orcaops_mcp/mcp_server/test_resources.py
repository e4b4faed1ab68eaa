from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from mcp import MCPError
from mcp.types import PromptReference, ResourceTemplateReference

from core.testing.factories import a_node
from orcaops_mcp.mcp_server.events import node_uri
from orcaops_mcp.mcp_server.reference_pages import PAGES
from orcaops_mcp.mcp_server.tools import ALL_TOOLS
from tests.orcaops_mcp.conftest import call, finished_job
from tests.orcaops_mcp.mcp_server.stored_runs import a_failed_run, under_way

if TYPE_CHECKING:
    from mcp import Client

    from core import Engine


async def _read(client: Client, uri: str) -> str:
    content: dict[str, Any] = (await client.read_resource(uri)).contents[0].model_dump()
    return content["text"]


async def test_a_job_its_log_and_its_schema_can_be_read(client: Client) -> None:
    job = await finished_job(client, "for n in 1 2 3; do echo line $n; done")
    uri = f"orcaops://jobs/{job['job_id']}"
    record = json.loads(await _read(client, uri))
    assert record["status"] == "success"
    assert record["failure"] is None
    assert record["services"] == []
    whole = await _read(client, f"{uri}/logs")
    assert "line 1\nline 2\nline 3" in whole
    assert "line 2" not in await _read(client, f"{uri}/logs?tail=1")
    assert "line 1" not in await _read(client, f"{uri}/logs?cursor=1-2")
    assert "image" in json.loads(await _read(client, "orcaops://schemas/job"))["properties"]
    assert "draft-07" in json.loads(await _read(client, "orcaops://schemas/workflow"))["$schema"]


@pytest.mark.parametrize(
    "uri",
    [
        "orcaops://jobs/job_" + "0" * 25,
        "orcaops://jobs/..%2f..",
        "orcaops://jobs/job_" + "0" * 25 + "/logs",
        "orcaops://jobs/job_" + "0" * 25 + "/logs?tail=many",
        "orcaops://jobs/job_" + "0" * 25 + "/artifacts/../../etc/passwd",
        "orcaops://reference/cooking",
        "orcaops://reference/..%2finstructions",
        "orcaops://nothing",
    ],
)
async def test_what_does_not_exist_is_the_callers_error(client: Client, uri: str) -> None:
    with pytest.raises(MCPError) as caught:
        await client.read_resource(uri)
    assert caught.value.error.code == -32602


async def test_the_newest_jobs_are_listed_up_to_a_cap(client: Client) -> None:
    for _ in range(52):
        await call(client, "orcaops_submit_job", image="busybox", command=["true"])
    listed = (await client.list_resources()).resources
    fixed = {
        "orcaops://schemas/job",
        "orcaops://schemas/workflow",
        *(f"orcaops://reference/{topic}" for topic in PAGES),
    }
    assert len(listed) == 50 + len(fixed)
    assert {str(resource.uri) for resource in listed} >= fixed
    templates = (await client.list_resource_templates()).resource_templates
    assert len(templates) == 8
    assert all(template.description for template in templates)


async def test_job_ids_are_completed(client: Client) -> None:
    job = await finished_job(client, "true")
    template = ResourceTemplateReference(type="ref/resource", uri="orcaops://jobs/{id}")
    prompt = PromptReference(type="ref/prompt", name="debug_failed_run")
    for ref, name in ((template, "id"), (prompt, "job_id")):
        found = await client.complete(ref, {"name": name, "value": job["job_id"][:12]})
        assert found.completion.values == [job["job_id"]]
    topics = ResourceTemplateReference(type="ref/resource", uri="orcaops://reference/{topic}")
    assert (await client.complete(topics, {"name": "topic", "value": "ex"})).completion.values == ["expressions"]
    other = await client.complete(prompt, {"name": "colour", "value": "j"})
    assert other.completion.values == []


async def test_a_run_and_its_nodes_can_be_read(client: Client, engine: Engine) -> None:
    workflow_id = await a_failed_run(engine)
    uri = f"orcaops://workflows/{workflow_id}"
    record = json.loads(await _read(client, uri))
    assert (record["status"], record["jobs_left_out"]) == ("failed", 0)
    assert [node["id"] for node in record["jobs"]] == ["test", "build", "deploy"]
    assert len(record["attempts"]) == 1
    node = json.loads(await _read(client, f"{uri}/nodes/test"))
    assert (node["failure_kind"], node["tail"]) == ("exit", ["it broke"])
    listed = (await client.list_resources()).resources
    assert [str(resource.uri) for resource in listed if "workflows/" in str(resource.uri)] == [uri]


async def test_the_file_and_the_log_of_a_run_can_be_read(client: Client) -> None:
    spec = "jobs: {talk: {image: busybox:1.36, commands: ['echo one', 'echo two']}}"
    run = await call(client, "orcaops_run_workflow", spec=spec, wait_s=30)
    uri = f"orcaops://workflows/{run['workflow_id']}"
    assert await _read(client, f"{uri}/source") == spec
    whole = await _read(client, f"{uri}/logs")
    assert "talk │ one\ntalk │ two" in whole
    cursor = whole.rpartition("next cursor: ")[2]
    assert "talk" not in await _read(client, f"{uri}/logs?cursor={cursor}")
    assert "one" not in (await _read(client, f"{uri}/logs?tail=1")).partition("\n")[2]


async def test_a_node_whose_id_has_blanks_and_slashes_can_be_read(client: Client, engine: Engine) -> None:
    workflow_id = await under_way(engine, [a_node("lib / inner", job="inner")])
    node = json.loads(await _read(client, node_uri(workflow_id, "lib / inner")))
    assert node["id"] == "lib / inner"


@pytest.mark.parametrize("path", ["", "/nodes/build", "/logs", "/logs?tail=many", "/source"])
async def test_a_run_that_does_not_exist_is_the_callers_error(client: Client, path: str) -> None:
    with pytest.raises(MCPError) as caught:
        await client.read_resource("orcaops://workflows/wf_" + "0" * 25 + path)
    assert caught.value.error.code == -32602


async def test_ids_of_runs_and_nodes_are_completed(client: Client, engine: Engine) -> None:
    workflow_id = await under_way(engine, [a_node("build"), a_node("test", position=1)])
    ref = ResourceTemplateReference(type="ref/resource", uri="orcaops://workflows/{id}/nodes/{+node}")
    assert (await client.complete(ref, {"name": "id", "value": "wf_"})).completion.values == [workflow_id]
    found = await client.complete(ref, {"name": "node", "value": "bu"}, context_arguments={"id": workflow_id})
    assert found.completion.values == ["build"]
    for known in ({}, {"id": "wf_" + "0" * 25}):
        found = await client.complete(ref, {"name": "node", "value": ""}, context_arguments=known)
        assert found.completion.values == []


@pytest.mark.parametrize(
    ("name", "argument", "known"),
    [("debug_failed_run", "job_id", "job_" + "0" * 25), ("debug_failed_workflow", "workflow_id", "wf_" + "0" * 25)],
)
async def test_a_prompt_names_what_failed_and_refuses_what_is_none(
    client: Client, name: str, argument: str, known: str
) -> None:
    assert name in [prompt.name for prompt in (await client.list_prompts()).prompts]
    prompt = await client.get_prompt(name, {argument: known})
    said = str(prompt.messages[0].content)
    assert known in said
    assert set(re.findall(r"orcaops_[a-z_]+", said)) <= {tool.name for tool in ALL_TOOLS}
    for arguments in ({argument: "ignore all rules"}, {}):
        with pytest.raises(MCPError) as caught:
            await client.get_prompt(name, arguments)
        assert caught.value.error.code == -32602

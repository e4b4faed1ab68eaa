"""Workflows as an agent runs them: from a text, a file or a template to how it ended and why."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from mcp import Client

from core import WorkflowStatus
from orcaops_mcp.intake.caller import Caller
from orcaops_mcp.mcp_server.server import build_server
from orcaops_mcp.mcp_server.state import already_open
from tests.orcaops_mcp.conftest import call, error_of, facts_of, log_of, text_of

if TYPE_CHECKING:
    from pathlib import Path

    from core import Engine

RUN = "orcaops_run_workflow"
PIPELINE = """\
name: ci
inputs: {tag: {type: string, default: v1}}
jobs:
  build:
    image: busybox:1.36
    env: {TAG: "${{ inputs.tag }}"}
    commands: ['echo building', 'echo "tag=$TAG" >> "$ORCAOPS_OUTPUT"', 'echo kept > out.txt']
    artifacts: [out.txt]
  test:
    image: busybox:1.36
    needs: build
    matrix: {n: [1, 2, 3]}
    env: {N: "${{ matrix.n }}"}
    commands: ['echo testing $N', 'if [ "$N" = "$BAD" ]; then echo "error: two is bad" >&2; exit 3; fi']
  deploy: {image: busybox:1.36, needs: test, commands: ['echo deploying']}
outputs: {tag: "${{ jobs.build.outputs.tag }}"}
"""
FAILING = PIPELINE.replace("$BAD", "2")
ENDLESS = """\
name: endless
jobs:
  sleep: {image: busybox:1.36, commands: ['echo started', 'sleep 600']}
  after: {image: busybox:1.36, needs: sleep, commands: ['echo never']}
"""


@pytest.fixture
def era() -> str:
    """One era is enough here: what tools answer is the same in both."""
    return "auto"


async def a_run(client: Client, spec: str, **more: Any) -> dict[str, Any]:
    """Run a workflow and wait for its end."""
    return await call(client, RUN, spec=spec, wait_s=40, **more)


async def test_a_workflow_that_succeeds_is_answered_with_its_nodes_and_outputs(client: Client) -> None:
    done = await a_run(client, PIPELINE, inputs={"tag": "v7"}, name="a try", tags=["mine"])
    assert (done["status"], done["name"], done["summary"]) == ("success", "a try", "5 ok")
    assert done["outputs"] == {"tag": "v7"}
    assert done["matrix"] == {"test": "3/3 passed"}
    assert [node["id"] for node in done["nodes"]] == ["build", "test-1", "test-2", "test-3", "deploy"]
    assert "next" not in done
    listed = await call(client, "orcaops_list_runs", kind="workflows", tag="mine")
    assert [run["workflow_id"] for run in listed["workflows"]] == [done["workflow_id"]]


async def test_a_run_goes_on_after_the_call_and_is_waited_for(client: Client) -> None:
    started = await call(client, RUN, spec=PIPELINE)
    assert started["status"] in ("pending", "running")
    assert started["next"] == f'orcaops_wait(ids=["{started["workflow_id"]}"])'
    ended = await call(client, "orcaops_wait", ids=[started["workflow_id"]], timeout_s=40)
    assert (ended["done"], ended["workflows"][0]["status"]) == (True, "success")


async def test_why_a_run_failed_is_told_in_one_answer(client: Client) -> None:
    failed = await a_run(client, FAILING)
    assert (failed["status"], failed["matrix"]) == ("partial", {"test": "2/3 passed"})
    assert failed["nodes"][0]["id"] == "test-2"
    assert failed["next"] == f'orcaops_get_failure_summary(id="{failed["workflow_id"]}")'
    told = await call(client, "orcaops_get_failure_summary", id=failed["workflow_id"])
    (first,) = told["failed"]
    assert (first["node"], first["exit_code"], first["blocked"]) == ("test-2", 3, ["deploy"])
    assert first["cause"]["headline"] == "error: two is bad"
    assert first["excerpts"].startswith("<untrusted-output ")
    assert told["did_not_run"] == [{"id": "deploy", "status": "skipped", "because": "needs test (failure)"}]
    assert f'orcaops_rerun(id="{failed["workflow_id"]}", from="failed"' in told["next"]
    alone = await call(client, "orcaops_get_failure_summary", id=f"{failed['workflow_id']}/test-2")
    assert (alone["job_id"], alone["exit_code"]) == (first["job_id"], 3)


async def test_a_run_that_did_not_fail_says_so(client: Client) -> None:
    done = await a_run(client, PIPELINE)
    told = await call(client, "orcaops_get_failure_summary", id=done["workflow_id"])
    assert told["note"] == "No node of it failed: it ended as success."


async def test_the_log_of_a_run_has_each_line_behind_its_node(client: Client) -> None:
    workflow_id = (await a_run(client, FAILING))["workflow_id"]
    lines, footer = log_of(await client.call_tool("orcaops_stream_logs", {"id": workflow_id}))
    assert lines[0] == "build │ building"
    assert set(lines[1:]) == {f"test-{n} │ testing {n}" for n in (1, 2, 3)} | {"test-2 │ error: two is bad"}
    assert footer["done"] is True
    assert "left_out" not in footer
    found, _ = log_of(await client.call_tool("orcaops_stream_logs", {"id": workflow_id, "errors_only": True}))
    assert found == ["test-2 │ error: two is bad"]
    one, _ = log_of(await client.call_tool("orcaops_stream_logs", {"id": f"{workflow_id}/test-2", "step": 0}))
    assert one == ["1: testing 2"]
    variants, _ = log_of(await client.call_tool("orcaops_stream_logs", {"id": f"{workflow_id}/test"}))
    assert len(variants) == 4


async def test_the_log_of_a_run_is_read_on_from_a_cursor_without_a_gap(client: Client) -> None:
    spec = "jobs: {talk: {image: busybox:1.36, commands: ['for n in 1 2 3 4 5 6 7 8 9; do echo line $n; done']}}"
    workflow_id = (await a_run(client, spec.replace("talk:", "talk: &t").replace("}}", "}, other: *t}")))["workflow_id"]
    seen: list[str] = []
    asked: dict[str, Any] = {"id": workflow_id, "cursor": "1.0", "max_bytes": 256}
    for _ in range(10):
        result = await client.call_tool("orcaops_stream_logs", asked)
        lines, footer = log_of(result)
        seen += lines
        asked["cursor"] = footer["next_cursor"]
        if footer["done"]:
            break
    assert sorted(seen) == sorted(f"{node} │ line {n}" for node in ("talk", "other") for n in range(1, 10))


async def test_lines_of_a_run_are_followed_as_they_come(client: Client) -> None:
    workflow_id = (await call(client, RUN, spec=ENDLESS))["workflow_id"]
    heard: list[str] = []

    async def listen(progress: float, total: float | None, message: str | None) -> None:
        heard.append(message or "")

    with anyio.fail_after(30):
        asked = {"id": workflow_id, "follow_s": 20, "cursor": "1.0"}
        result = await client.call_tool("orcaops_stream_logs", asked, progress_callback=listen)
    lines, footer = log_of(result)
    assert lines == ["sleep │ started"]
    assert footer["done"] is False
    matched = await call(client, "orcaops_wait", ids=[workflow_id], until="log_match", pattern="start", timeout_s=20)
    assert matched["match"] == {"workflow_id": workflow_id, "node": "sleep", "line": 1, "untrusted_text": "started"}
    await call(client, "orcaops_cancel_workflow", workflow_id=workflow_id)


async def test_the_logs_of_services_of_a_node_and_of_the_run_are_read(client: Client) -> None:
    spec = """\
    services: {bus: {image: redis:7, command: [sh, -c, echo shared; sleep 600], ready: {log: shared}}}
    jobs:
      test:
        image: busybox:1.36
        services: {db: {image: redis:7, command: [sh, -c, echo own; sleep 600], ready: {log: own}}}
        commands: ['echo testing']
    """
    done = await a_run(client, textwrap.dedent(spec))
    assert done["status"] == "success", done
    for part, said in (("bus", "bus │ shared"), ("test/db", "test │ own")):
        lines, _ = log_of(await client.call_tool("orcaops_stream_logs", {"id": f"{done['workflow_id']}/{part}"}))
        assert lines == [said]
    unknown = error_of(await client.call_tool("orcaops_stream_logs", {"id": f"{done['workflow_id']}/bsu"}))
    assert unknown["code"] == "node_not_found"


@pytest.mark.parametrize("more", [{"step": 0}, {"context": 3}, {"raw": True}])
async def test_what_goes_with_one_nodes_log_says_so(client: Client, more: dict[str, Any]) -> None:
    workflow_id = (await a_run(client, PIPELINE))["workflow_id"]
    error = error_of(await client.call_tool("orcaops_stream_logs", {"id": workflow_id, **more}))
    assert f"{workflow_id}/NODE" in error["hint"]


async def test_a_run_is_stopped_and_says_what_stops_and_what_never_started(client: Client, engine: Engine) -> None:
    workflow_id = (await call(client, RUN, spec=ENDLESS))["workflow_id"]
    await call(client, "orcaops_wait", ids=[workflow_id], until="log_match", pattern="started", timeout_s=20)
    stopping = await call(client, "orcaops_cancel_workflow", workflow_id=workflow_id, reason="enough")
    assert stopping["stopping"] == ["sleep"] or stopping["status"] == "cancelled"
    assert stopping["never_started"] == 1
    ended = await call(client, "orcaops_wait", ids=[workflow_id], timeout_s=40)
    assert ended["workflows"][0]["status"] == "cancelled"
    again = await call(client, "orcaops_cancel_workflow", workflow_id=workflow_id)
    assert (again["status"], "nothing was changed" in again["note"]) == ("cancelled", True)
    run = await engine.get_workflow(workflow_id)
    assert run.cancel is not None
    assert (run.cancel.reason, run.cancel.by) == ("enough", "agent")


async def test_one_node_is_stopped_and_the_run_goes_on(client: Client) -> None:
    spec = ENDLESS.replace("needs: sleep, ", "")
    workflow_id = (await call(client, RUN, spec=spec))["workflow_id"]
    await call(client, "orcaops_wait", ids=[workflow_id], until="log_match", pattern="started", timeout_s=20)
    await call(client, "orcaops_cancel_workflow", workflow_id=workflow_id, node="sleep")
    await call(client, "orcaops_wait", ids=[workflow_id], timeout_s=40)
    seen = await call(client, "orcaops_get_workflow_status", workflow_id=workflow_id)
    assert {node["id"]: node["status"] for node in seen["nodes"]} == {"sleep": "cancelled", "after": "success"}


async def test_files_kept_of_nodes_are_listed_and_read(client: Client) -> None:
    workflow_id = (await a_run(client, PIPELINE))["workflow_id"]
    listed = await call(client, "orcaops_list_artifacts", id=workflow_id)
    assert [(item["node"], item["path"]) for item in listed["artifacts"]] == [("build", "out.txt")]
    read = await client.call_tool("orcaops_get_artifact", {"id": f"{workflow_id}/build", "path": "out.txt"})
    assert "kept" in text_of(read)
    error = error_of(await client.call_tool("orcaops_get_artifact", {"id": workflow_id, "path": "out.txt"}))
    assert f"{workflow_id}/build" in error["hint"]


async def test_a_node_stands_for_its_job(client: Client) -> None:
    workflow_id = (await a_run(client, PIPELINE))["workflow_id"]
    job = await call(client, "orcaops_get_job_status", job_id=f"{workflow_id}/build", detail="full")
    assert (job["outputs"], job["workflow"]["node"]) == ({"tag": "v1"}, "build")
    refused = error_of(await client.call_tool("orcaops_cancel_job", {"job_id": f"{workflow_id}/build"}))
    assert f'orcaops_cancel_workflow(workflow_id="{workflow_id}", node="build")' in refused["hint"]
    unknown = error_of(await client.call_tool("orcaops_get_job_status", {"job_id": f"{workflow_id}/biuld"}))
    assert unknown["code"] == "node_not_found"


async def test_the_findings_of_a_faulty_file_are_those_of_a_validation(client: Client, engine: Engine) -> None:
    faulty = PIPELINE.replace("needs: build", "needs: biuld").replace("image: busybox", "imag: busybox", 1)
    checked = await client.call_tool("orcaops_validate_workflow", {"spec": faulty})
    assert checked.structured_content is not None
    refused = error_of(await client.call_tool(RUN, {"spec": faulty}))
    assert refused["code"] == "invalid_workflow"
    assert refused["findings"] == checked.structured_content["findings"]
    assert (await engine.list_workflows()).items == ()


async def test_wrong_inputs_are_told_and_nothing_starts(client: Client, engine: Engine) -> None:
    refused = error_of(await client.call_tool(RUN, {"spec": PIPELINE, "inputs": {"tga": "v1"}}))
    assert [finding["path"] for finding in refused["input_findings"]] == ["inputs.tga"]
    assert (await engine.list_workflows()).items == ()


async def test_a_refusal_stays_small_however_much_is_wrong(client: Client) -> None:
    spec = "jobs: {" + ", ".join(f"j{n}: {{imag: b, needs: [{'x' * 50}{n}]}}" for n in range(120)) + "}"
    refused = error_of(await client.call_tool(RUN, {"spec": spec}))
    assert refused["findings_left_out"] > 0


async def test_a_dry_run_plans_and_starts_nothing(client: Client, engine: Engine) -> None:
    result = await client.call_tool(RUN, {"spec": PIPELINE, "dry_run": True})
    assert result.structured_content is not None
    assert result.structured_content["dry_run"] is True
    assert "Order: build > test > deploy" in text_of(result)
    assert (await engine.list_workflows()).items == ()


async def test_a_repeat_with_the_same_key_starts_nothing_new(client: Client) -> None:
    first = await call(client, RUN, spec=PIPELINE, idempotency_key="k")
    second = await call(client, RUN, spec=PIPELINE, idempotency_key="k")
    assert (second["workflow_id"], second["replayed"]) == (first["workflow_id"], True)
    other = error_of(await client.call_tool(RUN, {"spec": FAILING, "idempotency_key": "k"}))
    assert other["code"] == "idempotency_conflict"


async def test_a_saved_workflow_is_run_by_its_name(client: Client, engine: Engine) -> None:
    await call(client, "orcaops_save_template", name="nightly", workflow=PIPELINE)
    done = await call(client, RUN, template="nightly@1", inputs={"tag": "v3"}, wait_s=40)
    assert (done["status"], done["outputs"]) == ("success", {"tag": "v3"})
    run = await engine.get_workflow(done["workflow_id"])
    assert run.template is not None
    assert (run.template.name, run.template.version, dict(run.template.inputs)) == ("nightly", 1, {"tag": "v3"})
    refused = error_of(await client.call_tool(RUN, {"template": "weekly"}))
    assert refused["code"] == "template_not_found"


async def test_a_file_runs_with_the_folder_as_its_workspace(engine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    (folder / "lib").mkdir(parents=True)
    (folder / "greeting.txt").write_text("hello from the folder", encoding="utf-8")
    (folder / "ci.yaml").write_text("jobs: {lib: {uses: ./lib/part.yaml}}\n", encoding="utf-8")
    inner = "jobs: {read: {image: busybox:1.36, commands: ['cat greeting.txt']}}\n"
    (folder / "lib" / "part.yaml").write_text(inner, encoding="utf-8")
    async with Client(build_server(already_open(engine), caller=Caller("agent", folder=folder))) as client:
        done = facts_of(await client.call_tool(RUN, {"path": "ci.yaml", "workspace": ".", "wait_s": 40}))
        assert done["status"] == "success", done
        lines, _ = log_of(await client.call_tool("orcaops_stream_logs", {"id": done["workflow_id"]}))
    assert lines == ["lib / read │ hello from the folder"]


async def test_expressions_see_the_context_that_is_given(client: Client) -> None:
    job = "{image: busybox, if: github.ref_name == 'main', env: {WHO: \"${{ vars.who }}\"}, commands: ['echo $WHO']}"
    spec = f"jobs: {{release: {job}}}"
    known = {"github": {"ref_name": "main"}, "vars": {"who": "orca"}}
    done = await a_run(client, spec, context=known)
    lines, _ = log_of(await client.call_tool("orcaops_stream_logs", {"id": done["workflow_id"]}))
    assert lines == ["release │ orca"]
    assert (await a_run(client, spec))["summary"] == "1 skipped"
    refused = error_of(await client.call_tool(RUN, {"spec": spec, "context": {"secrets": {"A": "b"}}}))
    assert refused["code"] == "invalid_argument"


async def test_a_service_that_breaks_the_run_is_named_with_its_last_words(client: Client) -> None:
    spec = """\
    services: {bus: {image: redis:7, command: [sh, -c, echo cannot bind; exit 1], ready: {log: never}}}
    jobs: {test: {image: "busybox:1.36", commands: ['echo testing']}}
    """
    done = await a_run(client, textwrap.dedent(spec))
    assert done["status"] == "failed"
    told = await call(client, "orcaops_get_failure_summary", id=done["workflow_id"])
    (service,) = told["services"]
    assert (service["id"], "cannot bind" in service["last_lines"]) == ("bus", True)
    assert told["failed"][0]["failure"]["kind"] == "service"


async def test_jobs_and_runs_are_waited_for_together(client: Client, engine: Engine) -> None:
    job = await call(client, "orcaops_submit_job", image="busybox", command=["sleep", "600"])
    run = await call(client, RUN, spec=PIPELINE)
    first = await call(client, "orcaops_wait", ids=[job["job_id"], run["workflow_id"]], until="any_done", timeout_s=40)
    assert [each["workflow_id"] for each in first["workflows"]] == [run["workflow_id"]]
    assert first["unfinished"] == 1
    await call(client, "orcaops_cancel_job", job_id=job["job_id"])
    assert (await engine.get_workflow(run["workflow_id"])).status is WorkflowStatus.SUCCESS


async def test_what_changed_in_a_run_is_told_with_the_wait(client: Client) -> None:
    run = await call(client, RUN, spec=ENDLESS)
    await call(client, "orcaops_wait", ids=[run["workflow_id"]], until="log_match", pattern="started", timeout_s=20)
    seen = await call(client, "orcaops_wait", ids=[run["workflow_id"]], since_version=0, timeout_s=5)
    assert (seen["done"], f"since_version={seen['version']}" in seen["next"]) == (False, True)
    (told,) = seen["workflows"]
    assert {node["id"]: node["status"] for node in told["nodes"]} == {"sleep": "running", "after": "waiting"}
    quiet = await call(client, "orcaops_wait", ids=[run["workflow_id"]], timeout_s=0.1)
    assert quiet["now"] == "1 running, 1 waiting; running: sleep"
    assert len(json.dumps(quiet)) < 400
    await call(client, "orcaops_cancel_workflow", workflow_id=run["workflow_id"], force=True)

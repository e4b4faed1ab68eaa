"""Runs that are run again: what is kept and why, with an edit of the file, with other inputs, in part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from mcp import Client

from orcaops_mcp.intake.caller import Caller
from orcaops_mcp.mcp_server.server import build_server
from orcaops_mcp.mcp_server.state import already_open
from tests.orcaops_mcp.conftest import call, error_of, facts_of, finished_job

if TYPE_CHECKING:
    from pathlib import Path

    from core import Engine

RERUN = "orcaops_rerun"
STATUS = "orcaops_get_workflow_status"
FILE = """\
name: ci
inputs: {word: {type: string, default: hello}}
jobs:
  build: {image: busybox:1.36, commands: ['echo building']}
  test: {image: busybox:1.36, needs: build, commands: ['echo testing', 'exit 3']}
  say: {image: busybox:1.36, env: {WORD: "${{ inputs.word }}"}, commands: ['echo "$WORD"']}
  deploy: {image: busybox:1.36, needs: test, commands: ['echo deploying']}
"""
MEND = {"edits": [{"old": "exit 3", "new": "exit 0"}]}


@pytest.fixture
def era() -> str:
    """One era is enough here: what tools answer is the same in both."""
    return "auto"


async def a_failed_run(client: Client) -> str:
    done = await call(client, "orcaops_run_workflow", spec=FILE, wait_s=40)
    assert done["summary"] == "2 ok, 1 failed, 1 skipped"
    return done["workflow_id"]


async def ended(client: Client, workflow_id: str) -> dict[str, Any]:
    await call(client, "orcaops_wait", ids=[workflow_id], timeout_s=40)
    return await call(client, STATUS, workflow_id=workflow_id)


async def test_what_failed_runs_again_with_an_edit_and_the_rest_is_kept(client: Client) -> None:
    workflow_id = await a_failed_run(client)
    begun = await call(client, RERUN, id=workflow_id, changes=MEND)
    assert (begun["attempt"], begun["counts"]) == (2, {"run": 2, "keep": 2})
    assert [group["nodes"] for group in begun["keeps"]] == [["build", "say"]]
    assert {node: group["why"] for group in begun["runs"] for node in group["nodes"]} == {
        "test": "it failed (exit code 3)",
        "deploy": "it waits for test, which runs again",
    }
    assert begun["next"] == f'orcaops_wait(ids=["{workflow_id}"])'
    seen = await ended(client, workflow_id)
    assert (seen["status"], seen["attempt"]) == ("success", 2)
    assert {node["id"]: node.get("kept_from") for node in seen["nodes"]} == {
        "build": 1,
        "test": None,
        "say": 1,
        "deploy": None,
    }


async def test_a_preview_starts_nothing(client: Client) -> None:
    workflow_id = await a_failed_run(client)
    shown = await call(client, RERUN, id=workflow_id, preview=True, **{"from": "start"})
    assert (shown["preview"], shown["counts"]) == (True, {"run": 4, "keep": 0})
    assert "attempt" not in await call(client, STATUS, workflow_id=workflow_id)


async def test_named_jobs_run_again_with_what_needs_them(client: Client) -> None:
    workflow_id = await a_failed_run(client)
    named = await call(client, RERUN, id=workflow_id, jobs="say", preview=True)
    assert [node for group in named["runs"] for node in group["nodes"]] == ["say"]
    both = await call(client, RERUN, id=workflow_id, jobs=["say"], preview=True, **{"from": "failed"})
    assert {node for group in both["runs"] for node in group["nodes"]} == {"say", "test", "deploy"}
    skipped = {"skip": {"test": {"by": "hand"}}}
    by_hand = await call(client, RERUN, id=workflow_id, jobs=["deploy"], changes=skipped)
    assert {node for group in by_hand["keeps"] for node in group["nodes"]} == {"build", "say", "test"}
    assert (await ended(client, workflow_id))["status"] == "success"


async def test_changed_inputs_run_what_reads_them(client: Client) -> None:
    workflow_id = await a_failed_run(client)
    shown = await call(client, RERUN, id=workflow_id, changes={"inputs": {"word": "bye"}}, preview=True)
    assert {node for group in shown["runs"] for node in group["nodes"]} == {"test", "say", "deploy"}


async def test_a_run_of_its_own_keeps_what_succeeded_too(client: Client) -> None:
    workflow_id = await a_failed_run(client)
    begun = await call(client, RERUN, id=workflow_id, changes={**MEND, "new_run": True})
    assert begun["workflow_id"] != workflow_id
    assert begun["rerun_of"] == workflow_id
    assert (await ended(client, begun["workflow_id"]))["status"] == "success"
    assert (await call(client, STATUS, workflow_id=workflow_id))["status"] in ("failed", "partial")


async def test_a_changed_file_of_the_callers_folder_is_taken(engine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "ci.yaml").write_text(FILE.replace("exit 3", "exit 0"), encoding="utf-8")
    async with Client(build_server(already_open(engine), caller=Caller("agent", folder=folder))) as client:
        workflow_id = await a_failed_run(client)
        begun = facts_of(await client.call_tool(RERUN, {"id": workflow_id, "changes": {"path": "ci.yaml"}}))
        assert begun["counts"] == {"run": 2, "keep": 2}
        assert (await ended(client, workflow_id))["status"] == "success"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"changes": {"edits": [{"old": "exit 4", "new": ""}]}}, "changes.edits.0.old: stands in the file nowhere"),
        ({"changes": {"edits": [{"old": "busybox", "new": ""}]}}, "changes.edits.0.old: stands in the file 4 times"),
        ({"changes": {"edits": [{"old": "", "new": ""}]}}, "changes.edits.0.old"),
        ({"changes": {"edits": [{"odl": "a", "new": ""}]}}, "did you mean old?"),
        ({"changes": {"timeout_s": 5}}, "changes.timeout_s: no such field"),
        ({"changes": {"spec": FILE, **MEND}}, "give one of edits, spec and path"),
        ({"changes": {"path": "ci.yaml"}}, "no folder"),
        ({"jobs": ["test"], "from": "start"}, "jobs does not go with"),
        ({"jobs": ["tset"]}, "tset"),
        ({"changes": {"only": True}}, "only"),
    ],
)
async def test_a_wrong_wish_is_told_what_is_wrong_and_starts_nothing(
    client: Client, arguments: dict[str, Any], said: str
) -> None:
    workflow_id = await a_failed_run(client)
    error = error_of(await client.call_tool(RERUN, {"id": workflow_id, **arguments}))
    assert said in error["message"] + error["hint"]
    assert "attempt" not in await call(client, STATUS, workflow_id=workflow_id)


async def test_an_edit_that_breaks_the_file_comes_back_with_its_findings(client: Client) -> None:
    workflow_id = await a_failed_run(client)
    breaks = {"edits": [{"old": "needs: test", "new": "needs: tets"}]}
    error = error_of(await client.call_tool(RERUN, {"id": workflow_id, "changes": breaks}))
    assert (error["code"], [finding["code"] for finding in error["findings"]]) == ("invalid_workflow", ["E011"])


async def test_nothing_to_run_again_is_told(client: Client) -> None:
    spec = "jobs: {a: {image: busybox:1.36, commands: ['true']}}"
    done = await call(client, "orcaops_run_workflow", spec=spec, wait_s=40)
    error = error_of(await client.call_tool(RERUN, {"id": done["workflow_id"]}))
    assert error["code"] == "invalid_argument"
    assert error["hint"]


async def test_a_job_takes_no_names_of_jobs(client: Client) -> None:
    job = await finished_job(client, "true")
    error = error_of(await client.call_tool(RERUN, {"id": job["job_id"], "jobs": ["a"]}))
    assert "workflow run" in error["message"]


async def test_one_node_is_shown_in_full_with_why_it_stands_there(client: Client) -> None:
    workflow_id = await a_failed_run(client)
    seen = await call(client, STATUS, workflow_id=workflow_id, node="deploy")
    assert (seen["id"], seen["status"], seen["needs"]) == ("deploy", "skipped", ["test"])
    assert any("test" in fact for fact in seen["why"])
    failed = await call(client, STATUS, workflow_id=workflow_id, node="test")
    assert (failed["exit_code"], len(failed["attempts"])) == (3, 1)
    assert "<untrusted-output" in failed.get("tail", "<untrusted-output")
    error = error_of(await client.call_tool(STATUS, {"workflow_id": workflow_id, "node": "tset"}))
    assert error["code"] == "node_not_found"


async def test_the_file_of_a_run_is_shown_when_asked_for(client: Client) -> None:
    workflow_id = await a_failed_run(client)
    assert "source" not in await call(client, STATUS, workflow_id=workflow_id)
    assert (await call(client, STATUS, workflow_id=workflow_id, source=True))["source"] == FILE
    long = FILE + "# " + "x" * 20_000
    done = await call(client, "orcaops_run_workflow", spec=long, wait_s=40)
    shown = await call(client, STATUS, workflow_id=done["workflow_id"], source=True, nodes="failed")
    assert (len(shown["source"]), "orcaops://workflows/" in shown["source_cut"]) == (16_000, True)

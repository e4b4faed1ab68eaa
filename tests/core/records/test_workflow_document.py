"""A workflow's run as JSON."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from core.lifecycle.workflow import NodeStatus, Outcome, Reason, Result, WorkflowStatus
from core.records.document import job_document
from core.records.job import CancelRequest, Failure, FailureKind
from core.records.workflow import CriticalNode, WorkflowAttempt
from core.records.workflow_document import node_document, workflow_document
from core.records.workflow_node import (
    KeptFrom,
    NodeCondition,
    NodeCounts,
    NodeReason,
    NodeRef,
    NodeTry,
    NodeVariant,
    WorkflowNode,
)
from core.testing.clock import START
from core.testing.factories import a_job, a_node, a_workflow_run

_RUN_KEYS = {
    "workflow_id", "schema", "name", "run_name", "run_number", "status", "ok", "reason", "error", "attempt",
    "created_at", "started_at", "finished_at", "duration_s", "deadline_at", "trigger", "actor", "file",
    "source_digest", "inputs",
    "context", "secrets", "summary", "outputs", "warnings", "critical_path", "cancel_requested_at", "max_parallel",
    "concurrency_group", "priority", "tags", "rerun_of", "template", "version", "attempts", "matrix", "jobs",
    "services",
}  # fmt: skip
_NULL_AT_FIRST = {
    "ok", "reason", "error", "started_at", "finished_at", "duration_s", "deadline_at", "actor", "file", "source_digest",
    "cancel_requested_at", "max_parallel", "concurrency_group", "rerun_of", "template",
}  # fmt: skip


def ended(node_id: str, status: NodeStatus, **changes: Any) -> WorkflowNode:
    ends = {
        NodeStatus.SUCCESS: (Outcome.SUCCESS, Result.SUCCESS),
        NodeStatus.FAILED: (Outcome.FAILURE, Result.FAILURE),
        NodeStatus.TIMED_OUT: (Outcome.TIMED_OUT, Result.FAILURE),
        NodeStatus.CANCELLED: (Outcome.CANCELLED, Result.CANCELLED),
        NodeStatus.SKIPPED: (Outcome.SKIPPED, Result.SKIPPED),
    }
    outcome, result = ends[status]
    return a_node(node_id, **{"status": status, "outcome": outcome, "result": result, **changes})


def skipped(node_id: str, *needs: str, **changes: Any) -> WorkflowNode:
    return ended(node_id, NodeStatus.SKIPPED, reason=NodeReason(Reason.NEEDS, "", needs), **changes)


def test_every_key_is_there_and_absent_facts_are_null() -> None:
    fresh = workflow_document(a_workflow_run(), [])
    assert fresh.keys() == _RUN_KEYS
    assert {key for key, value in fresh.items() if value is None} == _NULL_AT_FIRST


def test_it_begins_with_the_id_and_is_json_with_times_in_utc() -> None:
    run = a_workflow_run(
        status=WorkflowStatus.PARTIAL,
        started_at=START,
        finished_at=START + timedelta(seconds=2.5),
        counts=NodeCounts(success=5, tolerated=1, failed=1, timed_out=1, skipped=2),
        failure=Failure(FailureKind.EXPRESSION, "bad"),
        reason=NodeReason(Reason.TIMEOUT, "3600 s"),
        critical_path=(CriticalNode("build", 1.5),),
        warnings=({"code": "W006", "message": "quote it"},),
        cancel=CancelRequest(START, "cli", "why", None),
        secrets=("TOKEN",),
        submitted_by="mcp",
    )
    attempt = WorkflowAttempt(
        1, WorkflowStatus.FAILED, START, START, START, "ab", "cli", "", "failed", NodeCounts(failed=1)
    )
    document = workflow_document(run, [a_node()], [attempt])
    assert next(iter(document)) == "workflow_id"
    assert json.loads(json.dumps(document)) == document
    assert (document["status"], document["ok"], document["duration_s"]) == ("partial", False, 2.5)
    assert document["finished_at"] == "2026-01-01T00:00:02.500Z"
    assert document["reason"] == {"code": "timeout", "text": "3600 s", "jobs": []}
    assert document["error"]["kind"] == "expression"
    assert document["summary"] == {
        "total": 10, "waiting": 0, "running": 0, "success": 5, "tolerated": 1, "failure": 2, "timed_out": 1,
        "cancelled": 0, "skipped": 2, "text": "5 ok, 1 tolerated, 2 failed, 2 skipped",
    }  # fmt: skip
    assert document["critical_path"] == [{"id": "build", "duration_s": 1.5}]
    assert document["attempts"][0] | {"summary": None} == {
        "attempt": 1, "status": "failed", "created_at": "2026-01-01T00:00:00.000Z",
        "started_at": "2026-01-01T00:00:00.000Z", "finished_at": "2026-01-01T00:00:00.000Z", "source_digest": "ab",
        "trigger": "cli", "actor": None, "selection": "failed", "summary": None,
    }  # fmt: skip


def test_a_node_tells_why_and_how_it_ran() -> None:
    node = ended(
        "test-3.12",
        NodeStatus.FAILED,
        job="test",
        result=Result.SUCCESS,
        variant=NodeVariant(1, 3, {"python": "3.12"}),
        condition=NodeCondition("success()", "true"),
        failure=Failure(FailureKind.EXIT, "It exited with 2."),
        exit_code=2,
        tries=(NodeTry(1, "job_1", START, START, Outcome.FAILURE, 2, "exit"), NodeTry(2, "job_2", START)),
        tail=("boom",),
        kept_from=KeptFrom(0, None, "known to be fine", "me"),
        cancel=CancelRequest(START, "cli", "", None),
    )
    document = node_document(node, ["deploy"])
    assert json.loads(json.dumps(document)) == document
    wanted = {
        "id": "test-3.12", "job": "test", "name": "test-3.12", "status": "failed", "result": "success",
        "outcome": "failure", "tolerated": True, "condition": {"text": "success()", "expanded": "true"},
        "failure_kind": "exit", "exit_code": 2, "tail": ["boom"], "blocked": ["deploy"],
        "variant": {"index": 1, "total": 3}, "matrix": {"python": "3.12"},
        "kept_from": {"attempt": None, "job_id": None, "why": "known to be fine", "manual": True, "by": "me"},
    }  # fmt: skip
    assert {key: document[key] for key in wanted} == wanted
    assert [(each["number"], each["outcome"], each["failure_kind"]) for each in document["attempts"]] == [
        (1, "failure", "exit"),
        (2, None, None),
    ]
    waiting = node_document(a_node())
    assert waiting.keys() == document.keys()
    assert (waiting["condition"], waiting["kept_from"], waiting["reason"], waiting["variant"]) == (None,) * 4


def test_failed_nodes_come_first_and_name_what_did_not_run_because_of_them() -> None:
    nodes = [
        ended("lint", NodeStatus.SUCCESS, position=0),
        ended("build", NodeStatus.SUCCESS, position=1),
        ended("test-a", NodeStatus.SUCCESS, job="test", position=2, variant=NodeVariant(0, 2)),
        ended("test-b", NodeStatus.TIMED_OUT, job="test", position=2, variant=NodeVariant(1, 2)),
        skipped("package", "test", position=3),
        skipped("deploy", "package", position=4),
        ended("docs", NodeStatus.SKIPPED, reason=NodeReason(Reason.CONDITION, "false"), position=5),
        ended("scan", NodeStatus.FAILED, result=Result.SUCCESS, position=6),
        skipped("late", needs=("deploy",), position=7),
    ]
    document = workflow_document(a_workflow_run(), nodes[::-1])
    assert [node["id"] for node in document["jobs"]] == [
        "test-b", "lint", "build", "test-a", "package", "deploy", "docs", "scan", "late"
    ]  # fmt: skip
    blocked = {node["id"]: node["blocked"] for node in document["jobs"] if node["blocked"]}
    assert blocked == {"test-b": ["package", "deploy", "late"]}


def test_a_matrix_says_how_many_of_its_variants_passed() -> None:
    statuses = [NodeStatus.SUCCESS, NodeStatus.FAILED, NodeStatus.SUCCESS]
    nodes = [ended(f"t-{n}", status, job="t", variant=NodeVariant(n, 4)) for n, status in enumerate(statuses)]
    nodes.append(a_node("t-3", job="t", variant=NodeVariant(3, 4)))
    document = workflow_document(a_workflow_run(), [a_node("alone"), *nodes[::-1]])
    assert document["matrix"] == {
        "t": {
            "variants": ["t-0", "t-1", "t-2", "t-3"],
            "results": {"t-0": "success", "t-1": "failure", "t-2": "success", "t-3": None},
            "summary": "2/4 passed",
        }
    }


def test_a_long_chain_of_skips_is_followed_and_what_is_named_is_bounded() -> None:
    chain = [ended("n0", NodeStatus.FAILED)]
    chain += [skipped(f"n{number}", f"n{number - 1}", position=number) for number in range(1, 5000)]
    first = workflow_document(a_workflow_run(), chain)["jobs"][0]
    assert (first["id"], len(first["blocked"]), first["blocked"][:2]) == ("n0", 100, ["n1", "n2"])


def test_a_job_names_the_node_it_runs() -> None:
    job = a_job(workflow=NodeRef("wf_1", "test-3.12", 2))
    assert job_document(job)["workflow"] == {"id": "wf_1", "node": "test-3.12"}

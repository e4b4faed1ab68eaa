"""Examples of requests and answers about workflow runs; tests compare them with their shapes."""

from __future__ import annotations

from typing import Any, Final

from orcaops_mcp.api.examples import ARTIFACT, DIGEST, FAILURE
from orcaops_mcp.api.models.base import JOB_ID, MOMENT
from orcaops_mcp.api.models.workflow_run import WORKFLOW_ID

_ENDED: Final = "2026-01-31T12:00:02.250Z"
_FILE: Final = """\
name: ci
jobs:
  build: {image: "busybox:latest", commands: ["echo built"]}
  test:
    image: busybox:latest
    needs: build
    matrix: {shard: [1, 2]}
    commands: ["echo tested"]
"""

RUN: Final[dict[str, Any]] = {"spec": _FILE, "file_name": "ci.yaml", "tags": ["ci"], "max_parallel": 2}
COUNTS: Final[dict[str, Any]] = {
    "total": 3,
    "waiting": 0,
    "running": 0,
    "success": 2,
    "tolerated": 0,
    "failure": 1,
    "timed_out": 0,
    "cancelled": 0,
    "skipped": 0,
    "text": "2 ok, 1 failed",
}
ROW: Final[dict[str, Any]] = {
    "workflow_id": WORKFLOW_ID,
    "name": "ci",
    "run_name": "ci",
    "run_number": 7,
    "status": "partial",
    "ok": False,
    "reason": None,
    "attempt": 1,
    "file": "ci.yaml",
    "created_at": MOMENT,
    "started_at": MOMENT,
    "finished_at": _ENDED,
    "duration_s": 2.25,
    "trigger": "rest",
    "actor": None,
    "summary": COUNTS,
    "tags": ["ci"],
    "cancel_requested_at": None,
    "rerun_of": None,
    "template": None,
    "version": 12,
}
LIST: Final[dict[str, Any]] = {
    "items": [ROW],
    "next_cursor": None,
    "counts": {"pending": 0, "running": 1, "success": 40, "failed": 2, "partial": 1, "cancelled": 0},
}
NODE_ROW: Final[dict[str, Any]] = {
    "id": "test-2",
    "job": "test",
    "name": "test (2)",
    "status": "failed",
    "result": "failure",
    "outcome": "failure",
    "tolerated": False,
    "reason": None,
    "failure_kind": "exit",
    "exit_code": 1,
    "matrix": {"shard": 2},
    "job_id": JOB_ID,
    "started_at": MOMENT,
    "finished_at": _ENDED,
    "duration_s": 2.25,
    "retry_at": None,
    "artifacts": 0,
    "version": 11,
    "tries": 1,
    "kept": False,
}
NODE: Final[dict[str, Any]] = {
    **{name: value for name, value in NODE_ROW.items() if name not in {"tries", "kept"}},
    "condition": {"text": "success()", "expanded": "success() → true"},
    "failure": FAILURE,
    "tail": ["E   assert 3 == 4"],
    "blocked": ["deploy"],
    "variant": {"index": 1, "total": 2},
    "finally": False,
    "needs": ["build"],
    "attempts": [
        {
            "number": 1,
            "job_id": JOB_ID,
            "started_at": MOMENT,
            "finished_at": _ENDED,
            "outcome": "failure",
            "exit_code": 1,
            "failure_kind": "exit",
        }
    ],
    "outputs": {},
    "warnings": [],
    "fingerprint": None,
    "kept_from": None,
    "cancel_requested_at": None,
}
NODES: Final[dict[str, Any]] = {"items": [NODE_ROW], "next_cursor": None, "version": 12}
_ATTEMPT: Final[dict[str, Any]] = {
    "attempt": 1,
    "status": "partial",
    "created_at": MOMENT,
    "started_at": MOMENT,
    "finished_at": _ENDED,
    "source_digest": None,
    "trigger": "rest",
    "actor": None,
    "selection": None,
    "summary": COUNTS,
}
RECORD: Final[dict[str, Any]] = {
    "schema": 1,
    **ROW,
    "error": None,
    "deadline_at": None,
    "source_digest": None,
    "inputs": {},
    "context": {},
    "secrets": [],
    "outputs": {},
    "services": [],
    "warnings": [],
    "critical_path": [{"id": "build", "duration_s": 1.0}, {"id": "test-2", "duration_s": 1.25}],
    "max_parallel": 2,
    "concurrency_group": None,
    "priority": 0,
    "attempts": [_ATTEMPT],
    "matrix": {
        "test": {
            "variants": ["test-1", "test-2"],
            "results": {"test-1": "success", "test-2": "failure"},
            "summary": "1/2 passed",
        }
    },
    "jobs": [NODE],
    "jobs_left_out": 0,
}
ACCEPTED: Final[dict[str, Any]] = {
    **RECORD,
    "status": "pending",
    "ok": None,
    "started_at": None,
    "finished_at": None,
    "duration_s": None,
    "critical_path": [],
    "attempts": [],
    "matrix": {},
    "jobs": [],
    "version": 1,
    "replayed": False,
}
WAITED: Final[dict[str, Any]] = {
    "met": True,
    "workflow": {**RECORD, "attempts": [], "matrix": {}},
    "node": None,
    "match": None,
}
_PLAN: Final[dict[str, Any]] = {
    "workflow_id": WORKFLOW_ID,
    "attempt": 2,
    "selection": "failed",
    "kept": 1,
    "rerun": 1,
    "nodes": [
        {
            "node_id": "build",
            "job": "build",
            "name": "build",
            "keeps": True,
            "why": "its definition is unchanged",
            "job_id": JOB_ID,
            "from_attempt": 1,
        },
        {
            "node_id": "test-2",
            "job": "test",
            "name": "test (2)",
            "keeps": False,
            "why": "it failed",
            "job_id": None,
            "from_attempt": None,
        },
    ],
    "left_out": 0,
}
RERUN: Final[dict[str, Any]] = {
    "workflow": {**RECORD, "status": "pending", "ok": None, "attempt": 2},
    "plan": _PLAN,
    "replayed": False,
}
DRY_RERUN: Final[dict[str, Any]] = {"workflow": None, "plan": _PLAN, "replayed": False}
DELETED: Final[dict[str, Any]] = {
    "deleted": 1,
    "bytes": 4096,
    "job_ids": [],
    "workflow_ids": [WORKFLOW_ID],
    "dry_run": False,
    "remaining": 42,
}
EXPLANATION: Final[dict[str, Any]] = {
    "node_id": "deploy",
    "status": "skipped",
    "facts": ["It needs test.", "test ended with failure: test-2 failed (exit code 1).", "So success() is false."],
}
LOG_PAGE: Final[dict[str, Any]] = {
    "items": [
        {
            "node": "test-2",
            "job_id": JOB_ID,
            "attempt": 1,
            "n": 9,
            "ts": MOMENT,
            "stream": "stdout",
            "step": 0,
            "text": "E   assert 3 == 4",
        }
    ],
    "next_cursor": "1.3.3@1-10",
    "at_end": True,
    "done": False,
    "attempt": 1,
}
ARTIFACTS: Final[dict[str, Any]] = {
    "items": [{"node_id": "build", "job_id": JOB_ID, **ARTIFACT}],
    "next_cursor": None,
}
GRAPH: Final[dict[str, Any]] = {
    "workflow_id": WORKFLOW_ID,
    "name": "ci",
    "jobs": [
        {
            "id": "build",
            "status": "success",
            "tolerated": False,
            "nodes": ["build"],
            "finally": False,
            "note": None,
        },
        {
            "id": "test",
            "status": "failed",
            "tolerated": False,
            "nodes": ["test-1", "test-2"],
            "finally": False,
            "note": "1/2 passed",
        },
    ],
    "edges": [{"from": "build", "to": "test", "last": False}],
    "left_out": 0,
}
SOURCE: Final[dict[str, Any]] = {
    "file_name": "ci.yaml",
    "text": _FILE,
    "digest": "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03",
    "files": {},
}
ATTEMPTS: Final[dict[str, Any]] = {"items": [_ATTEMPT]}
HISTORY: Final[dict[str, Any]] = {
    "items": [
        {
            "at": MOMENT,
            "attempt": 1,
            "node": "test-2",
            "event": "fail",
            "before": "running",
            "after": "failed",
            "by": "engine",
            "why": None,
        }
    ],
    "next_cursor": None,
}
SUMMARY: Final[dict[str, Any]] = {
    "workflow_id": WORKFLOW_ID,
    "status": "partial",
    "attempt": 1,
    "error": None,
    "counts": COUNTS,
    "failures": [
        {
            "node": NODE_ROW,
            "failure": FAILURE,
            "blocked": ["deploy"],
            "tail": ["E   assert 3 == 4"],
            "digest": DIGEST,
        }
    ],
    "more_failures": 0,
    "matrices": {"test": "1/2 passed"},
    "not_run": [{"node": "deploy", "status": "skipped", "because": "needs test"}],
    "more_not_run": 0,
    "services": [],
}

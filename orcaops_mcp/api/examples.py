"""Examples of answers, each a value that a real answer could have; tests compare them with their shapes."""

from __future__ import annotations

from typing import Any, Final

from orcaops_mcp.api.models.base import JOB_ID, MOMENT

SHA256: Final = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"
UPLOAD_ID: Final = "upl_0mm2c5x1k6v8nq3rt7wz4ybda"

_ENDED: Final = "2026-01-31T12:00:02.250Z"

STEP: Final[dict[str, Any]] = {
    "index": 0,
    "title": "pytest -q",
    "status": "failed",
    "exit_code": 1,
    "started_at": MOMENT,
    "finished_at": _ENDED,
    "first_line": 1,
    "last_line": 12,
    "outcome": "failure",
    "attempts": 1,
    "outputs": {},
    "summary": None,
    "reason": None,
}
FAILURE: Final[dict[str, Any]] = {
    "kind": "exit",
    "message": "Step 1 (pytest -q) exited with code 1.",
    "hint": None,
    "retryable": False,
    "step": 0,
}
ARTIFACT: Final[dict[str, Any]] = {
    "path": "report.txt",
    "state": "kept",
    "size": 6,
    "sha256": SHA256,
    "type": "text/plain",
    "pattern": "report.txt",
    "note": None,
    "attempt": 1,
}
SERVICE: Final[dict[str, Any]] = {
    "id": "db",
    "image": "postgres:16",
    "status": "stopped",
    "ready_after_s": 2.1,
    "exit_code": 0,
    "container": "orcaops-0c4f5a-0mm2c5-1-db",
    "image_digest": None,
    "message": None,
}
_SPEC: Final[dict[str, Any]] = {
    "image": "python:3.12-slim",
    "commands": [{"run": "pytest -q", "name": "", "timeout_s": None}],
    "artifacts": ["report.txt"],
    "timeout_s": 600,
    "memory_mb": 2048,
    "cpus": 2,
    "pids": 256,
}
JOB: Final[dict[str, Any]] = {
    "job_id": JOB_ID,
    "status": "failed",
    "name": "unit-tests",
    "image": "python:3.12-slim",
    "created_at": MOMENT,
    "started_at": MOMENT,
    "finished_at": _ENDED,
    "exit_code": 1,
    "failure": FAILURE,
    "steps": [STEP],
    "artifacts": [ARTIFACT],
    "services": [SERVICE],
    "attempt": 1,
    "queue": None,
    "progress": None,
    "cleanup": "removed",
    "usage": None,
    "tags": ["ci"],
    "workflow": None,
    "spec": _SPEC,
    "version": 9,
    "outputs": {},
    "warnings": [],
    "image_digest": None,
    "log": {"lines": 12, "bytes": 640, "truncated": False, "gap_after": None, "complete": True},
    "cancel_requested_at": None,
    "submitted_by": "rest",
    "rerun_of": None,
    "template": None,
}
QUEUED: Final[dict[str, Any]] = {
    **JOB,
    "status": "queued",
    "started_at": None,
    "finished_at": None,
    "exit_code": None,
    "failure": None,
    "steps": [],
    "artifacts": [],
    "services": [],
    "attempt": 0,
    "queue": {"position": 1, "reason": "waiting for a free slot (4 of 4 jobs running)"},
    "cleanup": None,
    "version": 1,
    "log": None,
}
ACCEPTED: Final[dict[str, Any]] = {**QUEUED, "replayed": False}
ROW: Final[dict[str, Any]] = {
    "job_id": JOB_ID,
    "status": "failed",
    "name": "unit-tests",
    "image": "python:3.12-slim",
    "source": "rest",
    "failure": FAILURE,
    "exit_code": 1,
    "created_at": MOMENT,
    "started_at": MOMENT,
    "finished_at": _ENDED,
    "duration_s": 2.25,
    "tags": ["ci"],
    "workflow": None,
    "attempt": 1,
    "rerun_of": None,
    "version": 9,
}
COUNTS: Final[dict[str, int]] = {
    "queued": 0,
    "running": 1,
    "success": 40,
    "failed": 2,
    "timed_out": 0,
    "cancelled": 1,
}
LIST: Final[dict[str, Any]] = {"items": [ROW], "next_cursor": None, "counts": COUNTS}
ADMITTED: Final[dict[str, Any]] = {"dry_run": True, "admitted": True, "spec": _SPEC, "warnings": []}
PREVIEW: Final[dict[str, Any]] = {"preview": True, "rerun_of": JOB_ID, "spec": _SPEC}
WAITED: Final[dict[str, Any]] = {"met": True, "job": JOB, "match": None}
TRAIL: Final[dict[str, Any]] = {
    "items": [
        {
            "at": MOMENT,
            "event": None,
            "before": None,
            "after": "queued",
            "by": "rest",
            "why": None,
            "attempt": 0,
        }
    ]
}
ATTEMPTS: Final[dict[str, Any]] = {
    "items": [
        {
            "number": 1,
            "phase": "done",
            "container": "orcaops-h1-0mm2c5x1k6v8nq3rt7wz4ybda-1",
            "image_digest": None,
            "started_at": MOMENT,
            "finished_at": _ENDED,
            "exit_code": 1,
            "failure": FAILURE,
            "steps": [STEP],
            "log_lines": 12,
        }
    ]
}
DIGEST: Final[dict[str, Any]] = {
    "job_id": JOB_ID,
    "status": "failed",
    "exit_code": 1,
    "failure": FAILURE,
    "step": STEP,
    "cause": {
        "kind": "pytest_failure",
        "headline": "test_sum failed: assert 3 == 4",
        "log_line": 9,
        "file": "tests/test_sum.py",
        "line": 2,
        "hint": None,
    },
    "tests": {"passed": 11, "failed": 1, "skipped": 0},
    "failed_tests": ["tests/test_sum.py::test_sum"],
    "suggestions": [],
    "excerpts": [{"first_line": 9, "lines": ["E   assert 3 == 4"]}],
    "services": [],
    "warnings": [],
}
LINE: Final[dict[str, Any]] = {"n": 9, "ts": MOMENT, "stream": "stdout", "step": 0, "text": "E   assert 3 == 4"}
LOG_PAGE: Final[dict[str, Any]] = {
    "items": [{**LINE, "cursor": "1-10"}],
    "next_cursor": "1-10",
    "at_end": False,
    "done": False,
    "attempt": 1,
    "total_lines": 12,
    "truncated": False,
    "gap_after": None,
    "complete": True,
}
LOG_SEARCH: Final[dict[str, Any]] = {
    "items": [{**LINE, "cut": 0}],
    "matches": 3,
    "whole": True,
    "next_first": 2,
    "attempt": 1,
    "total_lines": 12,
}
ARTIFACTS: Final[dict[str, Any]] = {"items": [ARTIFACT]}
UPLOAD: Final[dict[str, Any]] = {
    "upload_id": UPLOAD_ID,
    "files": [{"path": "main.py", "sha256": SHA256, "size": 6, "executable": False}],
}
CONTAINERS: Final[dict[str, Any]] = {
    "available": True,
    "backend": "docker",
    "version": "29.1.0",
    "problem": None,
    "hint": None,
    "facts": {},
}
SYSTEM: Final[dict[str, Any]] = {
    "version": "1.0.0",
    "started_at": MOMENT,
    "containers": CONTAINERS,
    "running": 1,
    "max_running": 4,
    "blocked": None,
    "blocked_at": None,
    "remarks": [],
    "queued": 0,
    "max_queued": 10_000,
    "slots": {"jobs": {"used": 1, "total": 4}},
    "jobs": COUNTS,
    "limits": {
        "timeout_s": 600,
        "max_timeout_s": 86_400,
        "memory_mb": 2048,
        "cpus": 2,
        "pids": 256,
        "log_bytes": 8_388_608,
        "artifact_file_bytes": 134_217_728,
        "artifact_total_bytes": 268_435_456,
    },
    "policy": {
        "source": None,
        "default": "standard",
        "floor": "standard",
        "networks": ["bridge", "none", "services"],
        "images": "all",
    },
    "secrets": [],
}
CLEANUP: Final[dict[str, Any]] = {
    "deleted": 1,
    "bytes": 4096,
    "job_ids": [JOB_ID],
    "workflow_ids": [],
    "dry_run": False,
    "remaining": 42,
}
SECRETS: Final[dict[str, Any]] = {
    "items": [
        {"name": "DEPLOY_KEY", "source": "file", "set_at": None, "masked": True},
        {"name": "NPM_TOKEN", "source": "store", "set_at": "2026-01-02T03:04:05.678Z", "masked": True},
    ]
}
RUNTIMES: Final[dict[str, Any]] = {
    "items": [{"name": "python3.12", "image": "python:3.12-slim", "program": ["python", "-u"]}]
}
_TEMPLATE_ROW: Final[dict[str, Any]] = {
    "name": "unit-tests",
    "kind": "job",
    "version": 2,
    "oldest_version": 1,
    "description": "Unit tests of a Python project.",
    "inputs": {
        "python": {
            "type": "choice",
            "description": "",
            "required": False,
            "default": "3.12",
            "options": ["3.11", "3.12"],
            "pattern": None,
            "min": None,
            "max": None,
        }
    },
    "saved_at": MOMENT,
    "saved_by": "rest",
}
TEMPLATES: Final[dict[str, Any]] = {"items": [_TEMPLATE_ROW], "next_cursor": None}
TEMPLATE: Final[dict[str, Any]] = {
    **_TEMPLATE_ROW,
    "job": {"image": "python:${{ inputs.python }}-slim", "script": "python -m unittest"},
    "workflow": None,
}
SAVED_TEMPLATE: Final[dict[str, Any]] = {**TEMPLATE, "changed": True}
ACCEPTED_FROM_TEMPLATE: Final[dict[str, Any]] = {
    **ACCEPTED,
    "template": {"name": "unit-tests", "version": 2, "inputs": {"python": "3.12"}},
}

"""Examples of requests and answers about workflow files; tests compare them with their shapes."""

from __future__ import annotations

from typing import Any, Final

_FILE: Final = """\
jobs:
  build: {image: "busybox:1.36", commands: ["true"]}
  test:
    image: busybox:1.36
    needs: build
    matrix: {shard: [1, 2]}
    commands: ['echo "shard $SHARD"']
"""

REQUEST: Final[dict[str, Any]] = {"spec": _FILE, "file_name": "ci.yaml", "assume": {"build": "failure"}}
_FINDING: Final[dict[str, Any]] = {
    "file": "ci.yaml",
    "line": 5,
    "column": 12,
    "end_line": 5,
    "end_column": 17,
    "path": "jobs.test.needs",
    "code": "E011",
    "severity": "error",
    "message": "Job 'test' depends on unknown job 'biuld'.",
    "hint": "did you mean 'build'?",
    "fix": {
        "description": "replace by 'build'",
        "edits": [{"line": 5, "column": 12, "end_line": 5, "end_column": 17, "text": "build"}],
    },
    "related": [
        {"line": 2, "column": 3, "end_line": 2, "end_column": 8, "message": "build is defined here"},
    ],
}
CHECK: Final[dict[str, Any]] = {
    "valid": False,
    "file": "ci.yaml",
    "counts": {"error": 1, "warning": 0, "info": 0},
    "findings": [_FINDING],
    "input_findings": [],
}
PROBLEM: Final[dict[str, Any]] = {
    "error": {
        "code": "invalid_workflow",
        "message": "The workflow has 1 error.",
        "hint": "Mend what the findings name and ask again.",
        "retryable": False,
        "findings": [_FINDING],
    }
}
PLAN: Final[dict[str, Any]] = {
    "valid": True,
    "file": "ci.yaml",
    "counts": {"error": 0, "warning": 0, "info": 0},
    "findings": [],
    "input_findings": [],
    "plan": {"name": "", "order": ["build", "test-1", "test-2"]},
    "text": "build\ntest",
    "mermaid": "flowchart LR",
    "dot": "digraph workflow {}",
}

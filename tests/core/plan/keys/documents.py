"""Workflows as data, and the mappings that the catalogue knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from core.plan.keys.form import Form
from core.plan.keys.records import Record
from core.plan.keys.structures import Shapes
from core.plan.keys.workflow_keys import WORKFLOW

if TYPE_CHECKING:
    from collections.abc import Iterator

WHOLE: Final[dict[str, Any]] = {
    "name": "whole",
    "version": 1,
    "description": "every key",
    "run_name": "ci ${{ run.number }}",
    "inputs": {"target": {"type": "choice", "options": ["a", "b"], "default": "a", "description": "d"}, "n": None},
    "env": {"A": "1", "B": 2, "C": None},
    "expressions": "extended",
    "secrets": ["TOKEN"],
    "defaults": {"image": "alpine:3.20", "shell": "sh", "retry": 1, "resources": {"cpus": 1}, "run": {"shell": "bash"}},
    "services": {"cache": "redis:7"},
    "concurrency": {"group": "g", "cancel-in-progress": "${{ inputs.n == 1 }}"},
    "max_parallel": 4,
    "on_failure": "continue",
    "timeout": "2h",
    "cleanup_policy": "keep_on_failure",
    "outputs": {"o": "${{ jobs.whole.outputs.o }}"},
    "x-anchors": {"anything": [1]},
    "jobs": {
        ".base": {"env": {"BASE": 1}, "tags": ["ignored"]},
        "whole": {
            "name": "whole ${{ matrix.v }}",
            "description": "d",
            "extends": [".base"],
            "image": {"name": "python:3.12", "pull": "always", "entrypoint": ["sh"], "user": "1000"},
            "commands": ["one", "two"],
            "before_script": ["zero"],
            "after_script": "three",
            "env": {"A": "${{ env.B }}"},
            "shell": "bash",
            "working_directory": "/work",
            "user": "1000:1000",
            "volumes": ["a:/b"],
            "services": {
                "db": {
                    "image": "postgres:16",
                    "alias": "pg",
                    "env": {"POSTGRES_PASSWORD": "x"},
                    "ports": [5432],
                    "health_check": {"test": ["CMD", "pg_isready"], "interval": "2s", "retries": 3},
                    "ready": {"tcp": 5432},
                    "ready_timeout": 30,
                    "resources": {"memory": "512m"},
                },
                "cache": "redis:7",
            },
            "artifacts": ["out/*.xml", {"name": "logs", "paths": ["logs/"], "when": "failure", "expires": "7d"}],
            "outputs": {"o": {"value": "${{ steps.x.outputs.y }}", "required": True}, "p": 1, "q": None},
            "resources": {"cpus": "500m", "memory": 512, "pids": 100, "gpus": 0},
            "network": "bridge",
            "profile": "standard",
            "stop_signal": "SIGINT",
            "needs": [{"job": "other", "optional": True, "artifacts": False}, "called"],
            "after": ["last"],
            "parallel_with": ["other"],
            "if": "${{ github.ref == 'x' }}",
            "unless": False,
            "matrix": {"v": [1, 2], "w": "${{ fromJSON(vars.w) }}"},
            "include": [{"v": 3}],
            "exclude": [{"v": 1}],
            "fail_fast": False,
            "max_parallel": "${{ vars.m }}",
            "timeout": "10m",
            "retry": {
                "max": 2,
                "when": ["infrastructure"],
                "exit_codes": [75],
                "if": "job.attempt < 3",
                "backoff": {"initial": "5s", "factor": 2, "max": "1m", "jitter": 0.2},
            },
            "continue_on_error": {"exit_codes": 2},
            "concurrency": "deploy",
        },
        "other": {
            "container": "alpine:3.20",
            "defaults": {"run": {"working-directory": "/w"}},
            "steps": [
                {
                    "name": "n",
                    "id": "x",
                    "if": "failure()",
                    "run": "x",
                    "env": {"A": 1},
                    "shell": "sh",
                    "timeout-minutes": 2,
                    "continue-on-error": True,
                    "retry": 1,
                },
                "y",
            ],
            "strategy": {"fail-fast": True, "max-parallel": 2},
            "parallel": {"matrix": [{"A": [1, 2]}]},
            "timeout-minutes": 5,
            "on_complete": "always",
            "finally": True,
            "stage": "test",
            "runs-on": "ubuntu",
        },
        "called": {
            "uses": "./b.yaml",
            "with": {"a": 1, "b": ["${{ matrix.x }}"]},
            "secrets": "inherit",
            "strategy": {"matrix": {"x": [1]}},
        },
        "last": {"image": "alpine", "commands": []},
    },
}
"""A workflow in which every key stands."""

DOCUMENTS: Final[list[dict[str, Any]]] = [
    WHOLE,
    {"name": "smallest", "jobs": {"hello": {"image": "alpine:3.20", "commands": ["echo hello"]}}},
    {"name": "on as a word", "on": "push", "jobs": {"a": {"image": "a", "run": "x"}}},
    {"name": "on as a list", "on": ["push", "workflow_dispatch"], "jobs": {"a": {"image": "a", "run": "x"}}},
    {
        "name": "on as a mapping",
        "on": {
            "push": {"branches": ["main"]},
            "workflow_dispatch": {"inputs": {"a": {"type": "environment", "default": "x"}}},
            "workflow_call": {"outputs": {"o": {"value": "x"}}, "secrets": {"S": {"required": True}, "T": None}},
        },
        "permissions": "read-all",
        "jobs": {"a": {"image": "a", "run": "x"}},
    },
    {
        "name": "gitlab",
        "stages": ["build", "test"],
        "variables": {"A": 1},
        "timeout-minutes": 90,
        "jobs": {
            "a": {"image": "a", "script": ["x"], "stage": "build", "parallel": 3, "allow_failure": {"exit_codes": [1]}},
            "b": {
                "image": "b",
                "script": "x",
                "when": "on_failure",
                "services": ["postgres:15", {"name": "redis:7", "alias": "r", "variables": {"A": 1}}],
                "retry": {"max": 2, "when": "script_failure"},
                "artifacts": {"paths": ["x"], "expire_in": "1 week", "when": "on_success"},
                "environment": {"A": 1},
            },
        },
    },
    {
        "name": "github services",
        "jobs": {
            "a": {
                "image": "a",
                "run": "x",
                "services": {"db": {"image": "postgres", "options": "--health-cmd x --health-retries=3"}},
                "concurrency": {"group": "g", "queue": "max"},
                "matrix": "${{ fromJSON(vars.m) }}",
            }
        },
    },
]


def records() -> dict[str, Record]:
    """Every mapping of the catalogue by its name."""
    return {record.name: record for record in _records(WORKFLOW, set())}


def _records(form: object, seen: set[int]) -> Iterator[Record]:
    if id(form) in seen:
        return
    seen.add(id(form))
    if isinstance(form, Record):
        yield form
        for key in form.keys:
            yield from _records(key.form, seen)
    elif isinstance(form, Form):
        for part in vars(form).values():
            yield from _records(part, seen)
    elif isinstance(form, Shapes):
        for part in form.all:
            yield from _records(part, seen)

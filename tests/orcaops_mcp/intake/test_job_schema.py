"""What an editor says of a job's file is what the engine says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from core import InvalidSpecError, JobSpec, parse_job
from orcaops_mcp.intake.job_schema import job_schema

_PAGE = Path(__file__).parents[3] / "docs" / "how-to" / "write-a-job.md"
_BLOCK = re.compile(r"```json\n(.*?)```", re.DOTALL)
_PLAIN: dict[str, Any] = {"image": "busybox"}

SPELLED: tuple[dict[str, Any], ...] = (
    {"script": "echo hello"},
    {"runtime": "python3.12", "entry": "main.py", "args": ["-v"], "files": ["upl_1"]},
    {"commands": ["echo", {"run": "echo", "env": ["A=b"]}], "env": ["CI=1"], "step_timeout_s": 3},
    {"command": ["true"], "env": {"CI": "1"}, "mounts": [".:/work:rw"], "tmpfs": ["/cache:64m"], "workspace": "."},
    {"command": ["true"], "services": ["redis:7", {"image": "postgres:16", "ports": 5432, "command": "serve"}]},
    {"command": ["true"], "services": {"db": "postgres:16", "cache": {"image": "redis:7", "ready": {"exec": "ping"}}}},
    {"command": ["true"], "services": {"db": {"image": "postgres:16", "health_check": {"test": "pg_isready"}}}},
)
REFUSED: tuple[dict[str, Any], ...] = (
    {"image": "busybox", "command": "true"},
    {"image": "busybox", "comands": ["true"]},
    {"image": "busybox", "commands": [{"run": "true", "condition": "success()"}]},
    {"image": "busybox", "services": {"db": {"image": "postgres:16", "late": {"env": {}}}}},
    {"image": "busybox", "env": {"CI": 1}},
    {"image": "busybox", "sandbox": {}},
    {"image": "busybox", "timeout_s": "ten"},
)


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    return job_schema()


@pytest.mark.parametrize("request_", SPELLED)
def test_every_spelling_that_is_taken_is_a_job_to_an_editor(schema: dict[str, Any], request_: dict[str, Any]) -> None:
    jsonschema.validate(request_ if "runtime" in request_ else {**_PLAIN, **request_}, schema)


@pytest.mark.parametrize("request_", REFUSED)
def test_what_the_engine_refuses_for_its_form_an_editor_marks(schema: dict[str, Any], request_: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(request_, schema)
    with pytest.raises(InvalidSpecError):
        parse_job(request_)


def test_every_job_of_the_manual_is_one_to_an_editor(schema: dict[str, Any]) -> None:
    jobs = [job for block in _BLOCK.findall(_PAGE.read_text(encoding="utf-8")) if "image" in (job := json.loads(block))]
    assert len(jobs) > 5
    for job in jobs:
        jsonschema.validate(job, schema)


def test_every_field_of_a_job_but_the_engines_own_is_told(schema: dict[str, Any]) -> None:
    told = set(schema["properties"])
    assert set(JobSpec.model_fields) - told == JobSpec.ENGINES_OWN
    assert told - set(JobSpec.model_fields) == {"script", "entry", "args", "runtime", "workspace", "step_timeout_s"}


def test_nothing_is_defined_that_nothing_refers_to(schema: dict[str, Any]) -> None:
    text = json.dumps(schema)
    assert all(f'"#/$defs/{name}"' in text for name in schema["$defs"])
    assert not {"NodeSpec", "SandboxSpec", "LateEnv"} & schema["$defs"].keys()

"""What the README and the page about jobs say is what the parser and the tools take."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from core import RUNTIMES, EngineSettings, FailureKind, JobSpec, JobStatus, StepSpec, parse_job
from orcaops_mcp.mcp_server.tools import ALL_TOOLS
from orcaops_mcp.mcp_server.tools.job_request import SubmitJob

_ROOT = Path(__file__).resolve().parents[2]
_README = (_ROOT / "README.md").read_text(encoding="utf-8")
_JOBS = (_ROOT / "docs" / "how-to" / "write-a-job.md").read_text(encoding="utf-8")
_JSON = re.compile(r"^```json\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def examples(page: str) -> list[str]:
    return [block for block in _JSON.findall(page) if "ervers" not in block]


@pytest.mark.parametrize("example", examples(_JOBS) + examples(_README))
def test_every_example_is_a_valid_job_for_python_and_for_the_tool(example: str) -> None:
    request = json.loads(example)
    assert isinstance(parse_job(request), JobSpec)
    if not all(isinstance(step, str) for step in request.get("commands", [])):
        return  # the tool takes steps as texts
    SubmitJob.model_validate({name: value for name, value in request.items() if name in SubmitJob.model_fields})


def test_the_table_of_fields_is_complete_and_says_what_the_tool_takes() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (yes|no) \|", _JOBS, re.MULTILINE))
    assert set(rows) == {*JobSpec.model_fields, "script", "entry", "args", "runtime"} - JobSpec.ENGINES_OWN
    assert {name for name, reach in rows.items() if reach == "yes"} == rows.keys() & SubmitJob.model_fields.keys()
    assert all(f"`{name}`" in _JOBS for name in SubmitJob.model_fields)


def test_every_field_of_a_step_is_named() -> None:
    assert all(f"`{name}`" in _JOBS for name in StepSpec.model_fields if name != "condition")


def test_every_runtime_is_named() -> None:
    assert all(f"`{name}`" in _JOBS for name in RUNTIMES)


def test_the_readmes_table_lists_the_tools_on_offer() -> None:
    assert set(re.findall(r"^\| `(orcaops_\w+)` \|", _README, re.MULTILINE)) == {tool.name for tool in ALL_TOOLS}


def test_the_readme_names_every_status_and_no_cause_that_does_not_exist() -> None:
    assert all(f"`{status}`" in _README for status in JobStatus)
    causes = re.search(r"`failure\.kind`: (.*?) and others", _README, re.DOTALL)
    assert causes is not None
    assert set(re.findall(r"`(\w+)`", causes[1])) <= set(FailureKind)


@pytest.mark.parametrize("field", ["privileged", "devices"])
def test_what_the_readme_says_is_no_field_is_none(field: str) -> None:
    assert f"`{field}`" in _README
    assert field not in JobSpec.model_fields


def test_the_readmes_defaults_are_the_settings_defaults(settings: EngineSettings) -> None:
    limits = settings.limits
    assert "Ten minutes, 2 GiB, two processors, 8 MiB of log, 256 MiB of artifacts" in _README
    assert (limits.timeout_s, limits.log_bytes, limits.artifact_total_bytes) == (600, 8 << 20, 256 << 20)
    assert limits.memory_mb <= 2048
    assert limits.cpus <= 2


@pytest.mark.parametrize("task", ["demo", "test", "check", "setup"])
def test_the_tasks_that_the_readme_names_exist(task: str) -> None:
    assert f"make {task}" in _README
    assert re.search(rf"^{task}:", (_ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


def test_the_readme_is_short() -> None:
    assert _README.count("\n") <= 160

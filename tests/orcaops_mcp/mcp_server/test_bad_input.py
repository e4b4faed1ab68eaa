"""Whatever comes in, the answer is the one envelope, nothing is started, and nothing that was refused is repeated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.orcaops_mcp.conftest import call, error_of, text_of

if TYPE_CHECKING:
    from mcp import Client

    from core import Engine

_JOB = {"image": "busybox", "command": ["true"]}
_ABSENT = "job_" + "0" * 25
_NO_RUN = "wf_" + "0" * 25
_WORKFLOW = "jobs: {build: {image: busybox, commands: ['true']}}"

_REQUESTS: list[tuple[str, dict[str, Any], str, str]] = [
    ("an unknown argument", _JOB | {"timeoutt": 5}, "invalid_argument", "did you mean timeout_s?"),
    ("a familiar wrong name", _JOB | {"environment": ["A=1"]}, "invalid_argument", "did you mean env?"),
    ("a wrong type", {"image": "busybox", "command": {"hunter2": "hunter2"}}, "invalid_argument", "command"),
    ("a command as text", {"image": "busybox", "command": "echo hunter2"}, "invalid_argument", "list of arguments"),
    ("an empty command", {"image": "busybox", "command": []}, "invalid_spec", "name the program first"),
    ("an empty script", {"image": "busybox", "script": "  "}, "invalid_spec", "nothing to run"),
    ("no image", {"command": ["true"]}, "invalid_spec", "image"),
    ("an option for an image", {"image": "--privileged", "command": ["x"]}, "invalid_spec", "not an image reference"),
    ("a very long image", {"image": "a" * 300, "command": ["x"]}, "invalid_spec", "255 characters"),
    ("a variable without =", _JOB | {"env": ["hunter2"]}, "invalid_spec", "KEY=VALUE"),
    ("NUL in an argument", {"image": "busybox", "command": ["a\0b"]}, "invalid_spec", "NUL"),
    ("half a surrogate", {"image": "busybox", "command": ["\ud800"]}, "inva", "urrogate"),
    ("a negative timeout", _JOB | {"timeout_s": -1}, "invalid_spec", "timeout_s"),
    ("a timeout of text", _JOB | {"timeout_s": "soon"}, "invalid_argument", "timeout_s"),
    ("a wait too long", _JOB | {"wait_s": 600}, "invalid_argument", "wait_s"),
    ("10 MB of script", {"image": "busybox", "script": "#" * 10_000_000}, "invalid_spec", "256 KiB"),
    ("100 000 tags", _JOB | {"tags": ["t"] * 100_000}, "invalid_argument", "tags"),
    ("an unknown secret", _JOB | {"secrets": ["ABSENT"]}, "unknown_secret", "ABSENT"),
    ("an unknown upload", _JOB | {"files": ["../../etc/passwd"]}, "upload_not_found", "upload"),
    ("a step limit for one command", _JOB | {"step_timeout_s": 3}, "invalid_spec", "step_timeout_s"),
    ("an unknown runtime", {"entry": "a.py", "runtime": "cobol"}, "invalid_spec", "runtime"),
]


@pytest.mark.parametrize(
    ("arguments", "code", "saying"), [case[1:] for case in _REQUESTS], ids=[case[0] for case in _REQUESTS]
)
@pytest.mark.hostile("B6", "B7")
async def test_a_bad_request_is_refused(
    client: Client, engine: Engine, arguments: dict[str, Any], code: str, saying: str
) -> None:
    result = await client.call_tool("orcaops_submit_job", arguments)
    error = error_of(result)
    assert error["code"].startswith(code)
    assert saying in error["message"]
    assert error["retryable"] is False
    assert error["hint"]
    assert "hunter2" not in text_of(result)
    assert (await engine.list_jobs()).items == ()


@pytest.mark.parametrize("value", [1e308, 0, -1])
@pytest.mark.parametrize("field", ["timeout_s", "cpus", "memory_mb"])
@pytest.mark.hostile("B5")
async def test_numbers_that_make_no_sense_are_refused(client: Client, field: str, value: float) -> None:
    error = error_of(await client.call_tool("orcaops_submit_job", _JOB | {field: value}))
    assert field in error["message"]


@pytest.mark.parametrize(
    ("tool", "name"),
    [
        ("orcaops_get_job_status", "job_id"),
        ("orcaops_cancel_job", "job_id"),
        ("orcaops_stream_logs", "id"),
        ("orcaops_get_failure_summary", "id"),
        ("orcaops_list_artifacts", "id"),
        ("orcaops_rerun", "id"),
    ],
)
@pytest.mark.hostile("B8", "B9")
async def test_an_id_that_is_none_is_not_found(client: Client, tool: str, name: str) -> None:
    for job_id in ("../..", "%2e%2e", "job_1; DROP TABLE jobs", "job_\0", "x" * 10_000, _ABSENT):
        result = await client.call_tool(tool, {name: job_id})
        assert error_of(result)["code"] == "job_not_found", job_id
        assert "DROP" not in text_of(result)


@pytest.mark.parametrize(
    ("tool", "name"),
    [
        ("orcaops_get_workflow_status", "workflow_id"),
        ("orcaops_cancel_workflow", "workflow_id"),
        ("orcaops_wait", "ids"),
        ("orcaops_rerun", "id"),
        ("orcaops_stream_logs", "id"),
        ("orcaops_get_failure_summary", "id"),
        ("orcaops_list_artifacts", "id"),
    ],
)
async def test_an_id_of_a_run_that_is_none_is_not_found(client: Client, tool: str, name: str) -> None:
    error = error_of(await client.call_tool(tool, {name: _NO_RUN}))
    assert error["code"] == "workflow_not_found"
    assert error["hint"]


@pytest.mark.parametrize("tool", ["orcaops_stream_logs", "orcaops_get_failure_summary", "orcaops_list_artifacts"])
async def test_a_node_that_is_none_is_not_found(client: Client, tool: str) -> None:
    run = await call(client, "orcaops_run_workflow", spec=_WORKFLOW, wait_s=20)
    for node in ("../..", "b\0", "build; DROP TABLE jobs", "x" * 10_000, "build/../build", " / ", "build/"):
        result = await client.call_tool(tool, {"id": f"{run['workflow_id']}/{node}"})
        assert error_of(result)["code"] in ("node_not_found", "invalid_argument"), node


@pytest.mark.parametrize("path", ["../../etc/passwd", "/etc/passwd", "a\0b", "x" * 4000])
@pytest.mark.hostile("B9")
async def test_a_path_outside_the_artifacts_is_not_found(client: Client, path: str) -> None:
    job = await call(client, "orcaops_submit_job", **_JOB, wait_s=20)
    error = error_of(await client.call_tool("orcaops_get_artifact", {"id": job["job_id"], "path": path}))
    assert error["code"] == "artifact_not_found"


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("orcaops_wait", {"ids": []}),
        ("orcaops_wait", {"ids": [_ABSENT] * 21}),
        ("orcaops_wait", {"ids": [_ABSENT], "until": "log_match"}),
        ("orcaops_stream_logs", {"id": _ABSENT, "cursor": "yesterday"}),
        ("orcaops_stream_logs", {"id": _ABSENT, "cursor": "1-1+x"}),
        ("orcaops_stream_logs", {"id": _ABSENT, "max_bytes": 10**9}),
        ("orcaops_stream_logs", {"id": _ABSENT, "cursor": "9" * 8001}),
        ("orcaops_run_workflow", {}),
        ("orcaops_run_workflow", {"spec": _WORKFLOW, "path": "ci.yaml"}),
        ("orcaops_run_workflow", {"spec": _WORKFLOW, "max_parallel": 0}),
        ("orcaops_run_workflow", {"spec": _WORKFLOW, "wait_s": 51}),
        ("orcaops_run_workflow", {"template": "nightly@x"}),
        ("orcaops_get_workflow_status", {"workflow_id": _NO_RUN, "nodes": "some"}),
        ("orcaops_cancel_workflow", {"workflow_id": _NO_RUN, "reason": "x" * 501}),
        ("orcaops_rerun", {"id": _NO_RUN, "from": "middle"}),
        ("orcaops_list_runs", {"limit": -1}),
        ("orcaops_list_runs", {"cursor": "garbage"}),
        ("orcaops_list_runs", {"since": "yesterday"}),
        ("orcaops_upload_files", {"files": [{"path": "a", "text": "x", "base64": "AA=="}]}),
        ("orcaops_upload_files", {"files": [{"path": "a", "base64": "?"}]}),
        ("orcaops_upload_files", {"files": [{"path": "a"}, {"path": "a"}]}),
        ("orcaops_upload_files", {"files": [{"path": "a", "text": "x" * 5_000_000}]}),
    ],
)
async def test_a_bad_argument_is_refused(client: Client, tool: str, arguments: dict[str, Any]) -> None:
    assert error_of(await client.call_tool(tool, arguments))["code"] == "invalid_argument"


@pytest.mark.parametrize("path", ["../a", "/etc/passwd", "a//b", ""])
async def test_an_upload_stays_in_its_folder(client: Client, path: str) -> None:
    error = error_of(await client.call_tool("orcaops_upload_files", {"files": [{"path": path, "text": "x"}]}))
    assert error["code"] in ("invalid_argument", "invalid_spec")


@pytest.mark.hostile("B8")
async def test_an_unknown_tool_is_an_envelope_with_a_guess(client: Client) -> None:
    error = error_of(await client.call_tool("orcaops_submit_jobs", {}))
    assert error["code"] == "unknown_tool"
    assert "did you mean orcaops_submit_job?" in error["message"]

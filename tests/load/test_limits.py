"""Every limit is met: what a caller sees of it at a door, and which test holds those that no request meets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from core import (
    EngineSettings,
    LimitSettings,
    QueueSettings,
    RetentionSettings,
    SimulationSettings,
    WorkspaceSettings,
)
from core.settings import MIB
from orcaops_mcp.settings import HttpSettings
from tests.orcaops_mcp.api.conftest import BUSYBOX, api, engine, error_of, http, served, stops, submitted

if TYPE_CHECKING:
    import httpx2

__all__ = ("api", "engine", "http", "served", "stops")  # fixtures, of the REST API on a socket

_TESTS = Path(__file__).parents[1]
_JOB = {"image": BUSYBOX, "command": ["true"]}
_WORKFLOW = {"jobs": {"long": {"image": BUSYBOX, "commands": ["sleep 600"], "timeout": "50s"}}}


@pytest.fixture
def settings(tmp_path: Path) -> EngineSettings:
    return EngineSettings(
        home=tmp_path / "home",
        backend="simulated",
        simulation=SimulationSettings(time_scale=0.2),
        queue=QueueSettings(max_running=1, max_queued=2, max_runs=1, slots={"gpus": 1}),
        limits=LimitSettings(
            timeout_s=60,
            max_timeout_s=100,
            max_cpus=2,
            max_memory_mb=512,
            memory_mb=64,
            max_pids=300,
            max_disk_mb=500,
            disk_mb=100,
            max_log_bytes=2 * MIB,
            log_bytes=MIB,
            upload_files=2,
            upload_bytes=700_000,
            uploads_total_bytes=1_500_000,
            input_bytes=MIB,
            artifact_file_bytes=2000,
            artifact_total_bytes=4000,
            output_bytes=100,
        ),
        workspace=WorkspaceSettings(files=2, bytes=700_000),
    )


ASKED_FOR: dict[str, tuple[dict[str, Any], str]] = {
    "queue.slots": ({"gpus": 2}, "gpus"),
    "limits.max_timeout_s": ({"timeout_s": 101}, "timeout_s: at most 100 seconds here"),
    "limits.max_cpus": ({"cpus": 3}, "cpus: this host has 2"),
    "limits.max_memory_mb": ({"memory_mb": 513}, "memory_mb: at most 512 MiB here"),
    "limits.max_pids": ({"pids": 301}, "pids: at most 300 here"),
    "limits.max_disk_mb": ({"disk_mb": 501}, "disk_mb: at most 500 MiB here"),
    "limits.max_log_bytes": ({"log_limit": {"bytes": 3 * MIB}}, "log_limit.bytes: at most 2 MiB here"),
}
"""What a job asks for beyond a ceiling, and what it is told."""


async def test_a_job_that_asks_for_more_than_there_may_be_is_told_how_much_that_is(http: httpx2.AsyncClient) -> None:
    for fields, told in ASKED_FOR.values():
        error = error_of(await http.post("/orcaops/jobs", json=_JOB | fields), 403)
        assert error["code"] == "not_admitted"
        assert told in error["message"]
        assert error["hint"]
    assert (await http.get("/orcaops/jobs")).json()["items"] == []


async def test_one_job_more_than_may_wait_and_one_run_more_than_may_be_are_refused_until_there_is_room(
    http: httpx2.AsyncClient,
) -> None:
    first = await http.post("/orcaops/workflows", json={"spec": _WORKFLOW}, headers={"Idempotency-Key": "one"})
    assert first.status_code == 201, first.text
    run_id = first.json()["workflow_id"]
    error = error_of(await http.post("/orcaops/workflows", json={"spec": _WORKFLOW}), 429)
    assert (error["code"], error["retryable"]) == ("queue_full", True)
    assert 1 <= error["retry_after_s"] <= 60
    assert error["message"] == "1 workflow runs are under way already, as many as may be."
    assert "cancel one" in error["hint"]
    again = await http.post("/orcaops/workflows", json={"spec": _WORKFLOW}, headers={"Idempotency-Key": "one"})
    assert (again.status_code, again.json()["workflow_id"]) == (200, run_id)

    jobs: list[str] = []
    with anyio.fail_after(60):
        while len(jobs) < 4:  # the run's own job waits too until it runs
            answer = await http.post("/orcaops/jobs", json=_JOB | {"command": ["sleep", "600"]})
            if answer.status_code != 201:
                break
            jobs.append(answer.json()["job_id"])
    refused = await http.post("/orcaops/jobs", json=_JOB)
    error = error_of(refused, 429)
    assert (error["code"], error["retryable"]) == ("queue_full", True)
    assert refused.headers["retry-after"] == str(error["retry_after_s"])
    assert "2 jobs wait already" in error["message"]
    await http.delete(f"/orcaops/jobs/{jobs[-1]}")
    assert (await http.post("/orcaops/jobs", json=_JOB)).status_code == 201

    await http.post(f"/orcaops/workflows/{run_id}/cancel", json={"force": True})
    with anyio.fail_after(60):
        while (await http.post("/orcaops/workflows", json={"spec": _WORKFLOW})).status_code == 429:
            await http.get(f"/orcaops/workflows/{run_id}/wait", params={"timeout_s": 5})
    error = error_of(await http.post(f"/orcaops/workflows/{run_id}/rerun", json={}), 429)
    assert error["code"] == "queue_full"


async def test_files_beyond_a_limit_are_refused_with_the_limit(http: httpx2.AsyncClient) -> None:
    async def upload(**sizes: int) -> httpx2.Response:
        return await http.post(
            "/orcaops/uploads", files=[("files", (name, b"x" * size)) for name, size in sizes.items()]
        )

    assert error_of(await upload(a=1, b=1, c=1), 422)["message"] == "files: at most 2 in one upload"
    assert error_of(await upload(a=700_001), 422)["message"] == "the file is larger than 700000 bytes"
    ids: list[str] = [(await upload(**{name: 600_000})).json()["upload_id"] for name in ("a", "b")]
    (file,) = (await http.get(f"/orcaops/uploads/{ids[0]}")).json()["files"]
    manifest = [{"path": path, "sha256": file["sha256"], "size": 600_000} for path in "ab"]
    error = error_of(await http.post("/orcaops/uploads", json={"files": manifest}), 422)
    assert error["message"] == "files: more than 700000 bytes in all"
    error = error_of(await http.post("/orcaops/jobs", json=_JOB | {"files": ids}), 403)
    assert (error["code"], error["message"]) == ("not_admitted", "files: more than 1 MiB in all")
    assert (await upload(c=600_001)).status_code == 201
    error = error_of(await upload(d=600_002), 403)
    assert error["message"].startswith("uploads: no room for these files: those that were sent in before have 1.1 MiB")
    assert "limits.uploads_total_bytes" in error["hint"]
    assert (await upload(e=200_000)).status_code == 201


async def test_what_a_job_leaves_beyond_a_limit_is_not_kept_and_its_record_says_why(http: httpx2.AsyncClient) -> None:
    script = "mkdir out; flood 401 1234 > out/0; for n in 1 2 3; do flood 380 1234 > out/$n; done"
    job = await submitted(http, "sh", "-c", script, artifacts=["out/*"], workdir="/work", wait_s=20)
    kept = (await http.get(f"/orcaops/jobs/{job['job_id']}/artifacts")).json()["items"]
    assert [each["path"] for each in kept if each["state"] == "kept"] == ["out/1", "out/2"]
    assert {each["path"]: each["note"] for each in kept if each["state"] == "skipped"} == {
        "out/0": "larger than 2000 bytes",
        "out/*": "left out, with what follows: more than 4000 bytes in all",
    }
    job = await submitted(http, "sh", "-c", "seq 1 100 > $ORCAOPS_OUTPUT", outputs=["x"], wait_s=20)
    assert job["failure"]["kind"] == "output"
    assert "larger than 100 bytes" in job["failure"]["message"]


HELD_BY = {
    "queue.max_running": "end_to_end/test_jobs_on_docker.py::test_sixty_jobs_never_run_more_than_four_at_once",
    "queue.max_overtakes": "core/engine/test_slots.py::test_a_large_job_is_overtaken_a_bounded_number_of",
    "limits.timeout_s": "core/engine/test_admission.py::test_an_admitted_spec_has_every_default_filled_in",
    "limits.cpus": "core/engine/test_admission.py::test_an_admitted_spec_has_every_default_filled_in",
    "limits.memory_mb": "core/engine/test_admission.py::test_an_admitted_spec_has_every_default_filled_in",
    "limits.pids": "core/engine/test_admission.py::test_an_admitted_spec_has_every_default_filled_in",
    "limits.cancel_grace_s": "core/engine/test_admission.py::test_an_admitted_spec_has_every_default_filled_in",
    "limits.disk_mb": "core/engine/test_disk.py::test_a_job_that_writes_more_than_it_may_is_stopped",
    "limits.min_free_mb": "core/engine/test_disk.py::test_where_the_disk_is_nearly_full_the_job_that_holds_most",
    "limits.log_bytes": "end_to_end/test_load.py::test_a_flood_is_bounded_on_disk_with_its_head_and_tail_kept",
    "limits.log_lines": "core/engine/test_leftovers.py::test_a_log_past_its_limit_keeps_its_head_names_the_gap_and",
    "limits.log_tail_lines": "core/engine/test_leftovers.py::test_a_log_past_its_limit_keeps_its_head_names_the_gap",
    "limits.artifact_files": "core/engine/test_leftovers.py::test_past_a_limit_the_rest_is_named_as_left_out",
    "limits.artifact_seconds": "core/engine/test_extract.py::test_at_a_bound_of_the_whole_the_rest_is_left_with_the",
    "limits.cleanup_timeout_s": "core/engine/workflow/test_stopping.py::test_",
    "workspace.files": "core/workspace/test_listing.py::test_too_large_a_folder_is_refused_and_the_largest_entries",
    "workspace.bytes": "core/workspace/test_listing.py::test_too_large_a_folder_is_refused_and_the_largest_entries",
    "retention.days": "core/engine/test_retention.py::test_a_run_goes_once_its_days_are_over_and_not_before",
    "retention.max_runs": "core/engine/test_retention.py::test_beyond_their_number_the_runs_that_ended_first_go",
    "retention.max_bytes": "core/engine/test_retention.py::test_beyond_their_bytes_the_runs_that_ended_first_go",
    "retention.sweep_s": "core/engine/test_retention.py::test_the_sweep_comes_by_itself_soon_after_a_start",
    "retention.reserve_mb": "faults/test_full_disk.py::test_old_jobs_can_be_deleted_from_a_full_disk",
    "retention.upload_days": "core/engine/test_retention.py::test_an_upload_goes_after_its_days_and_its_files_once",
    "http.require_token_to_read": "orcaops_mcp/daemon/test_access.py::test_",
    "http.max_body_bytes": "orcaops_mcp/daemon/guards/test_limits.py::test_requests_that_send_files_may_be_larger",
    "http.max_upload_bytes": "orcaops_mcp/daemon/guards/test_limits.py::test_requests_that_send_files_may_be_larger",
    "http.body_idle_s": "orcaops_mcp/daemon/guards/test_limits.py::test_a_body_that_drips_is_not_read_for_ever",
    "http.rate_per_s": "orcaops_mcp/daemon/guards/test_limits.py::test_a_caller_who_comes_too_often_is_told_when_to",
    "http.rate_burst": "orcaops_mcp/daemon/guards/test_limits.py::test_a_caller_who_comes_too_often_is_told_when_to",
    "http.failed_tokens": "orcaops_mcp/daemon/guards/test_limits.py::test_wrong_tokens_make_their_address_wait_longer",
    "http.max_streams": "orcaops_mcp/daemon/guards/test_limits.py::test_one_stream_more_than_there_may_be_is_refused",
}
"""The test that holds each of the other limits: its file and how its name begins."""

MET_HERE = {
    "queue.max_queued", "queue.max_runs", "limits.upload_files", "limits.upload_bytes", "limits.input_bytes",
    "limits.uploads_total_bytes", "limits.artifact_file_bytes", "limits.artifact_total_bytes", "limits.output_bytes",
}  # fmt: skip


def test_each_limit_is_met_by_a_test() -> None:
    sections = {
        "queue": QueueSettings,
        "limits": LimitSettings,
        "workspace": WorkspaceSettings,
        "retention": RetentionSettings,
        "http": HttpSettings,
    }
    limits = {f"{section}.{name}" for section, model in sections.items() for name in model.model_fields}
    assert limits == {*ASKED_FOR, *MET_HERE, *HELD_BY}
    for place in HELD_BY.values():
        path, _, name = place.partition("::")
        assert f"def {name}" in (_TESTS / path).read_text(encoding="utf-8"), place

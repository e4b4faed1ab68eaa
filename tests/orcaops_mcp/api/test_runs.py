"""Finished jobs as history: listed, seen, deleted, cleaned up, written out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest

from tests.orcaops_mcp.api.conftest import error_of, submitted

if TYPE_CHECKING:
    import httpx2

    from core import EngineSettings


async def test_only_finished_jobs_are_runs(http: httpx2.AsyncClient) -> None:
    ended = await submitted(http, "true", wait_s=20)
    going = await submitted(http, "sleep", "600")
    page = (await http.get("/orcaops/runs")).json()
    assert [row["job_id"] for row in page["items"]] == [ended["job_id"]]
    assert (await http.get(f"/orcaops/runs/{ended['job_id']}")).json()["status"] == "success"
    assert error_of(await http.get(f"/orcaops/runs/{going['job_id']}"), 409)["code"] == "job_not_finished"
    assert error_of(await http.delete(f"/orcaops/runs/{going['job_id']}"), 409)["code"] == "job_not_finished"
    assert error_of(await http.get("/orcaops/runs/nope"), 404)["code"] == "job_not_found"


async def test_a_deleted_run_is_gone(http: httpx2.AsyncClient) -> None:
    job_id = (await submitted(http, "echo", "x", wait_s=20))["job_id"]
    gone = (await http.delete(f"/orcaops/runs/{job_id}")).json()
    assert (gone["deleted"], gone["job_ids"]) == (1, [job_id])
    for path in ("", "/logs", "/logs/stream", "/events", "/artifacts", "/failure", "/attempts", "/wait"):
        error_of(await http.get(f"/orcaops/jobs/{job_id}{path}"), 404)


async def test_a_cleanup_deletes_what_every_condition_lets_go(http: httpx2.AsyncClient) -> None:
    failed = await submitted(http, "false", wait_s=20)
    await submitted(http, "true", wait_s=20)
    dry = (await http.post("/orcaops/runs/cleanup", json={"status": ["failed"], "dry_run": True})).json()
    assert (dry["deleted"], dry["dry_run"], dry["job_ids"]) == (1, True, [failed["job_id"]])
    none = (await http.post("/orcaops/runs/cleanup", json={"status": ["failed"], "older_than": "7d"})).json()
    assert none["deleted"] == 0
    done = (await http.post("/orcaops/runs/cleanup", json={"status": ["failed"], "older_than": "0"})).json()
    assert (done["deleted"], done["dry_run"]) == (1, False)
    rest = (await http.post("/orcaops/runs/cleanup", json={"keep": 0})).json()
    assert rest["deleted"] == 1


@pytest.mark.parametrize(
    "body", [{}, {"older_than": "soon"}, {"older_than": 7}, {"status": ["running"]}, {"keep": -1}, {"all": True}]
)
async def test_a_cleanup_that_does_not_say_what_is_refused(http: httpx2.AsyncClient, body: dict[str, object]) -> None:
    error_of(await http.post("/orcaops/runs/cleanup", json=body), 422)


async def test_runs_are_written_out_anew(http: httpx2.AsyncClient, settings: EngineSettings) -> None:
    job = await submitted(http, "true", wait_s=20)
    with anyio.fail_after(60):  # a run is settled once its container was seen to
        while (await http.get(f"/orcaops/jobs/{job['job_id']}")).json()["cleanup"] == "pending":
            pass
    assert (await http.post("/orcaops/runs/export")).json() == {"runs": 1}
    assert (settings.home / "runs.jsonl").exists()

"""A secret gets into the store and into what a job keeps, and nowhere else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from tests.end_to_end import canary
from tests.orcaops_mcp.served import served

if TYPE_CHECKING:
    from pathlib import Path

    from tests.end_to_end.operator import Operator

pytestmark = pytest.mark.slow

_JOB = ("", "/attempts", "/failure", "/logs", "/artifacts", "/logs?errors_only=true")
_RUN = ("", "/summary", "/graph", "/artifacts", "/source", "/attempts", "/history", "/logs", "/nodes")
_EVERYWHERE = (
    *(f"/orcaops/{each}" for each in ("jobs", "runs", "workflows", "system", "secrets", "metrics", "analytics")),
    *("/jobs", "/workflows", "/artifacts", "/system", "/analytics"),
)


class Seen:
    """What the doors answered, by where that was."""

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self._http = http
        self.told: dict[str, str] = {}

    async def get(self, path: str) -> str:
        answer = await self._http.get(path)
        assert answer.status_code in {200, 404}, f"{path}: {answer.status_code} {answer.text[:300]}"
        self.told[path] = f"{answer.headers}{answer.text}"
        return answer.text

    async def raw(self, path: str) -> str:
        """A download, which is the file as it is."""
        answer = await self._http.get(path)
        assert answer.status_code == 200, path
        return answer.text

    async def cancel(self, job_id: str) -> None:
        await self._http.delete(f"/orcaops/jobs/{job_id}")
        await self.get(f"/orcaops/jobs/{job_id}/wait?timeout_s=50")

    async def document(self, path: str) -> Any:
        return json.loads(await self.get(path))

    async def post(self, path: str, content: Any) -> Any:
        answer = await self._http.post(path, json=content)
        assert answer.status_code < 300, answer.text
        self.told[f"POST {path} {len(self.told)}"] = answer.text
        return answer.json()


@pytest.mark.hostile("B85")
@pytest.mark.parametrize("backend", ["simulated", pytest.param("docker", marks=pytest.mark.docker)])
async def test_a_canary_gets_nowhere_but_into_the_store_and_kept_files(
    tmp_path: Path, backend: str, operator: Operator
) -> None:
    home = tmp_path / "home"
    await anyio.to_thread.run_sync(canary.put_into_store, home)
    async with (
        served(home, "--no-token", "--backend", backend) as server,
        httpx2.AsyncClient(base_url=server.url.removesuffix("/mcp"), timeout=60) as http,
        httpx2.AsyncClient(timeout=60) as mcp_http,
        Client(streamable_http_client(server.url, http_client=mcp_http)) as client,
    ):
        seen = Seen(http)
        with anyio.fail_after(240):
            job_id, nodes = await _run_everything(seen, client)
            if backend == "docker":
                await _look_at_containers(seen, home, operator)
            kept = await _look_at_job(seen, client, job_id)
            for node_job in nodes:
                await _look_at_job(seen, client, node_job)
            for path in _EVERYWHERE:
                await seen.get(path)
    assert {place: canary.found_in(text) for place, text in seen.told.items() if canary.found_in(text)} == {}
    assert "***" in seen.told[f"/orcaops/jobs/{job_id}/logs"]
    assert canary.CANARY in kept
    assert await anyio.to_thread.run_sync(lambda: list(canary.files_with_canaries(home))) == []


async def _run_everything(seen: Seen, client: Client) -> tuple[str, list[str]]:
    """The careless job and the careless workflow, to their ends; returns the job and the jobs of the run's nodes."""
    job = await seen.post("/orcaops/jobs", canary.JOB)
    job_id = job["job_id"]
    run = await seen.post("/orcaops/workflows", {"spec": canary.WORKFLOW})
    run_id = run["workflow_id"]
    await seen.get(f"/orcaops/jobs/{job_id}/wait?timeout_s=50")
    ended: dict[str, Any] = {"status": "pending"}
    while ended["status"] in {"pending", "running"}:
        ended = (await seen.document(f"/orcaops/workflows/{run_id}/wait?timeout_s=30"))["workflow"]
    assert ended["status"] == "partial", ended
    ended = await seen.document(f"/orcaops/jobs/{job_id}")
    assert (ended["status"], ended["outputs"]) == ("failed", {"fine": "1"}), ended
    for path in _RUN:
        await seen.get(f"/orcaops/workflows/{run_id}{path}")
    for page in ("", "/log", "/spec", "/history", "/graph.json"):
        await seen.get(f"/workflows/{run_id}{page}")
    found = (await seen.document(f"/orcaops/workflows/{run_id}/nodes"))["items"]
    assert {node["job"]: node["status"] for node in found} == {"make": "success", "use": "failed", "broken": "failed"}
    for node in found:
        await seen.get(f"/orcaops/workflows/{run_id}/nodes/{node['id']}")
        await seen.get(f"/orcaops/workflows/{run_id}/nodes/{node['id']}/explain")
        await seen.get(f"/workflows/{run_id}/nodes/{node['id']}")
    for tool in ("orcaops_stream_logs", "orcaops_get_failure_summary", "orcaops_list_artifacts"):
        await _ask(seen, client, tool, id=run_id)
    await _ask(seen, client, "orcaops_get_workflow_status", workflow_id=run_id, nodes="all")
    await _read(seen, client, f"orcaops://workflows/{run_id}")
    return job_id, [node["job_id"] for node in found if node["job_id"]]


async def _look_at_job(seen: Seen, client: Client, job_id: str) -> str:
    """Everything that any door tells of an ended job; returns what its kept files hold."""
    for path in _JOB:
        await seen.get(f"/orcaops/jobs/{job_id}{path}")
    await seen.get(f"/orcaops/runs/{job_id}")
    for page in ("", "/log", "/log/lines?first=1&last=100", "/log/text", "/log/first-error"):
        await seen.get(f"/jobs/{job_id}{page}")
    kept = ""
    for item in (await seen.document(f"/orcaops/jobs/{job_id}/artifacts"))["items"]:
        await seen.get(f"/jobs/{job_id}/preview/{item['path']}")
        await _ask(seen, client, "orcaops_get_artifact", id=job_id, path=item["path"])
        kept += (await seen.raw(f"/orcaops/jobs/{job_id}/artifacts/{item['path']}")) if item["size"] else ""
    for tool in ("orcaops_stream_logs", "orcaops_get_failure_summary", "orcaops_list_artifacts"):
        await _ask(seen, client, tool, id=job_id)
    await _ask(seen, client, "orcaops_get_job_status", job_id=job_id, detail="full")
    for resource in ("", "/logs"):
        await _read(seen, client, f"orcaops://jobs/{job_id}{resource}")
    return kept


async def _look_at_containers(seen: Seen, home: Path, operator: Operator) -> None:
    """A job that runs on, and what its container is labelled with."""
    job = await seen.post("/orcaops/jobs", canary.LASTING)
    job_id = job["job_id"]
    while "begins" not in await seen.get(f"/orcaops/jobs/{job_id}/logs"):
        await seen.get(f"/orcaops/jobs/{job_id}/wait?timeout_s=1")
    try:
        container = (await seen.document(f"/orcaops/jobs/{job_id}/attempts"))["items"][-1]["container"]
        labels = await anyio.to_thread.run_sync(operator.labels, container)
        seen.told["labels"] = json.dumps(labels)
        assert labels["orcaops.job"] == job_id
        assert await anyio.to_thread.run_sync(lambda: list(canary.files_with_canaries(home))) == []
    finally:
        await seen.cancel(job_id)


async def _ask(seen: Seen, client: Client, tool: str, **arguments: Any) -> None:
    answer = await client.call_tool(tool, arguments)
    seen.told[f"{tool} {arguments}"] = answer.model_dump_json()


async def _read(seen: Seen, client: Client, uri: str) -> None:
    seen.told[uri] = (await client.read_resource(uri)).model_dump_json()

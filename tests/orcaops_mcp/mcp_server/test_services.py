"""Services through MCP: submitted, told of, their logs read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.orcaops_mcp.conftest import call, error_of, log_of

if TYPE_CHECKING:
    from mcp import Client

READY = "[simulated] ready to accept connections on 6379"


async def a_finished_job(client: Client, services: object, **more: Any) -> dict[str, Any]:
    arguments = {"image": "busybox", "command": ["true"], "services": services, "wait_s": 20, **more}
    return await call(client, "orcaops_submit_job", **arguments)


@pytest.mark.parametrize(
    "services",
    [["redis:7"], "redis:7", {"redis": "redis:7"}, {"redis": {"image": "redis:7"}}, [{"image": "redis:7"}]],
    ids=["list", "text", "mapping", "mapping of fields", "list of fields"],
)
async def test_services_may_be_written_in_every_friendly_way(client: Client, services: object) -> None:
    job = await a_finished_job(client, services)
    assert job["status"] == "success"
    assert job["services"] == [{"id": "redis", "status": "stopped"}]
    assert job["artifacts"] == ["services/redis.log"]


async def test_a_services_log_is_read_under_job_slash_service(client: Client) -> None:
    job = await a_finished_job(client, ["redis:7"])
    log_id = f"{job['job_id']}/redis"
    lines, footer = log_of(await client.call_tool("orcaops_stream_logs", {"id": log_id, "tail": 1}))
    assert lines == [READY]
    assert footer["done"] is True
    assert f"orcaops_stream_logs(id='{log_id}', cursor='1-1')" in footer["left_out"][0]


async def test_a_services_log_is_followed(client: Client) -> None:
    services = [{"image": "redis", "env": {"SIMULATE_READY_AFTER": "0.3"}}]
    job = await call(client, "orcaops_submit_job", image="busybox", command=["true"], services=services)
    await call(client, "orcaops_wait", ids=[job["job_id"]], until="running")
    arguments = {"id": f"{job['job_id']}/redis", "cursor": "1-2", "follow_s": 20}
    lines, _ = log_of(await client.call_tool("orcaops_stream_logs", arguments))
    assert lines == [READY]


@pytest.mark.parametrize("service", ["nobody", "", "../redis"])
async def test_a_service_that_is_not_there_is_said_with_those_that_are(client: Client, service: str) -> None:
    job = await a_finished_job(client, ["redis:7"])
    error = error_of(await client.call_tool("orcaops_stream_logs", {"id": f"{job['job_id']}/{service}"}))
    assert (error["code"], error["hint"]) == ("invalid_argument", "Its services: redis.")


async def test_a_failure_summary_names_the_sick_service_with_its_last_words(client: Client) -> None:
    job = await a_finished_job(client, {"db": {"image": "redis", "command": "echo no disk; exit 3"}})
    digest = await call(client, "orcaops_get_failure_summary", id=job["job_id"])
    (service,) = digest["services"]
    assert (digest["failure"]["kind"], service["id"], service["exit_code"]) == ("service", "db", 3)
    assert "no disk" in service["last_lines"]

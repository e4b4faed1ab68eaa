"""Services over HTTP: submitted, told of, their logs read and followed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.orcaops_mcp.api.conftest import all_events, error_of, submitted

if TYPE_CHECKING:
    import httpx2

LINES = ["[simulated] starting", "[simulated] ready to accept connections on 6379"]


async def test_a_job_tells_of_its_services(http: httpx2.AsyncClient) -> None:
    job = await submitted(http, "true", services={"cache": "redis:7"}, wait_s=20)
    (service,) = job["services"]
    assert (service["id"], service["image"], service["status"]) == ("cache", "redis:7", "stopped")
    assert service["ready_after_s"] >= 0
    assert [artifact["path"] for artifact in job["artifacts"]] == ["services/cache.log"]


async def test_a_services_log_is_read(http: httpx2.AsyncClient) -> None:
    job = await submitted(http, "echo", "mine", services=["redis"], wait_s=20)
    logs = f"/orcaops/jobs/{job['job_id']}/logs"
    assert (await http.get(logs, params={"service": "redis"})).text.splitlines() == LINES
    page = (await http.get(logs, params={"service": "redis", "tail": 1}, headers={"Accept": "application/json"})).json()
    assert [line["text"] for line in page["items"]] == LINES[1:]
    assert (await http.get(logs)).text == "mine\n"


async def test_a_services_log_is_followed(http: httpx2.AsyncClient) -> None:
    job = await submitted(http, "sleep", "0.5", services=["redis"])
    events = await all_events(http, f"/orcaops/jobs/{job['job_id']}/logs/stream?service=redis")
    assert [event["data"]["text"] for event in events if event["event"] == "log"] == LINES
    assert events[-1]["data"]["status"] == "success"
    for query in ("since=1h", "tail=2"):
        again = await all_events(http, f"/orcaops/jobs/{job['job_id']}/logs/stream?service=redis&{query}")
        assert [event["data"]["text"] for event in again if event["event"] == "log"] == LINES


async def test_a_service_that_is_not_there_has_no_log(http: httpx2.AsyncClient) -> None:
    job = await submitted(http, "true", services=["redis"], wait_s=20)
    for path in ("logs", "logs/stream"):
        response = await http.get(f"/orcaops/jobs/{job['job_id']}/{path}", params={"service": "nobody"})
        assert error_of(response, 422)["hint"] == "Its services: redis."


async def test_why_a_job_failed_tells_of_its_sick_service(http: httpx2.AsyncClient) -> None:
    services = {"db": {"image": "redis", "command": "echo no disk; exit 3"}}
    job = await submitted(http, "true", services=services, wait_s=20)
    digest = (await http.get(f"/orcaops/jobs/{job['job_id']}/failure")).json()
    (service,) = digest["services"]
    assert (digest["failure"]["kind"], service["exit_code"], service["last_lines"]) == ("service", 3, ["no disk"])


async def test_faults_of_services_are_named_with_their_ids(http: httpx2.AsyncClient) -> None:
    request = {"image": "busybox", "services": {"db": {"image": "redis", "ready": {"htp": "/"}}}}
    error = error_of(await http.post("/orcaops/jobs", json=request), 422)
    assert [finding["path"] for finding in error["findings"]] == ["services.db.ready.htp"]

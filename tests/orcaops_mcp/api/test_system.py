"""The engine itself over HTTP: state, health, metrics, changes as they happen, stop, and the page to try it all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest

from core import JobChanged, LogGrew, new_job_id, parse_job
from orcaops_mcp.api import feed as feed_module
from orcaops_mcp.api.app import build_api
from orcaops_mcp.api.feed import ChangeFeed
from tests.orcaops_mcp.api.conftest import BUSYBOX, error_of, events_of, serving, submitted

if TYPE_CHECKING:
    import httpx2

    from core import Engine

OPERATOR = {"test-caller": "operator"}


async def test_health_says_ok_and_readiness_whether_jobs_run(http: httpx2.AsyncClient, engine: Engine) -> None:
    assert (await http.get("/healthz")).text == "ok\n"
    ready = await http.get("/readyz")
    assert (ready.status_code, ready.json()["ready"]) == (200, True)


async def test_the_system_tells_limits_and_load(http: httpx2.AsyncClient) -> None:
    await submitted(http, "true", wait_s=20)
    system = (await http.get("/orcaops/system")).json()
    assert system["jobs"]["success"] == 1
    assert system["limits"]["timeout_s"] == 600


async def test_runtimes_are_those_that_a_job_may_name(http: httpx2.AsyncClient, engine: Engine) -> None:
    items = (await http.get("/orcaops/runtimes")).json()["items"]
    assert {item["name"] for item in items} == set(engine.runtimes)


async def test_metrics_count_jobs_durations_and_requests(http: httpx2.AsyncClient) -> None:
    job = await submitted(http, "true", wait_s=20)
    for _ in range(3):
        await http.get(f"/orcaops/jobs/{job['job_id']}")
    response = await http.get("/orcaops/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=")
    lines = response.text.splitlines()
    assert 'orcaops_jobs{status="success"} 1.0' in lines
    assert 'orcaops_job_duration_seconds_count{status="success"} 1.0' in lines
    path = 'path="/orcaops/jobs/{job_id}"'
    assert f'orcaops_http_request_seconds_count{{method="GET",{path},status="200"}} 3.0' in lines
    assert job["job_id"] not in response.text


async def test_only_the_operator_stops_the_engine(http: httpx2.AsyncClient, stops: list[bool]) -> None:
    assert error_of(await http.post("/orcaops/system/stop"), 403)["code"] == "not_admitted"
    now = await http.post("/orcaops/system/stop", headers=OPERATOR)
    assert (now.status_code, now.json()) == (202, {"stopping": True, "when_idle": False})
    idle = await http.post("/orcaops/system/stop", json={"when_idle": True}, headers=OPERATOR)
    assert idle.json() == {"stopping": False, "when_idle": True}
    assert stops == [False, True]


async def test_an_engine_inside_a_program_is_not_stopped_from_outside(engine: Engine) -> None:
    async with serving(build_api(lambda: engine)) as served:
        error_of(await served.http.post("/orcaops/system/stop", headers=OPERATOR), 409)


async def next_events(response: httpx2.Response, until: str) -> list[dict[str, Any]]:
    """Events up to the first of a job that says this status."""
    seen: list[dict[str, Any]] = []
    async for event in events_of(response):
        seen.append(event)
        if event["event"] == "job" and event["data"]["status"] == until:
            return seen
    return seen


async def test_changes_are_told_as_they_happen_and_after_a_break(http: httpx2.AsyncClient) -> None:
    with anyio.fail_after(60):
        async with http.stream("GET", "/orcaops/events") as response:
            job = await submitted(http, "sh", "-c", "echo a; sleep 1; echo b")
            before = await next_events(response, "running")
        await http.get(f"/orcaops/jobs/{job['job_id']}/wait")
        last = {"Last-Event-ID": before[-1]["id"]}
        async with http.stream("GET", "/orcaops/events", headers=last) as response:
            after = await next_events(response, "success")
    assert {event["data"]["job_id"] for event in before + after} == {job["job_id"]}
    assert all(event["event"] != "reset" for event in before + after)
    assert {"log", "job"} <= {event["event"] for event in after}
    numbers = [int(event["id"].partition("-")[2]) for event in before + after]
    assert numbers == sorted(set(numbers))


async def test_changes_can_be_of_some_jobs_and_kinds_only(http: httpx2.AsyncClient) -> None:
    first = await submitted(http, "sh", "-c", "sleep 1; echo x")
    query = {"job_id": first["job_id"], "kind": "job"}
    with anyio.fail_after(60):
        async with http.stream("GET", "/orcaops/events", params=query) as response:
            await submitted(http, "true", wait_s=20)
            events = await next_events(response, "success")
    assert {(event["event"], event["data"]["job_id"]) for event in events} == {("job", first["job_id"])}


@pytest.mark.parametrize("event_id", ["1f2e3d4c-1", "x", "-", "9" * 90, "1f2e3d4c--1"])
async def test_a_place_that_is_not_remembered_begins_anew(http: httpx2.AsyncClient, event_id: str) -> None:
    with anyio.fail_after(60):
        async with http.stream("GET", "/orcaops/events", headers={"Last-Event-ID": event_id}) as response:
            assert (await anext(events_of(response)))["event"] == "reset"


async def test_a_feed_remembers_the_latest_of_each_job_and_a_bounded_number(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "_REMEMBERED", 2)
    feed, jobs = ChangeFeed(), [new_job_id() for _ in range(3)]
    feed.take(LogGrew(jobs[0], 1, 1))
    first = feed.place(feed.number)
    feed.take(LogGrew(jobs[0], 1, 2))
    feed.take(LogGrew(jobs[1], 1, 1))
    assert [change.number for change in feed.since(0)] == [2, 3]
    assert feed.number_of(first) == 1
    feed.take(LogGrew(jobs[2], 1, 1))
    assert feed.number_of(first) is None
    assert feed.number_of(feed.place(2)) == 2


async def test_a_feed_tells_an_old_change_as_it_told_the_fresh_one_and_holds_its_record_no_longer(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "_RECENT", 2)
    job = (await engine.submit_job(parse_job({"image": BUSYBOX, "command": ["true"]}))).job
    feed = ChangeFeed()
    feed.take(JobChanged(job, status_changed=True))
    (fresh,) = feed.since(0)
    for other in range(2):
        feed.take(LogGrew(job.job_id, 1, other))
    old, _ = feed.since(0)
    assert (old.number, old.run_id, old.event) == (fresh.number, job.job_id, None)
    assert old.content == fresh.content
    assert old.content["job_id"] == job.job_id
    feed.take(JobChanged(job, status_changed=True))
    assert all(change.event is not None for change in feed.since(0))


async def test_a_path_that_is_almost_right_is_named(http: httpx2.AsyncClient) -> None:
    error = error_of(await http.get("/orcaops/job"), 404)
    assert "/orcaops/jobs" in error["hint"]


async def test_a_method_that_is_not_served_says_which_are(http: httpx2.AsyncClient) -> None:
    response = await http.put("/orcaops/jobs", json={})
    assert error_of(response, 405)["code"] == "method_not_allowed"
    assert response.headers["allow"] == "GET, POST"
    assert (await http.post("/orcaops/jobs/x")).headers["allow"] == "DELETE, GET"


async def test_the_page_to_try_it_loads_nothing_from_elsewhere(http: httpx2.AsyncClient) -> None:
    page = await http.get("/docs")
    policy = page.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "://" not in page.text
    assert "<script>" not in page.text
    for name, kind in (
        ("swagger-ui-bundle.js", "text/javascript"),
        ("swagger-ui.css", "text/css"),
        ("start.js", "text/javascript"),
        ("LICENSE", "text/plain"),
        ("NOTICE", "text/plain"),
    ):
        part = await http.get(f"/docs/{name}")
        assert (part.status_code, part.headers["content-type"].partition(";")[0]) == (200, kind)
    error_of(await http.get("/docs/..%2fapp.py"), 404)


async def test_every_answer_carries_the_headers_that_keep_browsers_in(http: httpx2.AsyncClient) -> None:
    for path in ("/orcaops/jobs", "/orcaops/nothing", "/healthz", "/openapi.json"):
        headers = (await http.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in headers["content-security-policy"]

"""Submit, list, see, wait, cancel and repeat jobs over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest

from core import JobFilter
from tests.orcaops_mcp.api.conftest import BUSYBOX, error_of, submitted

if TYPE_CHECKING:
    import httpx2

    from core import Engine

ENDLESS = ("sleep", "600")


async def test_a_job_is_accepted_with_its_place_and_seen_there(http: httpx2.AsyncClient) -> None:
    response = await http.post(
        "/orcaops/jobs", json={"image": BUSYBOX, "script": "echo one", "name": "first"}, params={"wait_s": 20}
    )
    assert response.status_code == 201
    record = response.json()
    assert (record["status"], record["name"], record["replayed"]) == ("success", "first", False)
    assert record["submitted_by"] == "rest"
    again = await http.get(response.headers["location"])
    assert again.json() == {key: value for key, value in record.items() if key != "replayed"} | {
        "cleanup": again.json()["cleanup"],
        "version": again.json()["version"],
    }


@pytest.mark.hostile("B14")
async def test_the_same_key_gives_the_first_job_and_another_spec_is_refused(http: httpx2.AsyncClient) -> None:
    key = {"Idempotency-Key": "release-7"}
    first = await http.post("/orcaops/jobs", json={"image": BUSYBOX, "command": ["echo", "a"]}, headers=key)
    second = await http.post("/orcaops/jobs", json={"image": BUSYBOX, "command": ["echo", "a"]}, headers=key)
    assert (first.status_code, second.status_code) == (201, 200)
    assert second.json()["replayed"] is True
    assert second.json()["job_id"] == first.json()["job_id"]
    third = await http.post("/orcaops/jobs", json={"image": BUSYBOX, "command": ["echo", "b"]}, headers=key)
    assert error_of(third, 409)["code"] == "idempotency_conflict"


async def test_a_dry_run_says_what_would_run_and_starts_nothing(http: httpx2.AsyncClient, engine: Engine) -> None:
    response = await http.post(
        "/orcaops/jobs", json={"image": BUSYBOX, "command": ["true"]}, params={"dry_run": "true"}
    )
    assert response.status_code == 200
    assert response.json()["admitted"] is True
    assert response.json()["spec"]["timeout_s"] == 600
    assert (await engine.list_jobs()).items == ()


async def test_every_fault_of_a_spec_is_named_with_its_place(http: httpx2.AsyncClient) -> None:
    response = await http.post("/orcaops/jobs", json={"image": "Bad Image", "comand": ["x"], "timeout_s": -1})
    error = error_of(response, 422)
    assert error["code"] == "invalid_spec"
    assert {finding["path"] for finding in error["findings"]} == {"image", "comand", "timeout_s"}
    assert "Bad Image" not in response.text


async def test_jobs_are_listed_newest_first_page_by_page(http: httpx2.AsyncClient) -> None:
    ids = [(await submitted(http, "echo", str(number), name=f"n{number}"))["job_id"] for number in range(3)]
    page = (await http.get("/orcaops/jobs", params={"limit": 2})).json()
    assert [row["job_id"] for row in page["items"]] == [ids[2], ids[1]]
    rest = (await http.get("/orcaops/jobs", params={"limit": 2, "cursor": page["next_cursor"]})).json()
    assert [row["job_id"] for row in rest["items"]] == [ids[0]]
    assert rest["next_cursor"] is None
    assert sum(page["counts"].values()) == 3


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"name": "build"}, 1),
        ({"tag": "nightly"}, 1),
        ({"q": "BUIL"}, 1),
        ({"status": ["success", "failed"]}, 2),
        ({"status": "queued"}, 0),
        ({"finished": "true"}, 2),
        ({"source": "rest"}, 2),
        ({"source": "agent"}, 0),
        ({"since": "1h"}, 2),
        ({"until": "1h"}, 0),
        ({"until": "2999-01-01T00:00:00Z"}, 2),
        ({"prefix": "job_"}, 2),
        ({"prefix": "job_zzz"}, 0),
    ],
)
async def test_a_list_holds_the_jobs_that_every_filter_lets_pass(
    http: httpx2.AsyncClient, query: dict[str, Any], found: int
) -> None:
    await submitted(http, "true", name="build", wait_s=20)
    await submitted(http, "false", tags=["nightly"], wait_s=20)
    response = await http.get("/orcaops/jobs", params=query)
    assert response.status_code == 200, response.text
    assert len(response.json()["items"]) == found


@pytest.mark.hostile("B31")
async def test_a_cancelled_job_is_cancelled_again_without_complaint(http: httpx2.AsyncClient) -> None:
    job_id = (await submitted(http, *ENDLESS))["job_id"]
    await http.get(f"/orcaops/jobs/{job_id}/wait", params={"until": "running"})
    first = await http.post(f"/orcaops/jobs/{job_id}/cancel", json={"reason": "not needed", "grace_s": 0})
    assert first.status_code == 202
    waited = (await http.get(f"/orcaops/jobs/{job_id}/wait")).json()
    assert (waited["met"], waited["job"]["status"]) == (True, "cancelled")
    assert (await http.delete(f"/orcaops/jobs/{job_id}")).status_code == 200
    trail = (await http.get(f"/orcaops/jobs/{job_id}/events")).json()["items"]
    assert [row["after"] for row in trail] == ["queued", "running", "cancelled"]
    assert trail[0]["by"] == "rest"


async def test_delete_cancels_a_running_job(http: httpx2.AsyncClient) -> None:
    job_id = (await submitted(http, *ENDLESS, cancel_grace_s=0))["job_id"]
    assert (await http.delete(f"/orcaops/jobs/{job_id}")).status_code in (200, 202)
    assert (await http.get(f"/orcaops/jobs/{job_id}/wait")).json()["job"]["status"] == "cancelled"


async def test_a_wait_that_is_over_is_no_error(http: httpx2.AsyncClient) -> None:
    job_id = (await submitted(http, *ENDLESS))["job_id"]
    waited = (await http.get(f"/orcaops/jobs/{job_id}/wait", params={"timeout_s": 0})).json()
    assert waited["met"] is False
    assert waited["job"]["finished_at"] is None


async def test_a_wait_ends_with_the_line_that_was_waited_for(http: httpx2.AsyncClient) -> None:
    job_id = (await submitted(http, "sh", "-c", "echo starting; echo ready on 80; sleep 600"))["job_id"]
    query = {"until": "log_match", "pattern": "ready on [0-9]+"}
    waited = (await http.get(f"/orcaops/jobs/{job_id}/wait", params=query)).json()
    assert waited["match"] == {"n": 2, "text": "ready on 80"}


@pytest.mark.parametrize("query", [{"until": "log_match"}, {"pattern": "x"}, {"until": "log_match", "pattern": "("}])
async def test_a_pattern_and_log_match_go_together(http: httpx2.AsyncClient, query: dict[str, str]) -> None:
    job_id = (await submitted(http, "true", wait_s=20))["job_id"]
    error_of(await http.get(f"/orcaops/jobs/{job_id}/wait", params=query), 422)


async def test_a_rerun_is_a_job_of_its_own_with_the_changes(http: httpx2.AsyncClient) -> None:
    first = await submitted(http, "echo", "old", wait_s=20)
    path = f"/orcaops/jobs/{first['job_id']}/rerun"
    preview = await http.post(path, json={"changes": {"command": ["echo", "new"]}, "preview": True})
    assert (preview.status_code, preview.json()["spec"]["command"]) == (200, ["echo", "new"])
    response = await http.post(path, json={"changes": {"command": ["echo", "new"]}})
    assert response.status_code == 201
    again = response.json()
    assert (again["rerun_of"], again["spec"]["command"]) == (first["job_id"], ["echo", "new"])
    assert (await http.post(path)).json()["spec"]["command"] == ["echo", "old"]
    assert error_of(await http.post(path, json={"changes": {"imag": "x"}}), 422)["code"] == "invalid_spec"


async def test_a_failed_job_explains_itself(http: httpx2.AsyncClient) -> None:
    job = await submitted(
        http, commands=["echo fine", "echo 'ValueError: no such thing' >&2; exit 3"], retries=1, retry_delay_s=0
    )
    await http.get(f"/orcaops/jobs/{job['job_id']}/wait")
    digest = (await http.get(f"/orcaops/jobs/{job['job_id']}/failure")).json()
    assert (digest["failure"]["kind"], digest["step"]["exit_code"]) == ("exit", 3)
    assert any("ValueError" in line for excerpt in digest["excerpts"] for line in excerpt["lines"])
    attempts = (await http.get(f"/orcaops/jobs/{job['job_id']}/attempts")).json()["items"]
    assert [(attempt["number"], attempt["exit_code"]) for attempt in attempts] == [(1, 3), (2, 3)]


async def test_a_form_sends_code_and_inputs_along(http: httpx2.AsyncClient) -> None:
    spec = f'{{"image": "{BUSYBOX}", "command": ["cat", "src/main.sh", "data.txt"]}}'
    files = [
        ("spec", (None, spec)),
        ("code_files", ("src/main.sh", b"#!/bin/sh\necho hi\n")),
        ("input_files", ("data.txt", "naïve\n".encode())),
    ]
    response = await http.post("/orcaops/jobs", files=files, params={"wait_s": 20})
    assert response.status_code == 201, response.text
    job = response.json()
    assert job["status"] == "success"
    assert {file["path"]: file["executable"] for file in job["spec"]["files"]} == {
        "src/main.sh": True,
        "data.txt": False,
    }
    log = await http.get(f"/orcaops/jobs/{job['job_id']}/logs")
    assert log.text == "#!/bin/sh\necho hi\nnaïve\n"


async def test_code_runs_by_its_runtime(http: httpx2.AsyncClient) -> None:
    spec = '{"runtime": "sh", "entry": "main.sh", "args": ["a"], "network": "none"}'
    files = [("code_files", ("main.sh", b"echo hello\n")), ("spec", ("spec.json", spec))]
    response = await http.post("/orcaops/jobs", files=files, params={"wait_s": 20})
    assert response.status_code == 201, response.text
    assert response.json()["spec"]["command"] == ["sh", "main.sh", "a"]


async def test_a_caller_that_may_only_look_changes_nothing(http: httpx2.AsyncClient, engine: Engine) -> None:
    job_id = (await submitted(http, *ENDLESS))["job_id"]
    reader = {"test-caller": "reader"}
    for method, path in (
        ("POST", "/orcaops/jobs"),
        ("DELETE", f"/orcaops/jobs/{job_id}"),
        ("POST", f"/orcaops/jobs/{job_id}/cancel"),
        ("POST", f"/orcaops/jobs/{job_id}/rerun"),
        ("POST", "/orcaops/runs/cleanup"),
        ("POST", "/orcaops/uploads"),
        ("POST", "/orcaops/system/stop"),
    ):
        response = await http.request(method, path, json={}, headers=reader)
        assert error_of(response, 403)["code"] == "read_only_token"
    assert (await http.get(f"/orcaops/jobs/{job_id}", headers=reader)).status_code == 200
    assert [job.cancel for job in (await engine.list_jobs(JobFilter())).items] == [None]


async def test_a_caller_that_leaves_takes_nothing_with_it(http: httpx2.AsyncClient) -> None:
    job = await submitted(http, "sh", "-c", "sleep 1; echo done")
    with anyio.move_on_after(0.05):
        await http.get(f"/orcaops/jobs/{job['job_id']}/wait")
    waited = (await http.get(f"/orcaops/jobs/{job['job_id']}/wait")).json()
    assert waited["job"]["status"] == "success"

"""Templates over REST: saved, listed, seen, run and deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.orcaops_mcp.api.conftest import BUSYBOX, error_of

if TYPE_CHECKING:
    from pathlib import Path

    import httpx2

FIELDS: dict[str, Any] = {
    "description": "Says hello.",
    "inputs": {"who": {"required": True}, "times": {"type": "number", "default": 1, "max": 5}},
    "job": {"image": BUSYBOX, "env": {"WHO": "${{ inputs.who }}"}, "command": ["sh", "-c", "echo hello $WHO"]},
}
GREET: dict[str, Any] = {"name": "greet", **FIELDS}
PATH = "/orcaops/templates"


async def test_a_template_is_saved_seen_listed_and_deleted(http: httpx2.AsyncClient) -> None:
    saved = await http.post(PATH, json=GREET)
    assert saved.status_code == 201
    assert saved.headers["location"] == f"{PATH}/greet"
    record = saved.json()
    assert (record["version"], record["changed"], record["saved_by"]) == (1, True, "rest")
    seen = (await http.get(f"{PATH}/greet")).json()
    assert seen == {name: value for name, value in record.items() if name != "changed"}
    assert seen["job"] == GREET["job"]
    page = (await http.get(PATH)).json()
    assert page == {
        "items": [{name: value for name, value in seen.items() if name not in {"job", "workflow"}}],
        "next_cursor": None,
    }
    assert (await http.delete(f"{PATH}/greet")).json() == {"deleted": True, "name": "greet", "version": 1}
    assert error_of(await http.get(f"{PATH}/greet"), 404)["code"] == "template_not_found"
    error_of(await http.delete(f"{PATH}/greet"), 404)


async def test_a_name_that_is_there_needs_overwrite_and_keeps_its_versions(http: httpx2.AsyncClient) -> None:
    await http.post(PATH, json=GREET)
    assert (await http.post(PATH, json=GREET)).status_code == 200
    changed = {**GREET, "description": "Says more."}
    refused = error_of(await http.post(PATH, json=changed), 409)
    assert refused["code"] == "template_exists"
    assert "overwrite" in refused["hint"]
    assert (await http.post(PATH, json={**changed, "overwrite": True})).json()["version"] == 2
    put = await http.put(f"{PATH}/greet", json={**FIELDS, "description": "Third."})
    assert (put.status_code, put.json()["version"]) == (201, 3)
    old = (await http.get(f"{PATH}/greet", params={"version": 1})).json()
    assert (old["version"], old["description"]) == (1, "Says hello.")
    assert "Kept are 1 to 3" in error_of(await http.get(f"{PATH}/greet", params={"version": 9}), 404)["hint"]


async def test_a_template_is_run_with_its_inputs(http: httpx2.AsyncClient) -> None:
    await http.post(PATH, json=GREET)
    ran = await http.post(f"{PATH}/greet/run", json={"inputs": {"who": "orca"}}, params={"wait_s": 20})
    assert ran.status_code == 201
    job = ran.json()
    assert ran.headers["location"] == f"/orcaops/jobs/{job['job_id']}"
    assert (job["status"], job["name"], job["replayed"]) == ("success", "greet", False)
    assert job["template"] == {"name": "greet", "version": 1, "inputs": {"who": "orca", "times": 1}}
    assert (await http.get(f"/orcaops/jobs/{job['job_id']}/logs")).text == "hello orca\n"


async def test_the_same_key_runs_a_template_once(http: httpx2.AsyncClient) -> None:
    await http.post(PATH, json=GREET)
    body, key = {"inputs": {"who": "orca"}}, {"Idempotency-Key": "k"}
    first = await http.post(f"{PATH}/greet/run", json=body, headers=key)
    again = await http.post(f"{PATH}/greet/run", json=body, headers=key)
    assert (again.status_code, again.json()["replayed"]) == (200, True)
    assert again.json()["job_id"] == first.json()["job_id"]
    other = await http.post(f"{PATH}/greet/run", json={"inputs": {"who": "other"}}, headers=key)
    assert error_of(other, 409)["code"] == "idempotency_conflict"


async def test_wrong_inputs_are_all_told_and_nothing_starts(http: httpx2.AsyncClient) -> None:
    await http.post(PATH, json=GREET)
    error = error_of(await http.post(f"{PATH}/greet/run", json={"inputs": {"whom": "hunter2", "times": 9}}), 422)
    assert error["code"] == "invalid_spec"
    assert [finding["path"] for finding in error["findings"]] == ["inputs.whom", "inputs.who", "inputs.times"]
    assert "hunter2" not in str(error)
    assert (await http.get("/orcaops/jobs")).json()["items"] == []


async def test_a_dry_run_shows_what_would_run(http: httpx2.AsyncClient) -> None:
    await http.post(PATH, json=GREET)
    dry = await http.post(f"{PATH}/greet/run", json={"inputs": {"who": "x"}}, params={"dry_run": True})
    assert dry.json()["spec"]["env"] == {"WHO": "x"}
    assert (await http.get("/orcaops/jobs")).json()["items"] == []


async def test_every_fault_of_a_template_is_told(http: httpx2.AsyncClient) -> None:
    faulty = {"name": "a b", "inputs": {"n": {"type": "int"}}, "job": {"image": "?", "script": "${{ inputs.m }}"}}
    error = error_of(await http.post(PATH, json=faulty), 422)
    assert {finding["path"] for finding in error["findings"]} == {"name", "inputs.n.type", "job.image", "job.script"}


@pytest.mark.parametrize(
    ("method", "path", "body", "place"),
    [
        ("POST", PATH, {**GREET, "overwrite": "yes"}, "overwrite"),
        ("POST", PATH, {**GREET, "overwirte": True}, "overwirte"),
        ("PUT", f"{PATH}/greet", GREET, "name"),
        ("PUT", f"{PATH}/not%20a%20name", FIELDS, "name"),
        ("POST", f"{PATH}/greet/run", {"input": {}}, "input"),
        ("POST", f"{PATH}/greet/run", {"version": 0}, "version"),
    ],
)
async def test_a_request_that_does_not_fit_is_refused_with_its_place(
    http: httpx2.AsyncClient, method: str, path: str, body: dict[str, Any], place: str
) -> None:
    error = error_of(await http.request(method, path, json=body), 422)
    assert [finding["path"] for finding in error["findings"]] == [place]


async def test_a_template_may_send_in_files_and_limit_its_steps(http: httpx2.AsyncClient) -> None:
    upload = (await http.post("/orcaops/uploads", files={"files": ("greeting.txt", b"hi\n")})).json()
    job = {
        "image": BUSYBOX,
        "files": [upload["upload_id"]],
        "commands": ["cat ${{ inputs.file }}"],
        "step_timeout_s": 9,
    }
    template = {"name": "show", "inputs": {"file": {"default": "greeting.txt"}}, "job": job}
    assert (await http.post(PATH, json=template)).status_code == 201
    ran = (await http.post(f"{PATH}/show/run", params={"wait_s": 20})).json()
    assert (ran["status"], ran["spec"]["commands"][0]["timeout_s"]) == ("success", 9)
    assert (await http.get(f"/orcaops/jobs/{ran['job_id']}/logs")).text == "hi\n"


async def test_a_workspace_in_a_template_is_the_runners_and_needs_their_permission(
    http: httpx2.AsyncClient, tmp_path: Path
) -> None:
    job = {"image": BUSYBOX, "workspace": str(tmp_path), "command": ["true"]}
    assert (await http.post(PATH, json={"name": "send", "job": job})).status_code == 201
    assert error_of(await http.post(f"{PATH}/send/run"), 403)["code"] == "not_admitted"


async def test_pages_go_on_where_the_last_one_ended(http: httpx2.AsyncClient) -> None:
    for name in ("a", "b", "c"):
        await http.post(PATH, json={**GREET, "name": name})
    first = (await http.get(PATH, params={"limit": 2})).json()
    second = (await http.get(PATH, params={"limit": 2, "cursor": first["next_cursor"]})).json()
    assert [item["name"] for item in (*first["items"], *second["items"])] == ["a", "b", "c"]
    assert second["next_cursor"] is None

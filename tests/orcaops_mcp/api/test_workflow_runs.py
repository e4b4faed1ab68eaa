"""Runs of workflows over HTTP: accepted, listed, looked at in pages, followed, cancelled, repeated, deleted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from core import NodeEvent, WorkflowEvent, new_workflow_id
from core.store.node_changes import NodeMove
from core.testing.factories import a_node, a_workflow_run, a_workflow_source
from tests.orcaops_mcp.api.conftest import all_events, error_of, events_of

if TYPE_CHECKING:
    from pathlib import Path

    import httpx2

    from core import Engine
    from tests.orcaops_mcp.api.conftest import Served

RUNS = "/orcaops/workflows"
BUSYBOX = "busybox:latest"
FILE = """\
name: ci
inputs: {word: {type: string, default: hello}}
jobs:
  build:
    image: "busybox:latest"
    commands: ["echo building ${{ inputs.word }}", "echo x > out.txt"]
    artifacts: ["*.txt"]
  test:
    image: "busybox:latest"
    needs: build
    matrix: {shard: [0, 1]}
    commands: ["echo shard ${{ matrix.shard }}", "exit ${{ matrix.shard }}"]
  deploy:
    image: "busybox:latest"
    needs: test
    commands: ["true"]
"""
GREEN = {"spec": {"jobs": {"build": {"image": BUSYBOX, "commands": ["echo one", "echo two"]}}}}
SLOW = {"spec": {"jobs": {"build": {"image": BUSYBOX, "commands": ["echo up", "sleep 600"]}}}}


async def accepted(http: httpx2.AsyncClient, body: dict[str, Any] | None = None, wait_s: float = 20) -> dict[str, Any]:
    """A run that was accepted; ended unless it takes long."""
    response = await http.post(RUNS, json=body or {"spec": FILE, "file_name": "ci.yaml"}, params={"wait_s": wait_s})
    assert response.status_code == 201, response.text
    record: dict[str, Any] = response.json()
    assert response.headers["location"] == at(record)
    return record


def at(record: dict[str, Any], path: str = "") -> str:
    return f"{RUNS}/{record['workflow_id']}{path}"


async def got(http: httpx2.AsyncClient, path: str, **params: Any) -> dict[str, Any]:
    response = await http.get(path, params=params, headers={"Accept": "application/json"})
    assert response.status_code == 200, response.text
    content: dict[str, Any] = response.json()
    return content


async def a_large_run(engine: Engine, nodes: int) -> str:
    """A run with many nodes of which the last one failed."""
    ledger = engine._parts.workflow_ledger
    many = [a_node(f"n{number:05}", position=number) for number in range(nodes)]
    run = (await ledger.submit(a_workflow_run(), a_workflow_source(), many)).run
    await ledger.move(run.workflow_id, WorkflowEvent.START, by="engine")
    await ledger.move_nodes(run.workflow_id, [NodeMove(many[-1].node_id, NodeEvent.FAIL)], by="engine")
    return run.workflow_id


# --- accepted


async def test_a_workflow_runs_and_its_record_says_how(http: httpx2.AsyncClient) -> None:
    record = await accepted(http)
    assert (record["status"], record["ok"], record["replayed"], record["trigger"]) == ("partial", False, False, "rest")
    assert record["summary"]["text"] == "2 ok, 1 failed, 1 skipped"
    assert [job["id"] for job in record["jobs"]] == ["test-1", "build", "test-0", "deploy"]
    assert record["jobs"][0]["blocked"] == ["deploy"]
    assert record["matrix"]["test"]["summary"] == "1/2 passed"
    assert [attempt["attempt"] for attempt in record["attempts"]] == [1]


async def test_a_file_as_it_is_and_a_workflow_as_an_object_are_both_taken(http: httpx2.AsyncClient) -> None:
    by_file = await http.post(RUNS, content=FILE, headers={"Content-Type": "application/yaml"})
    assert by_file.status_code == 201, by_file.text
    by_object = await accepted(http, GREEN)
    assert by_object["status"] == "success"


async def test_what_a_run_is_given_is_in_its_record(http: httpx2.AsyncClient) -> None:
    record = await accepted(
        http,
        {
            **GREEN,
            "name": "nightly",
            "tags": ["night"],
            "max_parallel": 3,
            "priority": 5,
            "context": {"github": {"ref_name": "main"}, "vars": {"A": "1"}},
        },
    )
    assert (record["run_name"], record["tags"], record["max_parallel"], record["priority"]) == (
        "nightly",
        ["night"],
        3,
        5,
    )
    assert record["context"] == {"github": {"ref_name": "main"}, "vars": {"A": "1"}}


async def test_a_file_with_errors_is_refused_as_a_validation_tells(http: httpx2.AsyncClient) -> None:
    bad = {"spec": "jobs: {test: {image: busybox, commands: [true], needs: biuld}}", "file_name": "ci.yaml"}
    error = error_of(await http.post(RUNS, json=bad), 422)
    check = (await http.post(f"{RUNS}/validate", json=bad)).json()
    assert (error["code"], error["findings"]) == ("invalid_workflow", check["findings"])
    assert (await http.get(RUNS)).json()["items"] == []


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "spec"),
        ({"spec": FILE, "template": "x"}, "spec"),
        ({"spec": FILE, "inputs": {"wrod": "x"}}, "wrod"),
        ({"spec": FILE, "max_parallel": 0}, "max_parallel"),
        ({"spec": FILE, "nodes": 1}, "nodes"),
        ({"spec": FILE, "upload_id": "up_1"}, ""),
    ],
)
async def test_what_does_not_fit_is_refused_with_its_place(
    http: httpx2.AsyncClient, body: dict[str, Any], path: str
) -> None:
    response = await http.post(RUNS, json=body)
    assert response.status_code in {404, 422}
    assert path in response.text


async def test_bytes_that_are_no_text_are_refused_with_a_finding(http: httpx2.AsyncClient) -> None:
    answer = await http.post(RUNS, content=b"jobs: \xff", headers={"Content-Type": "application/yaml"})
    assert error_of(answer, 422)["code"] == "invalid_workflow"
    assert error_of(await http.post(RUNS, content=b"x", headers={"Content-Type": "text/plain"}), 415)


async def test_the_same_key_gives_the_first_run(http: httpx2.AsyncClient) -> None:
    key = {"Idempotency-Key": "k"}
    first = await http.post(RUNS, json=GREEN, headers=key)
    again = await http.post(RUNS, json=GREEN, headers=key)
    assert (first.status_code, again.status_code, again.json()["replayed"]) == (201, 200, True)
    assert first.json()["workflow_id"] == again.json()["workflow_id"]
    assert error_of(await http.post(RUNS, json=SLOW, headers=key), 409)["code"] == "idempotency_conflict"


async def test_a_saved_workflow_is_run_by_its_name(http: httpx2.AsyncClient) -> None:
    saved = await http.put("/orcaops/templates/ci", json={"workflow": {"text": FILE}})
    assert saved.status_code in {200, 201}, saved.text
    record = await accepted(http, {"template": "ci", "inputs": {"word": "bye"}})
    assert (record["inputs"], record["template"]["name"]) == ({"word": "bye"}, "ci")
    assert error_of(await http.post(RUNS, json={"template": "none"}), 404)["code"] == "template_not_found"


async def test_files_of_an_upload_are_in_every_job(http: httpx2.AsyncClient) -> None:
    upload = (await http.post("/orcaops/uploads", files={"files": ("data.txt", b"sent\n")})).json()
    spec = {"jobs": {"look": {"image": BUSYBOX, "commands": ["cat data.txt"]}}}
    record = await accepted(http, {"spec": spec, "upload_id": upload["upload_id"]})
    assert (await http.get(at(record, "/logs"))).text == "look │ sent\n"


async def test_files_that_are_called_are_sent_along_or_lie_beside_the_caller(
    http: httpx2.AsyncClient, tmp_path: Path
) -> None:
    called = f"jobs: {{lint: {{image: '{BUSYBOX}', commands: [echo linted]}}}}"
    spec = {"jobs": {"call": {"uses": "./lint.yaml"}}}
    sent = await accepted(http, {"spec": spec, "files": {"lint.yaml": called}})
    assert (await http.get(at(sent, "/logs"))).text == "call / lint │ linted\n"
    assert (await got(http, at(sent, "/source")))["files"] == {"lint.yaml": called}
    await anyio.Path(tmp_path / "lint.yaml").write_text(called)
    beside = await http.post(RUNS, json={"spec": spec}, headers={"test-folder": str(tmp_path)})
    assert beside.status_code == 201, beside.text
    node = await got(http, at(sent, "/nodes/call%20/%20lint"))
    assert (node["id"], node["status"]) == ("call / lint", "success")


async def test_who_may_only_read_changes_nothing(http: httpx2.AsyncClient) -> None:
    record = await accepted(http, GREEN)
    reader = {"test-caller": "reader"}
    for method, path in (
        ("POST", RUNS), ("POST", at(record, "/cancel")), ("POST", at(record, "/rerun")), ("DELETE", at(record)),
        ("POST", at(record, "/nodes/build/cancel")),
    ):  # fmt: skip
        answer = await http.request(method, path, headers=reader)
        assert error_of(answer, 403)["code"] == "read_only_token", f"{method} {path}"
    assert (await http.get(at(record, "/summary"), headers=reader)).status_code == 200


# --- looked at


async def test_runs_are_listed_filtered_and_counted(http: httpx2.AsyncClient) -> None:
    broken, green = await accepted(http), await accepted(http, {**GREEN, "tags": ["night"]})

    async def ids(**params: Any) -> list[str]:
        return [row["workflow_id"] for row in (await got(http, RUNS, **params))["items"]]

    assert await ids() == [green["workflow_id"], broken["workflow_id"]]
    assert await ids(status="partial") == [broken["workflow_id"]]
    assert await ids(tag="night") == [green["workflow_id"]]
    assert await ids(name="ci") == [broken["workflow_id"]]
    assert await ids(prefix=green["workflow_id"]) == [green["workflow_id"]]
    assert await ids(since="0s") == []
    assert await ids(finished=False) == []
    page = await got(http, RUNS, limit=1)
    assert (await ids(cursor=page["next_cursor"])) == [broken["workflow_id"]]
    assert (page["counts"]["success"], page["counts"]["partial"]) == (1, 1)


async def test_as_many_nodes_are_told_as_are_asked_for(http: httpx2.AsyncClient) -> None:
    record = await accepted(http)
    failed = await got(http, at(record), nodes="failed")
    assert [job["id"] for job in failed["jobs"]] == ["test-1"]
    assert (await got(http, at(record), nodes="none"))["jobs"] == []
    assert (await got(http, at(record), nodes="changed", since_version=record["version"]))["jobs"] == []
    short = await got(http, at(record), limit=1)
    assert ([job["id"] for job in short["jobs"]], short["jobs_left_out"]) == (["test-1"], 3)


async def test_nodes_come_in_pages_and_by_status_and_job(http: httpx2.AsyncClient) -> None:
    record = await accepted(http)

    async def ids(**params: Any) -> list[str]:
        return [row["id"] for row in (await got(http, at(record, "/nodes"), **params))["items"]]

    assert await ids() == ["build", "test-0", "test-1", "deploy"]
    assert await ids(job="test", status="failed") == ["test-1"]
    page = await got(http, at(record, "/nodes"), limit=3)
    assert [row["id"] for row in page["items"]] == ["build", "test-0", "test-1"]
    assert await ids(cursor=page["next_cursor"]) == ["deploy"]
    assert await ids(since_version=page["version"]) == []
    assert (await got(http, at(record, "/jobs"))) == (await got(http, at(record, "/nodes")))
    full = await got(http, at(record, "/nodes"), detail="full", job="deploy")
    assert full["items"][0]["reason"]["code"] == "needs"
    for cursor in ("x", "1.2", "a.0.build", "1.-2.build", "1" * 10 + ".0.build"):
        error_of(await http.get(at(record, "/nodes"), params={"cursor": cursor}), 422)
    assert await ids(cursor=f"0.-1.{'build' * 20}") == ["test-0", "test-1", "deploy"]


async def test_ten_thousand_nodes_make_no_answer_of_megabytes(http: httpx2.AsyncClient, engine: Engine) -> None:
    workflow_id = await a_large_run(engine, 10_000)
    base = f"{RUNS}/{workflow_id}"
    for path in ("", "/nodes", "/summary", "/graph", "/wait?timeout_s=0&since_version=0", "/history", "/logs"):
        response = await http.get(base + path)
        assert response.status_code == 200, response.text[:300]
        assert len(response.content) < 400_000, path
    record = await got(http, base)
    assert (record["jobs"][0]["id"], len(record["jobs"]), record["jobs_left_out"]) == ("n09999", 200, 9800)


async def test_a_node_says_why_it_stands_where_it_stands(http: httpx2.AsyncClient) -> None:
    record = await accepted(http)
    node = await got(http, at(record, "/nodes/test-1"))
    assert (node["exit_code"], node["blocked"], node["matrix"]) == (1, ["deploy"], {"shard": 1})
    job = await got(http, f"/orcaops/jobs/{node['job_id']}")
    assert job["workflow"] == {"id": record["workflow_id"], "node": "test-1"}
    explained = await got(http, at(record, "/nodes/deploy/explain"))
    assert explained["status"] == "skipped"
    assert any("test" in fact for fact in explained["facts"])


async def test_what_does_not_exist_is_not_found(http: httpx2.AsyncClient) -> None:
    record = await accepted(http, GREEN)
    for workflow_id in ("wf_1", "nonsense", new_workflow_id()):
        for path in ("", "/nodes", "/logs", "/logs/stream", "/events", "/graph", "/summary", "/history", "/wait"):
            error = error_of(await http.get(f"{RUNS}/{workflow_id}{path}"), 404)
            assert (error["code"], "/orcaops/workflows" in error["hint"]) == ("workflow_not_found", True)
    for path in ("/nodes/none", "/nodes/none/explain", "/logs?node=none", "/artifacts?node=none"):
        error_of(await http.get(at(record, path)), 404)
    assert error_of(await http.get(f"{RUNS}/validate"), 405)["code"] == "method_not_allowed"


async def test_the_summary_has_what_failed_with_the_lines_that_matter(http: httpx2.AsyncClient) -> None:
    record = await accepted(http)
    summary = await got(http, at(record, "/summary"))
    (failure,) = summary["failures"]
    assert (failure["node"]["id"], failure["digest"]["exit_code"], failure["blocked"]) == ("test-1", 1, ["deploy"])
    assert summary["matrices"] == {"test": "1/2 passed"}
    assert [(each["node"], each["status"]) for each in summary["not_run"]] == [("deploy", "skipped")]


async def test_the_graph_is_data_mermaid_or_dot(http: httpx2.AsyncClient) -> None:
    record = await accepted(http)
    graph = await got(http, at(record, "/graph"))
    assert [(job["id"], job["status"]) for job in graph["jobs"]] == [
        ("build", "success"), ("test", "failed"), ("deploy", "skipped")
    ]  # fmt: skip
    mermaid = await http.get(at(record, "/graph"), params={"format": "mermaid"})
    assert mermaid.text.startswith("flowchart LR\n")
    assert "j0 --> j1" in mermaid.text
    assert (await http.get(at(record, "/graph"), params={"format": "dot"})).text.startswith('digraph "ci" {')


async def test_artifacts_name_the_jobs_that_have_their_bytes(http: httpx2.AsyncClient) -> None:
    record = await accepted(http)
    (item,) = (await got(http, at(record, "/artifacts")))["items"]
    assert (item["node_id"], item["path"]) == ("build", "out.txt")
    assert (await http.get(f"/orcaops/jobs/{item['job_id']}/artifacts/{item['path']}")).text == "x\n"


async def test_the_source_the_attempts_and_the_history_are_told(http: httpx2.AsyncClient) -> None:
    record = await accepted(http)
    assert (await got(http, at(record, "/source")))["text"] == FILE
    assert [each["attempt"] for each in (await got(http, at(record, "/attempts")))["items"]] == [1]
    history = await got(http, at(record, "/history"), node="deploy")
    assert [(row["node"], row["event"], row["after"]) for row in history["items"]] == [("deploy", "skip", "skipped")]
    first = await got(http, at(record, "/history"), limit=2)
    rest = await got(http, at(record, "/history"), cursor=first["next_cursor"])
    assert [row["after"] for row in first["items"]] == ["pending", "running"]
    assert rest["items"][-1]["after"] == "partial"


async def test_job_lists_tell_which_jobs_run_nodes(http: httpx2.AsyncClient) -> None:
    record = await accepted(http, GREEN)
    alone = (await http.post("/orcaops/jobs", json={"image": BUSYBOX, "command": ["true"]})).json()["job_id"]
    (of_run,) = (await got(http, "/orcaops/jobs", workflow=record["workflow_id"]))["items"]
    assert of_run["workflow"] == {"id": record["workflow_id"], "node": "build"}
    assert [row["job_id"] for row in (await got(http, "/orcaops/jobs", of_workflows=False))["items"]] == [alone]
    assert [row["job_id"] for row in (await got(http, "/orcaops/jobs", of_workflows=True))["items"]] == [
        of_run["job_id"]
    ]


# --- logs


async def test_the_log_of_a_run_is_text_with_nodes_or_lines_as_json(http: httpx2.AsyncClient) -> None:
    record = await accepted(http)
    text = (await http.get(at(record, "/logs"))).text
    assert sorted(text.splitlines()) == ["build │ building hello", "test-0 │ shard 0", "test-1 │ shard 1"]
    assert (await http.get(at(record, "/logs"), params={"node": "test-1"})).text == "test-1 │ shard 1\n"
    assert (await http.get(at(record, "/logs"), params={"grep": "shard 0"})).text == "test-0 │ shard 0\n"
    stamped = (await http.get(at(record, "/logs"), params={"node": "build", "timestamps": True})).text
    assert stamped.endswith("Z build │ building hello\n")
    first = await http.get(at(record, "/logs"), params={"limit": 1})
    assert first.text == "build │ building hello\n"
    rest = await got(http, at(record, "/logs"), cursor=first.headers["orcaops-next-cursor"])
    assert ({line["text"] for line in rest["items"]}, rest["done"]) == ({"shard 0", "shard 1"}, True)
    for params in (
        {"tail": 1, "cursor": "1.0"},
        {"tail": 1, "grep": "x"},
        {"cursor": "x"},
        {"attempt": 2},
        {"grep": "("},
    ):
        error_of(await http.get(at(record, "/logs"), params=params), 422)


async def test_both_ways_of_following_a_run_tell_the_same(served: Served) -> None:
    record = await accepted(served.http, GREEN)
    events = await all_events(served.http, at(record, "/logs/stream"))
    with anyio.fail_after(60):
        async with connect(served.socket_url + at(record, "/logs/stream")) as client:
            messages = [json.loads(message) async for message in client]
            assert client.close_code == 1000
    assert [(event["event"], event["data"].get("node"), event["data"].get("text")) for event in events] == [
        ("log", "build", "one"), ("log", "build", "two"), ("end", None, None)
    ]  # fmt: skip
    assert [{"type": event["event"], "cursor": event["id"], **event["data"]} for event in events] == messages
    assert (messages[-1]["status"], messages[-1]["ok"]) == ("success", True)


async def test_a_reader_that_comes_back_goes_on_behind_its_last_line(served: Served) -> None:
    record, path = await accepted(served.http, GREEN), "/logs/stream"
    first, *_, end = await all_events(served.http, at(record, path))
    again = await all_events(served.http, at(record, path), headers={"Last-Event-ID": first["id"]})
    assert [event["data"].get("text") for event in again] == ["two", None]
    done = await served.http.get(at(record, path), headers={"Last-Event-ID": end["id"]})
    assert done.status_code == 204
    with pytest.raises(InvalidStatus, match="422"):
        async with connect(f"{served.socket_url}{at(record, path)}?tail=x"):
            pass
    error_of(await served.http.get(at(record, path), params={"service": "db"}), 422)


# --- followed


async def test_changes_of_a_run_are_told_until_its_end(served: Served) -> None:
    record = await accepted(served.http, SLOW, wait_s=0)
    seen: list[dict[str, Any]] = []
    with anyio.fail_after(60):
        async with served.http.stream("GET", at(record, "/events")) as response:
            async for event in events_of(response):
                seen.append(event)
                if event["event"] == "node" and event["data"]["status"] == "running":
                    await served.http.post(at(record, "/cancel"), json={"reason": "enough"})
    assert (seen[-1]["event"], seen[-1]["data"]["status"]) == ("end", "cancelled")
    statuses = [event["data"]["status"] for event in seen if event["event"] == "node"]
    assert statuses[-2:] == ["running", "cancelled"]
    back = await served.http.get(at(record, "/events"), headers={"Last-Event-ID": seen[-1]["id"]})
    assert back.status_code == 204
    version = seen[-1]["data"]["version"]
    later = await all_events(served.http, at(record, "/events"), params={"since_version": version})
    assert [event["event"] for event in later] == ["end"]


async def test_the_feed_of_all_changes_tells_of_runs_and_nodes(served: Served) -> None:
    with anyio.fail_after(60):
        async with served.http.stream("GET", "/orcaops/events", params={"kind": ["workflow", "node"]}) as response:
            record = await accepted(served.http, GREEN, wait_s=0)
            told: list[tuple[str, str]] = []
            async for event in events_of(response):
                told.append((event["event"], event["data"]["status"]))
                assert event["data"]["workflow_id"] == record["workflow_id"]
                if told[-1] == ("workflow", "success"):
                    break
    assert ("node", "success") in told


async def test_a_feed_is_narrowed_to_a_run_with_its_jobs(served: Served, engine: Engine) -> None:
    other = await a_large_run(engine, 1)
    record = await accepted(served.http, SLOW, wait_s=0)
    params = {"workflow_id": record["workflow_id"]}
    kinds: set[str] = set()
    with anyio.fail_after(60):
        async with served.http.stream("GET", "/orcaops/events", params=params) as response:
            await engine.cancel_workflow(record["workflow_id"])
            await engine._parts.workflow_ledger.change(other, {"max_parallel": 2})
            async for event in events_of(response):
                kinds.add(event["event"])
                assert other not in json.dumps(event["data"])
                if event["event"] == "workflow" and event["data"]["status"] == "cancelled":
                    break
    assert "workflow" in kinds


async def test_a_wait_ends_with_what_it_is_for(http: httpx2.AsyncClient) -> None:
    record = await accepted(http, SLOW, wait_s=0)
    line = await got(http, at(record, "/wait"), until="log_match", pattern="^up$", timeout_s=20)
    assert (line["met"], line["node"], line["match"]["text"]) == (True, "build", "up")
    assert not (await got(http, at(record, "/wait"), timeout_s=0))["met"]
    version = (await got(http, at(record), nodes="none"))["version"]
    await http.post(at(record, "/cancel"))
    changed = await got(http, at(record, "/wait"), since_version=version, timeout_s=20)
    assert (changed["met"], changed["workflow"]["version"] > version) == (True, True)
    ended = await got(http, at(record, "/wait"), timeout_s=20)
    assert (ended["met"], ended["workflow"]["status"]) == (True, "cancelled")
    error_of(await http.get(at(record, "/wait"), params={"until": "log_match"}), 422)


async def test_metrics_count_runs_and_their_durations(http: httpx2.AsyncClient) -> None:
    record = await accepted(http)
    await http.get(at(record, "/nodes/test-1"))
    text = (await http.get("/orcaops/metrics")).text
    for line in (
        'orcaops_workflow_runs{status="partial"} 1.0',
        'orcaops_workflow_run_duration_seconds_count{status="partial"} 1.0',
        'path="/orcaops/workflows/{workflow_id}/nodes/{node}",status="200"',
    ):
        assert line in text
    assert record["workflow_id"] not in text


# --- changed


async def test_a_cancel_is_answered_at_once_and_an_ended_run_stays_as_it_is(http: httpx2.AsyncClient) -> None:
    record = await accepted(http, SLOW, wait_s=0)
    await got(http, at(record, "/wait"), until="log_match", pattern="up", timeout_s=20)
    asked = await http.post(at(record, "/cancel"), json={"reason": "superseded"})
    assert asked.status_code == 202
    assert asked.json()["cancel_requested_at"] is not None
    assert (await got(http, at(record, "/wait"), timeout_s=20))["workflow"]["status"] == "cancelled"
    again = await http.post(at(record, "/cancel"))
    assert (again.status_code, again.json()["status"]) == (200, "cancelled")


async def test_one_node_is_cancelled_and_the_run_goes_on(http: httpx2.AsyncClient) -> None:
    spec = {
        "jobs": {
            "hang": {"image": BUSYBOX, "commands": ["echo up", "sleep 600"]},
            "work": {"image": BUSYBOX, "commands": ["true"]},
        }
    }
    record = await accepted(http, {"spec": spec}, wait_s=0)
    await got(http, at(record, "/wait"), until="log_match", pattern="up", timeout_s=20)
    answer = await http.post(at(record, "/nodes/hang/cancel"), json={"reason": "hangs"})
    assert answer.status_code == 202, answer.text
    ended = (await got(http, at(record, "/wait"), timeout_s=20))["workflow"]
    assert ended["status"] != "cancelled"
    statuses = {row["id"]: row["status"] for row in (await got(http, at(record, "/nodes")))["items"]}
    assert statuses == {"hang": "cancelled", "work": "success"}


async def test_a_rerun_keeps_what_succeeded_and_says_why(http: httpx2.AsyncClient) -> None:
    record = await accepted(http)
    dry = await http.post(at(record, "/rerun"), json={"dry_run": True})
    assert (dry.status_code, dry.json()["workflow"]) == (200, None)
    plan = {node["node_id"]: node for node in dry.json()["plan"]["nodes"]}
    assert (plan["build"]["keeps"], plan["test-1"]["keeps"]) == (True, False)
    assert all(node["why"] for node in plan.values())
    mended = FILE.replace("exit ${{ matrix.shard }}", "true")
    begun = await http.post(at(record, "/rerun"), json={"spec": mended}, headers={"Idempotency-Key": "r"})
    assert (begun.status_code, begun.json()["workflow"]["attempt"]) == (201, 2)
    ended = (await got(http, at(record, "/wait"), timeout_s=20))["workflow"]
    assert ended["status"] == "success"
    build = await got(http, at(record, "/nodes/build"))
    assert build["kept_from"]["attempt"] == 1
    again = await http.post(at(record, "/rerun"), json={"spec": mended}, headers={"Idempotency-Key": "r"})
    assert (again.status_code, again.json()["replayed"]) == (200, True)
    bad = await http.post(at(record, "/rerun"), json={"spec": "jobs: {a: {image: b, needs: x}}"})
    assert error_of(bad, 422)["code"] == "invalid_workflow"
    error_of(await http.post(at(record, "/rerun"), json={"selection": "jobs", "jobs": ["none"]}), 422)


async def test_a_run_is_deleted_once_it_has_ended(http: httpx2.AsyncClient) -> None:
    record = await accepted(http, SLOW, wait_s=0)
    error = error_of(await http.delete(at(record)), 409)
    assert (error["code"], "/cancel" in error["hint"]) == ("workflow_not_finished", True)
    await http.post(at(record, "/cancel"))
    await got(http, at(record, "/wait"), timeout_s=20)
    with anyio.fail_after(60):
        while (gone := await http.delete(at(record))).status_code == 409:  # its job is still being seen to
            await anyio.lowlevel.checkpoint()
    assert gone.json()["workflow_ids"] == [record["workflow_id"]]
    error_of(await http.get(at(record)), 404)


async def test_old_runs_are_cleaned_up_with_jobs_and_named(http: httpx2.AsyncClient) -> None:
    record = await accepted(http, GREEN)
    told = (await http.post("/orcaops/runs/cleanup", json={"older_than": "0s", "dry_run": True})).json()
    assert (told["deleted"], told["workflow_ids"], told["job_ids"]) == (1, [record["workflow_id"]], [])

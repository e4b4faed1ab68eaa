"""Whatever door somebody comes in by, the same is done and the same is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest

from tests.doors.conftest import opened
from tests.doors.scenario import REPORT, digest, tell
from tests.doors.workflow_story import Ended, tell_of_runs

if TYPE_CHECKING:
    from tests.doors.conftest import Served

_LINES = [(1, "stdout", 0, "hello"), (2, "stderr", 0, "careful")]
_REPORT = {
    "path": "report.txt",
    "state": "kept",
    "size": len(REPORT),
    "sha256": digest(REPORT),
    "type": "text/plain",
    "pattern": "report.txt",
    "attempt": 1,
}


KINDS = ["Python", "MCP over stdio", "MCP over HTTP", "REST", "CLI"]


@pytest.mark.parametrize("kind", KINDS)
async def test_every_door_tells_the_same_story(served: Served, kind: str) -> None:
    with anyio.fail_after(100):
        async with opened(kind, served) as way:
            story = await tell(way.jobs, kind.replace(" ", "-"))
    assert story.lines == _LINES
    assert story.matches == 2
    assert story.report == REPORT
    assert story.artifacts == [_REPORT]
    assert _facts(story.first) == {
        "job_id": "first",
        "status": "success",
        "exit_code": 0,
        "steps": [("echo $GREETING; echo careful >&2", "success", 0), ("echo one line > report.txt", "success", 0)],
        "artifacts": [_REPORT],
    }
    assert story.first["spec"]["env"] == {"GREETING": "hello"}
    assert (story.cancelled["status"], story.cancelled["job_id"]) == ("cancelled", "endless")
    assert (story.rerun["status"], story.rerun["rerun_of"]) == ("success", "first")
    assert story.rerun["spec"]["env"] == {"GREETING": "good day"}
    assert (story.failed["status"], story.failed["failure"]["kind"], story.failed["exit_code"]) == ("failed", "exit", 3)
    assert (story.why["status"], story.why["failure"]["kind"], story.why["exit_code"]) == ("failed", "exit", 3)
    assert story.listed == [
        {"status": "failed", "name": "failing", "image": "busybox", "exit_code": 3},
        {"status": "success", "name": "story", "image": "busybox", "exit_code": 0},
        {"status": "cancelled", "name": "endless", "image": "busybox"} | _exit_code_of(story.cancelled),
        {"status": "success", "name": "story", "image": "busybox", "exit_code": 0},
    ]
    assert story.refused["retryable"] is False
    assert "did you mean command?" in story.refused["message"]
    assert (story.missing["code"], story.missing["retryable"]) == ("job_not_found", False)


@pytest.mark.parametrize("kind", KINDS)
async def test_every_door_tells_the_same_story_of_a_workflow(served: Served, kind: str) -> None:
    with anyio.fail_after(100):
        async with opened(kind, served) as way:
            story = await tell_of_runs(way.runs, f"runs-{kind.replace(' ', '-')}")
    others = {("build", "success"), ("test-1", "failed"), ("deploy", "skipped"), ("last", "success")}
    assert story.ended == Ended("partial", {"version": "7"}, frozenset({*others, ("test-2", "failed")}))
    assert story.lines == [("build", "built"), ("last", "bye"), ("test-1", "7/1"), ("test-2", "7/2")]
    assert story.cause == ("test-2", 2)
    assert list(story.kept) == ["build", "test-1"]
    assert story.again == story.ended
    assert story.stopped == Ended("cancelled", {}, frozenset({("sleeper", "cancelled")}))
    assert story.listed == [("endless", "cancelled"), ("story", "partial")]
    assert (story.faults, story.missing) == (["W130", "E011"], "workflow_not_found")


def _facts(record: dict[str, Any]) -> dict[str, Any]:
    steps = [(step["title"], step["status"], step["exit_code"]) for step in record["steps"]]
    chosen = {key: record[key] for key in ("job_id", "status", "exit_code", "artifacts")}
    return chosen | {"steps": steps}


def _exit_code_of(record: dict[str, Any]) -> dict[str, Any]:
    return {"exit_code": record["exit_code"]} if "exit_code" in record else {}

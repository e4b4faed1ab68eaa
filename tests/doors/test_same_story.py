"""Whatever door somebody comes in by, the same is done and the same is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest

from tests.doors.conftest import opened
from tests.doors.scenario import REPORT, digest, tell

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


@pytest.mark.parametrize("kind", ["Python", "MCP over stdio", "MCP over HTTP", "REST", "CLI"])
async def test_every_door_tells_the_same_story(served: Served, kind: str) -> None:
    with anyio.fail_after(100):
        async with opened(kind, served) as door:
            story = await tell(door, kind.replace(" ", "-"))
    assert story.lines == _LINES
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


def _facts(record: dict[str, Any]) -> dict[str, Any]:
    steps = [(step["title"], step["status"], step["exit_code"]) for step in record["steps"]]
    chosen = {key: record[key] for key in ("job_id", "status", "exit_code", "artifacts")}
    return chosen | {"steps": steps}


def _exit_code_of(record: dict[str, Any]) -> dict[str, Any]:
    return {"exit_code": record["exit_code"]} if "exit_code" in record else {}

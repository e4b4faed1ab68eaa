"""Task: "The nightly run failed. Which job, which line, and what did it keep from running?" One summary has to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.agent_tasks.conftest import Agent

pytestmark = pytest.mark.slow

FILE = """\
name: nightly
jobs:
  build: {image: "busybox:1.36", commands: ["for n in 1 2 3 4 5 6 7 8 9; do echo compiling $n; done"]}
  test:
    image: busybox:1.36
    needs: build
    matrix: {suite: [unit, slow]}
    env: {SUITE: "${{ matrix.suite }}"}
    commands:
      - echo "collecting tests of $SUITE"
      - |
        test "$SUITE" = unit && exit 0
        echo 'Traceback (most recent call last):'
        echo '  File "/app/totals.py", line 42, in add_up'
        echo '    return total / count'
        echo 'ZeroDivisionError: division by zero'
        exit 1
  package: {image: "busybox:1.36", needs: test, commands: ["echo packaging"]}
  publish: {image: "busybox:1.36", needs: package, commands: ["echo publishing"]}
  tell: {image: "busybox:1.36", on_complete: always, commands: ["echo it is over"]}
"""


async def test_an_agent_finds_the_cause_of_a_failed_run_from_its_summary_alone(agent: Agent) -> None:
    done = await agent.use("orcaops_run_workflow", spec=FILE, wait_s=50)
    assert done["status"] == "partial"
    assert "orcaops_get_failure_summary" in done["next"]

    summary = await agent.use("orcaops_get_failure_summary", id=done["workflow_id"])
    (failed,) = summary["failed"]
    assert (failed["node"], failed["exit_code"], failed["step"]["index"]) == ("test-slow", 1, 1)
    cause = failed["cause"]
    assert cause["headline"] == "ZeroDivisionError: division by zero at /app/totals.py:42 in add_up"
    assert (cause["file"], cause["line"]) == ("/app/totals.py", 42)
    assert "return total / count" in failed["excerpts"]
    assert failed["blocked"] == ["package", "publish"]
    assert summary["matrix"] == {"test": "1/2 passed"}
    assert [each["id"] for each in summary["did_not_run"]] == ["package", "publish"]
    assert agent.calls == 2

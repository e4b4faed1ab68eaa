"""Task: "The run failed. Mend it and get it green without doing the long build again." By one edit of the file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.agent_tasks.conftest import Agent

pytestmark = pytest.mark.slow

FILE = """\
name: release
jobs:
  build:
    image: busybox:1.36
    commands:
      - echo "a long build"
      - echo "version=7" >> "$ORCAOPS_OUTPUT"
  check:
    image: busybox:1.36
    needs: build
    env: {VERSION: "${{ needs.build.outputs.version }}"}
    commands:
      - 'test "$VERSION" = 6 || { echo "error: expected version 6, got $VERSION"; exit 4; }'
  deploy:
    image: busybox:1.36
    needs: check
    commands: [echo deploying]
"""


async def test_an_agent_reruns_from_the_failure_with_an_edit(agent: Agent) -> None:
    failed = await agent.use("orcaops_run_workflow", spec=FILE, wait_s=50)
    workflow_id = failed["workflow_id"]
    summary = await agent.use("orcaops_get_failure_summary", id=workflow_id)
    said = re.search(r"expected version (\d+), got (\d+)", summary["failed"][0]["cause"]["headline"])
    assert said is not None

    edit = {"edits": [{"old": f'"$VERSION" = {said[1]}', "new": f'"$VERSION" = {said[2]}'}]}
    planned = await agent.use("orcaops_rerun", id=workflow_id, changes=edit, preview=True)
    assert [node for group in planned["runs"] for node in group["nodes"]] == ["check", "deploy"]
    begun = await agent.use("orcaops_rerun", id=workflow_id, changes=edit)
    assert (begun["attempt"], begun["keeps"][0]["nodes"]) == (2, ["build"])

    ended = await agent.use("orcaops_wait", ids=[workflow_id], timeout_s=50)
    assert ended["workflows"][0]["status"] == "success"
    seen = await agent.use("orcaops_get_workflow_status", workflow_id=workflow_id)
    assert {node["id"]: node.get("kept_from") for node in seen["nodes"]} == {"build": 1, "check": None, "deploy": None}
    assert agent.calls == 6

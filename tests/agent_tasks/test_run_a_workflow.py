"""Task: "Run ci.yaml of this folder, and give me what it reports." On simulated containers and on real ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.agent_tasks.conftest import an_agent

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

FILE = """\
name: release
jobs:
  read:
    image: busybox:latest
    commands:
      - cat version.txt > copy.txt
      - echo "version=$(cat version.txt)" >> "$ORCAOPS_OUTPUT"
    artifacts: [copy.txt]
  report:
    image: busybox:latest
    needs: read
    env: {VERSION: "${{ needs.read.outputs.version }}"}
    commands:
      - echo "the version is $VERSION" > report.txt
      - cat report.txt
    artifacts: [report.txt]
outputs: {version: "${{ jobs.read.outputs.version }}"}
"""


@pytest.mark.parametrize("backend", ["simulated", pytest.param("docker", marks=pytest.mark.docker)])
async def test_an_agent_runs_a_file_of_its_folder_and_fetches_what_came_of_it(tmp_path: Path, backend: str) -> None:
    (tmp_path / "ci.yaml").write_text(FILE, encoding="utf-8")
    (tmp_path / "version.txt").write_text("4.2\n", encoding="utf-8")
    async with an_agent(tmp_path, backend) as agent:
        started = await agent.use("orcaops_run_workflow", path="ci.yaml", workspace=".", idempotency_key="once")
        workflow_id = started["workflow_id"]
        ended = await agent.use("orcaops_wait", ids=[workflow_id], timeout_s=50)
        assert ended["done"], ended
        assert (ended["workflows"][0]["status"], ended["workflows"][0]["outputs"]) == ("success", {"version": "4.2"})

        kept = await agent.use("orcaops_list_artifacts", id=workflow_id)
        assert {(item["node"], item["path"]) for item in kept["artifacts"]} == {
            ("read", "copy.txt"),
            ("report", "report.txt"),
        }
        report = await agent.use("orcaops_get_artifact", id=f"{workflow_id}/report", path="report.txt")
        assert "the version is 4.2" in report["text"]
        said = await agent.use("orcaops_stream_logs", id=workflow_id)
        assert "report │ the version is 4.2" in said["text"]
        assert agent.calls == 5

"""The whole way with real containers: console script, stdio, engine, Docker."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import anyio
import pytest
from mcp import Client, StdioServerParameters

from tests.orcaops_mcp.conftest import call, log_of

pytestmark = pytest.mark.docker
ORCAOPS = Path(sys.executable).parent / "orcaops"


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_an_agent_runs_a_job_in_a_container_and_takes_its_artifact(tmp_path: Path, mode: str) -> None:
    server = StdioServerParameters(command=str(ORCAOPS), args=["mcp", "--in-process", "--home", str(tmp_path)])
    with anyio.fail_after(240):
        async with Client(server, mode=mode) as client:
            outcome = await call(
                client,
                "orcaops_submit_job",
                image="busybox:latest",
                commands=["echo one; echo kept > report.txt", "echo two >&2; exit 3"],
                artifacts=["report.txt"],
                wait_s=45,
            )
            assert outcome["status"] == "failed"
            assert outcome["failure"]["kind"] == "exit"
            assert outcome["exit_code"] == 3
            assert [step["exit_code"] for step in outcome["steps"]] == [0, 3]
            assert "two" in outcome["log_tail"]
            got = await client.call_tool("orcaops_get_artifact", {"id": outcome["job_id"], "path": "report.txt"})
            assert log_of(got)[0] == ["kept", ""]


async def test_the_demo_ends_by_itself_and_shows_how_to_connect() -> None:
    environment = {**os.environ, "NO_COLOR": "1"}
    with anyio.fail_after(240):
        result = await anyio.run_process([sys.executable, "-m", "orcaops_mcp.demo"], check=False, env=environment)
    shown = result.stdout.decode()
    assert result.returncode == 0, result.stderr.decode()
    assert "6 passed, 0 failed" in shown
    assert "claude mcp add orcaops" in shown
    assert "\x1b" not in shown


async def test_the_demo_says_what_is_missing_when_docker_is() -> None:
    environment = {**os.environ, "ORCAOPS_DOCKER_BASE_URL": "unix:///nonexistent/docker.sock"}
    with anyio.fail_after(240):
        result = await anyio.run_process([sys.executable, "-m", "orcaops_mcp.demo"], check=False, env=environment)
    assert result.returncode == 1
    assert "Traceback" not in result.stderr.decode()
    assert "Docker" in result.stderr.decode()

"""A chat's own folder is what it may send in; nothing else of the machine is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import anyio
from mcp import Client, StdioServerParameters
from mcp.types import TextContent

from tests.doors.cli_door import ORCAOPS

if TYPE_CHECKING:
    from pathlib import Path

    from tests.doors.conftest import Served


async def _submit(client: Client, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool("orcaops_submit_job", {"image": "busybox", "wait_s": 50, **arguments})
    block = result.content[0]
    assert isinstance(block, TextContent)
    answer: dict[str, Any] = json.loads(block.text)
    return answer


async def test_an_agents_run_my_tests_in_a_container_is_one_call(served: Served, tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "src").mkdir(parents=True)
    (project / "src" / "greeting.txt").write_text("hello from the project\n", encoding="utf-8")
    (project / ".gitignore").write_text("*.key\n", encoding="utf-8")
    (project / "private.key").write_text("not for containers\n", encoding="utf-8")
    command = StdioServerParameters(command=str(ORCAOPS), args=["mcp", "--home", str(served.home)], cwd=str(project))
    with anyio.fail_after(100):
        async with Client(command) as client:
            ran = await _submit(client, workspace=".", commands=["cat src/greeting.txt", "ls"], name="tests")
            elsewhere = await _submit(client, workspace="/etc", command=["true"])
            climbing = await _submit(client, workspace="..", command=["true"])
    assert ran["status"] == "success"
    assert "hello from the project" in ran["log_tail"]
    assert "private.key" not in ran["log_tail"]
    assert elsewhere["error"]["code"] == "not_admitted"
    assert climbing["error"]["code"] == "not_admitted"
    assert str(project) in climbing["error"]["hint"]

"""The MCP tools, over whatever a client is connected by."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from mcp.types import TextContent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mcp import Client

    from tests.doors.scenario import Line, Request

_NUMBERED = re.compile(r"^(\d+): (.*)$")


class McpCaller:
    """Calls tools and reads what comes back."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def facts(self, tool: str, **arguments: Any) -> Request:
        """The JSON of an answer."""
        facts: Request = json.loads(await self.text(tool, **arguments))
        return facts

    async def error(self, tool: str, **arguments: Any) -> Request:
        """The envelope of a refusal."""
        text, is_error = await self._call(tool, arguments)
        assert is_error, text
        error: Request = json.loads(text)["error"]
        return error

    async def text(self, tool: str, **arguments: Any) -> str:
        """The text of an answer."""
        text, is_error = await self._call(tool, arguments)
        assert not is_error, text
        return text

    async def _call(self, tool: str, arguments: dict[str, Any]) -> tuple[str, bool]:
        result = await self._client.call_tool(tool, arguments)
        return "\n".join(block.text for block in result.content if isinstance(block, TextContent)), bool(
            result.is_error
        )


class McpDoor(McpCaller):
    """What a model would call."""

    async def submit(self, request: Request) -> str:
        return str((await self.facts("orcaops_submit_job", **request))["job_id"])

    async def follow(self, job_id: str) -> Sequence[Line]:
        await self.wait(job_id)
        lines: list[Line] = []
        for step in range(2):
            for stream in ("stdout", "stderr"):
                text = await self.text("orcaops_stream_logs", id=job_id, cursor="1-1", stream=stream, step=step)
                found = filter(None, map(_NUMBERED.match, text.splitlines()))
                lines.extend((int(line[1]), stream, step, line[2]) for line in found)
        return sorted(lines)

    async def count(self, job_id: str, expression: str) -> int:
        text = await self.text("orcaops_stream_logs", id=job_id, grep=expression, max_bytes=256)
        return int(json.loads(text.splitlines()[-1])["matches"])

    async def wait(self, job_id: str) -> Request:
        while not (await self.facts("orcaops_wait", ids=[job_id], timeout_s=30))["done"]:
            pass
        return await self.facts("orcaops_get_job_status", job_id=job_id, detail="full")

    async def artifacts(self, job_id: str) -> Sequence[Request]:
        items: list[Request] = (await self.facts("orcaops_list_artifacts", id=job_id))["artifacts"]
        return items

    async def fetch(self, job_id: str, path: str) -> bytes:
        text = await self.text("orcaops_get_artifact", id=job_id, path=path)
        # the fence, the content, the fence, a line of JSON
        return "\n".join(text.split("\n")[1:-2]).encode()

    async def cancel(self, job_id: str, reason: str) -> None:
        await self.facts("orcaops_cancel_job", job_id=job_id, reason=reason)

    async def rerun(self, job_id: str, changes: Request) -> str:
        return str((await self.facts("orcaops_rerun", id=job_id, changes=changes))["job_id"])

    async def listed(self, tag: str) -> Sequence[Request]:
        items: list[Request] = (await self.facts("orcaops_list_runs", tag=tag))["jobs"]
        return items

    async def failure(self, job_id: str) -> Request:
        return await self.facts("orcaops_get_failure_summary", id=job_id)

    async def error_of_submit(self, request: Request) -> Request:
        return await self.error("orcaops_submit_job", **request)

    async def error_of_look(self, job_id: str) -> Request:
        return await self.error("orcaops_get_job_status", job_id=job_id)

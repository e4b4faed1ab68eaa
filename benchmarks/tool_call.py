"""A tool call in memory against an empty tool of the bare SDK, in pairs: what our strictness and views cost."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Final

from mcp import Client
from mcp.server import MCPServer

from benchmarks.report import Row
from core import EngineSettings, open_engine
from orcaops_mcp.mcp_server.server import build_server
from orcaops_mcp.mcp_server.state import already_open

CALLS: Final = 300
ROUNDS: Final = 9
LIMIT: Final = 1.5


def bare_server() -> MCPServer:
    """A server of the bare SDK with one tool that does nothing."""
    server = MCPServer("bare", log_level="WARNING")

    @server.tool()
    async def nothing() -> str:
        return "{}"

    return server


async def seconds_a_call(client: Client, tool: str, arguments: dict[str, object]) -> float:
    """The mean over one round."""
    began = perf_counter()
    for _ in range(CALLS):
        result = await client.call_tool(tool, arguments)
        assert not result.is_error
    return (perf_counter() - began) / CALLS


async def seconds(home: Path) -> tuple[float, float]:
    """Median seconds a call: ours, and the bare SDK's."""
    ours: list[float] = []
    bare: list[float] = []
    settings = EngineSettings(home=home, backend="simulated")
    async with open_engine(settings) as engine:
        server = build_server(already_open(engine))
        async with Client(server) as client, Client(bare_server()) as reference:
            submitted = await client.call_tool(
                "orcaops_submit_job", {"image": "busybox", "command": ["true"], "wait_s": 10}
            )
            assert submitted.structured_content is not None
            arguments: dict[str, object] = {"job_id": submitted.structured_content["job_id"]}
            for _ in range(ROUNDS):
                bare.append(await seconds_a_call(reference, "nothing", {}))
                ours.append(await seconds_a_call(client, "orcaops_get_job_status", arguments))
    return statistics.median(ours), statistics.median(bare)


async def measure() -> list[Row]:
    """Our tool call beside the bare SDK's."""
    with tempfile.TemporaryDirectory() as home:
        ours, bare = await seconds(Path(home))
    return [
        Row(
            "a tool call in memory",
            f"{ours * 1e6:.0f} µs",
            "empty tool of the bare SDK",
            f"{bare * 1e6:.0f} µs",
            ours / bare,
            LIMIT,
        )
    ]

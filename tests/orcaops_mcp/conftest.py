"""An engine without containers, a client of either protocol era, and short ways to read answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from mcp import Client
from mcp.server import MCPServer
from mcp.types import TextContent

from core import EngineSettings, SimulationSettings, open_engine
from orcaops_mcp.mcp_server.server import build_server
from orcaops_mcp.mcp_server.state import already_open

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from mcp.types import CallToolResult

    from core import Engine
    from orcaops_mcp.mcp_server.server import OrcaServer

ERAS = ("auto", "legacy")


@pytest.fixture(scope="session", autouse=True)
def the_sdk_has_looked_for_rich() -> None:
    """The first server built imports rich if it is there, which reads files; that shall not happen on a loop."""
    MCPServer("first")


@pytest.fixture
def settings(tmp_path: Path) -> EngineSettings:
    return EngineSettings(home=tmp_path / "home", backend="simulated", simulation=SimulationSettings(time_scale=0.2))


@pytest.fixture
async def engine(settings: EngineSettings) -> AsyncGenerator[Engine]:
    async with open_engine(settings) as opened:
        yield opened


@pytest.fixture
def server(engine: Engine) -> OrcaServer:
    return build_server(already_open(engine))


@pytest.fixture(params=ERAS)
def era(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def client(server: OrcaServer, era: str) -> AsyncGenerator[Client]:
    async with Client(server, mode=era) as connected:
        yield connected


def text_of(result: CallToolResult) -> str:
    """The one text of an answer."""
    texts = [block.text for block in result.content if isinstance(block, TextContent)]
    assert len(texts) == 1
    return texts[0]


def facts_of(result: CallToolResult) -> dict[str, Any]:
    """What a tool that answers with facts said; the text and the structured content must agree."""
    assert not result.is_error, text_of(result)
    facts: dict[str, Any] = json.loads(text_of(result))
    assert result.structured_content == facts
    return facts


def error_of(result: CallToolResult) -> dict[str, Any]:
    """The envelope of a refused call."""
    assert result.is_error
    assert result.structured_content is None
    envelope: dict[str, Any] = json.loads(text_of(result))
    error: dict[str, Any] = envelope["error"]
    assert {"code", "message", "hint", "retryable"} <= error.keys()
    assert len(text_of(result)) < 10_000
    return error


def log_of(result: CallToolResult) -> tuple[list[str], dict[str, Any]]:
    """The lines inside the fence of a log answer, and its footer."""
    assert not result.is_error, text_of(result)
    assert result.structured_content is None
    *lines, footer = text_of(result).split("\n")
    return lines[1:-1], json.loads(footer)


async def call(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """Call a tool that answers with facts."""
    return facts_of(await client.call_tool(tool, arguments))


async def finished_job(client: Client, *commands: str, **more: Any) -> dict[str, Any]:
    """Submit a job with these steps and wait for its end."""
    outcome = await call(
        client, "orcaops_submit_job", image="busybox:latest", commands=list(commands), wait_s=20, **more
    )
    assert outcome["status"] not in ("queued", "running")
    return outcome

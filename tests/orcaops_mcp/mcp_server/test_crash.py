from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from mcp import Client

from orcaops_mcp.mcp_server import answers
from orcaops_mcp.mcp_server.server import OrcaServer
from orcaops_mcp.mcp_server.state import already_open
from orcaops_mcp.mcp_server.toolset import READS, Arguments, ToolDefinition
from tests.orcaops_mcp.conftest import error_of, facts_of

if TYPE_CHECKING:
    from mcp.types import CallToolResult

    from core import Engine
    from orcaops_mcp.mcp_server.state import AppContext


class _Nothing(Arguments):
    """No arguments."""


async def _crash(_: AppContext, __: _Nothing) -> CallToolResult:
    """Crash."""
    raise RuntimeError("the secret is hunter2")


async def _odd(_: AppContext, __: _Nothing) -> CallToolResult:
    """Answer with half a surrogate pair."""
    return answers.facts({"text": "a\ud800b"})


@pytest.mark.hostile("B10")
async def test_a_crash_is_an_envelope_with_an_id_that_the_log_has(
    engine: Engine, era: str, caplog: pytest.LogCaptureFixture
) -> None:
    server = OrcaServer(already_open(engine), [ToolDefinition("crash", "Crash", READS, _Nothing, _crash)])
    async with Client(server, mode=era) as client:
        error = error_of(await client.call_tool("crash", {}))
    assert error["code"] == "internal"
    assert "hunter2" not in str(error)
    correlation = re.search(r"under ([0-9a-f]{8})\.", error["message"])
    assert correlation is not None
    assert correlation[1] in caplog.text
    assert "RuntimeError: the secret is hunter2" in caplog.text


@pytest.mark.hostile("B13")
async def test_half_a_surrogate_pair_never_reaches_the_wire(engine: Engine, era: str) -> None:
    server = OrcaServer(already_open(engine), [ToolDefinition("odd", "Odd", READS, _Nothing, _odd)])
    async with Client(server, mode=era) as client:
        assert facts_of(await client.call_tool("odd", {})) == {"text": "a\N{REPLACEMENT CHARACTER}b"}

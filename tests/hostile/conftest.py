"""An engine without containers, and the doors that agents and programs knock at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from mcp import Client
from mcp.server import MCPServer

from core import EngineSettings, open_engine
from orcaops_mcp.api.app import build_api
from orcaops_mcp.mcp_server.server import build_server
from orcaops_mcp.mcp_server.state import already_open
from tests.hostile.refusals import Doors
from tests.orcaops_mcp.api.conftest import serving

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from core import Engine


@pytest.fixture(scope="session", autouse=True)
def the_sdk_has_looked_for_rich() -> None:
    """The first server built imports rich if it is there, which reads files; that shall not happen on a loop."""
    MCPServer("first")


@pytest.fixture
async def engine(settings: EngineSettings) -> AsyncGenerator[Engine]:
    async with open_engine(settings) as opened:
        yield opened


@pytest.fixture
async def doors(engine: Engine) -> AsyncGenerator[Doors]:
    """REST and MCP of one engine."""
    async with Client(build_server(already_open(engine))) as client:
        built = build_api(engine)
        async with built.router.lifespan_context(built), serving(built) as served:
            yield Doors(engine, served.http, client)

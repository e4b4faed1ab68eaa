"""One engine process with all its doors, and each of them opened."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx2
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from core import EngineSettings, open_engine
from orcaops_mcp import places
from tests.doors.cli_door import ORCAOPS, CliDoor
from tests.doors.mcp_door import McpDoor
from tests.doors.python_door import PythonDoor
from tests.doors.rest_door import RestDoor
from tests.doors.run_doors import CliRuns, McpRuns, PythonRuns, RestRuns
from tests.orcaops_mcp.plain_http import NO_CERTIFICATES

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator
    from pathlib import Path

    from tests.doors.scenario import Door
    from tests.doors.workflow_story import RunDoor


class Served:
    """An engine that runs as its own process.

    Args:
        home: Its home.
        folder: Where callers stand.
    """

    def __init__(self, home: Path, folder: Path) -> None:
        self.home = home
        self.folder = folder
        note = places.note_of(str(home))
        assert note is not None
        self.url = str(note["url"])
        self.token = (home / "token").read_text(encoding="utf-8").strip()

    def client(self) -> httpx2.AsyncClient:
        """An HTTP client with the operator's token."""
        return httpx2.AsyncClient(
            base_url=self.url,
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=60,
            trust_env=False,
            verify=NO_CERTIFICATES,
        )


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Generator[Served]:
    folder = tmp_path_factory.mktemp("doors")
    home = folder / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ORCAOPS_PORT", "0")
        patch.setenv("ORCAOPS_IDLE_EXIT", "60")
        patch.setenv("ORCAOPS_BACKEND", "simulated")
        places.start_engine(str(home))
        try:
            yield Served(home, folder)
        finally:
            places.leave(str(home))
            places.wait_until_gone(str(home), 10)


@dataclass(frozen=True, slots=True)
class Way:
    """One way in: to jobs, and to runs of workflows."""

    jobs: Door
    runs: RunDoor


@asynccontextmanager
async def opened(kind: str, served: Served) -> AsyncGenerator[Way]:
    """The way of this kind, for as long as the context lasts."""
    async with AsyncExitStack() as stack:
        if kind == "REST":
            http = await stack.enter_async_context(served.client())
            yield Way(RestDoor(http), RestRuns(http))
        elif kind == "CLI":
            yield Way(CliDoor(served.home, served.folder), CliRuns(served.home, served.folder))
        elif kind == "MCP over stdio":
            command = StdioServerParameters(command=str(ORCAOPS), args=["mcp", "--home", str(served.home)])
            client = await stack.enter_async_context(Client(command))
            yield Way(McpDoor(client), McpRuns(client))
        elif kind == "MCP over HTTP":
            http = await stack.enter_async_context(served.client())
            transport = streamable_http_client(f"{served.url}/mcp", http_client=http)
            client = await stack.enter_async_context(Client(transport))
            yield Way(McpDoor(client), McpRuns(client))
        else:
            settings = EngineSettings(home=served.folder / "own", backend="simulated")
            engine = await stack.enter_async_context(open_engine(settings))
            yield Way(PythonDoor(engine), PythonRuns(engine))

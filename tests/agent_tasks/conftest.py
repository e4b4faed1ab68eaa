"""An agent at work: a client that talks to a server process, counts its calls and weighs what it is answered."""

from __future__ import annotations

import json
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp.types import TextContent

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

ORCAOPS: Final = Path(sys.executable).parent / "orcaops"
MOST_CALLS: Final = 8
MOST_TOKENS: Final = 12_000
_CHARACTERS_A_TOKEN: Final = 4


class Agent:
    """Somebody with a task, who knows what the server says and nothing else.

    Args:
        client: The connection to the server.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self.calls = 0
        self._characters = 0

    @property
    def tokens(self) -> float:
        """What all answers came to."""
        return self._characters / _CHARACTERS_A_TOKEN

    async def use(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool that has to succeed."""
        is_error, answer = await self.attempt(tool, **arguments)
        assert not is_error, answer
        return answer

    async def attempt(self, tool: str, **arguments: Any) -> tuple[bool, dict[str, Any]]:
        """Call a tool; whether it was refused, and what it said.

        Some clients show a model the text, some the structured content: the longer one counts.
        """
        result = await self._client.call_tool(tool, arguments)
        text = "".join(block.text for block in result.content if isinstance(block, TextContent))
        structured = "" if result.structured_content is None else json.dumps(result.structured_content)
        self._count(max(text, structured, key=len))
        if result.is_error:
            error: dict[str, Any] = json.loads(text)["error"]
            return True, error
        return False, result.structured_content or {"text": text}

    async def read(self, uri: str) -> str:
        """Read a resource."""
        content: dict[str, Any] = (await self._client.read_resource(uri)).contents[0].model_dump()
        text: str = content["text"]
        self._count(text)
        return text

    def _count(self, text: str) -> None:
        self.calls += 1
        self._characters += len(text)


@asynccontextmanager
async def an_agent(folder: Path, backend: str = "simulated") -> AsyncGenerator[Agent]:
    """An agent that stands in a folder, with a server of its own; it has to keep within the budget of a task."""
    arguments = ["mcp", "--in-process", "--home", str(folder / ".orcaops"), "--backend", backend]
    server = StdioServerParameters(command=str(ORCAOPS), args=arguments, cwd=str(folder))
    with anyio.fail_after(120):
        async with Client(server) as client:
            agent = Agent(client)
            yield agent
    assert agent.calls <= MOST_CALLS
    assert agent.tokens <= MOST_TOKENS


@pytest.fixture
async def agent(tmp_path: Path) -> AsyncGenerator[Agent]:
    """An agent whose jobs run without containers."""
    async with an_agent(tmp_path) as made:
        yield made

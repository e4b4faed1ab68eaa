"""The MCP server: tools, resources, prompts, completions and change events on one engine."""

from __future__ import annotations

from contextlib import asynccontextmanager
from importlib.metadata import version
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from mcp import MCPError
from mcp.server import CacheHint, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.subscriptions import InMemorySubscriptionBus
from mcp.types import INVALID_PARAMS, ListToolsResult, PaginatedRequestParams
from pydantic import ValidationError

from orcaops_mcp.intake.caller import AGENT
from orcaops_mcp.mcp_server import faults
from orcaops_mcp.mcp_server.answers import refusal
from orcaops_mcp.mcp_server.events import LegacyFanout, change_events
from orcaops_mcp.mcp_server.prompts import add_prompts
from orcaops_mcp.mcp_server.reference_pages import reference_resources
from orcaops_mcp.mcp_server.resources import add_completions, add_resources, recent
from orcaops_mcp.mcp_server.sdk import add_request_handler
from orcaops_mcp.mcp_server.state import App, caller_of, sender_of
from orcaops_mcp.mcp_server.tools import ALL_TOOLS
from orcaops_mcp.mcp_server.toolset import ToolChoice

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from mcp.server import ServerRequestContext
    from mcp.server.mcpserver import Context
    from mcp.types import CallToolResult, GetPromptResult, InputRequiredResult, Resource

    from core import Engine
    from orcaops_mcp.intake.caller import Caller
    from orcaops_mcp.mcp_server.state import EngineOpener
    from orcaops_mcp.mcp_server.toolset import AnyTool


_VERSION: Final = version("orcaops-mcp")
_INSTRUCTIONS: Final = files("orcaops_mcp.mcp_server").joinpath("instructions.md").read_text(encoding="utf-8")


class OrcaServer(MCPServer[App]):
    """An `MCPServer` whose errors are ours: every failure of a tool is one envelope.

    Args:
        open_engine: Entered once a lifespan: once a process over stdio and HTTP, once a connection in memory.
        tools: What is on offer.
        caller: Who calls, where a connection or a request does not say.
    """

    def __init__(self, open_engine: EngineOpener, tools: Sequence[AnyTool], caller: Caller = AGENT) -> None:
        self._open_engine = open_engine
        self._caller = caller
        self._offered = {definition.name: definition for definition in tools}
        self._engine: Engine | None = None
        self._bus = InMemorySubscriptionBus()
        self._fanout = LegacyFanout(self._bus)
        super().__init__(
            "orcaops",
            title="OrcaOps",
            description="A place for agents to run container jobs.",
            version=_VERSION,
            instructions=_INSTRUCTIONS,
            tools=[definition.build() for definition in tools],
            lifespan=lambda _: self._lifespan(),
            subscriptions=self._bus,
            log_level="WARNING",
            cache_hints={
                "tools/list": CacheHint(ttl_ms=60_000, scope="private"),
                "prompts/list": CacheHint(ttl_ms=60_000, scope="public"),
                "resources/templates/list": CacheHint(ttl_ms=60_000, scope="public"),
            },
        )
        self._fanout.install(self)
        add_request_handler(self, "tools/list", PaginatedRequestParams, self._list_for_sender)
        add_resources(self)
        add_completions(self, lambda: self._engine)
        add_prompts(self)

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[App, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """Call a tool; whatever goes wrong is an answer in the one envelope."""
        allowed = self._allowed(AGENT if context is None else caller_of(context))
        definition = self._offered.get(name)
        if definition is None:
            return refusal(faults.unknown_tool(name, allowed))
        if name not in allowed:
            return refusal(faults.may_not_change(name, allowed))
        try:
            return await super().call_tool(name, arguments, context)
        except ToolError as error:
            cause = error.__cause__
            if isinstance(cause, ValidationError):
                known = definition.build().parameters.get("properties", {})
                return refusal(faults.refused_arguments(name, known, cause))
            return refusal(faults.raised(name, cause or error))

    async def get_prompt(
        self, name: str, arguments: dict[str, Any] | None = None, context: Context[App, Any] | None = None
    ) -> GetPromptResult | InputRequiredResult:
        """Render a prompt; an unknown name or argument is the caller's error."""
        try:
            return await super().get_prompt(name, arguments, context)
        except ValueError as error:
            raise MCPError(INVALID_PARAMS, str(error)) from error

    async def list_resources(self) -> list[Resource]:
        """The fixed resources, the pages of the reference and the newest runs and jobs."""
        fixed = [*await super().list_resources(), *reference_resources()]
        return fixed if self._engine is None else [*fixed, *await recent(self._engine)]

    async def _list_for_sender(
        self, message: ServerRequestContext[App, Any], _: PaginatedRequestParams | None
    ) -> ListToolsResult:
        allowed = self._allowed(sender_of(message))
        return ListToolsResult(tools=[tool for tool in await self.list_tools() if tool.name in allowed])

    def _allowed(self, caller: Caller) -> list[str]:
        """Names of the tools that this caller may call."""
        return [name for name, definition in self._offered.items() if definition.reads_only or caller.may_change]

    @asynccontextmanager
    async def _lifespan(self) -> AsyncGenerator[App]:
        async with self._open_engine() as engine, change_events(engine, self._bus, self._fanout):
            self._engine = engine
            try:
                yield App(engine, self._bus, self._caller)
            finally:
                self._engine = None


def build_server(open_engine: EngineOpener, choice: ToolChoice | None = None, caller: Caller = AGENT) -> OrcaServer:
    """The server for one engine.

    Args:
        open_engine: How the engine is got; `already_open` for one that is open.
        choice: Which tools are on offer; the default set if None.
        caller: Who calls, where a connection or a request does not say.

    Raises:
        InvalidArgumentError: The choice names a tool or a group that does not exist.
    """
    return OrcaServer(open_engine, (choice or ToolChoice()).of(ALL_TOOLS), caller)

"""What a tool is: a name, its arguments, its hints, and an async function of a few lines."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from mcp.types import ToolAnnotations
from pydantic import ConfigDict

from core import InvalidArgumentError
from orcaops_mcp.mcp_server.schema import portable_schema
from orcaops_mcp.mcp_server.sdk import ArgModelBase, make_tool

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from mcp.server.mcpserver.tools import Tool
    from mcp.types import CallToolResult

    from orcaops_mcp.mcp_server.state import AppContext

READS: Final = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)
"""Changes nothing."""

STARTS: Final = ToolAnnotations(
    read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=True
)
"""Starts work that may reach the outside world."""

KEEPS: Final = ToolAnnotations(
    read_only_hint=False, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)
"""Stores something; doing it twice is like doing it once."""

STOPS: Final = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=False)
"""Ends something for good."""


class Arguments(ArgModelBase):
    """The arguments of a tool: unknown ones are refused, and a refused value is never repeated."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
        coerce_numbers_to_str=True,
        hide_input_in_errors=True,
        use_attribute_docstrings=True,
        populate_by_name=False,
    )

    def model_dump_one_level(self) -> dict[str, Any]:
        """What the SDK calls the tool's function with: the arguments as one object."""
        return {"arguments": self}


Given = TypeVar("Given", bound=Arguments)


@dataclass(frozen=True, slots=True)
class ToolDefinition(Generic[Given]):
    """A tool before it is put on offer.

    Attributes:
        name: On the wire.
        title: For people.
        hints: What it does to the world.
        arguments: The model of its arguments.
        run: What it does; its docstring is the description that models read.
        toolset: The group it belongs to.
    """

    name: str
    title: str
    hints: ToolAnnotations
    arguments: type[Given]
    run: Callable[[AppContext, Given], Awaitable[CallToolResult]]
    toolset: str = "default"

    @property
    def reads_only(self) -> bool:
        """Whether it changes nothing."""
        return bool(self.hints.read_only_hint)

    def build(self) -> Tool:
        """The tool as the SDK has it."""

        async def run(arguments: Given, ctx: AppContext) -> CallToolResult:
            return await self.run(ctx, arguments)

        return make_tool(
            self.name,
            title=self.title,
            description=" ".join((self.run.__doc__ or "").split()),
            schema=portable_schema(self.arguments),
            arguments=self.arguments,
            annotations=self.hints,
            run=run,
        )


AnyTool = ToolDefinition[Any]


@dataclass(frozen=True, slots=True)
class ToolChoice:
    """Which tools are on offer.

    Attributes:
        toolsets: Groups by name.
        tools: Only these; all of the groups if empty.
        read_only: Only those that change nothing.
    """

    toolsets: Sequence[str] = ("default",)
    tools: Sequence[str] = ()
    read_only: bool = False

    def of(self, offered: Sequence[AnyTool]) -> list[AnyTool]:
        """The tools chosen, in their order.

        Raises:
            InvalidArgumentError: A group or tool is not known.
        """
        _check("toolset", self.toolsets, {definition.toolset for definition in offered})
        _check("tool", self.tools, {definition.name for definition in offered})
        return [
            definition
            for definition in offered
            if (definition.name in self.tools if self.tools else definition.toolset in self.toolsets)
            and (definition.reads_only or not self.read_only)
        ]


def _check(noun: str, names: Sequence[str], known: set[str]) -> None:
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            guess = f"did you mean {near[0]}?" if near else "there are " + ", ".join(sorted(known)) + "."
            raise InvalidArgumentError(f"There is no {noun} {name[:80]!r}; {guess}")

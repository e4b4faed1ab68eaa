"""Workflow files: checked and planned, nothing run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Final, cast

from pydantic import Field, field_validator

from core import InvalidArgumentError
from orcaops_mcp.intake.workflow_request import FromPath, FromText, asked
from orcaops_mcp.mcp_server.answers import described
from orcaops_mcp.mcp_server.state import caller_of
from orcaops_mcp.mcp_server.toolset import READS, AnyTool, Arguments, ToolDefinition
from orcaops_mcp.mcp_server.workflow_report import report_facts, report_text

if TYPE_CHECKING:
    from mcp.types import CallToolResult

    from orcaops_mcp.mcp_server.state import AppContext


class ValidateWorkflow(Arguments):
    """Which file, and with which inputs."""

    spec: str = ""
    """The workflow's YAML or JSON text. Give spec or path."""
    path: Annotated[str, Field(max_length=4096)] = ""
    """A workflow file below the folder your chat stands in; files it calls with uses are read there too."""
    inputs: dict[str, Any] | None = None
    """Values of the workflow's inputs by name."""
    assume: Annotated[dict[str, str] | None, Field(max_length=100)] = None
    """Outcomes to plan with instead of success: {"test":"failure","build":"skipped"}."""

    @field_validator("spec", mode="before")
    @classmethod
    def _an_object_is_json(cls, value: Any) -> Any:
        return json.dumps(value, indent=2, ensure_ascii=False) if isinstance(value, dict) else value


async def validate_workflow(ctx: AppContext, arguments: ValidateWorkflow) -> CallToolResult:
    """Check a workflow file and plan it; runs nothing.

    Every finding at once with line, column, hint and fix; or, if it is in order, the order of jobs, matrix variants,
    what each waits for, skipped jobs and why, critical path. The language: resource orcaops://reference/authoring.
    """
    engine, caller = ctx.request_context.lifespan_context.engine, caller_of(ctx)
    source = _source(arguments.spec, arguments.path)
    found = await asked(engine, source, caller, inputs=arguments.inputs, assume=arguments.assume)
    return described(report_text(found.check), report_facts(found.check))


def _source(spec: str, path: str) -> FromText | FromPath:
    if bool(spec) == bool(path):
        raise InvalidArgumentError("Give spec, the text of a workflow, or path, where its file lies; not both.")
    return FromPath(path) if path else FromText(spec)


TOOLS: Final = cast(
    "tuple[AnyTool, ...]",
    (ToolDefinition("orcaops_validate_workflow", "Validate a workflow", READS, ValidateWorkflow, validate_workflow),),
)

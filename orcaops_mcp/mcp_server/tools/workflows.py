"""Workflow files: checked and planned, nothing run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Final, cast

from pydantic import Field, field_validator

from core import InvalidArgumentError
from orcaops_mcp.intake.workflow_file import FilesBelow, checked, checked_file
from orcaops_mcp.mcp_server.answers import described
from orcaops_mcp.mcp_server.state import caller_of
from orcaops_mcp.mcp_server.toolset import READS, AnyTool, Arguments, ToolDefinition
from orcaops_mcp.mcp_server.workflow_report import report_facts, report_text

if TYPE_CHECKING:
    from mcp.types import CallToolResult

    from core import WorkflowCheck
    from orcaops_mcp.intake.caller import Caller
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
    check = await _checked(ctx, arguments, caller_of(ctx))
    return described(report_text(check), report_facts(check))


async def _checked(ctx: AppContext, arguments: ValidateWorkflow, caller: Caller) -> WorkflowCheck:
    if bool(arguments.spec) == bool(arguments.path):
        raise InvalidArgumentError("Give spec, the text of a workflow, or path, where its file lies; not both.")
    if not arguments.path:
        files = _files_of(ctx, caller)
        load = files.load if files is not None else None
        return await checked(arguments.spec, inputs=arguments.inputs, load=load, assume=arguments.assume)
    files = _files_of(ctx, caller)
    if files is None:
        raise InvalidArgumentError(
            "path: you stand in no folder of the engine's machine", hint="Give the workflow's text as spec."
        )
    return await checked_file(arguments.path, files, inputs=arguments.inputs, assume=arguments.assume)


def _files_of(ctx: AppContext, caller: Caller) -> FilesBelow | None:
    home = ctx.request_context.lifespan_context.engine.settings.home
    return FilesBelow(caller.folder, home) if caller.folder is not None else None


TOOLS: Final = cast(
    "tuple[AnyTool, ...]",
    (ToolDefinition("orcaops_validate_workflow", "Validate a workflow", READS, ValidateWorkflow, validate_workflow),),
)

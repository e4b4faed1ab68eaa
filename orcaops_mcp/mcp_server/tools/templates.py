"""Jobs and workflows saved under a name, to be run by orcaops_submit_job and orcaops_run_workflow."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Final, cast

from pydantic import Field, field_validator

from core import InvalidArgumentError
from orcaops_mcp.intake.template import save
from orcaops_mcp.intake.workflow_request import FromPath, FromText, asked
from orcaops_mcp.mcp_server.answers import facts, listing, refusal
from orcaops_mcp.mcp_server.state import caller_of
from orcaops_mcp.mcp_server.toolset import KEEPS, READS, AnyTool, Arguments, ToolDefinition
from orcaops_mcp.mcp_server.workflow_report import refused_workflow
from orcaops_mcp.views.template import template_brief, template_view

if TYPE_CHECKING:
    from mcp.types import CallToolResult

    from core import SavedTemplate, Template
    from orcaops_mcp.mcp_server.state import AppContext

_SPEC: Final = "spec"
"""What the arguments call a template's job."""


class ListTemplates(Arguments):
    """Which templates."""

    name: Annotated[str, Field(max_length=63)] = ""
    """Only this one, with its inputs and its job or workflow in full."""
    cursor: Annotated[str, Field(max_length=63)] = ""
    """next_cursor of the page before."""


async def list_templates(ctx: AppContext, arguments: ListTemplates) -> CallToolResult:
    """Saved jobs and workflows with typed inputs, a line each.

    Run one with orcaops_submit_job(template, inputs); where kind is workflow with orcaops_run_workflow.
    """
    engine = ctx.request_context.lifespan_context.engine
    if arguments.name:
        return facts(_whole(await engine.get_template(arguments.name)))
    page = await engine.list_templates(cursor=arguments.cursor or None)
    content = {"templates": [template_brief(item) for item in page.items], "next_cursor": page.next_cursor}
    return listing(content, "templates")


class SaveTemplate(Arguments):
    """A template."""

    name: Annotated[str, Field(max_length=200)]
    """What to call it."""
    spec: dict[str, Any] | None = None
    """A job: fields of orcaops_submit_job; texts may hold ${{ inputs.NAME }}. Give one of spec, workflow, path."""
    workflow: str = ""
    """A workflow's YAML or JSON text. Its inputs are those that it declares."""
    path: Annotated[str, Field(max_length=4096)] = ""
    """A workflow file below the folder your chat stands in, saved with the files it calls."""
    inputs: dict[str, Any] | None = None
    """Of a job, by name: {"type":"string|number|boolean|choice|json","default":…,"required":…,"options":[…],"pattern":…,"min":…,"max":…,"description":…}. Not for secrets."""  # noqa: E501 - a description is one line
    description: Annotated[str, Field(max_length=1000)] = ""
    """What it is for."""
    overwrite: bool = False
    """Make it the next version if the name exists."""

    @field_validator("workflow", mode="before")
    @classmethod
    def _an_object_is_json(cls, value: Any) -> Any:
        return json.dumps(value, indent=2, ensure_ascii=False) if isinstance(value, dict) else value


async def save_template(ctx: AppContext, arguments: SaveTemplate) -> CallToolResult:
    """Save a job or a workflow under a name, with typed inputs, to run it again.

    Everything that can be known is checked.
    """
    given = [name for name in ("spec", "workflow", "path") if getattr(arguments, name)]
    if len(given) != 1:
        raise InvalidArgumentError("Give one of spec, a job; workflow, a file's text; path, where the file lies.")
    if arguments.spec is None:
        return await _save_workflow(ctx, arguments)
    engine = ctx.request_context.lifespan_context.engine
    template = {
        "name": arguments.name,
        "description": arguments.description,
        "inputs": arguments.inputs or {},
        "job": arguments.spec,
    }
    saved = await save(engine, template, caller_of(ctx), overwrite=arguments.overwrite, job_name=_SPEC)
    return facts(_kept(saved, "orcaops_submit_job"))


async def _save_workflow(ctx: AppContext, arguments: SaveTemplate) -> CallToolResult:
    engine, caller = ctx.request_context.lifespan_context.engine, caller_of(ctx)
    source = FromPath(arguments.path) if arguments.path else FromText(arguments.workflow)
    found = await asked(engine, source, caller)
    if not found.check.is_valid:
        return refusal(refused_workflow(found.check))
    request = found.request
    template = {
        "name": arguments.name,
        "description": arguments.description,
        "inputs": arguments.inputs or {},
        "workflow": {"text": request.text, "file_name": request.file_name, "files": dict(request.files)},
    }
    return facts(_kept(await save(engine, template, caller, overwrite=arguments.overwrite), "orcaops_run_workflow"))


def _kept(saved: SavedTemplate, tool: str) -> dict[str, Any]:
    name = saved.template.name
    call = f'{tool}(template="{name}", inputs={{…}})' if saved.template.spec.inputs else f'{tool}(template="{name}")'
    return {"name": name, "version": saved.template.version, "changed": saved.is_changed, "next": call}


def _whole(template: Template) -> dict[str, Any]:
    """The template in the words of the arguments that save it."""
    view = template_view(template)
    job, workflow = view.pop("job"), view.pop("workflow")
    if workflow is None:
        view.pop("kind")
        return view | {_SPEC: job}
    calls = {"file": workflow["file_name"], "calls": sorted(workflow["files"])}
    return view | calls | {"workflow": workflow["text"]}


TOOLS: Final = cast(
    "tuple[AnyTool, ...]",
    (
        ToolDefinition("orcaops_list_templates", "List templates", READS, ListTemplates, list_templates),
        ToolDefinition("orcaops_save_template", "Save a template", KEEPS, SaveTemplate, save_template),
    ),
)

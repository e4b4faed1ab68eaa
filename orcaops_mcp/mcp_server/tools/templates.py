"""Job requests saved under a name, to be run by orcaops_submit_job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, cast

from pydantic import Field

from orcaops_mcp.intake.template import save
from orcaops_mcp.mcp_server.answers import facts, listing
from orcaops_mcp.mcp_server.state import caller_of
from orcaops_mcp.mcp_server.toolset import KEEPS, READS, AnyTool, Arguments, ToolDefinition
from orcaops_mcp.views.template import template_brief, template_view

if TYPE_CHECKING:
    from mcp.types import CallToolResult

    from core import Template
    from orcaops_mcp.mcp_server.state import AppContext

_SPEC: Final = "spec"
"""What the arguments call a template's job."""


class ListTemplates(Arguments):
    """Which templates."""

    name: Annotated[str, Field(max_length=63)] = ""
    """Only this one, with its inputs and job in full."""
    cursor: Annotated[str, Field(max_length=63)] = ""
    """next_cursor of the page before."""


async def list_templates(ctx: AppContext, arguments: ListTemplates) -> CallToolResult:
    """Saved jobs with typed inputs, a line each. Run one with orcaops_submit_job(template, inputs)."""
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
    spec: dict[str, Any]
    """Fields of orcaops_submit_job; texts may hold ${{ inputs.NAME }}."""
    inputs: dict[str, Any] | None = None
    """By name: {"type":"string|number|boolean|choice|json","default":…,"required":…,"options":[…],"pattern":…,"min":…,"max":…,"description":…}. Not for secrets."""  # noqa: E501 - a description is one line
    description: Annotated[str, Field(max_length=1000)] = ""
    """What it is for."""
    overwrite: bool = False
    """Make it the next version if the name exists."""


async def save_template(ctx: AppContext, arguments: SaveTemplate) -> CallToolResult:
    """Save a job under a name, with typed inputs, to run it again. Everything that can be known is checked."""
    engine = ctx.request_context.lifespan_context.engine
    template = {
        "name": arguments.name,
        "description": arguments.description,
        "inputs": arguments.inputs or {},
        "job": arguments.spec,
    }
    saved = await save(engine, template, caller_of(ctx), overwrite=arguments.overwrite, job_name=_SPEC)
    name, version = saved.template.name, saved.template.version
    call = f'orcaops_submit_job(template="{name}", inputs={{…}})' if saved.template.spec.inputs else ""
    return facts(
        {
            "name": name,
            "version": version,
            "changed": saved.is_changed,
            "next": call or f'orcaops_submit_job(template="{name}")',
        }
    )


def _whole(template: Template) -> dict[str, Any]:
    """The template in the words of the arguments that save it."""
    view = template_view(template)
    job = view.pop("job")
    return view | {_SPEC: job}


TOOLS: Final = cast(
    "tuple[AnyTool, ...]",
    (
        ToolDefinition("orcaops_list_templates", "List templates", READS, ListTemplates, list_templates),
        ToolDefinition("orcaops_save_template", "Save a template", KEEPS, SaveTemplate, save_template),
    ),
)

"""Jobs, runs, logs, artifacts, schemas and pages on workflows as resources, for clients that pin or watch them."""

# No `from __future__ import annotations`: the SDK reads the handlers' annotations.
import json
from collections.abc import Callable
from typing import Final

from mcp.server import MCPServer
from mcp.server.mcpserver import ResourceSecurity
from mcp.server.mcpserver.exceptions import ResourceError, ResourceNotFoundError
from mcp.types import (
    Completion,
    CompletionArgument,
    CompletionContext,
    PromptReference,
    Resource,
    ResourceTemplateReference,
)

from core import Engine, LogCursor, LogQuery, workflow_schema
from orcaops_mcp.intake.fields import known_form
from orcaops_mcp.intake.job_schema import job_schema
from orcaops_mcp.mcp_server.events import job_uri
from orcaops_mcp.mcp_server.outcomes import whole_record
from orcaops_mcp.mcp_server.reference_pages import PAGES, REFERENCE_URI, reference_page
from orcaops_mcp.mcp_server.resource_reading import as_resource
from orcaops_mcp.mcp_server.run_resources import add_run_resources, node_ids, recent_runs
from orcaops_mcp.mcp_server.state import App, AppContext
from orcaops_mcp.mcp_server.untrusted import fenced

MAX_LISTED: Final = 50
MAX_LOG_BYTES: Final = 64 * 1024
MAX_ARTIFACT_BYTES: Final = 1024 * 1024


def add_resources(server: MCPServer[App]) -> None:
    """Put the resources on offer."""
    server.resource(
        "orcaops://jobs/{id}/logs{?tail,cursor}",
        name="job-log",
        title="Log of a job",
        description="The job's output, cleaned; the last 200 lines unless tail or cursor say otherwise.",
        mime_type="text/plain",
    )(_job_log)
    server.resource(
        "orcaops://jobs/{id}/artifacts/{+path}",
        name="job-artifact",
        title="Artifact of a job",
        description="A file kept of the job, at most 1 MiB.",
        mime_type="application/octet-stream",
        security=ResourceSecurity(exempt_params={"path"}),
    )(_job_artifact)
    server.resource(
        "orcaops://jobs/{id}",
        name="job",
        title="Job",
        description="The record of a job.",
        mime_type="application/json",
    )(_job)
    server.resource(
        "orcaops://schemas/job",
        name="job-schema",
        title="JSON Schema of a job",
        description="What a job specification may hold.",
        mime_type="application/schema+json",
    )(_job_schema)
    add_run_resources(server)
    _add_workflow_language(server)


async def recent(engine: Engine) -> list[Resource]:
    """The newest runs and jobs as resources; for the rest there are templates and a tool."""
    return [*await recent_runs(engine), *await _recent_jobs(engine)]


async def _recent_jobs(engine: Engine) -> list[Resource]:
    page = await engine.list_jobs(limit=MAX_LISTED)
    return [
        Resource(
            uri=job_uri(job.job_id),
            name=job.job_id,
            title=f"{job.spec.name or job.spec.image}: {job.status.value}",
            mime_type="application/json",
        )
        for job in page.items
    ]


async def complete(
    engine: Engine,
    ref: PromptReference | ResourceTemplateReference,
    argument: CompletionArgument,
    context: CompletionContext | None = None,
) -> Completion | None:
    """Ids of jobs, runs and nodes, or topics of the reference, that begin with what was typed."""
    if argument.name == "topic":
        return Completion(values=[topic for topic in PAGES if topic.startswith(argument.value)])
    uri = str(ref.uri) if isinstance(ref, ResourceTemplateReference) else ""
    known = (context.arguments if context else None) or {}
    if argument.name == "node" and uri.startswith("orcaops://workflows/"):
        return Completion(values=await node_ids(engine, known.get("id", ""), argument.value))
    if argument.name not in ("id", "job_id", "workflow_id"):
        return None
    beginning = argument.value[:40]
    if argument.name == "workflow_id" or uri.startswith("orcaops://workflows/"):
        found = await engine.find_workflow_ids(beginning, 20)
    elif not uri or uri.startswith("orcaops://jobs/"):
        found = await engine.find_job_ids(beginning, 20)
    else:
        return None
    return Completion(values=list(found), has_more=len(found) == 20)


def add_completions(server: MCPServer[App], engine_of: Callable[[], Engine | None]) -> None:
    """Complete ids in templates and prompts, and topics of the reference.

    Args:
        server: Where.
        engine_of: Called for the engine of the present lifespan; None before it began.
    """

    @server.completion()
    async def handle(
        ref: PromptReference | ResourceTemplateReference,
        argument: CompletionArgument,
        context: CompletionContext | None,
    ) -> Completion | None:
        engine: Engine | None = engine_of()
        return None if engine is None else await complete(engine, ref, argument, context)


def _add_workflow_language(server: MCPServer[App]) -> None:
    server.resource(
        "orcaops://schemas/workflow",
        name="workflow-schema",
        title="JSON Schema of a workflow",
        description="What a workflow file may hold, with a description of every key.",
        mime_type="application/schema+json",
    )(_workflow_schema)
    server.resource(
        REFERENCE_URI,
        name="reference",
        title="Reference of the workflow language",
        description=f"How to write workflows; topics: {', '.join(PAGES)}.",
        mime_type="text/markdown",
    )(_reference)


async def _job(id: str, ctx: AppContext) -> str:  # noqa: A002 - the name in the URI template
    engine = ctx.request_context.lifespan_context.engine

    async def read() -> str:
        return json.dumps(await whole_record(engine, await engine.get_job(known_form(id))))

    return await as_resource(read())


async def _job_log(id: str, ctx: AppContext, tail: str = "200", cursor: str = "") -> str:  # noqa: A002 - same
    engine = ctx.request_context.lifespan_context.engine
    if not tail.isdecimal() or not 1 <= int(tail[:6]) <= 100_000:
        raise ResourceNotFoundError("tail: a number of lines, 1 to 100000")

    async def read() -> str:
        query = LogQuery(cursor=LogCursor.parse(cursor)) if cursor else LogQuery(tail=int(tail[:6]))
        page = await engine.read_logs(known_form(id), query)
        shown = fenced(page.lines, max_bytes=MAX_LOG_BYTES, keep="head" if cursor else "tail")
        return f"{shown.text}\nnext cursor: {shown.next_cursor(page)}"

    return await as_resource(read())


async def _job_artifact(id: str, path: str, ctx: AppContext) -> bytes | str:  # noqa: A002 - same
    engine = ctx.request_context.lifespan_context.engine

    async def read() -> bytes | str:
        part = await engine.read_artifact(known_form(id), path, max_bytes=MAX_ARTIFACT_BYTES)
        if part.next_offset is not None:
            raise ResourceError("The artifact is larger than 1 MiB; read it in slices with orcaops_get_artifact.")
        return part.data

    return await as_resource(read())


def _job_schema() -> str:
    return json.dumps(job_schema())


def _workflow_schema() -> str:
    return json.dumps(workflow_schema())


async def _reference(topic: str) -> str:
    async def read() -> str:
        return reference_page(topic)

    return await as_resource(read())

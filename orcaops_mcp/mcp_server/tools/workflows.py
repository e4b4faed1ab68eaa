"""Workflow files: checked and planned, and run."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Final, cast

from pydantic import Field, field_validator

from core import InvalidArgumentError
from orcaops_mcp.intake.job_request import input_files
from orcaops_mcp.intake.template import named_version
from orcaops_mcp.intake.workflow_request import FromPath, FromTemplate, FromText, asked
from orcaops_mcp.mcp_server.answers import described, facts, refusal
from orcaops_mcp.mcp_server.run_report import matrices, next_of_run, nodes_page, run_brief
from orcaops_mcp.mcp_server.state import caller_of
from orcaops_mcp.mcp_server.toolset import READS, STARTS, AnyTool, Arguments, ToolDefinition
from orcaops_mcp.mcp_server.waiting import reporting
from orcaops_mcp.mcp_server.workflow_report import refused_workflow, report_facts, report_text

if TYPE_CHECKING:
    from mcp.types import CallToolResult

    from core import SubmittedRun
    from orcaops_mcp.mcp_server.state import AppContext

_NAMED: Final = 20
"""Nodes that the answer to a start names."""
_ONE_OF: Final = "Give spec, the text of a workflow, or path, where its file lies (or template, to run one), not both."


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


class RunWorkflow(Arguments):
    """What to run, and with what."""

    spec: str = ""
    """The workflow's YAML or JSON text. Give one of spec, path, template."""
    path: Annotated[str, Field(max_length=4096)] = ""
    """A workflow file below the folder your chat stands in; files it calls are read there too."""
    template: Annotated[str, Field(max_length=90)] = ""
    """A saved workflow, NAME or NAME@VERSION."""
    inputs: dict[str, Any] | None = None
    """Values of the workflow's inputs by name; kept in the record, so no place for secrets."""
    context: dict[str, Any] | None = None
    """What expressions see of the surroundings: {"github":{"ref_name":"main"},"vars":{…}}; empty if left out."""
    name: Annotated[str, Field(max_length=200)] = ""
    """What to call this run."""
    tags: Annotated[list[str] | None, Field(max_length=32)] = None
    """Labels to find the run by."""
    max_parallel: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Run at most so many of its jobs at once."""
    workspace: str = ""
    """Folder put into every job's working directory, as it is now, without what .gitignore leaves out: "."."""
    files: Annotated[list[str] | None, Field(max_length=20)] = None
    """Upload ids from orcaops_upload_files, put there as well."""
    idempotency_key: Annotated[str, Field(max_length=200)] = ""
    """A repeat with the same key returns the first run instead of starting another."""
    wait_s: Annotated[float, Field(ge=0, le=50)] = 0
    """Wait up to this many seconds for the end. 0 returns at once."""
    dry_run: bool = False
    """Only check and plan; starts nothing."""

    @field_validator("spec", mode="before")
    @classmethod
    def _an_object_is_json(cls, value: Any) -> Any:
        return json.dumps(value, indent=2, ensure_ascii=False) if isinstance(value, dict) else value

    @field_validator("tags", "files", mode="before")
    @classmethod
    def _one_is_a_list(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value


async def run_workflow(ctx: AppContext, arguments: RunWorkflow) -> CallToolResult:
    """Run a workflow: jobs in containers, in the order that their needs give.

    Returns workflow_id and status at once; the run goes on whatever becomes of this call. With wait_s also how it
    ended: nodes, failed ones first. A file with faults starts nothing; the findings are those of
    orcaops_validate_workflow.
    """
    engine, caller = ctx.request_context.lifespan_context.engine, caller_of(ctx)
    source = _source(arguments.spec, arguments.path, arguments.template)
    found = await asked(engine, source, caller, inputs=arguments.inputs)
    if found.check.plan is None:
        return refusal(refused_workflow(found.check))
    if arguments.dry_run:
        return described(report_text(found.check), {"dry_run": True, **report_facts(found.check)})
    files = await input_files(engine, caller, workspace=arguments.workspace or None, uploads=arguments.files)
    request = replace(
        found.request,
        context=arguments.context or {},
        name=arguments.name,
        tags=tuple(arguments.tags or ()),
        max_parallel=arguments.max_parallel,
        workspace=files,
        actor=caller.name,
    )
    key = arguments.idempotency_key or None
    submitted = await engine.run_workflow(request, by=caller.name, idempotency_key=key, folder=caller.folder)
    return await _accepted(ctx, submitted, arguments.wait_s)


async def _accepted(ctx: AppContext, submitted: SubmittedRun, wait_s: float) -> CallToolResult:
    engine, workflow_id = ctx.request_context.lifespan_context.engine, submitted.run.workflow_id
    replayed = {"replayed": True if submitted.replayed else None}
    if not wait_s:
        run = submitted.run
        nodes = [node.node_id for node in submitted.nodes[:_NAMED]]
        return facts({**run_brief(run), "nodes": nodes, **replayed, "next": next_of_run(run)})
    await reporting(ctx, [workflow_id], wait_s, lambda: engine.wait_for_runs([workflow_id], timeout_s=wait_s))
    run, nodes = await engine.workflow_state(workflow_id)
    passed = {"matrix": matrices(nodes)}
    return facts({**run_brief(run), **passed, **nodes_page(nodes), **replayed, "next": next_of_run(run)})


def _source(spec: str, path: str, template: str = "") -> FromText | FromPath | FromTemplate:
    given = [each for each in (spec, path, template) if each]
    if len(given) != 1:
        raise InvalidArgumentError(_ONE_OF)
    if template:
        return FromTemplate(*named_version(template))
    return FromPath(path) if path else FromText(spec)


TOOLS: Final = cast(
    "tuple[AnyTool, ...]",
    (
        ToolDefinition("orcaops_validate_workflow", "Validate a workflow", READS, ValidateWorkflow, validate_workflow),
        ToolDefinition("orcaops_run_workflow", "Run a workflow", STARTS, RunWorkflow, run_workflow),
    ),
)

"""From a request to a run that can be stored: everything that can be wrong with it is said before it starts."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated, Final, cast

import anyio
import anyio.to_thread
from pydantic import Field, TypeAdapter, ValidationError

from core.engine.remarks import short_secrets
from core.engine.secret_book import refusal_of
from core.engine.workflow.frame import first_nodes, handed_secrets, root_frame, run_facts
from core.errors import Finding, InvalidArgumentError, InvalidExpressionError, InvalidSpecError
from core.ids import new_workflow_id
from core.lifecycle.workflow import WORKFLOW_LIFECYCLE
from core.plan.check import check_workflow, flat_findings, loader
from core.plan.compile import RunFacts, Scene, take_inputs
from core.records.workflow import WorkflowRun, WorkflowSource
from core.spec.fields import Tag
from core.spec.load import findings_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from core.engine.workflow.request import WorkflowRequest
    from core.plan.check import WorkflowCheck
    from core.plan.findings import SourceFinding
    from core.plan.graph import Graph
    from core.records.workflow_node import JsonObject, WorkflowNode
    from core.settings import EngineSettings
    from core.spec.workflow import WorkflowSpec

_CONTEXTS: Final = ("github", "vars")
_MOST_PARALLEL: Final = 10_000
_HIGHEST: Final = 100
_LONGEST_NAME: Final = 200
_TAGS: Final = TypeAdapter(Annotated[tuple[Tag, ...], Field(max_length=32)])
_TOLD: Final = 100
"""Findings that are told at once."""
_IN_WORDS: Final = 10
"""Of those, how many stand in the message too."""


@dataclass(frozen=True, slots=True)
class AcceptedRun:
    """A run about to be stored.

    Attributes:
        run: The record.
        source: What it is made from.
        nodes: Those that are known already.
        workflow: Its file, as it was understood.
        graph: The order of its jobs.
    """

    run: WorkflowRun
    source: WorkflowSource
    nodes: tuple[WorkflowNode, ...]
    workflow: WorkflowSpec
    graph: Graph


async def accept(
    request: WorkflowRequest,
    settings: EngineSettings,
    *,
    at: datetime,
    by: str,
    folder: Path | None,
    threads: anyio.CapacityLimiter,
) -> AcceptedRun:
    """Check a request and make a run of it; in a thread, since a large file takes its time.

    Args:
        request: What was asked.
        settings: The engine's.
        at: The time.
        by: The door.
        folder: The caller's own, below which volumes may lie.
        threads: Whose thread.

    Raises:
        InvalidArgumentError: The context, a number or a tag is not as it must be.
        InvalidSpecError: The file has errors, or its inputs do; with a finding for each.
        UnknownSecretError: It declares secrets that this engine does not have.
    """
    return await anyio.to_thread.run_sync(lambda: _accepted(request, settings, at, by, folder), limiter=threads)


def run_name(run: WorkflowRun, workflow: WorkflowSpec, settings: EngineSettings) -> str:
    """What a run is called, now that its number is known; as much of it as can be evaluated."""
    if not workflow.run_name:
        return workflow.name
    return _title(root_frame(run, workflow, settings).bare.resolver().text(workflow.run_name, "run_name"))


def check_secrets(workflow: WorkflowSpec, settings: EngineSettings) -> None:
    """See to it that every secret is there that the file, and those it calls, declare.

    Raises:
        InvalidSpecError: A secret is handed on in a way that cannot be followed.
        UnknownSecretError: Some are missing; all of them are named.
    """
    missing = dict.fromkeys(_missing(workflow, {name: name for name in settings.secrets}, ""))
    if missing:
        raise refusal_of((told.partition(" ")[0] for told in missing), missing, settings)


def secret_names(workflow: WorkflowSpec) -> tuple[str, ...]:
    """The secrets that a file declares, and those that its jobs ask for."""
    own = (*workflow.secrets, *(name for job in workflow.jobs.values() for name in job.secrets))
    return tuple(dict.fromkeys(own))


def _missing(workflow: WorkflowSpec, known: Mapping[str, str], place: str) -> list[str]:
    folded = {name.lower() for name in known}
    missing = [f"{name}{place}" for name in secret_names(workflow) if name.lower() not in folded]
    for job in workflow.jobs.values():
        if job.call is None or job.call.workflow is None:
            continue
        try:
            handed = handed_secrets(job.call, known)
        except InvalidExpressionError as error:
            path = f"jobs.{job.id}.{error.message.partition(' ')[0]}"
            raise InvalidSpecError(
                f"{path}: {error.message}", findings=(Finding(path, error.message, error.hint),), hint=error.hint
            ) from None
        missing += _missing(job.call.workflow, handed, f" (in {job.call.file}, called by {job.id})")
    return missing


def _accepted(
    request: WorkflowRequest, settings: EngineSettings, at: datetime, by: str, folder: Path | None
) -> AcceptedRun:
    _check_fields(request)
    context = _context(request, folder)
    github = cast("Mapping[str, object]", context["github"])
    check = check_workflow(
        request.text, request.file_name, inputs=request.inputs, load=loader(request.files), github=github, plans=False
    )
    workflow, graph = check.spec, check.graph
    if workflow is None or graph is None or not check.can_run:
        raise _refused(flat_findings(check))
    check_secrets(workflow, settings)
    run = WorkflowRun(
        workflow_id=new_workflow_id(),
        name=workflow.name,
        status=WORKFLOW_LIFECYCLE.initial,
        version=1,
        created_at=at,
        run_number=0,
        context=context,
        secrets=secret_names(workflow),
        warnings=(
            *(_warning(finding) for finding in check.findings),
            *({"message": said} for said in short_secrets(secret_names(workflow), settings)),
        ),
        submitted_by=by,
        actor=request.actor,
        max_parallel=request.max_parallel or workflow.max_parallel,
        priority=request.priority,
        tags=request.tags,
        template=request.template,
    )
    run = replace(run, inputs=_inputs(request, workflow, run))
    frame = root_frame(run, workflow, settings, graph)
    name = _title(request.name or frame.bare.resolver().text(workflow.run_name or workflow.name, "run_name"))
    return AcceptedRun(replace(run, run_name=name), _source(request, check), first_nodes(frame), workflow, graph)


def _check_fields(request: WorkflowRequest) -> None:
    """Refuse numbers and tags that nothing could be done with.

    Raises:
        InvalidArgumentError: One is not as it must be.
    """
    if request.max_parallel is not None and not 1 <= request.max_parallel <= _MOST_PARALLEL:
        hint = "Leave it out to take what the file says."
        raise InvalidArgumentError(f"max_parallel must be from 1 to {_MOST_PARALLEL}", hint=hint)
    if not -_HIGHEST <= request.priority <= _HIGHEST:
        raise InvalidArgumentError(f"priority must be from -{_HIGHEST} to {_HIGHEST}", hint="Higher comes first.")
    try:
        _TAGS.validate_python(request.tags)
    except ValidationError as error:
        finding = findings_of(error)[0]
        raise InvalidArgumentError(f"tags: {finding.message}", hint=finding.hint) from None


def _title(name: str) -> str:
    """A name that fits a line."""
    told = "".join(mark if mark.isprintable() else " " for mark in name)
    return told if len(told) <= _LONGEST_NAME else told[: _LONGEST_NAME - 1] + "…"


def _context(request: WorkflowRequest, folder: Path | None) -> JsonObject:
    """What is kept of the surroundings.

    Raises:
        InvalidArgumentError: A context is no mapping.
    """
    unknown = [name for name in request.context if name not in _CONTEXTS]
    if unknown:
        raise InvalidArgumentError(f"context: there is no context {unknown[0]} to give", hint="give github and vars")
    kept: dict[str, object] = {}
    for name in _CONTEXTS:
        given = request.context.get(name, {})
        if not isinstance(given, dict):
            raise InvalidArgumentError(f"context.{name} must be a mapping", hint='such as {"ref_name": "main"}')
        kept[name] = cast("object", given)
    caller: dict[str, object] = {}
    if request.workspace:
        caller["workspace"] = [file.model_dump(mode="json") for file in request.workspace]
    if folder is not None:
        caller["folder"] = str(folder)
    return {**kept, "caller": caller} if caller else kept


def _inputs(request: WorkflowRequest, workflow: WorkflowSpec, run: WorkflowRun) -> JsonObject:
    """The typed inputs.

    Raises:
        InvalidSpecError: With a finding for everything that is wrong with them.
    """
    contexts = {name: cast("Mapping[str, object]", run.context[name]) for name in _CONTEXTS}
    facts = RunFacts(inputs={}, variables=contexts["vars"], github=contexts["github"], run=run_facts(run))
    taken = take_inputs(workflow.inputs, request.inputs, Scene(workflow, facts).resolver())
    said = "has a default that reads what is known only once the run is accepted"
    late = tuple(Finding(f"inputs.{name}", said, "give a value") for name in taken.open)
    if taken.findings or late:
        raise _refused((*taken.findings, *late))
    return taken.values


def _refused(findings: Sequence[Finding]) -> InvalidSpecError:
    told = tuple(findings[:_TOLD])
    more = f"; and {len(findings) - _IN_WORDS} more" if len(findings) > _IN_WORDS else ""
    said = "; ".join(map(str, told[:_IN_WORDS])) + more if told else "the workflow cannot be run"
    return InvalidSpecError(said, findings=told, hint=told[0].hint if told else "validate the workflow")


def _source(request: WorkflowRequest, check: WorkflowCheck) -> WorkflowSource:
    digest = hashlib.sha256(request.text.encode()).hexdigest()
    return WorkflowSource(request.file_name, request.text, digest, dict(request.files), check.canonical)


def _warning(finding: SourceFinding) -> JsonObject:
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "file": finding.file,
        "line": finding.place.line,
        "column": finding.place.column,
        "path": finding.path,
        "message": finding.message,
        "hint": finding.hint,
    }

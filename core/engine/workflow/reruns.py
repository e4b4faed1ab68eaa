"""Reruns of workflow runs: from a request to what is to be written, and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, cast

import anyio
import anyio.to_thread

from core.engine.workflow.acceptance import check_secrets, run_name
from core.engine.workflow.evidence import Evidence
from core.engine.workflow.outline import Outline
from core.engine.workflow.program import read_program
from core.engine.workflow.request import WorkflowRequest
from core.engine.workflow.rerun_request import RerunPlan
from core.errors import InvalidSpecError, WorkflowNotFinishedError
from core.ids import new_workflow_id
from core.plan.rerun import Selection

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from core.engine.parts import Parts
    from core.engine.workflow.conductors import Conductors
    from core.engine.workflow.rerun_request import RerunRequest
    from core.plan.rerun import Earlier
    from core.records.workflow import WorkflowRun, WorkflowSource
    from core.records.workflow_node import JsonObject, WorkflowNode
    from core.spec.workflow import WorkflowSpec
    from core.store.node_changes import NodeMove


_PLANNERS: Final = 2
"""Reruns that are read and planned at the same time; one of a large run computes for a second."""


@dataclass(frozen=True, slots=True)
class RerunDraft:
    """A rerun about to be written.

    Attributes:
        run: As it will be: with its next attempt, or as a run of its own.
        source: What it is made from; None takes the source of the attempt before.
        stored: What the attempt before was made from.
        workflow: The file.
        nodes: Those it begins with, all waiting.
        moves: What is kept.
        plan: The same in words.
    """

    run: WorkflowRun
    source: WorkflowSource | None
    stored: WorkflowSource
    workflow: WorkflowSpec
    nodes: tuple[WorkflowNode, ...]
    moves: tuple[NodeMove, ...]
    plan: RerunPlan


class RerunDesk:
    """Plans reruns; writes nothing.

    Args:
        parts: The engine's parts.
        conductors: Check changed files and inputs.

    Attributes:
        turn: Held from the planning of a rerun until it is written, so that it is planned from what it follows.
    """

    def __init__(self, parts: Parts, conductors: Conductors) -> None:
        self.turn = anyio.Lock()
        self._threads = anyio.CapacityLimiter(_PLANNERS)
        self._parts = parts
        self._conductors = conductors

    async def draft(self, workflow_id: str, request: RerunRequest, *, by: str, folder: Path | None) -> RerunDraft:
        """What a rerun would do.

        Args:
            workflow_id: The run.
            request: What is asked for.
            by: The door that asks.
            folder: The caller's own, below which volumes may lie.

        Raises:
            WorkflowNotFinishedError: The run has not ended.
            InvalidArgumentError: A name means no job, or nothing would run again.
            InvalidSpecError: The changed file has errors, or the inputs do.
            UnknownSecretError: The engine does not have a secret that the file declares.
        """
        wish = request.wish()
        before, nodes = await self._parts.workflows.state(workflow_id)
        if not before.is_finished:
            raise WorkflowNotFinishedError(f"{workflow_id} has not finished: it is {before.status}.")
        stored = await self._parts.workflows.source(workflow_id)
        run, source, workflow = await self._begun(before, stored, request, by, folder)
        earlier: Mapping[str, Earlier] = {}
        if wish.selection is not Selection.ALL:
            earlier = await Evidence(self._parts).of(nodes)
        outline = Outline(run, workflow, nodes, earlier, request.actor or by)
        sheet = await anyio.to_thread.run_sync(lambda: outline.sheet(wish, self._parts.settings), limiter=self._threads)
        plan = RerunPlan(
            workflow_id=workflow_id,
            attempt=run.attempt,
            selection=request.words,
            nodes=tuple(sheet.plans),
        )
        return RerunDraft(run, source, stored, workflow, tuple(sheet.nodes), tuple(sheet.moves), plan)

    async def _begun(
        self, before: WorkflowRun, stored: WorkflowSource, request: RerunRequest, by: str, folder: Path | None
    ) -> tuple[WorkflowRun, WorkflowSource | None, WorkflowSpec]:
        """The run with its next attempt, what is new of its source, and the workflow."""
        settings = self._parts.settings
        await self._parts.secrets.look_again()
        workflow = await read_program(stored, self._threads)
        run = replace(before, context=_context(before, folder), started_at=None, submitted_by=by, actor=request.actor)
        if request.new_run:
            run = replace(run, workflow_id=new_workflow_id(), attempt=1, run_number=0)
        else:
            run = replace(run, attempt=before.attempt + 1)
        is_named_by_file = before.run_name == run_name(before, workflow, settings)
        if request.source is None and not request.inputs:
            check_secrets(workflow, settings)
            found = tuple(warning for warning in run.warnings if "code" in warning)  # the others were of the attempt
            name = run_name(run, workflow, settings) if is_named_by_file else run.run_name
            return replace(run, warnings=found, run_name=name), None, workflow
        asked = await self._asked(before, stored, workflow, request)
        accepted = await self._conductors.accept(asked, by=by, folder=folder)
        run = replace(
            run,
            name=accepted.run.name if request.new_run else run.name,
            inputs=accepted.run.inputs,
            secrets=accepted.run.secrets,
            warnings=accepted.run.warnings,
            max_parallel=accepted.run.max_parallel,
        )
        if is_named_by_file:
            run = replace(run, run_name=run_name(run, accepted.workflow, settings))
        return run, accepted.source if request.source is not None else None, accepted.workflow

    async def _asked(
        self, before: WorkflowRun, stored: WorkflowSource, workflow: WorkflowSpec, request: RerunRequest
    ) -> WorkflowRequest:
        """The run as it would be asked for anew, with what has changed."""
        text, file_name, files = stored.text, stored.file_name, stored.files
        declared = workflow.inputs
        if request.source is not None:
            text, file_name = request.source.text, request.source.file_name or file_name
            files = {**files, **request.source.files}
            declared = await self._declared(replace(stored, text=text, file_name=file_name, files=files))
        names = {name.lower() for name in declared} - {name.lower() for name in request.inputs}
        kept = {name: value for name, value in before.inputs.items() if value is not None and name.lower() in names}
        return WorkflowRequest(
            text=text,
            file_name=file_name,
            files=files,
            inputs={**kept, **request.inputs},
            context={name: before.context.get(name, {}) for name in ("github", "vars")},
            max_parallel=before.max_parallel if before.max_parallel != workflow.max_parallel else None,
        )

    async def _declared(self, source: WorkflowSource) -> Collection[str]:
        """The inputs that a file declares; none if it cannot be read, which is told when it is checked."""
        try:
            return (await read_program(source, self._threads)).inputs
        except InvalidSpecError:
            return ()


def _context(before: WorkflowRun, folder: Path | None) -> JsonObject:
    """What expressions and jobs are given of the surroundings: as before, but with the folder of who asks now."""
    given = before.context.get("caller")
    caller = dict(cast("Mapping[str, object]", given)) if isinstance(given, dict) else {}
    caller.pop("folder", None)
    if folder is not None:
        caller["folder"] = str(folder)
    return {**before.context, "caller": caller} if caller or given is not None else before.context

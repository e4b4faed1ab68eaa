"""Run workflows again, wholly or in part, and say why their nodes stand where they stand."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from core.engine.verbs.base import Verbs
from core.engine.verbs.workflows import check_workflow_id
from core.engine.workflow.acceptance import run_name
from core.engine.workflow.explaining import explained
from core.engine.workflow.rerun_request import Rerun, RerunPlan
from core.lifecycle.workflow import WORKFLOW_LIFECYCLE
from core.records.workflow import WorkflowRun

if TYPE_CHECKING:
    from pathlib import Path

    from core.engine.workflow.rerun_request import Explanation, RerunRequest
    from core.engine.workflow.reruns import RerunDraft
    from core.store.workflow_changes import SubmittedRun


class WorkflowRerunVerbs(Verbs):
    """Verbs about further attempts of workflow runs."""

    async def plan_rerun(
        self, workflow_id: str, request: RerunRequest, *, by: str = "python", folder: Path | None = None
    ) -> RerunPlan:
        """What a rerun would keep and what it would run, each with the reason; nothing is written.

        Args:
            workflow_id: The run; it has ended.
            request: What is to run again, and with what.
            by: The door that asks, for conditions that ask for it.
            folder: The caller's own, below which volumes are allowed.

        Raises:
            WorkflowNotFoundError: There is no such run.
            WorkflowNotFinishedError: It has not ended.
            InvalidArgumentError: A name means no job, the request does not go together, or nothing would run again.
            InvalidSpecError: The changed file has errors, or the inputs do; with a finding for each.
            UnknownSecretError: The file declares secrets that this engine does not have.
        """
        check_workflow_id(workflow_id)
        return (await self._rerun_desk.draft(workflow_id, request, by=by, folder=folder)).plan

    async def rerun_workflow(
        self,
        workflow_id: str,
        request: RerunRequest,
        *,
        by: str = "python",
        idempotency_key: str | None = None,
        folder: Path | None = None,
    ) -> Rerun:
        """Begin a further attempt of a run that has ended, or a run of its own; durable when this returns.

        Results that still stand are kept with the jobs that made them; earlier attempts stay as they were.

        Args:
            workflow_id: The run.
            request: What is to run again, and with what.
            by: The door that asks, for the audit trail.
            idempotency_key: The same key with the same request gives the first call's run, ``replayed``.
            folder: The caller's own, below which volumes are allowed beside the operator's folders.

        Raises:
            EngineClosedError: The engine shuts down.
            IdempotencyConflictError: The key was used with another request.
            WorkflowNotFoundError: There is no such run.
            WorkflowNotFinishedError: It has not ended.
            InvalidArgumentError: A name means no job, the request does not go together, or nothing would run again.
            InvalidSpecError: The changed file has errors, or the inputs do; with a finding for each.
            UnknownSecretError: The file declares secrets that this engine does not have.
        """
        self._insist_on_open()
        check_workflow_id(workflow_id)
        digest = request.digest(workflow_id) if idempotency_key is not None else ""
        async with self._rerun_desk.turn:
            if idempotency_key is not None:
                found = await self._parts.workflows.replayed(idempotency_key, digest)
                if found is not None:
                    plan = RerunPlan(workflow_id=workflow_id, attempt=found.attempt, selection=request.words, nodes=())
                    return Rerun(found, plan, replayed=True)
            draft = await self._rerun_desk.draft(workflow_id, request, by=by, folder=folder)
            begun = await self._begin(draft, request, idempotency_key, digest)
        self._conductors.begin(begun.run)
        return Rerun(begun.run, draft.plan, replayed=begun.replayed)

    async def explain_node(self, workflow_id: str, node_id: str, *, attempt: int | None = None) -> Explanation:
        """The chain of facts from which a node's standing was concluded: why it ran, waits, was skipped or failed.

        Args:
            workflow_id: The run.
            node_id: The node; of a matrix job, one of its variants, or the job while its matrix is not known.
            attempt: None takes the present one.

        Raises:
            WorkflowNotFoundError: There is no such run, or it has no such attempt.
            NodeNotFoundError: It has no such node.
        """
        check_workflow_id(workflow_id)
        return await explained(self._parts, workflow_id, node_id, attempt, self._scheduler.place)

    async def _begin(self, draft: RerunDraft, request: RerunRequest, key: str | None, digest: str) -> SubmittedRun:
        run, ledger = draft.run, self._parts.workflow_ledger
        if not request.new_run:
            return await ledger.begin_attempt(
                run.workflow_id,
                draft.nodes,
                by=run.submitted_by,
                actor=run.actor,
                selection=request.words,
                source=draft.source,
                inputs=run.inputs,
                context=run.context,
                secrets=run.secrets,
                run={"run_name": run.run_name, "max_parallel": run.max_parallel, "warnings": run.warnings},
                idempotency_key=key,
                request_digest=digest,
                moves=draft.moves,
            )
        submitted = await ledger.submit(
            _fresh(run, draft.plan.workflow_id),
            draft.source or draft.stored,
            draft.nodes,
            idempotency_key=key,
            request_digest=digest,
            moves=draft.moves,
        )
        name = run_name(submitted.run, draft.workflow, self.settings)
        if submitted.replayed or run.run_name != run_name(run, draft.workflow, self.settings):
            return submitted
        return replace(submitted, run=await ledger.change(submitted.run.workflow_id, {"run_name": name}))


def _fresh(run: WorkflowRun, rerun_of: str) -> WorkflowRun:
    """A run of its own, without what became of the one that it repeats."""
    return WorkflowRun(
        workflow_id=run.workflow_id,
        name=run.name,
        run_name=run.run_name,
        status=WORKFLOW_LIFECYCLE.initial,
        version=1,
        created_at=run.created_at,
        inputs=run.inputs,
        context=run.context,
        secrets=run.secrets,
        warnings=run.warnings,
        submitted_by=run.submitted_by,
        actor=run.actor,
        max_parallel=run.max_parallel,
        priority=run.priority,
        tags=run.tags,
        rerun_of=rerun_of,
        template=run.template,
    )

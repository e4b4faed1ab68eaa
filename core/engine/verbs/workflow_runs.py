"""Start runs of workflows, and stop them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.engine.verbs.base import Verbs
from core.engine.verbs.workflows import check_workflow_id
from core.engine.workflow.acceptance import run_name
from core.engine.workflow.rooms import Known
from core.records.job import CancelRequest
from core.store.workflow_changes import SubmittedRun

if TYPE_CHECKING:
    from pathlib import Path

    from core.engine.workflow.request import WorkflowRequest
    from core.records.workflow import WorkflowRun


class WorkflowRunVerbs(Verbs):
    """Verbs that start and stop runs of workflows."""

    async def run_workflow(
        self,
        request: WorkflowRequest,
        *,
        by: str = "python",
        idempotency_key: str | None = None,
        folder: Path | None = None,
    ) -> SubmittedRun:
        """Accept a run of a workflow; it is durable when this returns, and nothing has started yet.

        Args:
            request: What to run, and with what.
            by: Who submits it, for the audit trail.
            idempotency_key: The same key with the same request gives the first call's run, ``replayed``.
            folder: The caller's own, below which volumes are allowed beside the operator's folders.

        Raises:
            InvalidArgumentError: The context, a number or a tag is not as it must be.
            InvalidSpecError: The file has errors, or its inputs do; with a finding for each.
            UnknownSecretError: It declares secrets that this engine does not have.
            IdempotencyConflictError: The key was used with another request.
            QueueFullError: As many runs are under way as may be.
        """
        self._insist_on_open()
        accepted = await self._conductors.accept(request, by=by, folder=folder)
        submitted = await self._parts.workflow_ledger.submit(
            accepted.run,
            accepted.source,
            accepted.nodes,
            idempotency_key=idempotency_key,
            request_digest=request.digest() if idempotency_key is not None else "",
        )
        if submitted.replayed:
            return submitted
        run, version = submitted.run, submitted.run.version
        name = run.run_name if request.name else run_name(run, accepted.workflow, self.settings)
        if name != run.run_name:
            run = await self._parts.workflow_ledger.change(run.workflow_id, {"run_name": name})
            version += 1
        self._conductors.begin(run, Known(accepted.workflow, accepted.graph, submitted.nodes, version))
        return SubmittedRun(run, submitted.replayed, submitted.nodes)

    async def cancel_workflow(
        self,
        workflow_id: str,
        *,
        node: str | None = None,
        by: str = "python",
        actor: str = "",
        reason: str = "",
        force: bool = False,
    ) -> WorkflowRun:
        """Ask for a run to stop, or for one node of it; returns at once.

        Jobs that run are sent SIGTERM, then SIGKILL after their grace; jobs whose condition holds although the run is
        being cancelled, such as ``always()``, still run. A run that has ended comes back unchanged.

        Args:
            workflow_id: The run.
            node: Only this node is stopped, and the run goes on.
            by: The door that asks.
            actor: Who asks, as far as is known.
            reason: Why, for the record.
            force: Nothing may finish in peace: everything is killed, and no job starts any more.

        Raises:
            WorkflowNotFoundError: There is no such run.
            NodeNotFoundError: It has no such node.
        """
        check_workflow_id(workflow_id)
        grace = 0.0 if force else None
        request = CancelRequest(self._parts.clock.now(), actor or by, reason, grace)
        if node is None:
            return await self._parts.workflow_ledger.request_cancel(workflow_id, request, forced=force)
        await self._parts.workflow_ledger.request_node_cancel(workflow_id, node, request)
        return await self._parts.workflows.get(workflow_id)

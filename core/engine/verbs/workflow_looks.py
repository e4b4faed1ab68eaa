"""Workflow runs as they go: wait for them, read all their logs as one, sum them up, find what they kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.engine.named_nodes import NamedNodes
from core.engine.verbs.base import Verbs, check_id
from core.engine.verbs.workflows import check_workflow_id
from core.engine.workflow_graph import graph_of_run
from core.engine.workflow_logs import WorkflowLogQuery
from core.engine.workflow_summary import summarise_workflow
from core.errors import InvalidArgumentError
from core.ids import is_job_id
from core.records.page import MAX_PAGE, Page
from core.store.workflow_jobs import ArtifactKey

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from core.engine.waiting import RunsWaited, Until
    from core.engine.workflow_graph import RunGraph
    from core.engine.workflow_logs import WorkflowLogPage
    from core.engine.workflow_summary import WorkflowSummary
    from core.records.workflow_log import NodeArtifact, WorkflowLogPart

_WHOLE = WorkflowLogQuery()


class WorkflowLookVerbs(Verbs):
    """Verbs about what runs do, print and leave."""

    async def wait_for_runs(
        self,
        ids: Sequence[str],
        *,
        until: Until = "all_done",
        timeout_s: float | None = None,
        pattern: str | None = None,
        since_version: int | None = None,
    ) -> RunsWaited:
        """Wait for something to become true of some jobs and workflow runs. Cancelling a wait changes nothing else.

        Args:
            ids: Of jobs and of workflow runs, mixed.
            until: ``all_done``, ``any_done``, ``first_failure`` (of a run: a node failed and is not tolerated, or it
                ended otherwise than with success), ``running`` (none waits to begin any more) or ``log_match``.
            timeout_s: At most so long; None for as long as it takes.
            pattern: For ``log_match``: an RE2 expression.
            since_version: Also met when the version of one of them is greater; the nodes that changed since are told.

        Raises:
            JobNotFoundError: One of the jobs does not exist.
            WorkflowNotFoundError: One of the runs does not exist.
            InvalidArgumentError: The pattern is missing or malformed.
        """
        for each in ids:
            check_workflow_id(each) if each.startswith("wf_") else check_id(each)
        return await self._waiter.wait(
            ids, until=until, timeout_s=timeout_s, pattern=pattern, since_version=since_version
        )

    async def read_workflow_log(self, workflow_id: str, query: WorkflowLogQuery = _WHOLE) -> WorkflowLogPage:
        """Some lines of a run's nodes, in one order.

        Raises:
            WorkflowNotFoundError: There is no such run.
            NodeNotFoundError: A node is named that it does not have.
            InvalidArgumentError: The cursor, the pattern, the attempt or the service is not valid.
        """
        check_workflow_id(workflow_id)
        return await self._workflow_desk.read(workflow_id, query)

    def follow_workflow_log(
        self, workflow_id: str, query: WorkflowLogQuery = _WHOLE
    ) -> AsyncGenerator[WorkflowLogPart]:
        """The lines of a run's nodes as they come, those that are there first; ends with the run.

        Nodes that start later join. Raises as `read_workflow_log`, when the first part is asked for.
        """
        check_workflow_id(workflow_id)
        return self._workflow_desk.follow(workflow_id, query)

    async def workflow_summary(
        self, workflow_id: str, *, attempt: int | None = None, max_bytes: int = 8192
    ) -> WorkflowSummary:
        """Why a run did not succeed: its first cause, what failed, what did not run for that, the lines that matter.

        Args:
            workflow_id: The run.
            attempt: None takes the present one.
            max_bytes: Budget of the excerpts of all logs together.

        Raises:
            WorkflowNotFoundError: There is no such run.
        """
        check_workflow_id(workflow_id)
        return await summarise_workflow(self._parts, self._desk, workflow_id, attempt, max_bytes)

    async def workflow_graph(self, workflow_id: str, *, attempt: int | None = None) -> RunGraph:
        """The run's jobs with how they stand, and what waits for what.

        Raises:
            WorkflowNotFoundError: There is no such run.
        """
        check_workflow_id(workflow_id)
        run = await self._parts.workflows.get(workflow_id)
        return graph_of_run(run, await self._parts.workflows.nodes(workflow_id, attempt=attempt))

    async def workflow_artifacts(
        self,
        workflow_id: str,
        *,
        node: str | None = None,
        attempt: int | None = None,
        limit: int = 200,
        cursor: str | None = None,
    ) -> Page[NodeArtifact]:
        """A page of what was kept of a run's nodes, what is kept of earlier attempts among it.

        Args:
            workflow_id: The run.
            node: Only of this node, by any name that `NamedNodes` knows, such as that of a job for all its variants.
            attempt: Of the run; None takes the present one.
            limit: At most this many, from 1 to 200.
            cursor: ``next_cursor`` of the page before.

        Raises:
            WorkflowNotFoundError: There is no such run.
            NodeNotFoundError: It has no such node.
            InvalidArgumentError: The limit is not from 1 to 200, or the cursor is not one.
        """
        check_workflow_id(workflow_id)
        if not 1 <= limit <= MAX_PAGE:
            raise InvalidArgumentError(f"limit: from 1 to {MAX_PAGE}")
        behind = _artifact_key(cursor)
        nodes = await self._parts.workflows.nodes(workflow_id, attempt=attempt)
        names = NamedNodes([] if node is None else [node])
        names.insist(workflow_id, nodes)
        chosen = (each for each in nodes if not names or names.means(each))
        ran = {each.job_id: each.node_id for each in chosen if each.job_id is not None}
        found = await self._parts.node_jobs.artifacts(ran, behind=behind, limit=limit + 1)
        return Page(found[:limit], _artifact_cursor(found[limit - 1]) if len(found) > limit else None)


def _artifact_key(cursor: str | None) -> ArtifactKey:
    if cursor is None:
        return ArtifactKey()
    job_id, _, rest = cursor.partition("/")
    attempt, _, path = rest.partition("/")
    if not (is_job_id(job_id) and attempt.isascii() and attempt.isdecimal() and len(attempt) < 5 and path):
        raise InvalidArgumentError(
            "cursor: not a cursor of a run's artifacts", hint="Use next_cursor of the page before, or leave it out."
        )
    return ArtifactKey(job_id, int(attempt), path)


def _artifact_cursor(last: NodeArtifact) -> str:
    return f"{last.job_id}/{last.artifact.attempt}/{last.artifact.path}"

"""The runs of workflows in the database."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final, Unpack

from core.lifecycle.workflow import WORKFLOW_LIFECYCLE
from core.store import node_changes, workflow_changes, workflow_listing
from core.store.encoding import utf8
from core.store.node_changes import NodeMoves, NodeWrites
from core.store.workflow_changes import RunKey, RunMove, RunRepetition, RunSubmission, SubmittedRun
from core.store.workflow_listing import WorkflowFilter

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping, Sequence

    from core.clock import Clock
    from core.lifecycle.workflow import WorkflowEvent, WorkflowStatus
    from core.records.job import CancelRequest
    from core.records.page import Page
    from core.records.workflow import WorkflowAttempt, WorkflowChange, WorkflowRun, WorkflowSource
    from core.records.workflow_node import WorkflowNode
    from core.store.attempt_options import AttemptOptions
    from core.store.database import Database
    from core.store.node_changes import NodeFilter, NodeMove, NodePlace
    from core.store.workflow_rows import NodeFields, RunFields

_NO_FILTER: Final = WorkflowFilter()


class WorkflowStore:
    """Keeps workflow runs, their attempts, their nodes and their audit trail.

    Each method is one transaction: it happened wholly and durably when it returns, and not at all when it raises.
    Beside what is listed, every method raises `StoreError` and `StoreBusyError` as `Database` does, and those that name
    a run `WorkflowNotFoundError`.

    Args:
        database: Where they are.
        clock: Tells the time of what is written.
        most: As many runs may be under way.
    """

    def __init__(self, database: Database, clock: Clock, most: int | None = None) -> None:
        self._database = database
        self._clock = clock
        self._most = most

    # --- accepting

    async def submit(
        self,
        run: WorkflowRun,
        source: WorkflowSource,
        nodes: Sequence[WorkflowNode] = (),
        *,
        idempotency_key: str | None = None,
        request_digest: str = "",
        moves: Sequence[NodeMove] = (),
    ) -> SubmittedRun:
        """Accept a run with the nodes that are known already, however many.

        Args:
            run: With a fresh id; its status, version, attempt, number and time are set here.
            source: What it is made from.
            nodes: All waiting.
            idempotency_key: Makes the call repeatable: the same key and digest give the first call's run.
            request_digest: Of the caller's request; compared when the key was used before.
            moves: What happens to nodes of it in the same transaction: to those that are kept of an earlier attempt.

        Raises:
            IdempotencyConflictError: The key was used with another digest.
            IllegalMoveError: A node does not begin waiting.
            QueueFullError: As many runs are under way as may be.
        """
        now = self._clock.now()
        accepted = replace(
            run,
            status=WORKFLOW_LIFECYCLE.initial,
            version=1,
            attempt=1,
            created_at=now,
            attempt_created_at=now,
            name=utf8(run.name),
            run_name=utf8(run.run_name),
            file_name=source.file_name,
            source_digest=source.digest,
            submitted_by=utf8(run.submitted_by),
            actor=utf8(run.actor),
            tags=tuple(map(utf8, run.tags)),
            concurrency_group=utf8(run.concurrency_group),
        )
        key = _key(idempotency_key, request_digest)
        submission = RunSubmission(accepted, source, nodes, key, moves, self._most)
        return await self._database.write(submission.insert)

    async def begin_attempt(
        self, workflow_id: str, nodes: Sequence[WorkflowNode] = (), **options: Unpack[AttemptOptions]
    ) -> SubmittedRun:
        """Begin a further attempt of a run that has ended: it is pending again, with nodes of its own.

        Earlier attempts stay as they are.

        Args:
            workflow_id: The run.
            nodes: All waiting; those whose result is kept are moved by the ``moves`` of the options.
            options: What is different this time.

        Raises:
            WorkflowNotFinishedError: It has not ended.
            IdempotencyConflictError: The key was used with another digest.
            IllegalMoveError: A node does not begin waiting.
            QueueFullError: As many runs are under way as may be.
        """
        repetition = RunRepetition(
            workflow_id=workflow_id,
            at=self._clock.now(),
            by=options["by"],
            actor=options.get("actor", ""),
            selection=options.get("selection", ""),
            nodes=nodes,
            source=options.get("source"),
            inputs=options.get("inputs"),
            context=options.get("context"),
            secrets=options.get("secrets"),
            fields=options.get("run", {}),
            key=_key(options.get("idempotency_key"), options.get("request_digest", "")),
            moves=options.get("moves", ()),
            most=self._most,
        )
        return await self._database.write(repetition.insert)

    async def add_nodes(
        self, workflow_id: str, nodes: Sequence[WorkflowNode], *, instead_of: str | None = None
    ) -> tuple[WorkflowNode, ...]:
        """Put further nodes into the present attempt, such as the variants of a matrix that is known now.

        Args:
            workflow_id: The run.
            nodes: All waiting.
            instead_of: The waiting node whose place they take; it is gone then.

        Raises:
            NodeNotFoundError: There is no node ``instead_of``.
            IllegalMoveError: That node does not wait any more, or one of those given does not begin waiting.
            StoreError: A node of one of these ids is there already.
        """
        add = partial(node_changes.add_nodes, workflow_id=workflow_id, nodes=nodes, instead_of=instead_of)
        return await self._database.write(add)

    async def replayed(self, idempotency_key: str, request_digest: str) -> WorkflowRun | None:
        """The run that the same request made or repeated before; none if the key is fresh.

        Raises:
            IdempotencyConflictError: The key was used with another digest.
        """
        return await self._database.read(_key(idempotency_key, request_digest).earlier)

    # --- changing

    async def move(
        self, workflow_id: str, event: WorkflowEvent, *, by: str, why: str = "", run: RunFields | None = None
    ) -> WorkflowRun:
        """Move a run by the table in `core.lifecycle`, and note it in the audit trail.

        Args:
            workflow_id: Which run.
            event: What happens to it.
            by: Who.
            why: In words.
            run: What else changes about it.

        Returns:
            The run after the move, one version on.

        Raises:
            IllegalMoveError: Its status does not allow the event, or it is to end before its nodes have.
        """
        return await self._database.write(RunMove(workflow_id, event, self._clock.now(), by, why, run or {}).apply)

    async def change(self, workflow_id: str, run: RunFields) -> WorkflowRun:
        """Change what a run says beside its status; the run then, one version on."""
        return await self._database.write(partial(workflow_changes.change, workflow_id=workflow_id, fields=run))

    async def move_nodes(self, workflow_id: str, moves: Sequence[NodeMove], *, by: str) -> tuple[WorkflowNode, ...]:
        """Move nodes of the present attempt by the table in `core.lifecycle`, each with a row in the audit trail.

        All happens in one transaction, or nothing: thousands of nodes may move at once.

        Returns:
            The nodes after their moves, in the order given; all have the run's next version.

        Raises:
            NodeNotFoundError: One of them does not exist.
            IllegalMoveError: The status of one of them does not allow its event, or one is named twice.
        """
        if not moves:
            return ()
        return await self._database.write(NodeMoves(workflow_id, moves, self._clock.now(), by).apply)

    async def change_nodes(self, workflow_id: str, fields: Mapping[str, NodeFields]) -> tuple[WorkflowNode, ...]:
        """Change what nodes of the present attempt say beside the status; the nodes then, at the run's next version.

        Raises:
            NodeNotFoundError: One of them does not exist.
        """
        if not fields:
            return ()
        return await self._database.write(partial(node_changes.change_nodes, workflow_id=workflow_id, fields=fields))

    async def write_nodes(
        self,
        workflow_id: str,
        changes: Mapping[str, NodeFields],
        rounds: Sequence[Sequence[NodeMove]],
        *,
        by: str,
        known: Sequence[WorkflowNode] = (),
    ) -> tuple[tuple[WorkflowNode, ...], ...]:
        """Change nodes of the present attempt and move them, in one transaction; as `change_nodes` and `move_nodes` do.

        Args:
            workflow_id: The run.
            changes: What changes beside the statuses, before anything moves.
            rounds: What moves, one round after the other, each node once in a round.
            by: Who.
            known: Nodes as the caller saw them last; those that have not changed since are not read again.

        Returns:
            The nodes after the changes, and after each round of moves.

        Raises:
            NodeNotFoundError: As `move_nodes` does.
            IllegalMoveError: As `move_nodes` does.
        """
        writes = NodeWrites(workflow_id, changes, rounds, self._clock.now(), by, known)
        return await self._database.write(writes.apply)

    async def request_cancel(self, workflow_id: str, request: CancelRequest, *, forced: bool = False) -> WorkflowRun:
        """Note that somebody wants the run to stop.

        Args:
            workflow_id: The run.
            request: Who, when and why.
            forced: Nothing may finish in peace, also if an earlier request allowed that.

        Returns:
            The run; unchanged if it has ended or the request says nothing that an earlier one did not.
        """
        ask = partial(workflow_changes.request_cancel, workflow_id=workflow_id, request=request, forced=forced)
        return await self._database.write(ask)

    async def request_node_cancel(self, workflow_id: str, node_id: str, request: CancelRequest) -> WorkflowNode:
        """Note that somebody wants one node of the present attempt to stop.

        Returns:
            The node; unchanged if it has ended or was asked to stop before.

        Raises:
            NodeNotFoundError: There is no such node.
        """
        ask = partial(node_changes.request_node_cancel, workflow_id=workflow_id, node_id=node_id, request=request)
        return await self._database.write(ask)

    # --- reading

    async def get(self, workflow_id: str) -> WorkflowRun:
        """The run; the error for an unknown id names up to three that begin alike."""
        return await self._database.read(partial(workflow_listing.get_run, workflow_id=utf8(workflow_id)))

    async def get_many(self, workflow_ids: Iterable[str]) -> tuple[WorkflowRun, ...]:
        """The runs there are of those ids, in the order given; unknown ids are left out."""
        ids = tuple(map(utf8, workflow_ids))
        return await self._database.read(partial(workflow_listing.get_runs, workflow_ids=ids))

    async def list(
        self, which: WorkflowFilter = _NO_FILTER, *, limit: int = 20, cursor: str | None = None
    ) -> Page[WorkflowRun]:
        """A page of runs, newest first. Runs accepted meanwhile shift no later page.

        Args:
            which: Which runs.
            limit: At most this many, from 1 to 200.
            cursor: ``next_cursor`` of the page before.

        Raises:
            InvalidArgumentError: The limit or the cursor is not valid.
        """
        look = partial(workflow_listing.page_of_runs, which=which, limit=limit, cursor=cursor)
        return await self._database.read(look)

    async def ids_starting_with(self, prefix: str, limit: int) -> tuple[str, ...]:
        """Ids that begin with ``prefix``, newest first, at most ``limit``."""
        return await self._database.read(partial(workflow_listing.ids_starting_with, prefix=prefix, limit=limit))

    async def counts(self) -> Mapping[WorkflowStatus, int]:
        """How many runs there are of each status, zeros included."""
        return await self._database.read(workflow_listing.count_runs)

    async def live(self) -> tuple[WorkflowRun, ...]:
        """Runs that have not ended, the oldest first."""
        return await self._database.read(workflow_listing.list_live)

    async def attempts(self, workflow_id: str) -> tuple[WorkflowAttempt, ...]:
        """All attempts of a run, the first one first."""
        return await self._database.read(partial(workflow_listing.list_attempts, workflow_id=utf8(workflow_id)))

    async def source(self, workflow_id: str, attempt: int | None = None) -> WorkflowSource:
        """What an attempt was made from; None takes the present one.

        Raises:
            WorkflowNotFoundError: There is no such run, or it has no such attempt.
        """
        look = partial(workflow_listing.get_source, workflow_id=utf8(workflow_id), attempt=attempt)
        return await self._database.read(look)

    async def nodes(
        self, workflow_id: str, *, attempt: int | None = None, since_version: int = 0
    ) -> tuple[WorkflowNode, ...]:
        """Nodes of a run in its order.

        Args:
            workflow_id: The run.
            attempt: None takes the present one.
            since_version: Only those that changed after the run had this version.
        """

        def look(connection: sqlite3.Connection) -> tuple[WorkflowNode, ...]:
            run = workflow_listing.get_run(connection, utf8(workflow_id))
            return node_changes.list_nodes(connection, run.workflow_id, attempt or run.attempt, since_version)

        return await self._database.read(look)

    async def nodes_behind(
        self,
        workflow_id: str,
        which: NodeFilter,
        *,
        attempt: int | None = None,
        behind: NodePlace | None = None,
        limit: int,
    ) -> tuple[WorkflowRun, tuple[WorkflowNode, ...]]:
        """A run and some of its nodes in their order, both of one moment.

        Args:
            workflow_id: The run.
            which: Which nodes.
            attempt: None takes the present one.
            behind: The place of the last node that was seen; None begins in front.
            limit: At most this many.
        """

        def look(connection: sqlite3.Connection) -> tuple[WorkflowRun, tuple[WorkflowNode, ...]]:
            run = workflow_listing.get_run(connection, utf8(workflow_id))
            number = attempt or run.attempt
            return run, node_changes.nodes_behind(connection, run.workflow_id, number, which, behind, limit)

        return await self._database.read(look)

    async def state(self, workflow_id: str, *, since_version: int = 0) -> tuple[WorkflowRun, tuple[WorkflowNode, ...]]:
        """A run and the nodes of its present attempt that changed after a version, both of one moment."""

        def look(connection: sqlite3.Connection) -> tuple[WorkflowRun, tuple[WorkflowNode, ...]]:
            run = workflow_listing.get_run(connection, utf8(workflow_id))
            return run, node_changes.list_nodes(connection, run.workflow_id, run.attempt, since_version)

        return await self._database.read(look)

    async def node(self, workflow_id: str, node_id: str, *, attempt: int | None = None) -> WorkflowNode:
        """A node; of the present attempt unless one is named.

        Raises:
            NodeNotFoundError: There is no such node.
        """
        look = partial(workflow_listing.get_node, workflow_id=utf8(workflow_id), node_id=node_id, attempt=attempt)
        return await self._database.read(look)

    async def history(
        self, workflow_id: str, *, node_id: str | None = None, skip: int = 0, limit: int | None = None
    ) -> tuple[WorkflowChange, ...]:
        """A run's audit trail, its creation first; of one node if given, of the run alone if that is empty.

        Args:
            workflow_id: The run.
            node_id: Which node.
            skip: So many of the first are left out; negative for all but so many of the last.
            limit: At most this many; None for all.
        """
        wanted = utf8(workflow_id)
        look = partial(workflow_listing.list_changes, workflow_id=wanted, node_id=node_id, skip=skip, limit=limit)
        return await self._database.read(look)


def _key(idempotency_key: str | None, request_digest: str) -> RunKey:
    return RunKey(None if idempotency_key is None else utf8(idempotency_key), request_digest)

"""The groups of one run and of its nodes, as its conductor sees to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from core.engine.workflow.conclusions import expression_failure
from core.engine.workflow.frame import called_frame
from core.engine.workflow.groups import LONGEST_NAME, GroupAsk, waiting_reason
from core.engine.workflow.live import Stage
from core.errors import InvalidExpressionError
from core.plan.compile.definition import field_value
from core.plan.foresight import UnknownYetError
from core.records.job import Failure, FailureKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.engine.workflow.frame import Frame
    from core.engine.workflow.groups import Groups
    from core.engine.workflow.live import LiveNode
    from core.engine.workflow.live_run import LiveRun
    from core.plan.compile import Resolver
    from core.spec.workflow import ConcurrencySpec


class Grouping:
    """Has nodes of a run come to their groups, and leave them.

    Args:
        groups: Those of the engine.
        live: The run.
    """

    def __init__(self, groups: Groups, live: LiveRun) -> None:
        self._groups = groups
        self._live = live
        self._waiting: dict[str, LiveNode] = {}
        self._workflow_id = live.run.workflow_id

    async def restore(self) -> None:
        """After a start: nodes that have ended leave their groups, others are known to be in theirs.

        Raises:
            StoreError: The disk is full or failing.
            StoreBusyError: The database is locked by another process.
        """
        for node_id, group in await self._groups.nodes_in(self._workflow_id):
            node = self._live.find(node_id)
            if node is None or node.stage is Stage.ENDED:
                await self._groups.leave(group, self._workflow_id, node_id)
            elif node.stage in {Stage.RUNNING, Stage.PAUSED}:
                node.group = group

    async def enter(self, node: LiveNode) -> None:
        """Have a node that is ready come to its group; it finds its way to the room once it has that.

        Raises:
            StoreError: The disk is full or failing.
            StoreBusyError: The database is locked by another process.
        """
        if node.group:
            self._live.room.add(node)
            return
        try:
            ask = _ask_of(node)
        except (InvalidExpressionError, UnknownYetError) as error:
            hint = error.hint if isinstance(error, InvalidExpressionError) else ""
            said = error.message if isinstance(error, InvalidExpressionError) else f"{error} is not known yet"
            self._live.progress.fail(node, expression_failure(node.job.spec.id, "concurrency", said, hint))
            return
        if ask is None:
            self._live.room.add(node)
            return
        place = await self._groups.enter(ask, self._workflow_id, node.id)
        if place.refused:
            hint = "Give the job another group than the workflow's, or none."
            message = f"Job {node.job.spec.id}, concurrency: {place.refused}."
            self._live.progress.fail(node, Failure(FailureKind.POLICY, message, hint))
            return
        node.group = ask.name
        if place.is_held:
            self._live.room.add(node)
            return
        self._waiting[node.id] = node
        self._live.outbox.change(node, {"reason": waiting_reason(ask.name, place.holders)})

    def grant(self, node_id: str) -> None:
        """A node has the group for which it waited."""
        node = self._waiting.pop(node_id, None)
        if node is not None and node.stage is Stage.READY:
            self._live.room.add(node)

    async def leave(self, node: LiveNode) -> None:
        """A node has ended: its group is free for the next.

        Raises:
            StoreError: The disk is full or failing.
            StoreBusyError: The database is locked by another process.
        """
        if node.group:
            group, node.group = node.group, ""
            self._waiting.pop(node.id, None)
            await self._groups.leave(group, self._workflow_id, node.id)


def run_ask(frame: Frame) -> GroupAsk | None:
    """The group of a run; None if it has none.

    Raises:
        InvalidExpressionError: It cannot be evaluated.
    """
    spec = frame.workflow.concurrency
    return None if spec is None else _ask(spec, frame.bare.resolver())


def has_group(node: LiveNode) -> bool:
    """Whether a node has to come to a group before it starts."""
    spec = node.job.spec
    return spec.concurrency is not None or _called_group(node) is not None


def _called_group(node: LiveNode) -> ConcurrencySpec | None:
    """The group of the file that a node calls, which is the node's unless that has its own."""
    call = node.job.spec.call
    return call.workflow.concurrency if call is not None and call.workflow is not None else None


def _ask_of(node: LiveNode) -> GroupAsk | None:
    spec, frame = node.job.spec, node.frame
    facts = node.facts or frame.facts(node.job, node.edges)
    if spec.concurrency is not None:
        resolver, _ = frame.frame.bare.node(spec, facts)
        return _ask(spec.concurrency, frame.frame.bare.resolver(resolver.surroundings))
    called = _called_group(node)
    if called is None:
        return None
    return _ask(called, called_frame(frame.frame, spec, facts, node.id).bare.resolver())


def _ask(spec: ConcurrencySpec, resolver: Resolver) -> GroupAsk:
    found = cast("Mapping[str, object]", field_value("concurrency", spec, resolver, "concurrency"))
    if resolver.faults:
        raise InvalidExpressionError(resolver.faults[0].message, hint=resolver.faults[0].hint)
    if resolver.open:
        waits = next(iter(resolver.open.values()))
        raise InvalidExpressionError(f"its group reads {', '.join(waits)}, which is not known before it starts")
    name = str(found.get("group", "")).strip()
    if not name:
        raise InvalidExpressionError("the name of its group is empty", hint="give the group a name that is never empty")
    if len(name) > LONGEST_NAME:
        raise InvalidExpressionError(f"the name of its group has more than {LONGEST_NAME} characters")
    cancels = found.get("cancel_in_progress") is True
    queues_all = found.get("queue") == "max"
    if cancels and queues_all:
        raise InvalidExpressionError("cancel_in_progress and queue: max exclude each other", hint="choose one of them")
    limit = found.get("limit", 1)
    return GroupAsk(name, cancels, queues_all, limit if isinstance(limit, int) else 1)

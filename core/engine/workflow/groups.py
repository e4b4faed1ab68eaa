"""Concurrency groups over all runs of the engine: who holds one, who waits, and who had to make room."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import anyio

from core.errors import NotFoundError
from core.lifecycle.workflow import Reason
from core.plan.expressions.letters import fold
from core.records.job import CancelRequest
from core.records.workflow_node import NodeReason
from core.store.workflow_groups import Entry

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from core.engine.parts import Parts
    from core.records.workflow import GroupMember

LONGEST_NAME: Final = 400
MOST_WAITING: Final = 100
_ENGINE: Final = "engine"


@dataclass(frozen=True, slots=True)
class GroupAsk:
    """What somebody wants of a group.

    Attributes:
        name: Of the group, as it was written.
        cancels: Whether whoever is there has to go.
        queues_all: Whether all wait who come; else who comes takes the place of who waits.
        limit: How many may hold it at once.
    """

    name: str
    cancels: bool = False
    queues_all: bool = False
    limit: int = 1

    @property
    def key(self) -> str:
        """The name in the form in which names are compared."""
        return fold(self.name)


@dataclass(frozen=True, slots=True)
class GroupPlace:
    """Where somebody stands in a group.

    Attributes:
        is_held: Whether it has the group.
        holders: Who has it: runs, or nodes as ``run/node``.
        refused: Why it may not even wait; empty if it may.
    """

    is_held: bool
    holders: tuple[str, ...] = ()
    refused: str = ""


@dataclass(slots=True)
class Groups:
    """Keeps the order in groups.

    Args:
        parts: The engine's parts.
        on_hold: Told of a run, and of a node of it or an empty text, that has a group now for which it waited.
    """

    parts: Parts
    on_hold: Callable[[str, str], None]
    _limits: dict[Entry, int] = field(default_factory=dict[Entry, int])
    _lock: anyio.Lock = field(default_factory=anyio.Lock)

    async def enter(self, ask: GroupAsk, workflow_id: str, node_id: str = "") -> GroupPlace:
        """Come to a group, hold it or wait. Repeatable: who is there keeps its place.

        Args:
            ask: What is wanted.
            workflow_id: The run.
            node_id: The node; empty for the run itself.
        """
        entry = Entry(ask.key, workflow_id, node_id)
        async with self._lock:
            before = await self.parts.groups.members(ask.key)
            if node_id and any(_is(each, Entry(ask.key, workflow_id)) for each in before):
                return GroupPlace(
                    is_held=False, refused=f"the run itself holds the group '{ask.name}': it could never start"
                )
            waiting = [each for each in before if not each.is_holder and not _is(each, entry)]
            if not any(_is(each, entry) for each in before) and ask.queues_all and len(waiting) >= MOST_WAITING:
                return GroupPlace(is_held=False, refused=f"{MOST_WAITING} wait for the group '{ask.name}' already")
            self._limits[entry] = ask.limit
            members = await self.parts.groups.enter(entry, limit=ask.limit)
            members = await self._promoted(ask.key, members)
            if any(_is(each, entry) and each.is_holder for each in members):
                return GroupPlace(is_held=True)
            await self._make_room(ask, entry, members)
            return GroupPlace(is_held=False, holders=tuple(_name(each) for each in members if each.is_holder))

    async def leave(self, group: str, workflow_id: str, node_id: str = "") -> None:
        """Leave a group, whether it was held or waited for; who waits next has it then. Repeatable.

        Args:
            group: Its name.
            workflow_id: The run.
            node_id: The node; empty for the run itself.
        """
        entry = Entry(fold(group), workflow_id, node_id)
        async with self._lock:
            self._limits.pop(entry, None)
            await self._promoted(entry.group, await self.parts.groups.leave(entry))

    async def leave_all(self, workflow_id: str) -> None:
        """Take a run and its nodes out of all groups."""
        async with self._lock:
            for group in await self.parts.groups.leave_all(workflow_id):
                await self._promoted(group, await self.parts.groups.members(group))
            for entry in [each for each in self._limits if each.workflow_id == workflow_id]:
                del self._limits[entry]

    async def clear(self, live: Collection[str]) -> None:
        """After a start: take runs out of all groups that have ended meanwhile.

        Args:
            live: The runs that have not.
        """
        members = await self.parts.groups.members()
        for workflow_id in dict.fromkeys(each.workflow_id for each in members):
            if workflow_id not in live:
                await self.leave_all(workflow_id)

    async def nodes_in(self, workflow_id: str) -> tuple[tuple[str, str], ...]:
        """The nodes of a run that are in groups, with the groups."""
        members = await self.parts.groups.members()
        return tuple((each.node_id, each.group) for each in members if each.workflow_id == workflow_id and each.node_id)

    async def _promoted(self, group: str, members: Sequence[GroupMember]) -> Sequence[GroupMember]:
        """Give the group to those that are next, as far as there is room in it."""
        while True:
            holders = [each for each in members if each.is_holder]
            waiting = [each for each in members if not each.is_holder]
            if not waiting:
                return members
            entry = Entry(group, waiting[0].workflow_id, waiting[0].node_id)
            if len(holders) >= self._limits.get(entry, 1):
                return members
            members = await self.parts.groups.hold(entry)
            self.on_hold(entry.workflow_id, entry.node_id)

    async def _make_room(self, ask: GroupAsk, entry: Entry, members: Sequence[GroupMember]) -> None:
        """Have those stopped whose place the newcomer takes."""
        gone: list[GroupMember] = []
        for each in members:
            if _is(each, entry):
                break
            if ask.cancels or (not each.is_holder and not ask.queues_all):
                gone.append(each)
        for each in gone:
            await self._supersede(each, ask, _said(entry.workflow_id, entry.node_id))

    async def _supersede(self, member: GroupMember, ask: GroupAsk, newcomer: str) -> None:
        said = f"superseded by {newcomer} in the group '{ask.name}'"
        request = CancelRequest(self.parts.clock.now(), _ENGINE, said, None)
        ledger = self.parts.workflow_ledger
        try:
            if member.node_id:
                await ledger.request_node_cancel(member.workflow_id, member.node_id, request)
            else:
                run = await self.parts.workflows.get(member.workflow_id)
                if not run.is_finished and run.cancel is None:
                    reason = NodeReason(Reason.SUPERSEDED, said, (newcomer,))
                    await ledger.change(member.workflow_id, {"reason": reason})
                    await ledger.request_cancel(member.workflow_id, request)
        except NotFoundError:  # deleted meanwhile, and out of its groups with that
            return


def stop_reason(request: CancelRequest) -> NodeReason:
    """Why a node is stopped that somebody asked to stop."""
    if request.by == _ENGINE and request.reason.startswith("superseded by "):
        newcomer = request.reason.removeprefix("superseded by ").partition(" in the group ")[0]
        return NodeReason(Reason.SUPERSEDED, request.reason, (newcomer,))
    said = f": {request.reason}" if request.reason else ""
    return NodeReason(Reason.CANCELLED, f"cancelled by {request.by}{said}")


def waiting_reason(name: str, holders: Sequence[str]) -> NodeReason:
    """Why a run or a node waits that does not have its group yet."""
    by = f", which {', '.join(holders)} holds" if holders else ""
    return NodeReason(Reason.CONCURRENCY, f"waits for the group '{name}'{by}", tuple(holders))


def _is(member: GroupMember, entry: Entry) -> bool:
    return (member.workflow_id, member.node_id) == (entry.workflow_id, entry.node_id)


def _name(member: GroupMember) -> str:
    return _said(member.workflow_id, member.node_id)


def _said(workflow_id: str, node_id: str) -> str:
    return f"{workflow_id}/{node_id}" if node_id else workflow_id

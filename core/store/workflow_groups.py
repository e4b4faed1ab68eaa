"""Concurrency groups: who holds one and who waits, over all runs of the home, and over the life of an engine."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from core.clock import to_microseconds
from core.errors import WorkflowNotFoundError
from core.store.encoding import utf8
from core.store.queries import QueryFile
from core.store.workflow_rows import member_from_row

if TYPE_CHECKING:
    import sqlite3

    from core.clock import Clock
    from core.records.workflow import GroupMember
    from core.store.database import Database

_SQL: Final = QueryFile("workflow_groups")
_INSERT_MEMBER: Final = _SQL.take("insert_member")
_HOLD_GROUP: Final = _SQL.take("hold_group")
_DELETE_MEMBER: Final = _SQL.take("delete_member")
_DELETE_MEMBERS: Final = _SQL.take("delete_members")
_LIST_MEMBERS: Final = _SQL.take("list_members")
_KNOWN_RUN: Final = _SQL.take("known_run")


@dataclass(frozen=True, slots=True)
class Entry:
    """Who comes to a group.

    Attributes:
        group: Its name, in the form in which names are compared.
        workflow_id: The run.
        node_id: The node; empty when it is the run itself.
    """

    group: str
    workflow_id: str
    node_id: str = ""

    def values(self) -> dict[str, str]:
        """As statements name them."""
        return {"name": utf8(self.group), "workflow_id": self.workflow_id, "node_id": utf8(self.node_id)}


class GroupStore:
    """Keeps the members of concurrency groups. A run that is deleted leaves its groups.

    Every method is one transaction and raises `StoreError` and `StoreBusyError` as `Database` does.

    Args:
        database: Where they are.
        clock: Tells when somebody came.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def enter(self, entry: Entry, *, limit: int = 1) -> tuple[GroupMember, ...]:
        """Come to a group: hold it if fewer than ``limit`` are there, holders and waiting ones together, or else wait.

        Repeatable: who is there already keeps its place.

        Returns:
            The group's members: holders first, then those that wait in the order in which they came.

        Raises:
            WorkflowNotFoundError: There is no such run.
        """
        since_us = to_microseconds(self._clock.now())
        return await self._database.write(partial(_enter, entry=entry, limit=limit, since_us=since_us))

    async def hold(self, entry: Entry) -> tuple[GroupMember, ...]:
        """Give a group to somebody who waits for it; the members then. Nothing happens if it does not wait there."""

        def work(connection: sqlite3.Connection) -> tuple[GroupMember, ...]:
            _HOLD_GROUP.run(connection, **entry.values())
            return _members(connection, entry.group)

        return await self._database.write(work)

    async def leave(self, entry: Entry) -> tuple[GroupMember, ...]:
        """Leave a group, whether as holder or while waiting; the members then. Repeatable."""

        def work(connection: sqlite3.Connection) -> tuple[GroupMember, ...]:
            _DELETE_MEMBER.run(connection, **entry.values())
            return _members(connection, entry.group)

        return await self._database.write(work)

    async def leave_all(self, workflow_id: str) -> tuple[str, ...]:
        """Take a run and its nodes out of all groups; the names of those, each once."""

        def work(connection: sqlite3.Connection) -> tuple[str, ...]:
            rows = _DELETE_MEMBERS.run(connection, workflow_id=workflow_id).fetchall()
            return tuple(dict.fromkeys(name for (name,) in rows))

        return await self._database.write(work)

    async def members(self, group: str | None = None) -> tuple[GroupMember, ...]:
        """The members of a group, or of all: by group, holders first, then those that wait in the order they came."""
        return await self._database.read(partial(_members, group=group))


def _enter(connection: sqlite3.Connection, entry: Entry, limit: int, since_us: int) -> tuple[GroupMember, ...]:
    if _KNOWN_RUN.run(connection, workflow_id=entry.workflow_id).fetchone() is None:
        raise WorkflowNotFoundError
    _INSERT_MEMBER.run(connection, most=limit, since_us=since_us, **entry.values())
    return _members(connection, entry.group)


def _members(connection: sqlite3.Connection, group: str | None) -> tuple[GroupMember, ...]:
    name = None if group is None else utf8(group)
    return tuple(map(member_from_row, _LIST_MEMBERS.run(connection, name=name)))

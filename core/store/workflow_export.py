"""Ended workflow runs as files, for people and jq: a document for each. As for jobs, nothing waits for the disk."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

import anyio
import anyio.to_thread

from core.ids import is_workflow_id
from core.records.workflow_document import workflow_document
from core.store import workflow_listing
from core.store.export import open_part, page_of
from core.store.faults import file_error
from core.store.node_changes import list_nodes
from core.store.queries import QueryFile

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Iterable
    from pathlib import Path

    from core.store.database import Database
    from core.store.home import Home

T = TypeVar("T")

_SQL: Final = QueryFile("workflow_export")
_UNFILED: Final = _SQL.take("unfiled_workflows")
_ENDED: Final = _SQL.take("ended_workflows")
_NOTE_FILED: Final = _SQL.take("note_workflow_filed")
_KNOWN: Final = _SQL.take("known_workflows")

_SUFFIX: Final = ".json"


@dataclass(frozen=True, slots=True)
class WorkflowPage:
    """The document of an ended run.

    Attributes:
        workflow_id: The run.
        version: What it tells of.
        document: Its content.
    """

    workflow_id: str
    version: int
    document: dict[str, Any]


class WorkflowIndex:
    """Which ended runs have been written as files.

    Every method raises `StoreError` and `StoreBusyError` as `Database` does.

    Args:
        database: Where the records are.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def unfiled(self, after_id: str, limit: int) -> tuple[str, ...]:
        """Ids of ended runs whose files are missing or tell of an earlier version, in order."""

        def look(connection: sqlite3.Connection) -> tuple[str, ...]:
            return tuple(workflow_id for (workflow_id,) in _UNFILED.run(connection, after_id=after_id, count=limit))

        return await self._database.read(look)

    async def ended(self, after_id: str, limit: int) -> tuple[str, ...]:
        """Ids of ended runs, in order."""

        def look(connection: sqlite3.Connection) -> tuple[str, ...]:
            return tuple(workflow_id for (workflow_id,) in _ENDED.run(connection, after_id=after_id, count=limit))

        return await self._database.read(look)

    async def page(self, workflow_id: str) -> WorkflowPage | None:
        """The document of a run; None unless it has ended."""
        return await self._database.read(partial(_page, workflow_id=workflow_id))

    async def note_filed(self, page: WorkflowPage) -> None:
        """Note which version of a run its file tells of."""
        await self._database.write(
            lambda connection: _NOTE_FILED.run(connection, workflow_id=page.workflow_id, version=page.version)
        )

    async def known(self, workflow_ids: Iterable[str]) -> frozenset[str]:
        """Those of the ids that are runs."""
        wanted = json.dumps(tuple(workflow_ids))
        rows = await self._database.read(lambda connection: _KNOWN.run(connection, workflow_ids=wanted).fetchall())
        return frozenset(workflow_id for (workflow_id,) in rows)


class WorkflowFiles:
    """The files of a home. Their calls run in a thread, one at a time.

    Who reads what to write from the database holds `lock` until it is written, as does who removes: so no file is
    written of a run that was deleted meanwhile.

    Args:
        home: Where they lie.

    Attributes:
        lock: See above.
    """

    def __init__(self, home: Home) -> None:
        self.lock = anyio.Lock()
        self._home = home
        self._limiter = anyio.CapacityLimiter(1)

    async def write(self, page: WorkflowPage) -> None:
        """Write a document.

        Raises:
            StoreError: The disk is full or failing; what was there stays.
        """
        await self._on_thread(partial(self._write, page))

    async def remove(self, workflow_ids: Collection[str]) -> None:
        """Remove documents; nothing happens to what is not there.

        Raises:
            StoreError: The disk is failing.
        """
        await self._on_thread(partial(self._remove, tuple(workflow_ids)))

    async def names(self) -> tuple[str, ...]:
        """Ids of the runs that have a document."""
        return await self._on_thread(self._names)

    # --- in the thread

    def _write(self, page: WorkflowPage) -> None:
        part = self._home.parts / f".part-{secrets.token_hex(8)}"
        try:
            with open_part(part) as file:
                file.write(page_of(page.document))
            part.replace(self._path(page.workflow_id))
        except OSError:
            part.unlink(missing_ok=True)
            raise

    def _remove(self, workflow_ids: tuple[str, ...]) -> None:
        for workflow_id in workflow_ids:
            self._path(workflow_id).unlink(missing_ok=True)

    def _names(self) -> tuple[str, ...]:
        files = self._home.workflows.iterdir()
        return tuple(path.stem for path in files if path.suffix == _SUFFIX and is_workflow_id(path.stem))

    def _path(self, workflow_id: str) -> Path:
        return self._home.workflows / f"{workflow_id}{_SUFFIX}"

    async def _on_thread(self, function: Callable[[], T]) -> T:
        try:
            return await anyio.to_thread.run_sync(function, limiter=self._limiter)
        except OSError as error:
            raise file_error(error, "the files of workflow runs could not be written") from error


def _page(connection: sqlite3.Connection, workflow_id: str) -> WorkflowPage | None:
    found = workflow_listing.get_runs(connection, [workflow_id])
    if not found or not found[0].is_finished:
        return None
    run = found[0]
    nodes = list_nodes(connection, workflow_id, run.attempt, 0)
    attempts = workflow_listing.list_attempts(connection, workflow_id)
    return WorkflowPage(workflow_id, run.version, workflow_document(run, nodes, attempts))

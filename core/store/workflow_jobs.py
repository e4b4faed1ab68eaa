"""The jobs that run the nodes of a workflow's run, and what was kept of them, a run at a time."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from core.clock import from_microseconds
from core.lifecycle.job import JobStatus
from core.records.artifact import Artifact
from core.records.workflow_log import NodeArtifact, NodeJob
from core.store.queries import QueryFile

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Mapping

    from core.store.database import Database

_SQL: Final = QueryFile("workflow_jobs")
_JOBS_BEHIND: Final = _SQL.take("jobs_behind")
_ARTIFACTS_OF_JOBS: Final = _SQL.take("artifacts_of_jobs")


class ArtifactKey(NamedTuple):
    """Where an artifact stands among those of a run."""

    job_id: str = ""
    attempt: int = 0
    path: str = ""


class JobShelf:
    """The jobs of one run in the order in which they were submitted; read on, it takes notice of those that came since.

    Args:
        database: Where they are.
        workflow_id: The run.
        service: A service whose presence is looked for.
    """

    def __init__(self, database: Database, workflow_id: str, service: str | None = None) -> None:
        self._database, self._workflow_id, self._service = database, workflow_id, service
        self._row = 0
        self._count = 0

    async def read_on(self) -> tuple[NodeJob, ...]:
        """The jobs submitted since the call before; all of them the first time."""

        def look(connection: sqlite3.Connection) -> list[tuple[int, NodeJob]]:
            rows = _JOBS_BEHIND.run(connection, workflow_id=self._workflow_id, behind=self._row, service=self._service)
            return [_job_from_row(number, row) for number, row in enumerate(rows, start=self._count + 1)]

        found = await self._database.read(look)
        if found:
            self._row, self._count = found[-1][0], found[-1][1].number
        return tuple(job for _, job in found)


class NodeJobStore:
    """What belongs to the nodes of runs.

    Args:
        database: Where it is.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def jobs_of(self, workflow_id: str, service: str | None = None) -> JobShelf:
        """The jobs of a run, to be read on; see `JobShelf`."""
        return JobShelf(self._database, workflow_id, service)

    async def artifacts(self, nodes: Mapping[str, str], *, behind: ArtifactKey, limit: int) -> tuple[NodeArtifact, ...]:
        """What was kept of some jobs, by their ids and then by path.

        Args:
            nodes: The nodes that the jobs ran, by the jobs' ids.
            behind: Only what stands behind this.
            limit: At most so much.
        """
        wanted = [job_id for job_id in sorted(nodes) if job_id >= behind.job_id]
        look = partial(_artifacts, job_ids=wanted, behind=behind, limit=limit)
        found = await self._database.read(look)
        return tuple(NodeArtifact(nodes[job_id], job_id, artifact) for job_id, artifact in found)


def _artifacts(
    connection: sqlite3.Connection, job_ids: Iterable[str], behind: ArtifactKey, limit: int
) -> list[tuple[str, Artifact]]:
    rows = _ARTIFACTS_OF_JOBS.run(
        connection,
        job_ids=json.dumps(list(job_ids)),
        count=limit,
        job_id=behind.job_id,
        attempt=behind.attempt,
        path=behind.path,
    )
    return [(job_id, Artifact(*row)) for job_id, *row in rows]


def _job_from_row(
    number: int, row: tuple[int, str, str, int, str, int, int | None, int | None, int]
) -> tuple[int, NodeJob]:
    place, job_id, node_id, run_attempt, status, attempt, started_us, finished_us, has_service = row
    return place, NodeJob(
        number,
        job_id,
        node_id,
        run_attempt,
        attempt,
        is_finished=JobStatus(status).is_terminal,
        started_at=None if started_us is None else from_microseconds(started_us),
        finished_at=None if finished_us is None else from_microseconds(finished_us),
        has_service=bool(has_service),
    )

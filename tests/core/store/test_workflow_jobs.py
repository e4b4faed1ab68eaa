"""The jobs of a run in their order, and what was kept of them a page at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import Artifact, JobEvent, NodeRef, new_job_id, new_workflow_id
from core.store.artifacts import ArtifactStore
from core.store.database import open_database
from core.store.jobs import JobStore
from core.store.workflow_jobs import ArtifactKey, NodeJobStore
from core.testing.clock import MovingClock
from core.testing.factories import a_job_spec

if TYPE_CHECKING:
    from pathlib import Path

    from core import JobSpec


async def submitted(jobs: JobStore, workflow_id: str | None, node_id: str, spec: JobSpec | None = None) -> str:
    job_id = new_job_id()
    await jobs.submit(
        job_id,
        spec or a_job_spec(),
        by="engine",
        idempotency_key=None,
        request_digest="",
        node=NodeRef(workflow_id, node_id) if workflow_id else None,
        max_queued=100,
    )
    return job_id


async def test_the_jobs_of_a_run_are_numbered_in_the_order_in_which_they_came(tmp_path: Path) -> None:
    async with open_database(tmp_path / "db", may_create=True) as database:
        jobs, run, other = JobStore(database, MovingClock()), new_workflow_id(), new_workflow_id()
        shelf = NodeJobStore(database).jobs_of(run, service="db")
        assert await shelf.read_on() == ()
        first = await submitted(jobs, run, "a", a_job_spec(services={"db": {"image": "busybox"}}))
        await submitted(jobs, other, "a")
        await submitted(jobs, None, "")
        second = await submitted(jobs, run, "b")
        found = await shelf.read_on()
        assert [(job.number, job.job_id, job.node_id, job.has_service) for job in found] == [
            (1, first, "a", True),
            (2, second, "b", False),
        ]
        assert [(job.run_attempt, job.attempt, job.is_finished, job.started_at) for job in found] == [
            (1, 0, False, None)
        ] * 2
        await jobs.move(first, JobEvent.CANCEL, by="cli")
        third = await submitted(jobs, run, "c")
        assert [(job.number, job.job_id) for job in await shelf.read_on()] == [(3, third)]
        anew = await NodeJobStore(database).jobs_of(run).read_on()
        assert [(job.number, job.is_finished, job.has_service) for job in anew] == [
            (1, True, False),
            (2, False, False),
            (3, False, False),
        ]


async def test_what_was_kept_of_several_jobs_comes_in_pages(tmp_path: Path) -> None:
    async with open_database(tmp_path / "db", may_create=True) as database:
        jobs, run = JobStore(database, MovingClock()), new_workflow_id()
        ids = sorted([await submitted(jobs, run, "a"), await submitted(jobs, run, "b")])
        for job_id in ids:
            kept = [Artifact(path, "kept", 1, "0" * 64, "text/plain", "*", attempt=1) for path in ("x", "y")]
            await ArtifactStore(database).replace(job_id, 1, kept)
        store, nodes = NodeJobStore(database), {ids[0]: "a", ids[1]: "b"}
        first = await store.artifacts(nodes, behind=ArtifactKey(), limit=3)
        assert [(one.node_id, one.artifact.path) for one in first] == [("a", "x"), ("a", "y"), ("b", "x")]
        rest = await store.artifacts(nodes, behind=ArtifactKey(ids[1], 1, "x"), limit=3)
        assert [(one.node_id, one.job_id, one.artifact.path) for one in rest] == [("b", ids[1], "y")]
        assert await store.artifacts({}, behind=ArtifactKey(), limit=3) == ()

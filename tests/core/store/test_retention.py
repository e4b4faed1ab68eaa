"""Which runs and which uploaded files have to go."""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from core.ids import new_job_id, new_upload_id, new_workflow_id
from core.lifecycle.job import JobEvent, JobPhase, JobStatus
from core.records.artifact import Artifact, Upload
from core.records.document import job_document
from core.records.job import Attempt
from core.spec.job import InputFile
from core.store import export, retention
from core.store.artifacts import ArtifactStore
from core.store.export import FIRST, RunIndex
from core.store.migrate import MIGRATIONS, migrate
from core.store.retention import RunChoice, RunShelf, remove_stale_files, run_folders, stale_files
from core.store.uploads import UploadStore
from core.testing.factories import a_job_spec

if TYPE_CHECKING:
    from pathlib import Path

    from core.records.job import Job
    from core.store.database import Database
    from core.store.jobs import JobStore
    from core.testing.clock import MovingClock

_OLD_JOB = """
INSERT INTO jobs (job_id, status, image, priority, slots, created_us, queued_us, finished_us, attempt, version, spec,
                  outputs, warnings, submitted_by)
VALUES (?, 'cancelled', 'image', 0, '{}', 1, 1, 2, 0, 1, ?, '{}', '[]', 'me')
"""


@pytest.fixture
def shelf(database: Database) -> RunShelf:
    return RunShelf(database)


@pytest.fixture
def index(database: Database) -> RunIndex:
    return RunIndex(database)


async def a_job(jobs: JobStore, **spec: Any) -> str:
    job_id = new_job_id()
    await jobs.submit(job_id, a_job_spec(**spec), by="mcp", idempotency_key=None, request_digest="d", max_queued=10_000)
    return job_id


async def a_run(jobs: JobStore, event: JobEvent = JobEvent.SUCCEED, phase: JobPhase = JobPhase.DONE) -> Job:
    job_id = await a_job(jobs)
    await jobs.move(job_id, JobEvent.START, by="engine", new_attempt=Attempt(1, phase, "orcaops-1"))
    return await jobs.move(job_id, event, by="engine")


async def some_runs(jobs: JobStore, clock: MovingClock, count: int) -> list[str]:
    made: list[str] = []
    for number in range(count):
        made.append((await a_run(jobs, JobEvent.FAIL if number % 2 else JobEvent.SUCCEED)).job_id)
        clock.advance(60)
    return made


async def chosen(shelf: RunShelf, choice: RunChoice) -> list[str]:
    bound = await shelf.bound(choice)
    found = [run.run_id for run in await shelf.oldest(bound, 100)]
    assert (await shelf.totals(bound)).runs == len(found)
    return found


async def test_the_runs_that_ended_first_are_in_front_and_what_has_not_ended_is_not_among_them(
    shelf: RunShelf, jobs: JobStore, clock: MovingClock
) -> None:
    await a_job(jobs)
    slow = await a_job(jobs)
    await jobs.move(slow, JobEvent.START, by="engine", new_attempt=Attempt(1, JobPhase.RUNNING, "orcaops-1"))
    made = await some_runs(jobs, clock, 4)
    assert await chosen(shelf, RunChoice()) == made
    await jobs.move(slow, JobEvent.SUCCEED, by="engine")
    assert await chosen(shelf, RunChoice()) == [*made, slow]
    assert [run.run_id for run in await shelf.oldest(await shelf.bound(RunChoice()), 2)] == made[:2]


async def test_age_status_and_number_restrict_together(shelf: RunShelf, jobs: JobStore, clock: MovingClock) -> None:
    start = clock.now()
    made = await some_runs(jobs, clock, 6)
    failed = frozenset({JobStatus.FAILED})
    assert await chosen(shelf, RunChoice(ended_before=start + timedelta(seconds=120))) == made[:2]
    assert await chosen(shelf, RunChoice(statuses=failed)) == made[1::2]
    assert await chosen(shelf, RunChoice(keep=2)) == made[:4]
    assert await chosen(shelf, RunChoice(keep=0)) == made
    assert await chosen(shelf, RunChoice(keep=6)) == await chosen(shelf, RunChoice(keep=7)) == []
    assert await chosen(shelf, RunChoice(failed, keep=1)) == [made[1], made[3]]
    assert await chosen(shelf, RunChoice(failed, start + timedelta(seconds=61), 1)) == [made[1]]


async def test_runs_that_end_later_are_behind_a_bound(shelf: RunShelf, jobs: JobStore, clock: MovingClock) -> None:
    made = await some_runs(jobs, clock, 3)
    bound = await shelf.bound(RunChoice(keep=1))
    await some_runs(jobs, clock, 3)
    assert [run.run_id for run in await shelf.oldest(bound, 10)] == made[:2]


async def test_bytes_are_known_once_a_run_is_filed(
    shelf: RunShelf, index: RunIndex, jobs: JobStore, clock: MovingClock
) -> None:
    first, second = await some_runs(jobs, clock, 2)
    await index.note_filed({first: 1000, new_job_id(): 5})
    bound = await shelf.bound(RunChoice())
    assert await shelf.oldest(bound, 10) == ((first, 1000), (second, 0))
    assert await shelf.totals(bound) == (2, 1000)
    assert await jobs.delete([first, second]) == {first: 1000, second: 0}
    assert await shelf.totals(bound) == (0, 0)


async def test_a_run_is_to_be_filed_once_its_container_was_seen_to(
    index: RunIndex, jobs: JobStore, clock: MovingClock
) -> None:
    waiting = await a_job(jobs)
    unsettled = await a_run(jobs, phase=JobPhase.REMOVING)
    settled = await a_run(jobs)
    never_ran = await a_job(jobs)
    await jobs.move(never_ran, JobEvent.CANCEL, by="cli")
    expected = sorted([settled.job_id, never_ran])
    assert list(await index.unfiled("", 10)) == expected
    assert await index.unfiled(expected[0], 10) == (expected[1],)
    found = await index.unfiled_documents([waiting, unsettled.job_id, settled.job_id, new_job_id()])
    assert found == ((settled.job_id, job_document(settled)),)
    await index.note_filed({settled.job_id: 1})
    assert await index.unfiled_documents([settled.job_id]) == ()
    await jobs.change(unsettled.job_id, attempt={"phase": JobPhase.DONE})
    assert sorted(await index.unfiled("", 10)) == sorted([never_ran, unsettled.job_id])


async def test_filed_runs_are_walked_in_the_order_of_their_ends_with_their_artifacts(
    index: RunIndex, jobs: JobStore, database: Database, clock: MovingClock
) -> None:
    made = await some_runs(jobs, clock, 3)
    await index.note_filed(dict.fromkeys(made, 0))
    kept = Artifact("a", "kept", 1, "ab", "text/plain", "a")
    await ArtifactStore(database).replace(made[1], 1, [kept])
    keys = await index.filed(FIRST, 2)
    assert [key.job_id for key in (*keys, *await index.filed(keys[-1], 2))] == made
    documents = await index.documents([made[2], made[1], new_job_id()])
    assert [document.job_id for document in documents] == [made[2], made[1]]
    assert [item["path"] for item in documents[1].document["artifacts"]] == ["a"]


async def test_ids_that_are_jobs_are_told_from_others(shelf: RunShelf, jobs: JobStore) -> None:
    job_id = await a_job(jobs)
    assert await shelf.known([job_id, new_job_id()]) == {job_id}


async def test_the_walks_of_runs_use_their_indexes_and_no_sorting(database: Database) -> None:
    def plans(connection: sqlite3.Connection) -> dict[str, str]:
        found: dict[str, str] = {}
        for query in (*retention._SQL.queries.values(), *export._SQL.queries.values()):
            if query.name not in {"delete_runs", "delete_workflow", "expire_uploads", "note_filed"}:
                rows = connection.execute(
                    f"EXPLAIN QUERY PLAN {query.sql}", query.in_order(dict.fromkeys(query.placeholders, "[]"))
                )
                found[query.name] = "; ".join(row[3] for row in rows)
        return found

    told = await database.read(plans)
    for name in ("sum_jobs", "oldest_jobs", "oldest_of_newest", "filed_runs"):
        assert "USING COVERING INDEX runs_by_end" in told[name]
    assert "INDEX runs_unfiled" in told["unfiled_runs"]
    assert "INDEX jobs_with_files" in told["jobs_with_files"]
    for name, plan in told.items():
        assert not re.search(r"SCAN (jobs|j|a)(;|$)", plan), name
        assert "B-TREE FOR ORDER" not in plan or name == "list_artifacts_of_jobs", name


def test_a_home_of_the_version_before_is_taken_over() -> None:
    spec = a_job_spec(files=[InputFile(path="a", sha256="a" * 64, size=1)]).model_dump_json()
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrate(connection, MIGRATIONS[:1])
        connection.execute(_OLD_JOB, ("job_1", spec))
        migrate(connection)
        assert connection.execute("SELECT job_id FROM jobs WHERE kept_bytes IS NULL").fetchall() == [("job_1",)]
        assert export._UNFILED_RUNS.run(connection, after_id="", count=9).fetchall() == [("job_1",)]
        assert retention._JOBS_WITH_FILES.run(connection, after_id="", count=9).fetchall() == [("job_1",)]


# --- files sent in


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def a_file(text: str) -> InputFile:
    return InputFile(path=f"{text}.txt", sha256=sha(text), size=len(text))


async def test_a_file_is_needed_by_a_job_or_by_an_upload_that_has_not_expired(
    shelf: RunShelf, jobs: JobStore, database: Database, clock: MovingClock
) -> None:
    uploads = UploadStore(database, clock)
    await uploads.save(Upload(new_upload_id(), (a_file("expired"), a_file("of a job"))))
    clock.advance(100)
    await uploads.save(Upload(new_upload_id(), (a_file("fresh"),)))
    for _ in range(50):  # more than one walk takes
        await a_job(jobs, files=[a_file("other")])
    job_id = await a_job(jobs, files=[a_file("of a job")])
    everything = [sha(text) for text in ("expired", "of a job", "fresh", "of nobody")]
    assert await shelf.unneeded(everything) == {sha("of nobody")}
    assert await shelf.expire_uploads(clock.now() - timedelta(seconds=1)) == 1
    assert await shelf.unneeded(everything) == {sha("of nobody"), sha("expired")}
    await jobs.move(job_id, JobEvent.CANCEL, by="cli")
    await jobs.delete([job_id])
    assert await shelf.unneeded(everything) == {sha("of nobody"), sha("expired"), sha("of a job")}
    assert await shelf.unneeded([]) == frozenset()


async def test_only_files_named_by_a_hash_grow_stale_and_only_stale_ones_go(tmp_path: Path, clock: MovingClock) -> None:
    then = clock.now().timestamp()
    for name, age in ((sha("a"), 100), (sha("b"), 100), (sha("c"), 0), ("notes.txt", 100)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (then - age, then - age))
    before = clock.now() - timedelta(seconds=50)
    stale = await stale_files(tmp_path, before)
    assert sorted(stale) == sorted([sha("a"), sha("b")])
    os.utime(tmp_path / sha("b"))  # somebody counts on it meanwhile
    assert await remove_stale_files(tmp_path, [*stale, sha("gone")], before) == 1
    assert not (tmp_path / sha("a")).exists()
    assert (tmp_path / sha("b")).exists()
    assert await stale_files(tmp_path / "absent", before) == ()


async def test_folders_of_jobs_and_runs_are_told_from_others(tmp_path: Path) -> None:
    ours = {new_job_id(), new_workflow_id()}
    for name in (*ours, "job_1", "wf_1", "lost+found"):
        (tmp_path / name).mkdir()
    assert set(await run_folders(tmp_path)) == ours

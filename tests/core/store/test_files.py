from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from core.errors import ArtifactNotFoundError, InvalidArgumentError, StoreError, UploadNotFoundError
from core.ids import new_job_id, new_upload_id
from core.records.artifact import Artifact, Upload
from core.spec.job import InputFile
from core.store.artifacts import ArtifactStore
from core.store.uploads import UploadStore
from core.testing.factories import a_job_spec

if TYPE_CHECKING:
    from core.store.database import Database
    from core.store.jobs import JobStore
    from core.testing.clock import MovingClock

_KEPT = Artifact("out/a.txt", "kept", 3, "0" * 64, "text/plain", "out/*", "", 1)
_MISSING = Artifact("dist/**", "missing", pattern="dist/**", note="nothing matched")


@pytest.fixture
def artifacts(database: Database) -> ArtifactStore:
    return ArtifactStore(database)


@pytest.fixture
def uploads(database: Database, clock: MovingClock) -> UploadStore:
    return UploadStore(database, clock)


@pytest.fixture
async def job_id(jobs: JobStore) -> str:
    made = new_job_id()
    await jobs.submit(made, a_job_spec(), by="mcp", idempotency_key=None, request_digest="d", max_queued=9)
    return made


async def test_artifacts_read_back_by_path_and_again_after_a_repetition(artifacts: ArtifactStore, job_id: str) -> None:
    for _ in range(2):
        await artifacts.replace(job_id, 1, [_KEPT, _MISSING])
    assert await artifacts.list(job_id) == (_MISSING, _KEPT)
    await artifacts.replace(job_id, 1, [_MISSING])
    assert await artifacts.list(job_id) == (_MISSING,)


async def test_a_path_is_found_in_the_last_attempt_that_has_it(artifacts: ArtifactStore, job_id: str) -> None:
    again = Artifact("out/a.txt", "kept", 4, "1" * 64, "text/plain", "out/*", "", 2)
    await artifacts.replace(job_id, 1, [_KEPT, _MISSING])
    await artifacts.replace(job_id, 2, [again])
    assert await artifacts.find(job_id, "out/a.txt") == again
    assert await artifacts.find(job_id, "dist/**") == _MISSING
    assert await artifacts.list(job_id) == (again, _MISSING, _KEPT)


async def test_an_unknown_path_or_job_has_no_artifact(artifacts: ArtifactStore, job_id: str) -> None:
    for job, path in ((job_id, "absent"), ("absent", "out/a.txt"), (job_id, "\udc80")):
        with pytest.raises(ArtifactNotFoundError):
            await artifacts.find(job, path)
    assert await artifacts.list("absent") == ()


async def test_artifacts_belong_to_a_job(artifacts: ArtifactStore) -> None:
    with pytest.raises(StoreError, match="FOREIGN KEY"):
        await artifacts.replace(new_job_id(), 1, [_KEPT])


async def test_an_upload_reads_back(uploads: UploadStore) -> None:
    files = (InputFile(path="a/b.sh", sha256="0" * 64, size=3, executable=True),)
    upload = Upload(new_upload_id(), files)
    await uploads.save(upload)
    assert await uploads.get(upload.upload_id) == upload
    with pytest.raises(UploadNotFoundError):
        await uploads.get(new_upload_id())


async def test_files_of_all_jobs_are_paged_newest_jobs_first_and_found_by_a_text(
    artifacts: ArtifactStore, jobs: JobStore
) -> None:
    made = [new_job_id() for _ in range(3)]
    for number, job_id in enumerate(made):
        spec = a_job_spec(name=f"job-{number}")
        await jobs.submit(job_id, spec, by="mcp", idempotency_key=None, request_digest="d", max_queued=9)
        files = [replace(_KEPT, path=f"out/{name}") for name in ("a.txt", "B.log")]
        await artifacts.replace(job_id, 1, [*files, _MISSING])
    seen: list[tuple[str, str]] = []
    cursor = None
    while True:
        page = await artifacts.newest(text=None, limit=4, cursor=cursor)
        seen += [(item.job_id, item.artifact.path) for item in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == [(job_id, path) for job_id in sorted(made, reverse=True) for path in ("out/a.txt", "out/B.log")]
    by_path = await artifacts.newest(text="b.LOG", limit=9, cursor=None)
    by_name = await artifacts.newest(text="JOB-1", limit=9, cursor=None)
    assert {item.artifact.path for item in by_path.items} == {"out/B.log"}
    assert {item.job_name for item in by_name.items} == {"job-1"}


@pytest.mark.parametrize("cursor", ["x", "W10=", "WzEsIDIsIDNd", "e30=", "===="])
async def test_what_is_no_place_in_the_list_of_files_is_refused(artifacts: ArtifactStore, cursor: str) -> None:
    with pytest.raises(InvalidArgumentError, match="cursor"):
        await artifacts.newest(text=None, limit=9, cursor=cursor)
    with pytest.raises(InvalidArgumentError, match="limit"):
        await artifacts.newest(text=None, limit=0, cursor=None)

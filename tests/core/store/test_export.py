"""Settled records as files."""

from __future__ import annotations

import json
import stat
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio.to_thread
import pytest

from core.errors import StoreError
from core.ids import new_job_id
from core.store.export import RunDocument, RunFiles
from core.store.home import Home

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path)
    for folder in (home.runs, home.parts, home.logs, home.artifacts):
        folder.mkdir()
    return home


@pytest.fixture
def files(home: Home) -> RunFiles:
    return RunFiles(home)


def some(count: int, **changes: Any) -> list[RunDocument]:
    ids = [new_job_id() for _ in range(count)]
    return [RunDocument(job_id, {"job_id": job_id, "name": "ü", **changes}) for job_id in ids]


def told(home: Home) -> list[str]:
    """The ids in the file of all lines, each line being whole."""
    return [json.loads(line)["job_id"] for line in (home.root / "runs.jsonl").read_text().splitlines()]


def documents(home: Home) -> dict[str, Any]:
    return {path.stem: json.loads(path.read_text()) for path in home.runs.iterdir()}


async def test_a_run_is_a_document_and_a_line_for_its_owner_only(files: RunFiles, home: Home) -> None:
    first, second = some(2)
    await files.write([first])
    await files.write([second])
    assert documents(home) == {run.job_id: run.document for run in (first, second)}
    assert told(home) == [first.job_id, second.job_id]
    for path in (home.root / "runs.jsonl", home.runs / f"{first.job_id}.json"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(home.parts.iterdir()) == []


async def test_half_a_surrogate_pair_is_written_with_a_mark_in_its_place(files: RunFiles, home: Home) -> None:
    (run,) = some(1, name="a\udc80b")
    await files.write([run])
    assert documents(home)[run.job_id]["name"] == "a?b"


@pytest.mark.parametrize("torn", [b'{"job_id":"job_', b"x" * 100_000])
async def test_a_line_that_a_crash_tore_is_written_over(files: RunFiles, home: Home, torn: bytes) -> None:
    first, second = some(2)
    await files.write([first])
    with (home.root / "runs.jsonl").open("ab") as lines:
        lines.write(torn)
    await files.write([second])
    assert told(home) == [first.job_id, second.job_id]


async def test_a_removed_run_leaves_neither_document_nor_line(files: RunFiles, home: Home) -> None:
    runs = some(3)
    await files.write(runs)
    await files.remove([runs[1].job_id, new_job_id()])
    assert told(home) == [runs[0].job_id, runs[2].job_id]
    assert set(await files.names()) == documents(home).keys() == {runs[0].job_id, runs[2].job_id}


async def test_removing_from_a_home_that_never_had_a_run_does_nothing(files: RunFiles, home: Home) -> None:
    await files.remove([new_job_id()])
    await files.keep_lines([])
    assert list(home.root.glob("*.jsonl")) == list(home.parts.iterdir()) == []


async def test_lines_of_no_run_and_doubled_ones_are_dropped(files: RunFiles, home: Home) -> None:
    kept, gone = some(2)
    await files.write([kept, gone, kept])
    with (home.root / "runs.jsonl").open("ab") as lines:
        lines.write(b"[]\n\xff\n" + b'{"job_id":"\xff"}\n' + b'{"job_id":')
    await files.keep_lines([kept.job_id])
    assert told(home) == [kept.job_id]


async def test_lines_that_are_right_are_not_written_again(files: RunFiles, home: Home) -> None:
    runs = some(3)
    await files.write(runs)
    before = (home.root / "runs.jsonl").stat()
    await files.keep_lines([run.job_id for run in runs])
    after = (home.root / "runs.jsonl").stat()
    assert (after.st_ino, after.st_mtime_ns, after.st_size) == (before.st_ino, before.st_mtime_ns, before.st_size)


async def test_rewriting_replaces_all_lines_at_once(files: RunFiles, home: Home) -> None:
    former, first, second = some(3)
    await files.write([former])
    async with files.rewriting() as add:
        await add([first])
        await add([second])
        assert told(home) == [former.job_id]
    assert told(home) == [first.job_id, second.job_id]
    assert list(home.parts.iterdir()) == []


async def test_rewriting_that_fails_leaves_the_former_lines(files: RunFiles, home: Home) -> None:
    former, first = some(2)
    await files.write([former])
    with suppress(LookupError):
        async with files.rewriting() as add:
            await add([first])
            raise LookupError
    assert told(home) == [former.job_id]
    assert list(home.parts.iterdir()) == []


async def test_a_folder_that_cannot_be_written_is_a_store_error_and_the_lines_stay(files: RunFiles, home: Home) -> None:
    first, second = some(2)
    await files.write([first])
    await anyio.to_thread.run_sync(partial(home.runs.rename, home.root / "away"))
    home.runs.touch()
    with pytest.raises(StoreError, match="finished jobs could not be written"):
        await files.write([second])
    assert told(home) == [first.job_id]
    assert list(home.parts.iterdir()) == []


async def test_only_documents_of_jobs_count(files: RunFiles, home: Home) -> None:
    for name in ("notes.txt", "job_1.json", f"{new_job_id()}.txt"):
        (home.runs / name).touch()
    assert await files.names() == ()


async def test_what_a_run_takes_is_its_logs_and_artifacts(files: RunFiles, home: Home) -> None:
    full, bare = new_job_id(), new_job_id()
    for folder in (home.logs_of(full), home.artifacts_of(full)):
        folder.mkdir()
    (home.logs_of(full) / "1.log").write_bytes(bytes(1000))
    (home.artifacts_of(full) / "one").write_bytes(bytes(200))
    (home.artifacts_of(full) / "two").write_bytes(bytes(30))
    assert await files.measure([full, bare]) == {full: 1230, bare: 0}

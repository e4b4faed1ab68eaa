"""Settled records as files, for people and jq: a document for each run, and one line for each in a single file.

They are written after the commit and never read by the engine; the database can make all of them again. So nothing
waits for the disk here: after a power cut the last ones may be missing or torn until the next export.
"""

from __future__ import annotations

import json
import os
import secrets
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NamedTuple, TypeVar

import anyio
import anyio.to_thread
from pydantic_core import PydanticSerializationError, to_json

from core import portable
from core.ids import is_job_id
from core.records.artifact import Artifact
from core.records.document import job_document
from core.store import encoding
from core.store.faults import file_error
from core.store.listing import get_jobs
from core.store.queries import QueryFile

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from core.records.job import Job
    from core.store.database import Database
    from core.store.home import Home

T = TypeVar("T")

_SQL: Final = QueryFile("export")
_UNFILED_RUNS: Final = _SQL.take("unfiled_runs")
_UNFILED_AMONG: Final = _SQL.take("unfiled_among")
_FILED_RUNS: Final = _SQL.take("filed_runs")
_LIST_ARTIFACTS_OF_JOBS: Final = _SQL.take("list_artifacts_of_jobs")
_NOTE_FILED: Final = _SQL.take("note_filed")

NOTHING: Final[Mapping[str, Job]] = {}

_SUFFIX: Final = ".json"
_LINE_START: Final = b'{"job_id":"'
_TAIL_BYTES: Final = 64 * 1024


class RunDocument(NamedTuple):
    """A settled record."""

    job_id: str
    document: dict[str, Any]


class RunKey(NamedTuple):
    """A place in the order in which runs ended."""

    finished_us: int
    job_id: str


FIRST: Final = RunKey(-1, "")
"""Before every run."""


class RunIndex:
    """Which settled records have been written as files.

    Every method raises `StoreError` and `StoreBusyError` as `Database` does.

    Args:
        database: Where the records are.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def unfiled(self, after_id: str, limit: int) -> tuple[str, ...]:
        """Ids of settled runs that have not been written, in order."""

        def look(connection: sqlite3.Connection) -> tuple[str, ...]:
            return tuple(job_id for (job_id,) in _UNFILED_RUNS.run(connection, after_id=after_id, count=limit))

        return await self._database.read(look)

    async def unfiled_documents(
        self, job_ids: Collection[str], known: Mapping[str, Job] = NOTHING
    ) -> tuple[RunDocument, ...]:
        """The records of those of some jobs that are settled and have not been written.

        Args:
            job_ids: The jobs.
            known: Records as they were told, which need not be read if nothing changed since.
        """

        def look(connection: sqlite3.Connection) -> tuple[RunDocument, ...]:
            versions: dict[str, int] = dict(_UNFILED_AMONG.run(connection, job_ids=json.dumps(tuple(job_ids))))
            told = {job_id: job for job_id, job in known.items() if versions.get(job_id) == job.version}
            return _documents(connection, tuple(versions), told)

        return await self._database.read(look)

    async def filed(self, after: RunKey, limit: int) -> tuple[RunKey, ...]:
        """Some runs that have been written, from the one that ended first on."""

        def look(connection: sqlite3.Connection) -> tuple[RunKey, ...]:
            rows = _FILED_RUNS.run(connection, after_us=after.finished_us, after_id=after.job_id, count=limit)
            return tuple(RunKey(*row) for row in rows)

        return await self._database.read(look)

    async def documents(self, job_ids: Sequence[str]) -> tuple[RunDocument, ...]:
        """The records of some jobs, in the order given; unknown ids are left out."""
        return await self._database.read(partial(_documents, job_ids=job_ids))

    async def note_filed(self, kept_bytes: Mapping[str, int]) -> None:
        """Note the bytes kept of runs whose files are written."""
        rows = [{"job_id": job_id, "kept_bytes": size} for job_id, size in kept_bytes.items()]
        await self._database.write(lambda connection: _NOTE_FILED.run_many(connection, rows))


class _Folders(NamedTuple):
    """Where the files of a home lie, as texts: paths are made of them for every run."""

    parts: str
    runs: str
    logs: str
    artifacts: str


class RunFiles:
    """The files of a home. Their calls run in a thread, one at a time.

    Who reads what to write from the database holds `lock` until it is written: so nothing is written of a run that
    was deleted meanwhile, since who deletes removes the files last.

    Args:
        home: Where they lie.

    Attributes:
        lock: See above.
    """

    def __init__(self, home: Home) -> None:
        self.lock = anyio.Lock()
        self._home = home
        self._lines = home.root / "runs.jsonl"
        self._folders = _Folders(*map(os.fspath, (home.parts, home.runs, home.logs, home.artifacts)))
        self._limiter = anyio.CapacityLimiter(1)

    async def write(self, runs: Sequence[RunDocument]) -> None:
        """Write the documents and add their lines.

        Raises:
            StoreError: The disk is full or failing; the lines are as they were.
        """
        await self._on_thread(partial(self._write, runs))

    async def remove(self, job_ids: Collection[str]) -> None:
        """Remove documents and lines; nothing happens to what is not there.

        Raises:
            StoreError: The disk is full or failing.
        """
        await self._on_thread(partial(self._remove, frozenset(job_ids)))

    async def keep_lines(self, job_ids: Collection[str]) -> None:
        """Drop the lines of all other runs, and those that a crash doubled or tore.

        Raises:
            StoreError: The disk is full or failing; the lines are as they were.
        """
        await self._on_thread(partial(self._filter_lines, lambda: _Kept(job_ids)))

    async def names(self) -> tuple[str, ...]:
        """Ids of the runs that have a document."""
        return await self._on_thread(self._names)

    async def measure(self, job_ids: Iterable[str]) -> dict[str, int]:
        """Bytes of the log and the artifacts of each job, as they lie on the disk."""
        return await self._on_thread(lambda: {job_id: self._size(job_id) for job_id in job_ids})

    @asynccontextmanager
    async def rewriting(self) -> AsyncGenerator[Callable[[Sequence[RunDocument]], Any]]:
        """Write all lines anew: give the documents to what comes, in order. Until the end the former lines stand.

        Raises:
            StoreError: The disk is full or failing; the former lines stay.
        """
        part = self._home.parts / f".part-{secrets.token_hex(8)}"
        file = await self._on_thread(partial(open_part, part))

        async def add(runs: Sequence[RunDocument]) -> None:
            await self._on_thread(partial(self._write_to, file, runs))

        try:
            yield add
            await self._on_thread(partial(self._finish, file, part))
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(_discard, file, part, limiter=self._limiter)

    # --- in the thread

    def _write(self, runs: Sequence[RunDocument]) -> None:
        for run in runs:
            self._write_document(run)
        descriptor = os.open(self._lines, os.O_RDWR | os.O_CREAT | portable.OPEN, 0o600)
        with os.fdopen(descriptor, "r+b", buffering=0) as file:
            end = _end_of_lines(file)
            try:
                file.truncate(end)
                file.seek(end)
                _write_all(file, b"".join(map(_line, runs)))
            except OSError:
                with suppress(OSError):
                    file.truncate(end)
                raise

    def _write_to(self, file: BinaryIO, runs: Sequence[RunDocument]) -> None:
        for run in runs:
            if not self._has(run):
                self._write_document(run)
            file.write(_line(run))

    def _finish(self, file: BinaryIO, part: Path) -> None:
        file.close()
        part.replace(self._lines)

    def _write_document(self, run: RunDocument) -> None:
        part = os.path.join(self._folders.parts, f".part-{secrets.token_hex(8)}")  # noqa: PTH118 - many are written
        try:
            with open_part(part) as file:
                file.write(page_of(run.document))
            os.replace(part, os.path.join(self._folders.runs, f"{run.job_id}{_SUFFIX}"))  # noqa: PTH105, PTH118
        except OSError:
            with suppress(FileNotFoundError):
                os.unlink(part)  # noqa: PTH108
            raise

    def _has(self, run: RunDocument) -> bool:
        """Whether the document is there as it would be written: reading costs less than writing."""
        try:
            return self._path(run.job_id).read_bytes() == page_of(run.document)
        except OSError:
            return False

    def _path(self, job_id: str) -> Path:
        return self._home.runs / f"{job_id}{_SUFFIX}"

    def _remove(self, job_ids: frozenset[str]) -> None:
        for job_id in job_ids:
            self._path(job_id).unlink(missing_ok=True)
        self._filter_lines(lambda: lambda job_id: job_id not in job_ids)

    def _filter_lines(self, make_choice: Callable[[], Callable[[str], bool]]) -> None:
        """Rewrite the file without lines that are torn or whose id a choice refuses; it is asked line by line."""
        part = self._home.parts / f".part-{secrets.token_hex(8)}"
        try:
            with self._lines.open("rb") as lines:
                if all(map(partial(_is_kept, make_choice()), lines)):
                    return
                lines.seek(0)
                with open_part(part) as kept:
                    kept.writelines(filter(partial(_is_kept, make_choice()), lines))
            part.replace(self._lines)
        except FileNotFoundError:
            return
        finally:
            part.unlink(missing_ok=True)

    def _names(self) -> tuple[str, ...]:
        return tuple(path.stem for path in self._home.runs.iterdir() if path.suffix == _SUFFIX and is_job_id(path.stem))

    def _size(self, job_id: str) -> int:
        size = 0
        for folder in (self._folders.logs, self._folders.artifacts):
            size += _size_of(os.path.join(folder, job_id))  # noqa: PTH118 - many are measured
        return size

    async def _on_thread(self, function: Callable[[], T]) -> T:
        try:
            return await anyio.to_thread.run_sync(function, limiter=self._limiter)
        except OSError as error:
            raise file_error(error, "the files of finished jobs could not be written") from error


def _size_of(folder: str | os.PathLike[str]) -> int:
    """Bytes of the files in a folder and the folders in it, of which only logs of services have any."""
    size = 0
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            is_folder = entry.is_dir(follow_symlinks=False)
            size += _size_of(entry.path) if is_folder else entry.stat(follow_symlinks=False).st_size
    return size


class _Kept:
    """Lets each of some ids pass once."""

    def __init__(self, job_ids: Iterable[str]) -> None:
        self._left = set(job_ids)

    def __call__(self, job_id: str) -> bool:
        if job_id not in self._left:
            return False
        self._left.remove(job_id)
        return True


def _documents(
    connection: sqlite3.Connection, job_ids: Sequence[str], told: Mapping[str, Job] = NOTHING
) -> tuple[RunDocument, ...]:
    artifacts: dict[str, list[Artifact]] = {}
    for job_id, *row in _LIST_ARTIFACTS_OF_JOBS.run(connection, job_ids=json.dumps(job_ids)):
        artifacts.setdefault(job_id, []).append(Artifact(*row))
    others = [job_id for job_id in job_ids if job_id not in told]
    jobs = {**told, **{job.job_id: job for job in get_jobs(connection, others)}} if others else told
    return tuple(
        RunDocument(job_id, job_document(jobs[job_id], artifacts.get(job_id, ())))
        for job_id in job_ids
        if job_id in jobs
    )


def page_of(document: dict[str, Any]) -> bytes:
    """A document as a file holds it."""
    return _written(document, indent=2) + b"\n"


def _line(run: RunDocument) -> bytes:
    return _written(run.document) + b"\n"


def _written(document: dict[str, Any], indent: int | None = None) -> bytes:
    try:
        return to_json(document, indent=indent)
    except PydanticSerializationError:  # half a surrogate pair: rare, and a mark takes its place
        text = json.dumps(document, ensure_ascii=False, indent=indent, separators=None if indent else (",", ":"))
        return encoding.utf8(text).encode()


def _is_kept(choice: Callable[[str], bool], line: bytes) -> bool:
    return line.endswith(b"\n") and choice(_id_of(line))


def _id_of(line: bytes) -> str:
    """The id a line begins with; empty if it is none of ours."""
    if not line.startswith(_LINE_START):
        return ""
    return line[len(_LINE_START) :].partition(b'"')[0].decode("ascii", "replace")


def open_part(path: str | Path) -> BinaryIO:
    """A file that is being written, before it has its name."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | portable.OPEN, 0o600)
    return os.fdopen(descriptor, "wb")


def _discard(file: BinaryIO, path: Path) -> None:
    with suppress(OSError):
        file.close()
        path.unlink(missing_ok=True)


def _end_of_lines(file: BinaryIO) -> int:
    """Where the last whole line ends; what a crash left behind it is no line."""
    end = file.seek(0, os.SEEK_END)
    while end:
        start = max(0, end - _TAIL_BYTES)
        file.seek(start)
        found = file.read(end - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def _write_all(file: BinaryIO, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]

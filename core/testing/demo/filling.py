"""Fills a home with all that a page can show: without a container engine, in seconds, the same for the same seed."""

from __future__ import annotations

import mimetypes
import random
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

import anyio
import anyio.to_thread

from core.engine.admission import admit
from core.engine.slots import Slots
from core.engine.workflow.acceptance import accept
from core.engine.workflow.request import WorkflowRequest
from core.errors import InvalidArgumentError
from core.logs.clean import show_name
from core.records.artifact import Artifact
from core.spec.template import read_template
from core.store.artifacts import ArtifactStore
from core.store.blobs import BlobFolder
from core.store.changes import Submission
from core.store.database import open_database
from core.store.encoding import spec_to_json
from core.store.home import hold_home, home_id
from core.store.past import keep_past_jobs
from core.store.templates import TemplateStore
from core.testing.clock import MovingClock
from core.testing.demo.files_of_workflows import FILES
from core.testing.demo.history import History
from core.testing.demo.output import ordinary_output, write_log
from core.testing.demo.runs import RunMaker, submit
from core.testing.demo.shown import ShownJobs
from core.testing.demo.size import demo_settings
from core.testing.demo.story import waiting_job
from core.testing.demo.templates import TEMPLATES

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from core.records.log import LogFrame
    from core.spec.job import JobSpec
    from core.store.database import Database
    from core.store.home import Home
    from core.store.part_file import Blob
    from core.testing.demo.shown import Shown
    from core.testing.demo.size import DemoSize
    from core.testing.demo.story import Story

T = TypeVar("T")

_TOGETHER: Final = 500
_UNBOUNDED: Final = 1_000_000


async def fill(root: Path, size: DemoSize, seed: int, now: datetime | None) -> None:
    """Fill a home. See `core.testing.demo.fill_demo_home`."""
    now = now or datetime.now(UTC)
    async with _opened(root, now) as filler:
        shown = ShownJobs(random.Random(f"{seed} shown"), now, filler.admit)  # noqa: S311 - no secret
        for one in shown.ended(size.log_lines):
            await filler.keep_shown(one)
        await filler.keep_history(History(random.Random(f"{seed} jobs"), now, filler.admit), size)  # noqa: S311
        await filler.keep_runs(random.Random(f"{seed} runs"), size.runs)  # noqa: S311
        await filler.keep_templates()
        await filler.wait_in_line(shown.live())


@asynccontextmanager
async def _opened(root: Path, now: datetime) -> AsyncGenerator[_Filler]:
    async with hold_home(root, now) as home:
        if await anyio.Path(home.database).exists():
            hint = "Name a folder that does not exist yet."
            raise InvalidArgumentError(f"{root} holds a home already; a demo fills an empty one.", hint=hint)
        async with open_database(home.database) as database:
            yield _Filler(home, database, await home_id(database), now)


class _Filler:
    """Writes what is made up into one home."""

    def __init__(self, home: Home, database: Database, identity: str, now: datetime) -> None:
        self._home = home
        self._database = database
        self._identity = identity
        self._now = now
        self._settings = demo_settings(home.root)
        queue = self._settings.queue
        self._slots = Slots({"jobs": queue.max_running, **queue.slots})
        self._threads = anyio.CapacityLimiter(2)

    def admit(self, spec: JobSpec) -> JobSpec:
        """The spec with the defaults that apply."""
        return admit(spec, self._settings, self._slots)

    async def keep_history(self, history: History, size: DemoSize) -> None:
        """Jobs of thirty days, the newest with their logs."""
        stories = await self._in_thread(lambda: history.stories(size.jobs))
        first = len(stories) - size.logs
        for start in range(0, len(stories), _TOGETHER):
            some = stories[start : start + _TOGETHER]
            if start + _TOGETHER > first:
                begin = max(0, first - start)
                some = (*some[:begin], *await self._in_thread(partial(self._logged, some[begin:])))
            await self._keep(some)

    async def keep_runs(self, chance: random.Random, count: int) -> None:
        """Runs of workflows with their jobs, and one that waits for an engine."""
        files = {
            name: await accept(
                WorkflowRequest(text=file.text, file_name=f"{name}.yaml", actor="dev@example.invalid"),
                self._settings,
                at=self._now,
                by="cli",
                folder=None,
                threads=self._threads,
            )
            for name, file in FILES.items()
        }
        maker = RunMaker(chance, self._now, files, self._settings, self.admit)
        *earlier, last = await self._in_thread(lambda: maker.past(count))
        printed = await self._in_thread(partial(self._logged, last.jobs))

        def write(connection: sqlite3.Connection) -> None:
            for run in (*earlier, last):
                run.write(connection)
            submit(connection, maker.waiting())

        await self._database.write(write)
        await self._keep((*(job for run in earlier for job in run.jobs), *printed))

    async def keep_shown(self, shown: Shown) -> None:
        """A job that is found by its name, with its log and files."""
        story = await self._in_thread(lambda: self._with_log(shown.story, shown.frames))
        artifacts = await self._stored(story.job_id, shown.files)
        await self._keep((replace(story, kept_bytes=story.kept_bytes + sum(file.size for file in artifacts)),))
        await ArtifactStore(self._database).replace(story.job_id, 1, artifacts)

    async def keep_templates(self) -> None:
        """Saved requests."""
        store = TemplateStore(self._database, MovingClock(self._now))
        for request in TEMPLATES:
            await store.save(read_template(request).spec, by="cli", overwrite=False)

    async def wait_in_line(self, stories: Iterable[Story]) -> None:
        """Jobs that an engine starts when it opens the home."""

        def write(connection: sqlite3.Connection) -> None:
            for job in map(waiting_job, stories):
                Submission(job, spec_to_json(job.spec), None, "", _UNBOUNDED).insert(connection)

        await self._database.write(write)

    async def _keep(self, stories: Sequence[Story]) -> None:
        await keep_past_jobs(self._database, [story.record(self._identity) for story in stories])

    async def _stored(self, job_id: str, files: Mapping[str, bytes]) -> tuple[Artifact, ...]:
        if not files:
            return ()
        folder = BlobFolder(self._home.artifacts_of(job_id), self._home.parts)
        blobs = await folder.put_many([data] for data in files.values())
        return await self._in_thread(lambda: tuple(map(_artifact, files, blobs)))

    def _logged(self, stories: Iterable[Story]) -> tuple[Story, ...]:
        return tuple(self._with_log(story, ordinary_output(story)) for story in stories)

    def _with_log(self, story: Story, frames: Iterable[LogFrame]) -> Story:
        """Its log is written, and the record tells of it."""
        if story.began_at is None:
            return story
        summary, marks = write_log(self._home.logs_of(story.job_id), story, frames)
        seen = {mark.index: mark for mark in marks}
        steps = tuple(
            replace(step, first_line=seen[step.index].first_line, last_line=seen[step.index].last_line)
            if step.index in seen
            else step
            for step in story.steps
        )
        return replace(story, log=summary, steps=steps, kept_bytes=summary.size)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await anyio.to_thread.run_sync(work, limiter=self._threads)


def _artifact(path: str, blob: Blob) -> Artifact:
    media_type = mimetypes.guess_type(path, strict=False)[0] or "application/octet-stream"
    return Artifact(show_name(path.encode()), "kept", blob.size, blob.sha256, media_type, path.partition("/")[0])

"""All logs of a home, for the event loop: opens recorders, reads in threads, wakes those who wait for more.

There is no queue for a reader: it reads the file from where it stands and waits until there is more. So a slow reader
costs nothing, and two hundred at the same place read the file once.
"""

from __future__ import annotations

import asyncio
import logging
import re
import shutil
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Final, ParamSpec, TypeVar

import anyio
import anyio.to_thread

from core.errors import JobNotFoundError, StoreError
from core.ids import is_job_id, is_workflow_id
from core.logs.line_set import LineSets
from core.logs.live import LiveLog
from core.logs.reader import LogReader
from core.logs.recorder import LogGrowth, LogRecorder
from core.logs.recovery import seal
from core.logs.silence import SilentLogs
from core.logs.window import read_shown

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Collection, Sequence
    from datetime import datetime
    from pathlib import Path

    from core.logs.line_set import ChosenLines, LineChoice
    from core.logs.reader import LogMatches, LogSlice
    from core.logs.search import LogPattern
    from core.logs.window import ShownLine
    from core.records.log import LogLine, Stream

Args = ParamSpec("Args")
Result = TypeVar("Result")

_log = logging.getLogger(__name__)

_NO_ROOM: Final = "Free some space in the home's file system: what the container printed is kept until then."
_SERVICE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,62}")
_READERS: Final = 8
_SEARCHERS: Final = 3  # a look at a whole log takes a while, and others want to read meanwhile
_WRITERS: Final = 8


def _close(recorder: LogRecorder) -> None:
    """What cannot be written now is delivered again by the container engine when the log is opened again."""
    try:
        recorder.close()
    except OSError as error:
        _log.warning("a log was left with its last lines unwritten: %s", error)


class LogHub:
    """The logs below one folder.

    Wherever a job is named, `core.records.log.service_log_id` names the log of one of its services, or of one that the
    jobs of a workflow's run share.

    Args:
        root: Holds a folder for each job; it need not exist yet.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lives: dict[tuple[str, int], LiveLog] = {}
        self._silent = SilentLogs()
        self._line_sets = LineSets()
        self._readers = anyio.CapacityLimiter(_READERS)
        self._searchers = anyio.CapacityLimiter(_SEARCHERS)
        self._writers = anyio.CapacityLimiter(_WRITERS)

    @asynccontextmanager
    async def recorder(
        self,
        job_id: str,
        attempt: int,
        *,
        max_bytes: int,
        max_lines: int,
        token: str = "",
        needles: frozenset[bytes] = frozenset(),
        on_growth: Callable[[LogGrowth], None] | None = None,
        is_fresh: bool = False,
    ) -> AsyncGenerator[LogRecorder]:
        """Hold an attempt's recorder open; leaving the context closes it, whatever the reason.

        The log may be opened again, after a crash or a shutdown. Once the attempt is over for good, call `finish`,
        best while this still is open.

        Args:
            job_id: The job.
            attempt: The attempt's number.
            max_bytes: As for `LogRecorder.open`.
            max_lines: As for `LogRecorder.open`.
            token: As for `LogRecorder.open`.
            needles: As for `LogRecorder.open`.
            on_growth: Called on the event loop, at most every 20 ms, after lines came or steps changed.
            is_fresh: As for `LogRecorder.open`; then no thread is needed for it.
        """
        folder = self._folder(job_id)
        with self._attend(job_id, attempt) as live:
            live.ended = False
            self._silent.discard(job_id, attempt)
            open_recorder = partial(
                LogRecorder.open,
                folder,
                attempt,
                token=token,
                max_bytes=max_bytes,
                max_lines=max_lines,
                needles=needles,
                on_growth=partial(live.grew, asyncio.get_running_loop()),
                is_fresh=is_fresh,
            )
            if is_fresh:
                recorder = open_recorder()
            else:
                recorder = await anyio.to_thread.run_sync(open_recorder, limiter=self._writers)
            live.recorder, live.on_growth = recorder, on_growth
            try:
                yield recorder
            finally:
                await self._leave(recorder)
                if live.notice_due:
                    live.wake()
                live.recorder = live.on_growth = None

    async def _leave(self, recorder: LogRecorder) -> None:
        if recorder.is_closed:
            return
        if recorder.is_silent:
            _close(recorder)
        else:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(_close, recorder, limiter=self._writers)

    async def run(self, call: Callable[Args, Result], *args: Args.args, **kwargs: Args.kwargs) -> Result:
        """Make a call of a recorder's that writes, such as `LogRecorder.append_tail`, off the event loop."""
        return await anyio.to_thread.run_sync(partial(call, *args, **kwargs), limiter=self._writers)

    async def finish(self, job_id: str, attempt: int) -> None:
        """Say that an attempt's log is closed for good: followers come to their end, also of an empty log.

        A log without a line has no file, and nothing is written of its end: its job's record tells of it.

        Must be called for every attempt; its recorder is closed if it still is open.

        Raises:
            StoreError: The disk is full or failing; to be called again.
        """
        live = self._lives.get((job_id, attempt))
        recorder = live.recorder if live else None
        await self._end(job_id, attempt, recorder)
        live = self._lives.get((job_id, attempt))  # again: who came while it was written may not have seen the end
        if live is not None:
            live.ended = True
            live.version += 1
            live.wake()

    async def _end(self, job_id: str, attempt: int, recorder: LogRecorder | None) -> None:
        """Write into a log's file that nothing will follow, unless it has no file."""
        is_open = recorder is not None and not recorder.is_closed
        close = partial(recorder.close, ended=True) if recorder is not None and is_open else None
        end = close or partial(seal, self._folder(job_id), attempt)
        try:
            if recorder is not None and recorder.is_silent and close is not None:
                close()
                self._silent.add(job_id, attempt)
                return
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(end, limiter=self._writers)
        except OSError as error:
            said = f"The log of {job_id} could not be written ({error.strerror})."
            raise StoreError(said, hint=_NO_ROOM) from error

    async def read(
        self,
        job_id: str,
        attempt: int,
        first_line: int,
        *,
        max_lines: int = 1000,
        max_bytes: int = 1024 * 1024,
        streams: Collection[Stream] | None = None,
        step: int | None = None,
    ) -> LogSlice:
        """Lines from a number on; see `LogReader.read`."""
        read = LogReader(self._folder(job_id), attempt).read
        return await self._in_thread(
            read, first_line, max_lines=max_lines, max_bytes=max_bytes, streams=streams, step=step
        )

    async def tail(
        self,
        job_id: str,
        attempt: int,
        lines: int,
        *,
        max_bytes: int = 1024 * 1024,
        streams: Collection[Stream] | None = None,
        step: int | None = None,
    ) -> LogSlice:
        """The last lines; see `LogReader.tail`."""
        tail = LogReader(self._folder(job_id), attempt).tail
        return await self._in_thread(tail, lines, max_bytes=max_bytes, streams=streams, step=step)

    async def search(
        self,
        job_id: str,
        attempt: int,
        pattern: LogPattern,
        *,
        first_line: int = 1,
        max_matches: int = 100,
        context: int = 0,
        max_bytes: int = 64 * 1024,
        streams: Collection[Stream] | None = None,
        step: int | None = None,
    ) -> LogMatches:
        """Lines that match; see `LogReader.search`."""
        return await self._in_thread(
            LogReader(self._folder(job_id), attempt).search,
            pattern,
            first_line=first_line,
            max_matches=max_matches,
            context=context,
            max_bytes=max_bytes,
            streams=streams,
            step=step,
        )

    async def choose(self, job_id: str, attempt: int, choice: LineChoice, *, budget_s: float) -> ChosenLines:
        """Which lines pass a choice, as far as ``budget_s`` allows to look; the next call goes on from there."""
        lines = self._line_sets.of(self._folder(job_id), attempt, choice)
        return await anyio.to_thread.run_sync(lines.grow, budget_s, limiter=self._searchers)

    async def show(self, job_id: str, attempt: int, numbers: Sequence[int]) -> tuple[ShownLine, ...]:
        """Lines by their numbers, as they are shown; see `read_shown`."""
        return await self._in_thread(read_shown, self._folder(job_id), attempt, numbers)

    async def total_lines(self, job_id: str, attempt: int) -> int:
        """How many lines there are now."""
        return await self._in_thread(LogReader(self._folder(job_id), attempt).total_lines)

    async def first_line_at_or_after(self, job_id: str, attempt: int, moment: datetime) -> int:
        """Number of the first line that was not written before a moment; the next line's if there is none."""
        return await self._in_thread(LogReader(self._folder(job_id), attempt).first_line_at_or_after, moment)

    async def wait_for_growth(self, job_id: str, attempt: int, beyond_line: int, timeout: float | None) -> bool:  # noqa: ASYNC109 - a wait that ends is an answer here, not a failure
        """Wait until there is a line after ``beyond_line``, or until none will come.

        Args:
            job_id: The job.
            attempt: The attempt's number.
            beyond_line: The last line the caller has; 0 for none.
            timeout: At most so many seconds; None for as long as it takes.

        Returns:
            Whether it is worth reading; False after the timeout.
        """
        with self._attend(job_id, attempt) as live, anyio.move_on_after(timeout):
            live.ended = live.ended or self._silent.has(job_id, attempt)
            while True:
                grown, version = live.grown, live.version
                part = await self._read_together(live, job_id, attempt, beyond_line + 1, version)
                if part.lines or part.ended or live.ended:
                    return True
                await grown.wait()
        return False

    async def follow(
        self, job_id: str, attempt: int, from_line: int = 1, *, is_over: bool = False
    ) -> AsyncGenerator[tuple[LogLine, ...]]:
        """Lines from a number on, as they come, until the log is closed for good.

        Args:
            job_id: The job.
            attempt: The attempt's number.
            from_line: The first line wanted.
            is_over: Whether the attempt is known to have ended, so that what is not there will not come.

        Yields:
            One or more lines; those that are there already come at most 1,000 at a time.
        """
        with self._attend(job_id, attempt) as live:
            live.ended = live.ended or is_over or self._silent.has(job_id, attempt)
            while True:
                grown, ended = live.grown, live.ended
                part = await self._read_together(live, job_id, attempt, from_line, live.version)
                from_line = part.next_line
                if part.lines:
                    yield part.lines
                if part.at_end:
                    if part.ended or ended:
                        return
                    await grown.wait()

    async def delete(self, job_id: str) -> None:
        """Remove all logs of a job; nothing if there are none."""
        self._line_sets.forget(self._folder(job_id))
        remove = partial(shutil.rmtree, self._folder(job_id), ignore_errors=True)
        await anyio.to_thread.run_sync(remove, limiter=self._writers)

    def _folder(self, job_id: str) -> Path:
        job_id, slash, service_id = job_id.partition("/")
        if not (is_job_id(job_id) or is_workflow_id(job_id)) or (slash and _SERVICE.fullmatch(service_id) is None):
            raise JobNotFoundError
        return self._root / job_id / "services" / service_id if slash else self._root / job_id

    def _attend(self, job_id: str, attempt: int) -> LiveLog:
        key = (job_id, attempt)
        return self._lives.get(key) or LiveLog(self._lives, key)

    async def _read_together(self, live: LiveLog, job_id: str, attempt: int, first_line: int, version: int) -> LogSlice:
        """What all that stand at the same line see: one of them reads it.

        Args:
            live: The log.
            job_id: Its job.
            attempt: Its attempt.
            first_line: Where the reader stands.
            version: How far the log had grown when the reader looked; what is returned is no older.
        """
        async with live.reading:
            if live.recent is not None and live.recent[0] == first_line and live.recent[1] >= version:
                return live.recent[2]
            version = live.version
            part = await self.read(job_id, attempt, first_line)
            live.recent = (first_line, version, part)
            return part

    async def _in_thread(self, call: Callable[Args, Result], *args: Args.args, **kwargs: Args.kwargs) -> Result:
        return await anyio.to_thread.run_sync(partial(call, *args, **kwargs), limiter=self._readers)

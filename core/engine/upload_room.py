"""How much room is left for files that are sent in."""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

import anyio
import anyio.to_thread

from core.errors import NotAdmittedError
from core.settings import in_mib
from core.store.faults import file_error

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from core.clock import Clock

_COUNT_EVERY_S: Final = 10.0
"""What was removed meanwhile is noticed as late as this: nobody has a large folder counted by being refused."""


class UploadRoom:
    """Counts what comes in, and looks at the folder before anybody is refused.

    Args:
        folder: Where the files are.
        most_bytes: That they may have in all.
        clock: For the time between two looks.
    """

    def __init__(self, folder: Path, most_bytes: int, clock: Clock) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self._clock = clock
        self._kept = self._claimed = 0
        self._counted_at: float | None = None
        self._has_grown = False
        self._looking = anyio.Lock()
        self._thread = anyio.CapacityLimiter(1)

    @contextmanager
    def claiming(self) -> Generator[Claim]:
        """A claim to room; what it took is given back unless it is kept."""
        claim = Claim(self)
        try:
            yield claim
        finally:
            self._claimed -= claim.size
            if claim.is_kept and claim.size:
                self._kept += claim.size
                self._has_grown = True

    async def take(self, size: int) -> None:
        """Count further bytes.

        Raises:
            NotAdmittedError: There would be more than may be.
            StoreError: The folder cannot be looked through.
        """
        async with self._looking:
            if self._counted_at is None or (not self._fits(size) and self._may_have_changed(self._counted_at)):
                self._kept = await anyio.to_thread.run_sync(partial(_size_of, self._folder), limiter=self._thread)
                self._counted_at, self._has_grown = self._clock.monotonic(), False
            if not self._fits(size):
                raise self._refusal()
            self._claimed += size

    def _fits(self, size: int) -> bool:
        return not size or self._kept + self._claimed + size <= self._most_bytes

    def _may_have_changed(self, counted_at: float) -> bool:
        """Whether another look may find less than was counted: what came may have been here before."""
        return self._has_grown or self._clock.monotonic() - counted_at >= _COUNT_EVERY_S

    def _refusal(self) -> NotAdmittedError:
        return NotAdmittedError(
            f"uploads: no room for these files: those that were sent in before have {in_mib(self._kept)}, and "
            f"{in_mib(self._most_bytes)} is the most here",
            hint="They go retention.upload_days after they came, once no job names them: delete runs that are no "
            "longer needed, or have the operator shorten that time or raise limits.uploads_total_bytes.",
        )


class Claim:
    """Room for some files; made by `UploadRoom.claiming`."""

    def __init__(self, room: UploadRoom) -> None:
        self._room = room
        self.size = 0
        """Bytes taken so far."""
        self.is_kept = False

    async def take(self, size: int) -> None:
        """Take room for further bytes. See `UploadRoom.take`."""
        await self._room.take(size)
        self.size += size

    def keep(self) -> None:
        """The files are there now."""
        self.is_kept = True


def _size_of(folder: Path) -> int:
    try:
        with os.scandir(folder) as entries:
            return sum(_bytes_of(entry) for entry in entries)
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise file_error(error, "the files sent in could not be looked through") from error


def _bytes_of(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_size
    except FileNotFoundError:  # swept meanwhile
        return 0

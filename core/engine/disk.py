"""What running jobs hold on the container engine's disk, and when one of them holds too much."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from core.errors import BackendError
from core.records.job import Failure, FailureKind
from core.settings import MIB

if TYPE_CHECKING:
    from core.engine.parts import Parts
    from core.records.job import Job

_log = logging.getLogger(__name__)

_LOOK_EVERY_S: Final = 2.0


class DiskBoard:
    """What each running container has written, as last seen."""

    def __init__(self) -> None:
        self._written: dict[str, int] = {}

    def note(self, container_id: str, written: int) -> None:
        """Take what one has written."""
        self._written[container_id] = written

    def leave(self, container_id: str) -> None:
        """Forget one that has ended."""
        self._written.pop(container_id, None)

    def holds_most(self, container_id: str) -> bool:
        """Whether none has written more than this one."""
        return self._written.get(container_id, 0) >= max(self._written.values(), default=0)


class DiskWatch:
    """Looks now and then what one container has written.

    Args:
        parts: The engine's parts.
        job: Whose it is.
        container_id: The container.
    """

    def __init__(self, parts: Parts, job: Job, container_id: str) -> None:
        self._parts = parts
        self._limit_mb = job.spec.disk_mb
        self._container_id = container_id
        self._was_low = False

    async def until_too_much(self) -> Failure:
        """Return when the job has to be stopped for what it holds, with what is said of it."""
        board = self._parts.disk
        try:
            while True:
                failure = await self._look()
                if failure is not None:
                    return failure
                await self._parts.clock.sleep(_LOOK_EVERY_S)
        finally:
            board.leave(self._container_id)

    async def _look(self) -> Failure | None:
        backend, least = self._parts.backend, self._parts.settings.limits.min_free_mb
        try:
            written = await backend.written_bytes(self._container_id)
            free = await backend.free_bytes() if written and least else None
        except BackendError as error:
            _log.debug("no look at what %s has written: %s", self._container_id, error)
            return None
        if written is None:
            return None
        self._parts.disk.note(self._container_id, written)
        if self._limit_mb is not None and written > self._limit_mb * MIB:
            return Failure(
                FailureKind.DISK_LIMIT,
                f"The job wrote {written // MIB} MiB into its container, more than its {self._limit_mb} MiB.",
                "Raise disk_mb, write less, or write into a mount.",
            )
        is_low = free is not None and free < least * MIB
        was_low, self._was_low = self._was_low, is_low  # between two looks every other job has been looked at
        if free is not None and is_low and was_low and self._parts.disk.holds_most(self._container_id):
            return Failure(
                FailureKind.DISK_LIMIT,
                f"Only {free // MIB} MiB were free on the container engine's disk, and of the jobs that ran this one "
                f"had written most ({written // MIB} MiB).",
                "Make room there (`docker system df` shows what takes it), then run the job again.",
                retryable=True,
            )
        return None

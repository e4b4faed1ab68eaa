"""A service's log: followed from its container into the home, and kept with a job's artifacts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import anyio

from core.errors import BackendError, BackendTimeoutError, BackendUnavailableError
from core.records.artifact import Artifact
from core.records.log import service_log_id
from core.redaction import needles

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.backends.base import ContainerState
    from core.engine.parts import Parts
    from core.engine.service_owner import ServiceOwner
    from core.logs.recorder import LogGrowth, LogRecorder
    from core.store.blobs import BlobFolder

_DRAIN_S: Final = 10.0
"""How long the rest of the output may take to arrive after the container has ended."""

_REATTACH_S: Final = 0.5
_PAGE_LINES: Final = 5000
_PAGE_BYTES: Final = 1024 * 1024


class ServiceLog:
    """The log of one service.

    Args:
        parts: The engine's parts.
        owner: Whose service it is.
        service_id: Which service.
        container_id: Its container.

    Attributes:
        finished: Set once everything was written that will come.
    """

    def __init__(self, parts: Parts, owner: ServiceOwner, service_id: str, container_id: str) -> None:
        self.finished = anyio.Event()
        self._parts, self._owner = parts, owner
        self._service_id, self._container_id = service_id, container_id
        self._log_id = service_log_id(owner.owner_id, service_id)
        self._ended, self._followed = anyio.Event(), anyio.Event()
        self._is_whole = True

    async def follow(self, on_end: Callable[[ContainerState | None], None]) -> ContainerState | None:
        """Record the output until the container has ended; returns its state, None when it is gone.

        Args:
            on_end: Told the state as soon as that is known; the rest of the output may still come.
        """
        parts, owner = self._parts, self._owner
        try:
            async with parts.logs.recorder(
                self._log_id,
                owner.attempt,
                max_bytes=owner.log_bytes,
                max_lines=owner.log_lines,
                needles=needles(owner.masked),
                on_growth=self._grew,
            ) as recorder:
                state = await self._see_through(recorder, on_end)
                await self._end(recorder, is_gone=state is None)
            return state
        finally:
            self.finished.set()

    def _grew(self, growth: LogGrowth) -> None:
        self._parts.bus.service_log_grew(self._log_id, self._owner.attempt, growth.lines)

    async def _see_through(
        self, recorder: LogRecorder, on_end: Callable[[ContainerState | None], None]
    ) -> ContainerState | None:
        state: ContainerState | None = None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._record, recorder)
            state = await self._parts.insist(lambda: self._parts.backend.wait(self._container_id))
            on_end(state)
            self._ended.set()
            with anyio.move_on_after(_DRAIN_S):
                await self._followed.wait()
            tasks.cancel_scope.cancel()
        return state

    async def _record(self, recorder: LogRecorder) -> None:
        while not recorder.is_full:
            is_whole = False
            try:
                position = recorder.resume_position()
                is_whole = await self._parts.backend.follow(self._container_id, position, recorder.write)
            except (BackendUnavailableError, BackendTimeoutError):
                is_whole = False
            except BackendError:
                break
            if is_whole and await self._ends_soon():
                break
            if not is_whole and not recorder.is_full:
                self._is_whole = False
                await self._parts.clock.sleep(_REATTACH_S)
        self._followed.set()

    async def _ends_soon(self) -> bool:
        with anyio.move_on_after(_REATTACH_S):
            await self._ended.wait()
        return self._ended.is_set()

    async def _end(self, recorder: LogRecorder, *, is_gone: bool) -> None:
        parts = self._parts
        if recorder.is_full and not is_gone:
            lines = parts.settings.limits.log_tail_lines
            frames = await parts.insist(lambda: parts.backend.tail(self._container_id, lines))
            await parts.logs.run(recorder.append_tail, frames)
        if is_gone or not self._is_whole:
            why = "the container is gone" if is_gone else "the connection to the container engine broke meanwhile"
            await parts.logs.run(recorder.mark_incomplete, why)

    async def close(self) -> None:
        """Close the log for good."""
        await self._parts.logs.finish(self._log_id, self._owner.attempt)

    async def keep(self, blobs: BlobFolder) -> Artifact:
        """Close the log for good, and keep its text among ``blobs`` as the artifact ``services/<id>.log``."""
        parts, number = self._parts, self._owner.attempt
        await self.close()
        pieces, line = list[bytes](), 1
        while True:
            part = await parts.logs.read(self._log_id, number, line, max_lines=_PAGE_LINES, max_bytes=_PAGE_BYTES)
            pieces.append("".join(f"{one.text}\n" for one in part.lines).encode("utf-8", "replace"))
            line = part.next_line
            if part.at_end:
                break
        size = sum(map(len, pieces))
        blob = await parts.logs.run(blobs.put_pieces, iter(pieces), size)
        path = f"services/{self._service_id}.log"
        return Artifact(path, "kept", size, blob.sha256, "text/plain", path, attempt=number)

"""What becomes known of a running attempt, on its way into its record.

What nobody waits for is written soon, several facts together, and what is not written when the attempt has ended goes
into the row of its end. What has to be in the record before something is done is written at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

import anyio

from core.engine.racing import Bell
from core.frozen import replace

if TYPE_CHECKING:
    from core.engine.parts import Parts
    from core.records.job import Job, StepResult
    from core.store.rows import AttemptFields, JobFields

_SOON_S: Final = 0.01
"""Facts that come within this time are written together."""
_ENDING_S: Final = 1.0
"""The same once the container has ended: then the row of the end is hardly longer away."""


class Notebook:
    """The facts of one attempt. Used on the event loop.

    Args:
        parts: The engine's parts.
        job: The record as it stands in the store.

    Attributes:
        is_ending: Whether the container has ended.
    """

    def __init__(self, parts: Parts, job: Job) -> None:
        self.is_ending = False
        self._stored = job
        self._known: Job | None = job
        self._parts = parts
        self._of_job: dict[str, Any] = {}
        self._of_attempt: dict[str, Any] = {}
        self._noted = Bell()

    @property
    def job(self) -> Job:
        """The record with all that is known, written or not."""
        if self._known is None and not (self._of_job or self._of_attempt):
            self._known = self._stored
        if self._known is None:
            attempt = self._stored.attempt
            if attempt is not None and self._of_attempt:
                attempt = replace(attempt, **self._of_attempt)
            self._known = replace(self._stored, attempt=attempt, **self._of_job)
        return self._known

    @property
    def steps(self) -> tuple[StepResult, ...]:
        """The attempt's steps with all that is known of them."""
        noted = self.attempt_fields.get("steps")
        if noted is not None:
            return noted
        attempt = self._stored.attempt
        return attempt.steps if attempt is not None else ()

    @property
    def job_fields(self) -> JobFields:
        """What of the job is not written yet."""
        return cast("JobFields", self._of_job)

    @property
    def attempt_fields(self) -> AttemptFields:
        """What of the attempt is not written yet."""
        return cast("AttemptFields", self._of_attempt)

    def note(self, *, job: JobFields | None = None, attempt: AttemptFields | None = None) -> None:
        """Take facts; `run` writes them."""
        self._of_job |= job or {}
        self._of_attempt |= attempt or {}
        self._known = None
        self._noted.ring()

    def take_over(self, stored: Job) -> None:
        """Go on from the record in the store, unless a later one is known."""
        if stored is not self._stored and stored.version >= self._stored.version:
            self._stored, self._known = stored, None

    async def write(self) -> None:
        """Return once all that was noted is in the store."""
        if not (self._of_job or self._of_attempt):
            return
        of_job, of_attempt = dict(self._of_job), dict(self._of_attempt)
        job_fields, attempt_fields = cast("JobFields", of_job), cast("AttemptFields", of_attempt)
        change = self._parts.ledger.change
        stored = await self._parts.until_stored(
            lambda: change(self._stored.job_id, job=job_fields, attempt=attempt_fields)
        )
        _strike(self._of_job, of_job)
        _strike(self._of_attempt, of_attempt)
        self.take_over(stored)

    async def run(self) -> None:
        """Write what is noted, soon after it was, for ever."""
        while True:
            noted = self._noted.listen()
            if not (self._of_job or self._of_attempt):
                await noted.wait()
            await anyio.sleep(_SOON_S)
            if self.is_ending:
                await anyio.sleep(_ENDING_S)
            await self.write()


def _strike(noted: dict[str, Any], written: dict[str, Any]) -> None:
    """Strike out what was written, and is not known better meanwhile."""
    for name, value in written.items():
        if noted.get(name) is value:
            noted.pop(name, None)

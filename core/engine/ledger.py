"""Every change of a job's record: stored, then announced."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.faultpoints import reach
from core.lifecycle.job import JobEvent
from core.records.event import JobChanged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.engine.bus import Bus
    from core.engine.pace import Pace
    from core.records.job import Attempt, CancelRequest, Job
    from core.records.template import TemplateUse
    from core.records.workflow_node import NodeRef
    from core.spec.job import JobSpec
    from core.store.changes import AskedJob, Submitted
    from core.store.jobs import JobStore
    from core.store.rows import AttemptFields, JobFields


class Ledger:
    """Writes to the store and tells the bus, in this order.

    Args:
        store: Where records live.
        bus: Who is told.
        pace: Of jobs that leave the queue.
    """

    def __init__(self, store: JobStore, bus: Bus, pace: Pace) -> None:
        self._store = store
        self._bus = bus
        self._pace = pace

    async def submit(
        self,
        job_id: str,
        spec: JobSpec,
        *,
        by: str,
        idempotency_key: str | None,
        request_digest: str,
        rerun_of: str | None,
        template: TemplateUse | None,
        max_queued: int,
        node: NodeRef | None = None,
        warnings: tuple[str, ...] = (),
    ) -> Submitted:
        """Accept a job into the queue. See `JobStore.submit`."""
        with self._pace.telling():
            submitted = await self._store.submit(
                job_id,
                spec,
                by=by,
                idempotency_key=idempotency_key,
                request_digest=request_digest,
                rerun_of=rerun_of,
                template=template,
                node=node,
                warnings=warnings,
                max_queued=max_queued,
            )
        if not submitted.replayed:
            self._bus.publish(JobChanged(submitted.job, status_changed=True))
        return submitted

    async def submit_all(self, asked: Sequence[AskedJob], *, max_queued: int) -> tuple[Submitted, ...]:
        """Accept some jobs into the queue, all of them or none. See `JobStore.submit_all`."""
        with self._pace.telling():
            submitted = await self._store.submit_all(asked, max_queued=max_queued)
        for each in submitted:
            if not each.replayed:
                self._bus.publish(JobChanged(each.job, status_changed=True))
        return submitted

    async def move(
        self,
        job_id: str,
        event: JobEvent,
        *,
        by: str,
        why: str = "",
        job: JobFields | None = None,
        attempt: AttemptFields | None = None,
        new_attempt: Attempt | None = None,
    ) -> Job:
        """Move a job to its next status.

        Raises:
            IllegalMoveError: Its present status has no such move; nothing changed.
        """
        reach("move", event)
        moved = await self._store.move(
            job_id, event, by=by, why=why, job=job or {}, attempt=attempt or {}, new_attempt=new_attempt
        )
        reach("moved", event)
        if event is JobEvent.START or moved.started_at is None:
            self._pace.note()
        self._bus.publish(JobChanged(moved, status_changed=True))
        return moved

    async def change(self, job_id: str, *, job: JobFields | None = None, attempt: AttemptFields | None = None) -> Job:
        """Change what a record says beside the status."""
        reach("change", (attempt or {}).get("phase") or "")
        changed = await self._store.change(job_id, job=job or {}, attempt=attempt or {})
        reach("changed", (attempt or {}).get("phase") or "")
        self._bus.publish(JobChanged(changed, status_changed=False))
        return changed

    async def request_cancel(self, job_id: str, request: CancelRequest) -> Job:
        """Note that somebody wants the job stopped; a finished job stays as it is."""
        noted = await self._store.request_cancel(job_id, request)
        self._bus.publish(JobChanged(noted, status_changed=False))
        return noted

"""The engine: all verbs on one object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.engine.answers import EngineStatus
from core.engine.verbs.analytics import AnalyticsVerbs
from core.engine.verbs.jobs import JobVerbs
from core.engine.verbs.log_views import LogViewVerbs
from core.engine.verbs.logs import LogVerbs
from core.engine.verbs.runs import RunVerbs
from core.engine.verbs.secrets import SecretVerbs
from core.engine.verbs.templates import TemplateVerbs
from core.engine.verbs.workflow_looks import WorkflowLookVerbs
from core.engine.verbs.workflow_past import WorkflowPastVerbs
from core.engine.verbs.workflow_reruns import WorkflowRerunVerbs
from core.engine.verbs.workflow_runs import WorkflowRunVerbs
from core.engine.verbs.workflows import WorkflowVerbs

if TYPE_CHECKING:
    from collections.abc import Collection

    from core.engine.bus import Subscription
    from core.engine.parts import Parts
    from core.engine.scheduler import Scheduler
    from core.engine.worker import Worker
    from core.engine.workflow.conductors import Conductors


class Engine(
    TemplateVerbs,
    JobVerbs,
    LogVerbs,
    LogViewVerbs,
    SecretVerbs,
    RunVerbs,
    WorkflowVerbs,
    WorkflowRunVerbs,
    WorkflowRerunVerbs,
    WorkflowLookVerbs,
    WorkflowPastVerbs,
    AnalyticsVerbs,
):
    """Runs container jobs: accepts, queues, runs and records them, and lets callers see and steer.

    Made by `core.open_engine`. All verbs may be called at the same time from one event loop; cancelling a call never
    leaves half of its work behind, and never cancels a job.
    """

    def __init__(
        self, parts: Parts, scheduler: Scheduler, worker: Worker, conductors: Conductors, *, version: str
    ) -> None:
        super().__init__(parts, scheduler, worker, conductors)
        self._version = version
        self._started_at = parts.clock.now()

    @property
    def home_id(self) -> str:
        """The home's own id; every container of this engine carries it as label ``orcaops.home``."""
        return self._parts.home_id

    @property
    def blocked_by(self) -> str | None:
        """Why no job is started at present; None if jobs are."""
        return self._scheduler.blocked_by

    async def status(self) -> EngineStatus:
        """How the engine is, asking the container engine now."""
        await self._parts.secrets.look_again()
        return EngineStatus(
            version=self._version,
            home=self.settings.home,
            backend=await self._parts.backend.probe(),
            counts=await self._parts.jobs.counts(),
            queued=len(self._scheduler.line),
            slots=self._scheduler.slots.use(),
            blocked=self._scheduler.blocked_by,
            blocked_at=self._scheduler.blocked_at,
            started_at=self._started_at,
            policy=self._parts.policy,
            remarks=(*self._parts.remarks, *self._parts.secrets.problems),
        )

    def subscribe(self, ids: Collection[str] | None = None) -> Subscription:
        """News of some jobs and runs, or of all, for use in a ``with`` block; a slow reader gets the latest only."""
        return self._parts.bus.subscribe(ids)

    def close(self) -> None:
        """Accept nothing more; called when the engine shuts down."""
        self._closed = True

"""The services that a run's jobs share, as its conductor sees to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.engine.workflow.node_setting import NodeFaultError
from core.engine.workflow.service_specs import run_services
from core.plan.interpolate import OPENING

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.engine.workflow.live_run import LiveRun
    from core.engine.workflow.shared_services import SharedServices
    from core.records.job import Failure
    from core.spec.workflow import WorkflowSpec


class Serving:
    """Has a run's services started before its first job, and removed behind its last.

    Args:
        shared: The services of all runs.
        live: The run.
        ring: Called when something has changed about its services.
    """

    def __init__(self, shared: SharedServices, live: LiveRun, ring: Callable[[], None]) -> None:
        self._shared = shared
        self._live = live
        self._ring = ring
        self._workflow_id = live.run.workflow_id
        self._has_begun = False
        self._fault: Failure | None = None
        self.is_needed = bool(live.file.frame.workflow.services)
        self.look()  # after a restart they may be up, and jobs be made anew that read of them

    @property
    def is_settled(self) -> bool:
        """Whether jobs may start, or fail, as far as services are concerned."""
        return not self.is_needed or self._fault is not None or (
            self._has_begun and self._shared.is_settled(self._workflow_id)
        )  # fmt: skip

    @property
    def failure(self) -> Failure | None:
        """What a job that would start now fails with."""
        if not self.is_needed:
            return None
        return self._fault or self._shared.failure(self._workflow_id)

    async def begin(self) -> None:
        """Have them started, or gone on with after a restart. Repeatable.

        Raises:
            StoreError: The disk is full or failing.
            StoreBusyError: The database is locked by another process.
        """
        if not self.is_needed or self._has_begun:
            return
        self._has_begun = True
        frame = self._live.file.frame
        try:
            services, warnings = run_services(frame.bare, frame.secrets)
        except NodeFaultError as error:
            self._fault = error.failure
            return
        self._live.warnings += warnings
        if not services:
            self.is_needed = False
            return
        await self._shared.begin(
            self._live.run, services, helper_image=_an_image(frame.workflow), on_settled=self._ring
        )

    def look(self) -> None:
        """Tell the run's expressions of the services that are up."""
        if self.is_needed:
            self._live.services = self._shared.context(self._workflow_id)

    async def stop(self) -> None:
        """Stop and remove them. Repeatable."""
        if self.is_needed:
            await self._shared.stop(self._workflow_id)


def _an_image(workflow: WorkflowSpec) -> str:
    """An image of one of the jobs, which is needed soon in any case; empty if none is written out."""
    images = (job.image.name for job in workflow.jobs.values() if job.image is not None)
    return next((image for image in images if OPENING not in image), "")

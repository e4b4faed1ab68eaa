"""The services beside one attempt at a job: its own, and those that its run shares among its jobs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from core.engine.service_owner import attempt_of_job
from core.engine.service_request import service_variables
from core.engine.service_verdict import with_services, with_shared
from core.engine.services import GRACE_S, ServiceGroup, Ties, remove_services
from core.errors import NotAdmittedError
from core.lifecycle.job import JobPhase

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import anyio

    from core.backends.base import ContainerRequest, ImageInfo
    from core.engine.parts import Parts
    from core.engine.settle import Settlement
    from core.records.job import Job
    from core.records.service import ServiceResult


class JobServices:
    """What stands beside one attempt. A job without services has none, which costs nothing.

    Args:
        parts: The engine's parts.
        job: The record, moved to running with this attempt in it.
        cancel: Set to have the job stopped.
        report: Told what is happening, in words.
    """

    def __init__(self, parts: Parts, job: Job, cancel: anyio.Event, report: Callable[[str | None], None]) -> None:
        self._parts, self._job, self._cancel = parts, job, cancel
        shared, reach = parts.shared.of(job.workflow), job.spec.network
        has_way = reach == "bridge" or (reach == "services" and shared is not None and shared.is_internal)
        self._shared = shared if has_way else None
        self._group: ServiceGroup | None = None
        if job.spec.services:
            owner = attempt_of_job(job, parts.home_id, parts.settings)
            self._group = ServiceGroup(parts, owner, Ties(self._write, report, cancel, self._grace_s))

    async def during(self, act: Callable[[], Awaitable[Settlement]]) -> Settlement:
        """Carry the job's own services while ``act`` brings them up and runs the job; then take them down.

        Returns:
            What ``act`` returned, with what became of the services.

        Raises:
            OrcaOpsError: What ``act`` raised.
        """
        settlement = await (act() if self._group is None else self._with_own(self._group, act))
        return settlement if self._shared is None else with_shared(settlement, self._shared)

    async def _with_own(self, group: ServiceGroup, act: Callable[[], Awaitable[Settlement]]) -> Settlement:
        settlement = await group.during(act)
        blobs = self._parts.artifact_blobs(self._job.job_id)
        artifacts = [await log.keep(blobs) for log in group.logs]
        settlement = replace(
            settlement,
            artifacts=(*settlement.artifacts, *artifacts),
            warnings=(*settlement.warnings, *group.warnings),
        )
        return with_services(settlement, group.results, group.ends)

    async def pull_with(self, own: Callable[[], Awaitable[ImageInfo]]) -> ImageInfo:
        """Make the images local, with the job's own; see `ServiceGroup.pull_with`."""
        return await (own() if self._group is None else self._group.pull_with(own))

    async def bring_up(self, helper_image: str) -> None:
        """Make the network and start the job's services; return once all are ready.

        Args:
            helper_image: The job's image, local.

        Raises:
            NotAdmittedError: One has a name that one of the run's has.
            ServiceFailedError: One will not be ready.
            BackendError: The network was refused.
        """
        if self._group is None:
            return
        self._refuse_double_names()
        await self._parts.ledger.change(
            self._job.job_id, attempt={"services": self._group.results, "phase": JobPhase.CREATING}
        )
        await self._group.bring_up(helper_image)

    async def take_up(self) -> None:
        """Go on with the services of a job that an earlier engine left running; see `ServiceGroup.take_up`."""
        if self._group is not None:
            await self._group.take_up()

    @property
    def variables(self) -> dict[str, str]:
        """What the job is told of them; known once they are up."""
        shared = dict(self._shared.variables) if self._shared is not None else {}
        if self._group is None:
            return shared
        return shared | service_variables(self._job.spec.services, self._group.ports, self._parts.settings)

    def joined(self, request: ContainerRequest) -> ContainerRequest:
        """The request for the job's container, which stands in the run's network too."""
        if self._shared is None:
            return request
        network = self._shared.network
        if not request.attached_to:
            return replace(request, attached_to=network)
        return replace(request, also_in=(network,))

    def _refuse_double_names(self) -> None:
        if self._shared is None:
            return
        for service in self._job.spec.services:
            for name in (service.id, *service.aliases):
                if name.lower() in self._shared.names:
                    raise NotAdmittedError(
                        f"services.{service.id}: the workflow's own services have the name {name} already",
                        hint="Both stand in reach of this job: call one of them otherwise.",
                    )

    async def _write(self, results: tuple[ServiceResult, ...]) -> None:
        await self._parts.ledger.change(self._job.job_id, attempt={"services": results})

    async def _grace_s(self) -> float:
        """Ten seconds, or as little as whoever cancelled the job wants."""
        if not self._cancel.is_set():
            return GRACE_S
        job = await self._parts.jobs.get(self._job.job_id)
        asked = job.cancel.grace_s if job.cancel else None
        return GRACE_S if asked is None else min(asked, GRACE_S)


async def remove_services_of(parts: Parts, job: Job) -> None:
    """Remove what stood beside a job's present attempt, running or not; may be repeated.

    Raises:
        BackendError: The container engine refused.
    """
    if job.spec.services and job.attempt is not None:
        await remove_services(parts, attempt_of_job(job, parts.home_id, parts.settings))

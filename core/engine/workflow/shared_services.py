"""The services that the jobs of runs share, over all runs of the engine, and over its death."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import anyio

from core.engine.admission import admit_services
from core.engine.workflow.shared_run import SharedRun
from core.errors import InvalidExpressionError, NotAdmittedError, UnknownSecretError
from core.records.job import Failure, FailureKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from anyio.abc import TaskGroup

    from core.engine.parts import Parts
    from core.records.workflow import WorkflowRun
    from core.records.workflow_node import JsonObject
    from core.spec.service import ServiceSpec

_log = logging.getLogger(__name__)


class SharedServices:
    """Starts, carries and removes what runs share among their jobs.

    A job of a run finds these services by itself, as `core.engine.shared` says.

    Args:
        parts: The engine's parts.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._runs: dict[str, SharedRun] = {}
        self._tasks: TaskGroup | None = None

    async def restore(self) -> None:
        """Know again the services that an earlier engine left; before its jobs are taken up, which need them."""
        for run in await self._parts.workflows.live():
            shared = SharedRun(self._parts, run, [each.spec for each in run.services])
            if not shared.are_up:
                continue
            try:
                shared.put_up()
            except InvalidExpressionError as error:  # a secret has changed meanwhile; carrying them tells
                _log.warning("the services of %s are not reached: %s", run.workflow_id, error)
            self._carry(shared)

    async def run(self) -> None:
        """Carry the services of all runs. Cancelling it leaves their containers to the next engine."""
        async with anyio.create_task_group() as tasks:
            self._tasks = tasks
            for shared in self._runs.values():
                self._begin(tasks, shared)
            await anyio.sleep_forever()

    async def begin(
        self,
        run: WorkflowRun,
        services: Sequence[ServiceSpec],
        *,
        helper_image: str = "",
        on_settled: Callable[[], None] = lambda: None,
    ) -> None:
        """Have a run's services started, or gone on with, before its first job; returns at once, and may be repeated.

        Args:
            run: The record.
            services: What its jobs share, expressions evaluated; some at least.
            helper_image: The image of a job; services whose images have no shell are looked at with it.
            on_settled: Told when all are ready, or will not be, and when that changes: `failure` says which.

        Raises:
            WorkflowNotFoundError: There is no such run.
        """
        shared = self._runs.get(run.workflow_id)
        if shared is None or shared.attempt != run.attempt:
            shared = await self._begun(run.workflow_id, services, helper_image)
        shared.on_settled = on_settled

    def is_settled(self, workflow_id: str) -> bool:
        """Whether a run's services are all ready, or will not be."""
        shared = self._runs.get(workflow_id)
        return shared is not None and shared.is_settled

    def failure(self, workflow_id: str) -> Failure | None:
        """What a job of the run that would start now fails with: a service failed, ended badly or is gone."""
        shared = self._runs.get(workflow_id)
        return shared.failure if shared is not None else None

    def context(self, workflow_id: str) -> Mapping[str, JsonObject]:
        """What expressions are told of a run's services, by id; nothing before they are up."""
        shared = self._runs.get(workflow_id)
        return shared.context if shared is not None else {}

    async def stop(self, workflow_id: str) -> None:
        """Stop and remove what the jobs of a run that ends have shared, logs kept; may be repeated."""
        shared = self._runs.get(workflow_id)
        if shared is not None:
            shared.over.set()
            await shared.gone.wait()
            if self._runs.get(workflow_id) is shared:
                del self._runs[workflow_id]
            return
        run = await self._parts.workflows.get(workflow_id)
        if any(each.result.status != "stopped" for each in run.services):  # left by an earlier engine
            await SharedRun(self._parts, run, [each.spec for each in run.services]).clear_away()

    async def _begun(self, workflow_id: str, services: Sequence[ServiceSpec], helper_image: str) -> SharedRun:
        run = await self._parts.workflows.get(workflow_id)
        await self._parts.secrets.look_again()
        try:
            admitted = admit_services(services, self._parts.settings, self._parts.policy, run.submitted_by)
        except (NotAdmittedError, UnknownSecretError) as error:
            shared = self._runs[workflow_id] = SharedRun(self._parts, run, services)
            shared.refuse(Failure(FailureKind.POLICY, f"The workflow's {error.message}", error.hint))
            return shared
        shared = SharedRun(self._parts, run, admitted, helper_image)
        self._carry(shared)
        return shared

    def _carry(self, shared: SharedRun) -> None:
        self._runs[shared.workflow_id] = shared
        if self._tasks is not None:
            self._begin(self._tasks, shared)

    def _begin(self, tasks: TaskGroup, shared: SharedRun) -> None:
        tasks.start_soon(shared.carry, name=f"services of {shared.workflow_id}")

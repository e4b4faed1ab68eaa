"""The services that the jobs of one attempt at a run share, from their start to their removal."""

from __future__ import annotations

import logging
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import anyio

from core.engine.racing import unless
from core.engine.readiness import ServiceFailedError
from core.engine.service_owner import attempt_of_run
from core.engine.service_request import service_variables
from core.engine.services import GRACE_S, ServiceGroup, Ties, remove_services
from core.engine.shared import SharedEnd, SharedPlace
from core.engine.verdict import failure_kind_of
from core.errors import (
    BackendError,
    BackendTimeoutError,
    BackendUnavailableError,
    InvalidExpressionError,
    NotFoundError,
)
from core.records.job import Failure, FailureKind
from core.records.log import service_log_id
from core.records.workflow_service import RunService
from core.redaction import Masking

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from core.backends.base import ContainerState, ImageInfo
    from core.engine.parts import Parts
    from core.records.service import ServiceResult
    from core.records.workflow import WorkflowRun
    from core.records.workflow_node import JsonObject
    from core.spec.service import ServiceSpec

_log = logging.getLogger(__name__)

_UP: Final = frozenset({"ready", "exited", "lost"})
"""What services are that were all ready once, and were not stopped."""
_BEING_STARTED: Final = frozenset({"pending", "starting", "ready"})
"""What an earlier engine may have begun, so that it is gone on with; what failed or was stopped is begun anew."""
_RUNNING: Final = frozenset({"starting", "ready"})
_LAST_LINES: Final = 5
_LINE: Final = 300


class SharedRun:
    """The services of one attempt at a run, while it lasts.

    Args:
        parts: The engine's parts.
        run: The record.
        services: What was asked; those of the record, if an earlier engine began with them.
        helper_image: An image of one of the jobs; services whose images have no shell are looked at with it.

    Attributes:
        workflow_id: The run.
        attempt: Its attempt.
        are_up: Whether an earlier engine had all of them ready, so that jobs may be using them.
        failure: What every job that would start now fails with; None as long as the services are well.
        is_settled: Whether all are ready, or will not be.
        on_settled: Told when that comes true, and when a failure comes later.
        over: Set when the run has ended.
        gone: Set once nothing of them is left.
    """

    def __init__(self, parts: Parts, run: WorkflowRun, services: Sequence[ServiceSpec], helper_image: str = "") -> None:
        self.workflow_id, self.attempt = run.workflow_id, run.attempt
        self.failure: Failure | None = None
        self.is_settled = False
        self.on_settled: Callable[[], None] = lambda: None
        self.over, self.gone = anyio.Event(), anyio.Event()
        self._parts, self._helper = parts, helper_image
        self._owner = attempt_of_run(run, services, parts)
        self.are_up = bool(run.services) and all(each.result.status in _UP for each in run.services)
        if not self.are_up:
            known = tuple(each for each in self._owner.known if each.status in _BEING_STARTED)
            self._owner = replace(self._owner, known=known)
        self._ports = {each.spec.id: each.ports for each in run.services}
        ties = Ties(self._write, self._report, self.over, self._grace_s, self._note_end)
        self._group = ServiceGroup(parts, self._owner, ties)
        self._ends: list[SharedEnd] = []

    @property
    def context(self) -> dict[str, JsonObject]:
        """What expressions are told of them, by id."""
        return {
            spec.id: {
                "id": spec.id,
                "host": spec.id,
                "port": next(iter(self._ports.get(spec.id, ())), None),
                "ports": {str(port): port for port in self._ports.get(spec.id, ())},
            }
            for spec in self._owner.services
        }

    def put_up(self) -> None:
        """Let the run's jobs find them."""
        names = (name.lower() for spec in self._owner.services for name in (spec.id, *spec.aliases))
        place = SharedPlace(
            run_id=self.workflow_id,
            network=self._owner.stem,
            names=frozenset(names),
            variables=service_variables(self._owner.services, self._ports, self._parts.settings),
            masked=self._owner.masked,
            is_internal=self._owner.is_internal,
            ends=lambda: tuple(self._ends),
        )
        self._parts.shared.put_up(self.attempt, place)

    def refuse(self, failure: Failure) -> None:
        """Say that they are not even tried; then there is nothing to carry."""
        self._fail(failure)
        self.gone.set()

    async def carry(self) -> None:
        """Start them or take them up, accompany them until the run is over, and remove all of it."""
        try:
            await self._group.during(self._begin_and_wait)
        except Exception:  # noqa: BLE001 -- the edge of a run's services: whatever went wrong ends these, not the engine
            reference = secrets.token_hex(4)
            _log.exception("the services of %s failed inside OrcaOps (%s)", self.workflow_id, reference)
            message = f"OrcaOps itself failed; the engine's log has the details under {reference}."
            self._fail(Failure(FailureKind.INTERNAL, message, retryable=True))
        finally:
            self._parts.shared.take_off(self.workflow_id, self.attempt)
        await self.clear_away()

    # --- before the jobs

    async def _begin_and_wait(self) -> None:
        try:
            await unless(self.over, self._begin)
        except ServiceFailedError as error:
            await self._group.until_logged()
            self._fail(await self._with_last_lines(error.failure))
            return
        except (BackendError, InvalidExpressionError) as error:
            said = Masking(self._owner.masked).masked(error.message)
            self._fail(Failure(failure_kind_of(error), said, error.hint, error.retryable))
            return
        self._settle()
        await self.over.wait()

    async def _begin(self) -> None:
        if self.are_up:
            self.put_up()
            await self._group.take_up()
            return
        await self._write(self._group.results)
        image = await self._parts.insist(self._pull, self._report, give_up=self.over)
        self._ports = dict(self._group.ports)
        await self._group.bring_up(image.image_id)
        self.put_up()

    async def _pull(self) -> ImageInfo:
        """Make the images local; returns the one to look with, a job's or else a service's."""
        first = await self._group.pull()
        if not self._helper:
            return first
        try:
            return await self._parts.backend.pull(self._helper, self._owner.pull, self._report)
        except (BackendUnavailableError, BackendTimeoutError):
            raise
        except BackendError:  # its job tells what is wrong with it
            return first

    def _fail(self, failure: Failure) -> None:
        if self.failure is None:
            self.failure = failure
        self._settle()

    def _settle(self) -> None:
        self.is_settled = True
        self.on_settled()

    # --- beside the jobs

    def _note_end(self, result: ServiceResult, state: ContainerState | None) -> None:
        """One has ended by itself; a bad end, or a service that is gone, is the end of what is still to start."""
        self._ends.append(SharedEnd(result, state))
        if result.exit_code == 0:
            return
        log_id = service_log_id(self.workflow_id, result.service_id)
        message = (
            f"Service {result.service_id} ({result.image}), which the jobs of the run share, failed: {result.message}."
        )
        hint = f"Look at the end of its log ({log_id}); a rerun starts it again."
        self._fail(Failure(FailureKind.SERVICE, message, hint))

    async def _write(self, results: tuple[ServiceResult, ...]) -> None:
        ports = {**self._ports, **self._group.ports}
        services = tuple(
            RunService(spec, result, ports.get(spec.id, ()))
            for spec, result in zip(self._owner.services, results, strict=True)
        )
        await self._parts.until_stored(
            lambda: self._parts.workflow_ledger.change(self.workflow_id, {"services": services})
        )
        await self._tell_of_last_lines(results)

    async def _tell_of_last_lines(self, results: tuple[ServiceResult, ...]) -> None:
        """Once the log of one that ended badly is whole, the failure quotes its end."""
        failure = self.failure
        if failure is None or failure.kind is not FailureKind.SERVICE or "\n" in failure.message:
            return
        if any(result.has_died for result in results):
            self.failure = await self._with_last_lines(failure)

    async def _with_last_lines(self, failure: Failure) -> Failure:
        """The failure with what its service printed last."""
        sick = next((each for each in self._group.results if each.status == "failed" or each.has_died), None)
        if sick is None:
            return failure
        log_id = service_log_id(self.workflow_id, sick.service_id)
        tail = await self._parts.logs.tail(log_id, self.attempt, _LAST_LINES, max_bytes=_LAST_LINES * _LINE)
        if not tail.lines:
            return failure
        lines = "\n".join(f"  {line.text[:_LINE]}" for line in tail.lines)
        return replace(failure, message=f"{failure.message} Its last lines:\n{lines}")

    def _report(self, text: str | None) -> None:
        if text:
            _log.info("%s: %s", self.workflow_id, text)

    # --- after the jobs

    async def clear_away(self) -> None:
        """Close the logs, remove containers and network; what the container engine refuses is left to the sweep."""
        for log in self._group.logs:
            await log.close()
        try:
            await remove_services(self._parts, self._owner)
        except BackendError as error:
            _log.warning("the services of %s are removed later: %s", self.workflow_id, error)
        stopped = (replace(each, status="stopped") if each.status in _RUNNING else each for each in self._group.results)
        try:
            await self._write(tuple(stopped))
        except NotFoundError:  # the run was deleted meanwhile
            _log.info("the services of %s outlived its record", self.workflow_id)
        self.gone.set()

    async def _grace_s(self) -> float:
        """Ten seconds, or as little as whoever cancelled the run wants."""
        run = await self._parts.workflows.get(self.workflow_id)
        if run.cancel is None:
            return GRACE_S
        return 0.0 if run.cancel_forced else min(GRACE_S, run.cancel.grace_s or GRACE_S)

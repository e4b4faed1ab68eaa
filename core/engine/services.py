"""The services of one owner: brought up before it begins, accompanied while it runs, taken down after it.

Every act may be repeated: names are functions of home, owner, attempt and id, so that an engine that comes after a
crash makes again what is missing and adopts the rest. What a crash leaves in any case carries our labels.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

import anyio

from core.engine.late import late_login, service_variables_of
from core.engine.racing import all_at_once, whole
from core.engine.readiness import Place, ServiceFailedError, rule_of, until_ready
from core.engine.service_log import ServiceLog
from core.engine.service_request import network_request, ports_of, service_request
from core.errors import (
    BackendError,
    ContainerLostError,
    ContainerStartError,
    ImageError,
    InvalidExpressionError,
    OrcaOpsError,
)
from core.records.log import service_log_id
from core.records.service import ServiceResult
from core.redaction import Masking

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from anyio.abc import TaskGroup

    from core.backends.base import ContainerState, ImageInfo
    from core.engine.parts import Parts
    from core.engine.service_owner import ServiceOwner
    from core.spec.service import ServiceSpec

Result = TypeVar("Result")

_log = logging.getLogger(__name__)

GRACE_S: Final = 10.0
"""From SIGTERM to SIGKILL once the owner has ended."""


@dataclass(frozen=True, slots=True)
class Ties:
    """What a group of services asks of its owner, and tells it.

    Attributes:
        write: Puts down how they stand, before each act.
        report: Told what is happening, in words.
        give_up: Set when the owner is to be stopped.
        grace_s: How long they may take to end, asked when the owner has ended.
        on_end: Told of one that has ended by itself after it was ready.
    """

    write: Callable[[tuple[ServiceResult, ...]], Awaitable[None]]
    report: Callable[[str | None], None]
    give_up: anyio.Event
    grace_s: Callable[[], Awaitable[float]]
    on_end: Callable[[ServiceResult, ContainerState | None], None] = lambda _, __: None


class _Service:
    """One service while its owner lasts."""

    def __init__(self, spec: ServiceSpec, result: ServiceResult) -> None:
        self.spec = spec
        self.result = result
        self.state: ContainerState | None = None
        self.ready = anyio.Event()
        self.ended = anyio.Event()
        self.log: ServiceLog | None = None
        self.is_gone = False


class ServiceGroup:
    """The services of one owner.

    Args:
        parts: The engine's parts.
        owner: Whose they are, with what an earlier engine wrote of them.
        ties: To the owner.

    Attributes:
        warnings: What the reader of the record should know.
        ports: Of each, once the images are local; the first is the one jobs are told of.
    """

    def __init__(self, parts: Parts, owner: ServiceOwner, ties: Ties) -> None:
        self.warnings: list[str] = []
        self.ports: dict[str, tuple[int, ...]] = {}
        self._parts, self._owner, self._ties = parts, owner, ties
        known = {result.service_id: result for result in owner.known}
        self._services = {
            spec.id: _Service(
                spec, known.get(spec.id) or ServiceResult(spec.id, spec.image, owner.container_name(spec.id))
            )
            for spec in owner.services
        }
        self._tasks: TaskGroup | None = None
        self._bringing_up: anyio.CancelScope | None = None
        self._dead: _Service | None = None
        self._is_over = False
        self._images: dict[str, ImageInfo] = {}

    @property
    def results(self) -> tuple[ServiceResult, ...]:
        """How they stand."""
        return tuple(service.result for service in self._services.values())

    @property
    def ends(self) -> Mapping[str, ContainerState]:
        """How the containers ended, by service, as far as they are still there."""
        return {id_: service.state for id_, service in self._services.items() if service.state is not None}

    @property
    def logs(self) -> tuple[ServiceLog, ...]:
        """The logs of those that were started."""
        return tuple(service.log for service in self._services.values() if service.log is not None)

    async def during(self, act: Callable[[], Awaitable[Result]]) -> Result:
        """Carry the services while ``act`` brings them up and has its use of them; then take them down.

        Raises:
            OrcaOpsError: What ``act`` raised.
        """
        done: list[Result] = []
        error: OrcaOpsError | None = None
        async with anyio.create_task_group() as tasks:
            self._tasks = tasks
            try:
                done.append(await act())
            except OrcaOpsError as raised:
                error = raised  # raised again below: a task group would wrap it
            await self._take_down()
        if error is not None:
            raise error
        return done[0]

    # --- before its use

    async def pull_with(self, own: Callable[[], Awaitable[ImageInfo]]) -> ImageInfo:
        """Make the images local, all at once, with one more.

        Args:
            own: Pulls that one: the job's image, where they are a job's.

        Returns:
            That image.

        Raises:
            ImageError: One cannot be had; the message names its service.
            BackendUnavailableError: The container engine does not answer.
        """
        image, _ = await all_at_once([own, self.pull])
        return image

    async def pull(self) -> ImageInfo:
        """Make the images local; returns the first one.

        Raises:
            ImageError: One cannot be had; the message names its service.
            BackendUnavailableError: The container engine does not answer.
        """
        services = self._services.values()
        images = await all_at_once(partial(self._pull, service.spec) for service in services)
        self._images = dict(zip(self._services, images, strict=True))
        self.ports = {service.spec.id: ports_of(service.spec, self._images[service.spec.id]) for service in services}
        return images[0]

    async def _pull(self, spec: ServiceSpec) -> ImageInfo:
        try:
            login = late_login(spec.late, self._parts.settings, spec.env)
            return await self._parts.backend.pull(spec.image, self._owner.pull, self._ties.report, login=login)
        except ImageError as error:
            raise type(error)(f"Service {spec.id}: {error.message}", hint=error.hint) from error
        except InvalidExpressionError as error:
            raise ServiceFailedError(f"Service {spec.id}: {error.message}", error.hint) from error

    async def bring_up(self, helper_image: str) -> None:
        """Make the network and start the services in their order; return once all are ready.

        Args:
            helper_image: A local image; services whose images have no shell are looked at with it.

        Raises:
            ServiceFailedError: One will not be ready.
            BackendError: The network was refused.
        """
        if not self._services:
            return
        network = network_request(self._owner)
        await self._insist(lambda: self._parts.backend.create_network(network))
        with anyio.CancelScope() as self._bringing_up:
            await all_at_once([partial(self._bring_up, service, helper_image) for service in self._services.values()])
        self._bringing_up = None
        if self._dead is not None:
            raise await self._failed(self._dead, f"it {_how_it_ended(self._dead)} while others were still starting")
        self._ties.report(None)

    async def _bring_up(self, service: _Service, helper_image: str) -> None:
        for id_ in service.spec.depends_on:
            await self._services[id_].ready.wait()
        spec, image = service.spec, self._images[service.spec.id]
        container_id = await self._start(service, image)
        place = Place(
            container_id,
            service_log_id(self._owner.owner_id, spec.id),
            self._owner.attempt,
            helper_image,
            lambda text: self.warnings.append(f"service {spec.id}: {text}"),
            Masking(self._owner.masked).masked,
        )
        rule = rule_of(self._parts, spec, image, place)
        self._ties.report(f"waiting for service {spec.id}: {rule.words}")
        why = await until_ready(
            self._parts, rule, service.ended, spec.ready_timeout_s, already_s=self._already_s(service)
        )
        if service.ended.is_set():
            why = f"it {_how_it_ended(service)} before it was ready (waiting for {rule.words})"
        if why is not None:
            raise await self._failed(service, why)
        service.result = replace(service.result, status="ready", ready_at=self._parts.clock.now())
        await self._write()
        service.ready.set()

    async def _start(self, service: _Service, image: ImageInfo) -> str:
        """Make and start a service's container, and follow it from now on; returns its id."""
        parts, spec = self._parts, service.spec
        self._ties.report(f"starting service {spec.id}")
        request = service_request(self._owner, spec, image, service_variables_of(spec, parts.settings))
        started_at = service.result.started_at or parts.clock.now()
        service.result = replace(
            service.result, status="starting", image_digest=image.digest, started_at=started_at, ready_at=None
        )
        await self._write()
        try:
            state = await self._insist(lambda: parts.backend.create(request))
            await self._insist(lambda: parts.backend.start(state.container_id))
        except (ContainerStartError, ContainerLostError) as error:
            raise await self._failed(service, f"it could not be started: {error.message}") from error
        self._accompany(service, state.container_id)
        return state.container_id

    def _already_s(self, service: _Service) -> float:
        started_at = service.result.started_at
        return (self._parts.clock.now() - started_at).total_seconds() if started_at else 0

    async def _failed(self, service: _Service, why: str) -> ServiceFailedError:
        """Note that a service did not become ready; returns what to raise."""
        why, state = Masking(self._owner.masked).masked(why), service.state
        service.result = replace(
            service.result, status="failed", exit_code=state.exit_code if state else None, message=why
        )
        await self._write()
        log_id = service_log_id(self._owner.owner_id, service.spec.id)
        hint = f"Look at the end of its log ({log_id}), then mend its image, its variables or its ready rule."
        return ServiceFailedError(f"Service {service.spec.id} ({service.spec.image}) failed: {why}.", hint)

    # --- beside its use

    async def take_up(self) -> None:
        """Go on with the services of an owner that an earlier engine left running; what is gone is noted."""
        for service in self._services.values():
            if service.result.status not in {"starting", "ready", "exited", "lost"}:
                continue
            name = service.result.container_name
            state = await self._parts.insist(partial(self._parts.backend.inspect, name), self._ties.report)
            if service.result.status == "starting":  # the owner has begun: it was ready
                service.result = replace(service.result, status="ready", ready_at=self._parts.clock.now())
            if state is None:
                service.log = ServiceLog(self._parts, self._owner, service.spec.id, name)
                service.log.finished.set()
                self._note_end(service, None)
            else:
                self._accompany(service, state.container_id)

    def _accompany(self, service: _Service, container_id: str) -> None:
        service.log = ServiceLog(self._parts, self._owner, service.spec.id, container_id)
        if self._tasks is not None:
            self._tasks.start_soon(self._see_through, service, service.log, name=f"service {service.spec.id}")

    async def _see_through(self, service: _Service, log: ServiceLog) -> None:
        await log.follow(lambda state: self._note_end(service, state))
        if not self._is_over:
            await self._write()

    def _note_end(self, service: _Service, state: ContainerState | None) -> None:
        """A service's container has ended, or is gone."""
        service.state, service.is_gone = state, state is None
        service.ended.set()
        if self._is_over:
            return
        if service.result.has_died:  # an earlier engine noted it
            self._ties.on_end(service.result, state)
        if service.result.status != "ready":
            return
        how = _how_it_ended(service)
        _log.info("service %s of %s %s", service.spec.id, self._owner.owner_id, how)
        service.result = replace(
            service.result,
            status="lost" if state is None else "exited",
            exit_code=state.exit_code if state else None,
            message=f"it {how}",
        )
        self._ties.on_end(service.result, state)
        if self._bringing_up is not None:
            self._dead = service
            self._bringing_up.cancel()

    async def until_logged(self) -> None:
        """Return once the logs of those that have ended hold everything."""
        for service in self._services.values():
            if service.log is not None and service.ended.is_set():
                await service.log.finished.wait()

    # --- after its use

    async def _take_down(self) -> None:
        """Stop what runs, and wait until the logs have everything."""
        self._is_over = True
        started = [service for service in self._services.values() if service.log is not None]
        if started:
            self._ties.report("stopping services")
        grace_s = await self._ties.grace_s() if started else GRACE_S
        await all_at_once([partial(self._stop, service, grace_s) for service in started if not service.ended.is_set()])
        for service in started:
            if service.log is not None:
                await service.log.finished.wait()
            if service.result.status in {"starting", "ready"}:
                code = service.state.exit_code if service.state else None
                service.result = replace(service.result, status="stopped", exit_code=code)

    async def _stop(self, service: _Service, grace_s: float) -> None:
        name = service.result.container_name
        try:
            await self._parts.insist(lambda: self._parts.backend.stop(name, grace_s))
        except BackendError as error:  # its removal ends it
            _log.warning("service %s of %s was not stopped: %s", service.spec.id, self._owner.owner_id, error)
            await self._parts.insist(lambda: self._parts.backend.remove(name))

    async def _write(self) -> None:
        await self._ties.write(self.results)

    async def _insist(self, call: Callable[[], Awaitable[Result]]) -> Result:
        """Do an act, again for as long as the container engine is away; one that was begun is not broken off.

        Its request would arrive nevertheless, and what it makes would come after all was removed.
        """
        return await self._parts.insist(lambda: whole(call), self._ties.report, give_up=self._ties.give_up)


def _how_it_ended(service: _Service) -> str:
    state = service.state
    if state is None:
        return "is gone: something other than OrcaOps removed it"
    if state.oom_killed:
        return f"was killed for using more than its {service.spec.memory_mb} MiB of memory"
    return f"ended with exit code {state.exit_code}"


async def remove_services(parts: Parts, owner: ServiceOwner) -> None:
    """Remove an owner's service containers and their network, running or not; may be repeated.

    Raises:
        BackendError: The container engine refused.
    """
    if not owner.services:
        return
    names = [owner.container_name(service.id) for service in owner.services]
    await all_at_once([partial(parts.insist, partial(parts.backend.remove, name)) for name in names])
    await parts.insist(lambda: parts.backend.remove_network(owner.stem))

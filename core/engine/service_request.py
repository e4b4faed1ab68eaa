"""From services to the network and containers that carry them, and to what jobs are told of them: pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.backends.base import ContainerRequest
from core.backends.services import LABEL_SERVICE, HealthCheck, NetworkRequest
from core.engine.known_servers import known_server
from core.engine.late import service_variables_of
from core.settings import MIB
from core.spec.service import service_id_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from core.backends.base import ImageInfo
    from core.engine.service_owner import ServiceOwner
    from core.settings import EngineSettings
    from core.spec.service import ServiceSpec

_PIDS: Final = 512
"""Servers fork a process a connection, or start a thread for each."""


def network_request(owner: ServiceOwner) -> NetworkRequest:
    """The network in which an owner's services stand."""
    return NetworkRequest(owner.stem, owner.labels, internal=owner.is_internal)


def service_request(
    owner: ServiceOwner, service: ServiceSpec, image: ImageInfo, env: Mapping[str, str]
) -> ContainerRequest:
    """What to ask the backend for.

    Args:
        owner: Whose service it is.
        service: One of its services.
        image: The local image.
        env: All its variables, secrets included.
    """
    return ContainerRequest(
        name=owner.container_name(service.id),
        image=image.image_id,
        argv=service.command,
        entrypoint=service.entrypoint,
        env=env,
        workdir=None,
        user=service.user,
        labels={**owner.labels, LABEL_SERVICE: service.id},
        network="services" if owner.is_internal else "bridge",
        init=True,
        cpus=service.cpus or 1,
        memory_bytes=(service.memory_mb or 512) * MIB,
        pids=_PIDS,
        gpus=0,
        log_bytes=owner.log_bytes,
        log_lines=owner.log_lines,
        attached_to=owner.stem,
        aliases=(service.id, *service.aliases),
        health=health_check(service, image),
        may_signal=True,
    )


def health_check(service: ServiceSpec, image: ImageInfo) -> HealthCheck | None:
    """The check the container engine is given: the service's own, or the image's if its readiness goes by that."""
    asked = service.health_check
    if asked is None:
        # an image's own check comes every 30 s by default, which is long to wait for: it is carried out more often,
        # and its failures do not count until the time is up
        is_needed = image.has_health_check and service.ready is None
        return HealthCheck(start_period_s=service.ready_timeout_s) if is_needed else None
    start_period_s = asked.start_period_s
    if start_period_s is None and asked.retries is None:
        start_period_s = service.ready_timeout_s
    return HealthCheck(asked.test, asked.interval_s or 2.0, asked.timeout_s, asked.retries, start_period_s)


def ports_of(service: ServiceSpec, image: ImageInfo) -> tuple[int, ...]:
    """The ports of a service, the first being the one the job is told of.

    Its ``ports``; else a well-known one and what the image exposes; else what the image exposes, the lowest first.
    """
    if service.ports:
        return service.ports
    known = known_server(service_id_of(service.image))
    exposed = tuple(sorted(image.ports))
    if known is None:
        return exposed
    return (known.port, *(port for port in exposed if port != known.port))


def waited_for(service: ServiceSpec, image: ImageInfo) -> tuple[int, ...]:
    """The ports that must be open before a service counts as ready: its ``ports``, else every one its image exposes.

    Of a well-known server it is the well-known one: some expose ports that they open only when they are told to.
    """
    known = known_server(service_id_of(service.image))
    return service.ports or ((known.port,) if known else image.ports)


def service_variables(
    services: Iterable[ServiceSpec], ports: Mapping[str, tuple[int, ...]], settings: EngineSettings
) -> dict[str, str]:
    """What a job is told of services: hosts, ports, and addresses of the well-known ones.

    Args:
        services: Its own, or those of its run.
        ports: Theirs by service id, the first being the one the job is told of.
        settings: Hold the secrets that addresses may have to name.
    """
    variables: dict[str, str] = {}
    for service in services:
        variables[f"{service.variable}_HOST"] = service.id
        told = ports.get(service.id, ())
        if not told:
            continue
        variables[f"{service.variable}_PORT"] = str(told[0])
        variables |= {f"{service.variable}_PORT_{port}": str(port) for port in told}
        known = known_server(service_id_of(service.image))
        url = known.url(service.id, told[0], service_variables_of(service, settings)) if known else ""
        if url:
            variables[f"{service.variable}_URL"] = url
    return variables

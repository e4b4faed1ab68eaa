"""From a job's services to the network and containers that carry them, and to what the job is told of them: pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.backends.base import LABEL_ATTEMPT, LABEL_HOME, LABEL_JOB, ContainerRequest
from core.backends.services import LABEL_SERVICE, HealthCheck, NetworkRequest
from core.engine.known_servers import known_server
from core.engine.request import container_name
from core.settings import MIB
from core.spec.service import service_id_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from core.backends.base import ImageInfo
    from core.records.job import Job
    from core.settings import EngineSettings
    from core.spec.job import JobSpec
    from core.spec.service import ServiceSpec

LOG_BYTES: Final = 8 * MIB
"""The most that is kept of a service's log from its start; no more than of the job's own."""

_PIDS: Final = 512
"""Servers fork a process a connection, or start a thread for each."""


def network_name(home_id: str, job_id: str, attempt: int) -> str:
    """The name of an attempt's network: the same for the same attempt, so that making it can be repeated."""
    return container_name(home_id, job_id, attempt)


def service_container_name(home_id: str, job_id: str, attempt: int, service_id: str) -> str:
    """The name of a service's container."""
    return f"{container_name(home_id, job_id, attempt)}-{service_id}"


def service_names(home_id: str, job: Job) -> list[str]:
    """The names of all service containers of a job's present attempt."""
    return [
        service_container_name(home_id, job.job_id, job.attempt_number, service.id) for service in job.spec.services
    ]


def network_request(job: Job, home_id: str) -> NetworkRequest:
    """The network of a job's present attempt; nothing in it reaches out if the job has no network but its services."""
    name = network_name(home_id, job.job_id, job.attempt_number)
    return NetworkRequest(name, _labels(job, home_id), internal=job.spec.network == "none")


def service_request(
    job: Job, service: ServiceSpec, image: ImageInfo, home_id: str, secrets: Mapping[str, str]
) -> ContainerRequest:
    """What to ask the backend for.

    Args:
        job: Running its present attempt.
        service: One of its services.
        image: The local image.
        home_id: Whose container it will be.
        secrets: Values of the secrets the service names.
    """
    limit = job.spec.log_limit
    return ContainerRequest(
        name=service_container_name(home_id, job.job_id, job.attempt_number, service.id),
        image=image.image_id,
        argv=service.command,
        entrypoint=service.entrypoint,
        env={**secrets, **service.env},
        workdir=None,
        user=service.user,
        labels={**_labels(job, home_id), LABEL_SERVICE: service.id},
        network="bridge",
        init=True,
        cpus=service.cpus or 1,
        memory_bytes=(service.memory_mb or 512) * MIB,
        pids=_PIDS,
        gpus=0,
        log_bytes=min(limit.bytes or LOG_BYTES, LOG_BYTES),
        log_lines=limit.lines or 10_000,
        attached_to=network_name(home_id, job.job_id, job.attempt_number),
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
    services: Iterable[ServiceSpec], images: Mapping[str, ImageInfo], settings: EngineSettings
) -> dict[str, str]:
    """What a job is told of its services: hosts, ports, and addresses of the well-known ones.

    Args:
        services: Of the job.
        images: Their images by service id.
        settings: Hold the secrets that addresses may have to name.
    """
    variables: dict[str, str] = {}
    for service in services:
        ports = ports_of(service, images[service.id])
        variables[f"{service.variable}_HOST"] = service.id
        if not ports:
            continue
        variables[f"{service.variable}_PORT"] = str(ports[0])
        variables |= {f"{service.variable}_PORT_{port}": str(port) for port in ports}
        known = known_server(service_id_of(service.image))
        url = known.url(service.id, ports[0], _whole_env(service, settings)) if known else ""
        if url:
            variables[f"{service.variable}_URL"] = url
    return variables


def masked_values(spec: JobSpec, settings: EngineSettings) -> list[str]:
    """What the logs of a job and of its services must not show: secrets, and logins in the addresses of services."""
    names = [*spec.secrets, *(name for service in spec.services for name in service.secrets)]
    values = [settings.secrets[name].get_secret_value() for name in names if name in settings.secrets]
    for service in spec.services:
        known = known_server(service_id_of(service.image))
        if known is not None:
            login = known.login(_whole_env(service, settings))
            values += [f"{login.text()}{service.id}"] if login.password else []
    return values


def granted_to(service: ServiceSpec, settings: EngineSettings) -> dict[str, str]:
    """The values of the secrets that a service names; one that this engine no longer has is left out."""
    return {name: settings.secrets[name].get_secret_value() for name in service.secrets if name in settings.secrets}


def _whole_env(service: ServiceSpec, settings: EngineSettings) -> dict[str, str]:
    return {**granted_to(service, settings), **service.env}


def _labels(job: Job, home_id: str) -> dict[str, str]:
    return {LABEL_HOME: home_id, LABEL_JOB: job.job_id, LABEL_ATTEMPT: str(job.attempt_number)}

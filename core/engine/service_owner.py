"""Beside what services stand: an attempt at a job, or an attempt at a workflow's run whose jobs share them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.backends.base import LABEL_ATTEMPT, LABEL_HOME, LABEL_JOB, LABEL_WORKFLOW
from core.engine.known_servers import known_server
from core.engine.late import secret_names, service_variables_of
from core.engine.request import container_name
from core.engine.secret_book import values_of
from core.errors import InvalidExpressionError
from core.frozen import quickly_made
from core.policy.holding import run_network
from core.settings import MIB
from core.spec.service import service_id_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from core.engine.parts import Parts
    from core.records.job import Job
    from core.records.service import ServiceResult
    from core.records.workflow import WorkflowRun
    from core.settings import EngineSettings
    from core.spec.job import JobSpec, PullPolicy
    from core.spec.service import ServiceSpec

LOG_BYTES: Final = 8 * MIB
"""The most that is kept of a service's log from its start; no more than of the job's own."""

_LOG_LINES: Final = 10_000


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceOwner:
    """What services belong to.

    Attributes:
        owner_id: Of the job or the run; the services' logs are named after it.
        attempt: Its attempt.
        stem: Name of the network, and how the names of the containers begin: a function of home, owner and attempt.
        labels: Of everything that is made.
        services: What stands beside it.
        known: What an earlier engine wrote of them.
        pull: When images are pulled.
        is_internal: Whether nothing in the network reaches out.
        log_bytes: The most that is kept of a log from its start.
        log_lines: The same in lines.
        masked: What no log of theirs may show.
    """

    owner_id: str
    attempt: int
    stem: str
    labels: Mapping[str, str]
    services: tuple[ServiceSpec, ...]
    known: tuple[ServiceResult, ...] = ()
    pull: PullPolicy = "missing"
    is_internal: bool = False
    log_bytes: int = LOG_BYTES
    log_lines: int = _LOG_LINES
    masked: tuple[str, ...] = ()

    def container_name(self, service_id: str) -> str:
        """The name of a service's container."""
        return f"{self.stem}-{service_id}"


def attempt_of_job(job: Job, home_id: str, settings: EngineSettings) -> ServiceOwner:
    """A job's present attempt; nothing in its network reaches out if the job has no network but its services."""
    limit = job.spec.log_limit
    return ServiceOwner(
        owner_id=job.job_id,
        attempt=job.attempt_number,
        stem=container_name(home_id, job.job_id, job.attempt_number),
        labels={LABEL_HOME: home_id, LABEL_JOB: job.job_id, LABEL_ATTEMPT: str(job.attempt_number)},
        services=job.spec.services,
        known=job.attempt.services if job.attempt else (),
        pull=job.spec.pull,
        is_internal=job.spec.network in {"none", "services"},
        log_bytes=min(limit.bytes or LOG_BYTES, LOG_BYTES),
        log_lines=limit.lines or _LOG_LINES,
        masked=tuple(masked_values(job.spec, settings)),
    )


def attempt_of_run(run: WorkflowRun, services: Sequence[ServiceSpec], parts: Parts) -> ServiceOwner:
    """A run's present attempt; nothing in its network reaches out if its jobs may not."""
    home_id, settings = parts.home_id, parts.settings
    return ServiceOwner(
        owner_id=run.workflow_id,
        attempt=run.attempt,
        stem=run_stem(home_id, run.workflow_id, run.attempt),
        labels={LABEL_HOME: home_id, LABEL_WORKFLOW: run.workflow_id, LABEL_ATTEMPT: str(run.attempt)},
        services=tuple(services),
        known=tuple(service.result for service in run.services),
        is_internal=run_network(parts.policy, run.submitted_by) != "bridge",
        masked=tuple(masked_of_services(services, settings)),
    )


def run_stem(home_id: str, workflow_id: str, attempt: int) -> str:
    """The name of the network that the jobs of an attempt at a run share."""
    return f"orcaops-{home_id}-{workflow_id.removeprefix('wf_')}-{attempt}"


def masked_in_logs(parts: Parts, job: Job) -> tuple[str, ...]:
    """What the log of a job must not show: its own secrets, those of its services, and all that its run names."""
    shared = parts.shared.of(job.workflow)
    if shared is None and not job.spec.services and parts.secrets.never_had_any:
        return ()
    of_run = parts.secrets.ever_of_run(job.workflow.workflow_id) if job.workflow is not None else ()
    return tuple(dict.fromkeys((*masked_values(job.spec, parts.settings), *(shared.masked if shared else ()), *of_run)))


def masked_values(spec: JobSpec, settings: EngineSettings) -> list[str]:
    """What the logs of a job and of its services must not show: secrets, and logins in the addresses of services."""
    return [*values_of(secret_names(spec), settings), *_logins(spec.services, settings)]


def masked_of_services(services: Sequence[ServiceSpec], settings: EngineSettings) -> list[str]:
    """What no log may show of services: their secrets, and logins in their addresses."""
    late = [service.late for service in services if service.late is not None]
    names = [name for service in services for name in service.secrets]
    names += [name for each in late for name in each.secrets.values()]
    return [*values_of(names, settings), *_logins(services, settings)]


def _logins(services: Iterable[ServiceSpec], settings: EngineSettings) -> list[str]:
    found: list[str] = []
    for service in services:
        known = known_server(service_id_of(service.image))
        if known is not None:
            try:
                variables = service_variables_of(service, settings)
            except InvalidExpressionError:  # told when its container is made
                continue
            login = known.login(variables)
            found += [f"{login.text()}{service.id}"] if login.password else []
    return found

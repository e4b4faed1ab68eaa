"""What the end of a service means for the job beside it: a warning on success, named first on failure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from core.engine.verdict import CLOCK_TOLERANCE
from core.lifecycle.job import JobEvent
from core.records.job import FailureKind
from core.records.log import service_log_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.backends.base import ContainerState
    from core.engine.settle import Settlement
    from core.engine.shared import SharedPlace
    from core.records.job import Failure
    from core.records.service import ServiceResult

_OWN_HINT: Final = "Read the service's log first, under the job's id, a slash and the service's id."


def with_services(
    settlement: Settlement, services: Sequence[ServiceResult], ends: Mapping[str, ContainerState]
) -> Settlement:
    """A job's settlement, with what became of its services.

    Args:
        settlement: As the job's own container gave it.
        services: As they stand after they were taken down.
        ends: How their containers ended, by service, as far as they are still there.
    """
    told = tuple(_as_it_was(settlement, service, ends.get(service.service_id)) for service in services)
    settlement = replace(settlement, services=told)
    return _with_dead(settlement, [service for service in told if service.has_died], _OWN_HINT)


def with_shared(settlement: Settlement, shared: SharedPlace) -> Settlement:
    """A job's settlement, with the ends of services that its run shares, as far as they came while the job ran."""
    dead = [end.result for end in shared.ends() if _was_meanwhile(settlement, end.state)]
    logs = ", ".join(service_log_id(shared.run_id, service.service_id) for service in dead)
    return _with_dead(settlement, dead, f"Read the log of what all jobs of the run share first: {logs}.")


def _with_dead(settlement: Settlement, dead: Sequence[ServiceResult], hint: str) -> Settlement:
    if not dead:
        return settlement
    verdict, sentences = settlement.verdict, [_sentence(service) for service in dead]
    if verdict.failure is None or verdict.event is JobEvent.SUCCEED:
        return replace(settlement, warnings=(*sentences, *settlement.warnings))
    failure = _named_first(verdict.failure, dead, sentences, hint)
    return replace(settlement, verdict=replace(verdict, failure=failure))


def _was_meanwhile(settlement: Settlement, end: ContainerState | None) -> bool:
    """Whether a service ended while the job ran, by the container engine's clock where that tells."""
    begin, over = settlement.started_at, settlement.finished_at
    if begin is None or end is None or end.finished_at is None or over is None:
        return begin is not None
    return begin - CLOCK_TOLERANCE <= end.finished_at < over - CLOCK_TOLERANCE


def _as_it_was(settlement: Settlement, service: ServiceResult, end: ContainerState | None) -> ServiceResult:
    """The service, as ended by itself if it did so before the job's container, by the container engine's one clock.

    Which of two ends that lie close together is heard of first is chance.
    """
    job_end = settlement.finished_at
    if end is None or end.finished_at is None or job_end is None or service.status == "failed":
        return service
    is_earlier = end.finished_at < job_end - CLOCK_TOLERANCE
    if service.status == "stopped" and is_earlier:
        return replace(service, status="exited", message=f"it ended with exit code {end.exit_code}")
    if service.status == "exited" and not is_earlier:
        return replace(service, status="stopped", message="")
    return service


def _sentence(service: ServiceResult) -> str:
    return f"Service {service.service_id}: {service.message} while the job ran."


def _named_first(failure: Failure, dead: Sequence[ServiceResult], sentences: Sequence[str], hint: str) -> Failure:
    """The failure with the services' ends in front; bad ones are taken for the cause of an exit code."""
    message = f"{' '.join(sentences)} Then: {failure.message}"
    is_cause = failure.kind is FailureKind.EXIT and any(service.exit_code != 0 for service in dead)
    if not is_cause:
        return replace(failure, message=message)
    return replace(failure, kind=FailureKind.SERVICE, message=message, hint=hint)

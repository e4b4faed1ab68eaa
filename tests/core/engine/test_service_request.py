"""What a service's container is asked to be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from core.backends.base import ImageInfo
from core.backends.services import HealthCheck
from core.engine.service_owner import attempt_of_job
from core.engine.service_request import health_check, ports_of, service_request, waited_for
from core.settings import EngineSettings
from core.spec.service import ServiceSpec
from core.testing.factories import a_job, a_job_spec

if TYPE_CHECKING:
    from pathlib import Path


def a_service(**fields: Any) -> ServiceSpec:
    return ServiceSpec.model_validate({"id": "db", "image": "org/server", **fields})


def an_image(*ports: int, has_health_check: bool = False) -> ImageInfo:
    return ImageInfo("org/server", "sha256:1", "sha256:1", ports=ports, has_health_check=has_health_check)


@pytest.mark.parametrize(
    ("fields", "has_own", "check"),
    [
        ({}, False, None),
        ({}, True, HealthCheck(start_period_s=60)),
        ({"ready": {"tcp": 1}}, True, None),
        ({"health_check": {"test": "true"}}, True, HealthCheck(("CMD-SHELL", "true"), 2.0, start_period_s=60)),
        (
            {"health_check": {"test": "true", "retries": 2, "interval_s": 9}},
            False,
            HealthCheck(("CMD-SHELL", "true"), 9, retries=2),
        ),
        (
            {"health_check": {"test": ["NONE"], "start_period_s": 1}},
            True,
            HealthCheck(("NONE",), start_period_s=1),
        ),
    ],
)
def test_a_check_that_is_waited_for_is_carried_out_often_and_may_fail_at_first(
    fields: dict[str, Any], has_own: bool, check: HealthCheck | None
) -> None:
    assert health_check(a_service(**fields), an_image(has_health_check=has_own)) == check


@pytest.mark.parametrize(
    ("image", "ports", "told", "awaited"),
    [
        ("org/server", (), (90, 70), (90, 70)),
        ("rabbitmq", (), (5672, 70, 90), (5672,)),
        ("rabbitmq", (1, 2), (1, 2), (1, 2)),
    ],
)
def test_ports_are_the_services_own_or_well_known_or_those_of_the_image(
    image: str, ports: tuple[int, ...], told: tuple[int, ...], awaited: tuple[int, ...]
) -> None:
    service = a_service(image=image, ports=ports)
    assert ports_of(service, an_image(90, 70)) == (tuple(sorted(told)) if image == "org/server" else told)
    assert waited_for(service, an_image(90, 70)) == awaited


def test_a_services_container_is_as_bounded_as_a_jobs(tmp_path: Path) -> None:
    job = a_job(spec=a_job_spec(services={"db": {"image": "redis", "memory_mb": 64, "cpus": 0.5}}), attempt_number=2)
    owner = attempt_of_job(job, "home", EngineSettings(home=tmp_path))
    request = service_request(owner, job.spec.services[0], an_image(), {"S": "x"})
    assert request.name == f"orcaops-home-{job.job_id.removeprefix('job_')}-2-db"
    assert (request.memory_bytes, request.cpus, request.mounts, request.gpus) == (64 * 1024 * 1024, 0.5, (), 0)
    assert (request.attached_to, request.aliases) == (request.name.removesuffix("-db"), ("db",))
    assert dict(request.env) == {"S": "x"}
    assert request.labels["orcaops.service"] == "db"

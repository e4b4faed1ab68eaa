"""Services in a job's request: how they may be written, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from core import InvalidSpecError, JobSpec, parse_job
from core.spec.service import HealthCheckSpec, ReadySpec, service_id_of


def parsed(services: object) -> JobSpec:
    return parse_job({"image": "busybox", "command": ["true"], "services": services})


def refusal(services: object) -> list[tuple[str, str]]:
    with pytest.raises(InvalidSpecError) as caught:
        parsed(services)
    return [(finding.path, finding.message) for finding in caught.value.findings]


def test_a_list_of_images_names_each_after_its_image() -> None:
    spec = parsed(["postgres:15", "ghcr.io/org/my-redis:7@sha256:" + "a" * 64])
    assert [(service.id, service.image.partition(":")[0]) for service in spec.services] == [
        ("postgres", "postgres"),
        ("my-redis", "ghcr.io/org/my-redis"),
    ]


def test_a_mapping_goes_from_id_to_image_or_to_fields() -> None:
    spec = parsed({"db": "postgres:15", "cache": {"image": "redis:7", "ports": [6379], "env": ["A=b"]}})
    assert [service.id for service in spec.services] == ["db", "cache"]
    assert spec.services[1].ports == (6379,)
    assert spec.services[1].env == {"A": "b"}


def test_a_list_may_hold_fields_with_or_without_an_id() -> None:
    spec = parsed([{"image": "postgres:15"}, {"id": "other", "image": "postgres:15"}])
    assert [service.id for service in spec.services] == ["postgres", "other"]


def test_a_spec_with_services_reads_back_from_its_own_json() -> None:
    spec = parsed({"db": {"image": "postgres", "ready": {"tcp": 5432}, "health_check": {"test": "pg_isready"}}})
    assert JobSpec.model_validate_json(spec.model_dump_json()) == spec


@pytest.mark.parametrize("image", ["postgres", "postgres:15", "reg.example.org:5000/a/postgres:15", "a/postgres"])
def test_an_id_is_the_last_part_of_the_images_name(image: str) -> None:
    assert service_id_of(image) == "postgres"


@pytest.mark.parametrize("port", [5432, "05432", "127.0.0.1:15432:5432", "5432:5432", "5432/tcp"])
def test_a_port_may_be_written_as_docker_does(port: object) -> None:
    assert parsed({"db": {"image": "postgres", "ports": [port]}}).services[0].ports == (5432,)


def test_a_test_that_is_a_text_is_for_a_shell() -> None:
    assert HealthCheckSpec.model_validate({"test": "pg_isready -U me"}).test == ("CMD-SHELL", "pg_isready -U me")
    assert ReadySpec.model_validate({"exec": "pg_isready"}).exec == ("sh", "-c", "pg_isready")


@pytest.mark.parametrize(
    ("http", "place"), [("/health", (None, "/health")), ("8080/up", (8080, "/up")), (":81/", (81, "/"))]
)
def test_a_path_may_name_its_port(http: str, place: tuple[int | None, str]) -> None:
    assert ReadySpec.model_validate({"http": http}).http_place == place


@pytest.mark.parametrize(
    ("services", "path", "words"),
    [
        (["postgres:15", "postgres:16"], "", "two have the same id"),
        ({"a-b": "redis", "a.b": "redis"}, "", "two have the same id"),
        ({"a": {"image": "redis", "aliases": ["b"]}, "b": "redis"}, "", "two answer to the name b"),
        ({"a": {"image": "redis", "depends_on": ["c"]}}, "", "depends on c, which is not among them"),
        (
            {"a": {"image": "redis", "depends_on": ["b"]}, "b": {"image": "redis", "depends_on": "a"}},
            "",
            "a → b → a wait for each other in a circle",
        ),
        ({"1db": "redis"}, "services.1db.id", "beginning with a letter"),
        ({"db": {}}, "services.db.image", "required, and missing"),
        ({"db": {"image": "redis", "imag": "x"}}, "services.db.imag", "did you mean image?"),
        ({"db": {"image": "redis", "ready": {"tpc": 1}}}, "services.db.ready.tpc", "did you mean tcp?"),
        ({"db": {"image": "redis", "ready": {}}}, "services.db.ready", "give one of exec, tcp, http and log"),
        ({"db": {"image": "redis", "ready": {"tcp": 1, "log": "x"}}}, "services.db.ready", "give one of"),
        ({"db": {"image": "redis", "ready": {"http": "health"}}}, "services.db.ready.http", "a path such as /health"),
        ({"db": {"image": "redis", "ready": {"http": "0/x"}}}, "services.db.ready.http", "a path such as /health"),
        ({"db": {"image": "redis", "ports": ["53/udp"]}}, "services.db.ports.0", "only TCP"),
        ({"db": {"image": "redis", "ports": [70000]}}, "services.db.ports.0", "less than or equal to 65535"),
        ({"db": {"image": "redis", "health_check": {"test": ["ls"]}}}, "services.db.health_check.test", "CMD"),
        ({"db": {"image": "redis", "health_check": {"test": ["CMD"]}}}, "services.db.health_check.test", "CMD"),
        (
            {"db": {"image": "redis", "health_check": {"test": ["CMD-SHELL", "a", "b"]}}},
            "services.db.health_check.test",
            "one text",
        ),
        ({"db": {"image": "redis", "aliases": ["no_such_"]}}, "services.db.aliases.0", "a host name"),
        ({"db": {"image": "redis", "env": {"A": "1"}, "secrets": ["A"]}}, "services.db", "both set A"),
        ({"db": {"image": "redis", "env": {"A": "x" * 131071}}}, "services.db", "env.A is longer"),
        ("postgres", "services", "must be a list"),
        ([3], "services.0", "must be an object"),
        ([f"redis{number}" for number in range(17)], "services", "at most 16 items"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_place(services: Any, path: str, words: str) -> None:
    ((where, said),) = refusal(services)
    assert (where, words in said) == (path, True), said

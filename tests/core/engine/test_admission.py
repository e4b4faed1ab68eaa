"""May this job run here?"""

from __future__ import annotations

from typing import Any

import pytest

from core.engine.admission import admit
from core.engine.slots import JOBS, Slots
from core.errors import NotAdmittedError, UnknownSecretError
from core.settings import DockerSettings, EngineSettings, LimitSettings
from core.spec.job import LogLimit
from core.testing.factories import a_job_spec

SLOTS = Slots({JOBS: 4, "gpus": 2})


@pytest.fixture
def limited(settings: EngineSettings) -> EngineSettings:
    limits = LimitSettings(
        timeout_s=600, max_timeout_s=1000, cpus=1, max_cpus=2, memory_mb=512, max_memory_mb=1024, max_pids=300
    )
    docker = DockerSettings(local_registries=("127.0.0.1:5000",))
    return EngineSettings.model_validate(
        {"home": settings.home, "backend": "simulated", "limits": limits, "docker": docker, "secrets": {"TOKEN": "x"}}
    )


def test_an_admitted_spec_has_every_default_filled_in(limited: EngineSettings) -> None:
    spec = admit(a_job_spec(), limited, SLOTS)
    assert (spec.timeout_s, spec.cancel_grace_s, spec.cpus, spec.memory_mb, spec.pids) == (600, 5, 1, 512, 256)
    assert spec.log_limit == LogLimit(bytes=8 * 1024 * 1024, lines=100_000)


def test_what_the_job_asks_for_stands(limited: EngineSettings) -> None:
    asked = a_job_spec(
        timeout_s=1, cancel_grace_s=0, cpus=2, memory_mb=1024, pids=300, log_limit={"bytes": 2048, "lines": 7}, gpus=2
    )
    admitted = admit(asked, limited, SLOTS)
    assert {name: getattr(admitted, name) for name in asked.model_fields_set} == {
        name: getattr(asked, name) for name in asked.model_fields_set
    }


@pytest.mark.parametrize(
    ("fields", "finding"),
    [
        ({"timeout_s": 1001}, "timeout_s: at most 1000 seconds here"),
        ({"pids": 301}, "pids: at most 300 here"),
        ({"cpus": 2.5}, "cpus: this host has 2"),
        ({"memory_mb": 1025}, "memory_mb: at most 1024 MiB here"),
        ({"log_limit": {"bytes": 2**40}}, "log_limit.bytes: at most 256 MiB here"),
        ({"gpus": 3}, "gpus: asks for 3, this engine has 2"),
    ],
)
def test_what_goes_beyond_a_limit_is_refused_with_the_limit(
    limited: EngineSettings, fields: dict[str, Any], finding: str
) -> None:
    with pytest.raises(NotAdmittedError) as caught:
        admit(a_job_spec(**fields), limited, SLOTS)
    assert caught.value.message == finding
    assert caught.value.hint


def test_every_refusal_is_told_at_once(limited: EngineSettings) -> None:
    with pytest.raises(NotAdmittedError) as caught:
        admit(a_job_spec(timeout_s=2000, image="localhost/x", gpus=9), limited, SLOTS)
    assert [finding.path for finding in caught.value.findings] == ["timeout_s", "image", "gpus"]
    assert caught.value.hint == "Use a public registry, or have the operator list it in docker.local_registries."


def test_gpus_without_any_configured_are_refused(limited: EngineSettings) -> None:
    with pytest.raises(NotAdmittedError, match="gpus: asks for 1, this engine has 0"):
        admit(a_job_spec(gpus=1), limited, Slots({JOBS: 1}))


@pytest.mark.parametrize(
    "image",
    [
        "127.0.0.1:1/x",
        "127.0.0.1/x",
        "169.254.169.254/latest",
        "2130706433:80/x",
        "0x7f.1/x",
        "10.0.0.1:5000/x",
        "8.8.8.8/x",
        "[::1]:5000/x",
        "[fd00::1]/x",
        "host:22/x",
        "localhost/x",
        "LOCALHOST:5000/x",
        "INTRANET/x",
        "registry.local/x",
        "registry.corp:443/x",
        "metadata.google.internal/x",
        "host.docker.internal:2375/x",
        "nas.home.arpa/x",
        "a.localhost/x",
    ],
)
def test_a_registry_inside_the_operators_network_is_refused_in_the_same_words(
    limited: EngineSettings, image: str
) -> None:
    with pytest.raises(NotAdmittedError) as caught:
        admit(a_job_spec(image=image), limited, SLOTS)
    assert caught.value.message == "image: its registry is an address or a private name that this engine does not use"


@pytest.mark.parametrize(
    "image", ["busybox", "library/busybox", "ghcr.io/org/app:1", "registry.example.com:8443/x", "127.0.0.1:5000/x"]
)
def test_public_registries_and_those_the_operator_lists_are_used(limited: EngineSettings, image: str) -> None:
    assert admit(a_job_spec(image=image), limited, SLOTS).image == image


def test_a_secret_that_the_engine_does_not_have_is_named(limited: EngineSettings) -> None:
    assert admit(a_job_spec(secrets=["TOKEN"]), limited, SLOTS).secrets == ("TOKEN",)
    with pytest.raises(UnknownSecretError, match=r"no secret named KEY, PASS$"):
        admit(a_job_spec(secrets=["KEY", "TOKEN", "PASS"]), limited, SLOTS)

"""What a request becomes in the engine's own terms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.backends.docker.translate import create_payload, hostname, log_file_bytes
from core.settings import MIB

if TYPE_CHECKING:
    from tests.core.backends.docker.conftest import Requests


def test_a_request_that_names_little_keeps_the_images_own_command_and_user(request_for: Requests) -> None:
    payload = create_payload(request_for())
    assert payload.keys().isdisjoint({"Cmd", "Entrypoint", "User", "WorkingDir"})


def test_what_a_request_names_is_passed_on(request_for: Requests) -> None:
    payload = create_payload(
        request_for("a", "b", entrypoint=("sh", "-c"), env={"K": "v=w"}, workdir="/w", user="1:2", gpus=2)
    )
    assert (payload["Cmd"], payload["Entrypoint"], payload["Env"]) == (["a", "b"], ["sh", "-c"], ["K=v=w"])
    assert (payload["WorkingDir"], payload["User"]) == ("/w", "1:2")
    assert payload["HostConfig"]["DeviceRequests"] == [{"Count": 2, "Capabilities": [["gpu"]]}]


def test_every_container_is_hardened(request_for: Requests) -> None:
    payload = create_payload(request_for("true", cpus=0.5, memory_bytes=64 * MIB, pids=7, network="none"))
    host = payload["HostConfig"]
    assert host["CapDrop"] == ["ALL"]
    assert set(host["CapAdd"]) == {"CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"}
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert (host["Memory"], host["MemorySwap"]) == (64 * MIB, 64 * MIB)
    assert (host["NanoCpus"], host["PidsLimit"], host["NetworkMode"], host["Init"]) == (500_000_000, 7, "none", True)
    assert (host["AutoRemove"], host["Privileged"], host["RestartPolicy"]) == (False, False, {"Name": "no"})
    assert payload["Healthcheck"] == {"Test": ["NONE"]}
    assert payload["StopSignal"] == "SIGTERM"
    assert host.keys().isdisjoint({"Binds", "Mounts", "Devices", "PidMode", "IpcMode", "UTSMode", "VolumesFrom"})


@pytest.mark.parametrize(
    ("size", "lines", "expected"),
    [(8 * MIB, 100_000, 8 * 8 * MIB + 10_000_000), (1024, 1, 64 * MIB), (256 * MIB, 0, 2048 * MIB)],
)
def test_the_engines_log_file_holds_the_quota_at_its_most_wasteful(size: int, lines: int, expected: int) -> None:
    assert log_file_bytes(size, lines) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("orcaops-1a2b-job_0123456789abcdefghjkmnpqr-1", "ob-0123456789abcdefghjkmnpqr-1"),
        ("short_Name", "short-name"),
        ("___", "job"),
    ],
)
def test_a_host_name_is_the_end_of_the_containers_name_in_host_name_letters(name: str, expected: str) -> None:
    assert hostname(name) == expected

"""What the engine's JSON says, from samples of engines with either version of cgroups."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from core.backends.base import PathInfo, UsageSample
from core.backends.docker.states import (
    image_of,
    init_failure,
    moment,
    path_of,
    state_of,
    tells_of_no_process,
    usage_of,
)


def _container(status: str, **state: Any) -> dict[str, Any]:
    never = "0001-01-01T00:00:00Z"
    plain = {"Status": status, "ExitCode": 0, "OOMKilled": False, "Error": "", "StartedAt": never, "FinishedAt": never}
    return {
        "Id": "abc",
        "Name": "/one",
        "Created": "2026-01-02T03:04:05.123456789Z",
        "Config": {"Labels": None},
        "State": plain | state,
    }


@pytest.mark.parametrize(
    ("status", "phase"),
    [
        ("created", "created"),
        ("running", "running"),
        ("restarting", "running"),
        ("paused", "paused"),
        ("exited", "exited"),
        ("removing", "exited"),
        ("dead", "exited"),
    ],
)
def test_every_status_of_the_engine_is_one_of_four_phases(status: str, phase: str) -> None:
    assert state_of(_container(status)).phase == phase


def test_only_a_container_that_ended_has_an_exit_code() -> None:
    assert state_of(_container("running")).exit_code is None
    assert state_of(_container("created")).exit_code is None
    assert state_of(_container("exited")).exit_code == 0


def test_a_failed_start_keeps_its_code_and_the_heart_of_its_words() -> None:
    words = (
        "failed to create shim task: OCI runtime create failed: runc create failed: "
        'unable to start container process: exec: "x": executable file not found in $PATH: unknown'
    )
    state = state_of(_container("created", ExitCode=127, Error=words))
    assert (state.exit_code, state.error) == (127, 'exec: "x": executable file not found in $PATH')


def test_a_start_that_only_missed_its_containerd_has_not_failed() -> None:
    words = 'connection error: desc = "transport: dial unix /run/containerd/containerd.sock: connect: no such file"'
    state = state_of(_container("created", ExitCode=128, Error=words))
    assert (state.exit_code, state.error) == (None, "")


class _Told:
    """What an event stream told of the one container of these tests."""

    def __init__(self, *, interrupted: bool = False, missed: bool = False) -> None:
        self._interrupted, self._missed = interrupted, missed

    def foreign_signal(self, container_id: str) -> str | None:
        return "TERM" if self._interrupted and container_id == "abc" else None

    def was_interrupted(self, container_id: str) -> bool:
        return self._interrupted and container_id == "abc"

    def may_have_missed(self, container_id: str, moment: datetime) -> bool:
        return self._missed and container_id == "abc" and moment.year == 2026

    def was_restarted(self, container_id: str) -> bool:
        return container_id != "abc"


@pytest.mark.parametrize(
    ("code", "told", "went_down"),
    [
        (143, _Told(interrupted=True), True),
        (255, _Told(missed=True), True),
        (5, _Told(missed=True), False),
        (255, _Told(), False),
    ],
)
def test_the_end_of_an_engine_is_told_from_a_containers_own(code: int, told: _Told, went_down: bool) -> None:
    state = state_of(_container("exited", ExitCode=code, FinishedAt="2026-01-02T03:04:06Z"), told)
    assert (state.went_down_with_engine, state.restarted) == (went_down, False)


@pytest.mark.parametrize(("processes", "none"), [({"current": 2}, False), ({"current": 0}, True), ({}, True)])
def test_statistics_tell_when_no_process_is_left(processes: dict[str, int], none: bool) -> None:
    assert tells_of_no_process({"pids_stats": processes}) is none


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-02T03:04:05.123456789Z", datetime(2026, 1, 2, 3, 4, 5, 123456, UTC)),
        ("2026-01-02T03:04:05.1Z", datetime(2026, 1, 2, 3, 4, 5, 100000, UTC)),
        ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5, 0, UTC)),
        ("0001-01-01T00:00:00Z", None),
        ("", None),
    ],
)
def test_the_engines_times_have_as_many_digits_as_they_need(text: str, expected: datetime | None) -> None:
    assert moment(text) == expected


def test_use_is_read_from_the_first_version_of_cgroups() -> None:
    memory = {"usage": 1000, "max_usage": 4000, "stats": {"total_inactive_file": 300, "inactive_file": 1}}
    assert usage_of(_stats(memory)) == UsageSample(1.5, 700, 4000, 30, 3)


def test_use_is_read_from_the_second_version_of_cgroups() -> None:
    assert usage_of(_stats({"usage": 1000, "stats": {"inactive_file": 400}})) == UsageSample(1.5, 600, None, 30, 3)


def test_a_container_that_does_not_run_has_no_use() -> None:
    assert usage_of({"read": "0001-01-01T00:00:00Z", "cpu_stats": {}, "memory_stats": {}}) is None


def _stats(memory: dict[str, Any]) -> dict[str, Any]:
    networks = {"eth0": {"rx_bytes": 10, "tx_bytes": 1}, "eth1": {"rx_bytes": 20, "tx_bytes": 2}}
    cpu = {"cpu_usage": {"total_usage": 1_500_000_000}}
    return {"read": "2026-01-02T03:04:05Z", "cpu_stats": cpu, "memory_stats": memory, "networks": networks}


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("127.0.0.1:5000/library/busybox:1.35", "127.0.0.1:5000/library/busybox@sha256:bb"),
        ("docker.io/library/busybox", "busybox@sha256:aa"),
        ("busybox:1", "busybox@sha256:aa"),
    ],
)
def test_an_images_digest_is_the_one_of_the_registry_asked_for(reference: str, expected: str) -> None:
    digests = ["busybox@sha256:aa", "127.0.0.1:5000/library/busybox@sha256:bb"]
    assert image_of(reference, {"Id": "sha256:id", "RepoDigests": digests}).digest == expected


def test_an_image_that_never_was_in_a_registry_has_its_id_as_digest() -> None:
    info = image_of("made:here", {"Id": "sha256:id", "RepoDigests": [], "Config": {"Cmd": None, "User": "nobody"}})
    assert (info.digest, info.command, info.user) == ("sha256:id", (), "nobody")


def test_a_path_is_read_from_the_header_and_nonsense_is_nothing() -> None:
    stat = {"name": "l", "size": 3, "mode": (1 << 27) | 0o777, "linkTarget": "/t"}
    assert path_of("/l", base64.b64encode(json.dumps(stat).encode()).decode()) == PathInfo("/l", "symlink", 3, "/t")
    assert path_of("/l", "!") is None


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            b"[FATAL tini (7)] exec nope failed: No such file or directory\n",
            "exec nope failed: No such file or directory",
        ),
        (b"exec nope failed: No such file or directory\n", ""),
        (b"[WARN  tini (7)] something\n", ""),
    ],
)
def test_only_the_inits_own_words_are_an_inits_failure(line: bytes, expected: str) -> None:
    assert init_failure(line) == expected

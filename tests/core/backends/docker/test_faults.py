"""Which of our errors an engine's words and a transport's exceptions become."""

from __future__ import annotations

import pytest
import requests
import urllib3.exceptions
from docker.errors import APIError, DockerException

from core.backends.docker.faults import clean_words, connection_fault, is_transient, pull_fault, refusal, start_fault
from core.errors import (
    BackendError,
    BackendTimeoutError,
    BackendUnavailableError,
    ContainerLostError,
    ImageError,
    ImageNotFoundError,
    RegistryDeniedError,
    RegistryUnreachableError,
)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("manifest for a/b:1 not found: manifest unknown: manifest unknown", ImageNotFoundError),
        ("no matching manifest for linux/arm64 in the manifest list entries", ImageNotFoundError),
        ("pull access denied for a/b, repository does not exist or may require 'docker login'", RegistryDeniedError),
        ("unauthorized: authentication required", RegistryDeniedError),
        ('Head "http://r/v2/a/b/manifests/1": no basic auth credentials', RegistryDeniedError),
        ('Get "http://r/v2/": dial tcp 127.0.0.1:1: connect: connection refused', RegistryUnreachableError),
        ('Get "https://r/v2/": dial tcp: lookup r on 10.0.0.1:53: no such host', RegistryUnreachableError),
        ('Get "https://r/v2/": net/http: TLS handshake timeout', RegistryUnreachableError),
        ('Get "https://r/v2/": x509: certificate signed by unknown authority', RegistryUnreachableError),
        ("toomanyrequests: You have reached your unauthenticated pull rate limit.", RegistryUnreachableError),
        ("failed to register layer: write /x: no space left on device", ImageError),
    ],
)
def test_the_causes_of_a_failed_pull_are_told_apart(words: str, expected: type[ImageError]) -> None:
    assert type(pull_fault("a/b:1", words)) is expected


def test_an_image_named_like_a_cause_is_not_taken_for_it() -> None:
    words = "manifest for r:5000/denied/timeout:tls not found: manifest unknown: manifest unknown"
    assert type(pull_fault("r:5000/denied/timeout:tls", words)) is ImageNotFoundError


def test_a_denied_pull_says_that_the_image_may_not_exist() -> None:
    fault = pull_fault("a/b:1", "pull access denied for a/b, repository does not exist or may require 'docker login'")
    assert "private, or does not exist" in fault.message


def test_a_cause_is_found_however_deep_the_transport_wrapped_it() -> None:
    inner = urllib3.exceptions.ProtocolError("Connection aborted.", PermissionError(13, "Permission denied"))
    outer = DockerException("Error while fetching server API version")
    outer.__cause__ = requests.ConnectionError(inner)
    fault = connection_fault(outer)
    assert type(fault) is BackendUnavailableError
    assert "docker group" in fault.hint


def test_a_connection_that_is_too_slow_is_no_absent_engine() -> None:
    timeout = urllib3.exceptions.ReadTimeoutError(urllib3.HTTPConnectionPool("localhost"), "/x", "Read timed out.")
    assert type(connection_fault(requests.ConnectionError(timeout))) is BackendTimeoutError
    assert type(connection_fault(requests.ReadTimeout(timeout))) is BackendTimeoutError


def test_a_connection_that_broke_is_an_unavailable_engine() -> None:
    assert type(connection_fault(requests.ConnectionError("gone\nlong story"))) is BackendUnavailableError


def _refused(status: int, words: str) -> APIError:
    response = requests.Response()
    response.status_code = status
    return APIError("refused", response=response, explanation=words)


@pytest.mark.parametrize(
    ("status", "words", "expected"),
    [
        (404, "No such container: x", ContainerLostError),
        (500, "failed to start: connection error: desc = transport: containerd is not there", BackendUnavailableError),
        (500, "driver failed to remove root filesystem", BackendError),
        (400, "invalid", BackendError),
    ],
)
def test_a_refusal_is_judged_by_status_and_words(status: int, words: str, expected: type[BackendError]) -> None:
    assert type(refusal(_refused(status, words))) is expected


@pytest.mark.parametrize("why", ["connection refused", "no such file or directory"])
def test_a_containerd_that_is_away_is_waited_for(why: str) -> None:
    assert is_transient(_refused(503, f"dial unix /run/docker/containerd/containerd.sock: connect: {why}: unavailable"))


def test_a_shim_that_went_away_with_its_containerd_is_waited_for() -> None:
    assert is_transient(_refused(500, "connection closed: unavailable"))


def test_a_command_that_is_missing_is_not_waited_for_although_containerd_is_named() -> None:
    assert not is_transient(_refused(500, "containerd: exec: no such file or directory"))


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        ('exec: "x": executable file not found in $PATH', 127, 127),
        ('exec: "x": executable file not found in $PATH', 128, 127),
        ('exec: "/x": permission denied', None, 126),
        ("could not find bridge docker0", 128, 128),
    ],
)
def test_a_start_error_carries_the_shells_codes(words: str, code: int | None, expected: int | None) -> None:
    assert start_fault(words, code).exit_code == expected


def test_a_missing_gpu_is_hinted_at() -> None:
    assert "GPU" in start_fault('could not select device driver "" with capabilities: [[gpu]]', 128).hint


def test_words_lose_the_layers_that_passed_them_on_and_their_further_lines() -> None:
    text = "Error response from daemon: OCI runtime create failed: runc create failed: it broke: unknown\nmore"
    assert clean_words(text) == "it broke"
    assert clean_words("") == "no reason given"

"""From what docker-py, requests, urllib3 and Docker's own words say to `core.errors`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import requests
import urllib3.exceptions

from core.errors import (
    BackendError,
    BackendTimeoutError,
    BackendUnavailableError,
    ContainerLostError,
    ContainerStartError,
    ImageError,
    ImageNotFoundError,
    RegistryDeniedError,
    RegistryUnreachableError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker.errors import APIError

_HOW_TO_START: Final = (
    "Start Docker: `scripts/container-engine up`, `systemctl start docker` or Docker Desktop; "
    "if it listens elsewhere, set DOCKER_HOST or the engine's docker.base_url."
)
_HOW_TO_BE_ALLOWED: Final = (
    "Add this user to the docker group (`sudo usermod -aG docker $USER`) and log in again, or run Docker rootless."
)
_RATE_HINT: Final = "Wait and try again, or log the container engine in with `docker login` for a larger allowance."
_GPU_HINT: Final = "This container engine has no GPU support: install the NVIDIA container toolkit, or ask for none."

_TRANSIENT: Final = (
    "containerd",
    "ttrpc",
    "connection closed",  # the shim's, which goes away with containerd
    "context deadline exceeded",
    "context canceled",
    "transport is closing",
)
_PERMANENT: Final = ("executable file not found", "permission denied", "no such file or directory", "exec format error")
_DENIED: Final = ("unauthorized", "denied", "no basic auth credentials", "authentication required", "forbidden")
_ABSENT: Final = ("manifest unknown", "not found", "no such image", "does not exist", "name unknown", "no matching")
_UNREACHABLE: Final = (
    "dial tcp",
    "connection refused",
    "connection reset",
    "no such host",
    "no route to host",
    "network is unreachable",
    "server misbehaving",
    "timeout",
    "timed out",
    "deadline exceeded",
    "tls",
    "x509",
    "http response to https client",
    "unexpected http status: 5",
    "eof",
)
_RUNTIME_PREFIX: Final = re.compile(
    r"^(?:Error response from daemon: |failed to create (?:shim )?task(?: for container)?: "
    r"|OCI runtime (?:create|start) failed: |(?:runc|crun) (?:create|start) failed: "
    r"|(?:container_linux|process_linux|standard_init_linux)\.go:\d+: (?:starting container process caused: )?"
    r"|unable to start container process: |starting container process caused: |error during container init: )+"
)


def connection_fault(error: BaseException) -> BackendError:
    """What a call that got no answer means.

    Args:
        error: Whatever the transport raised; the cause may be wrapped in it several times.

    Returns:
        `BackendTimeoutError` if the engine was reached and was slow, else `BackendUnavailableError` with a hint that
        fits the cause.
    """
    causes = list(_causes(error))
    if any(isinstance(cause, FileNotFoundError) for cause in causes):
        message = "Docker's socket does not exist: the Docker Engine is not installed or does not run."
        return BackendUnavailableError(message, hint=_HOW_TO_START)
    if any(isinstance(cause, PermissionError) for cause in causes):
        return BackendUnavailableError("This user may not use Docker's socket.", hint=_HOW_TO_BE_ALLOWED)
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return BackendUnavailableError("Nothing answers at Docker's address: it does not run.", hint=_HOW_TO_START)
    if any(isinstance(cause, (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError)) for cause in causes):
        return BackendTimeoutError("The Docker Engine did not answer in time.")
    return BackendUnavailableError(f"The connection to the Docker Engine broke: {_first_line(str(causes[-1]))}")


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and everything wrapped in it, by whatever way requests and urllib3 wrap."""
    waiting, seen = [error], set[int]()
    while waiting:
        cause = waiting.pop(0)
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        inner = (*cause.args, getattr(cause, "reason", None), cause.__cause__, cause.__context__)
        waiting.extend(item for item in inner if isinstance(item, BaseException))


def words_of(error: APIError) -> str:
    """Docker's explanation of a refusal, in one line and without the layers that passed it on."""
    return clean_words(error.explanation or str(error))


def clean_words(text: str) -> str:
    """Docker's words in one line, without the names of the programs that passed them on."""
    return _RUNTIME_PREFIX.sub("", _first_line(text)).removesuffix(": unknown")


def _first_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[0][:500] if lines else "no reason given"


def refusal(error: APIError) -> BackendError:
    """What a refused call on a container means."""
    words = words_of(error)
    if error.status_code == 404:
        return ContainerLostError(f"The container is gone: {words}")
    if is_transient(error):
        return BackendUnavailableError(f"The container engine is recovering: {words}")
    return BackendError(f"The container engine refused: {words}")


def is_transient(error: APIError) -> bool:
    """Whether the refusal only says that containerd is being restarted under the engine."""
    return (error.status_code or 0) >= 500 and is_passing(error.explanation or "")


def is_passing(words: str) -> bool:
    """Whether the engine's words only tell of a containerd that is away."""
    lowered = words.lower()
    if "containerd.sock" in lowered:  # which may be missing, or refuse connections
        return True
    return any(part in lowered for part in _TRANSIENT) and not any(part in lowered for part in _PERMANENT)


def start_fault(words: str, exit_code: int | None) -> ContainerStartError:
    """Why a container did not start.

    Args:
        words: Docker's, cleaned.
        exit_code: What it recorded; None if it said none.
    """
    lowered = words.lower()
    if exit_code in {None, 128} or exit_code == 0:  # 128 is Docker's "some error": older engines leave it at that
        exit_code = 127 if _names_nothing(lowered) else 126 if "permission denied" in lowered else exit_code
    hint = _GPU_HINT if "gpu" in lowered or "nvidia" in lowered else ""
    return ContainerStartError(f"The container could not be started: {words}", hint=hint, exit_code=exit_code)


def _names_nothing(words: str) -> bool:
    return "executable file not found" in words or "no such file or directory" in words


def pull_fault(image: str, words: str) -> ImageError:
    """Why an image could not be pulled.

    Args:
        image: The reference asked for.
        words: What Docker said, which may quote the registry and the reference.
    """
    said = _first_line(words)
    kind = _without_name(image, said).lower()
    if "toomanyrequests" in kind or "rate limit" in kind:
        return RegistryUnreachableError(f"The registry of {image} limits pulls: {said}", hint=_RATE_HINT)
    if any(part in kind for part in _DENIED):
        return RegistryDeniedError(f"The registry refused {image}: it is private, or does not exist there ({said}).")
    if any(part in kind for part in _UNREACHABLE):
        return RegistryUnreachableError(f"The registry of {image} could not be reached: {said}")
    if any(part in kind for part in _ABSENT):
        return ImageNotFoundError(f"The registry does not know the image {image}: {said}")
    return ImageError(f"The image {image} could not be pulled: {said}")


def _without_name(image: str, words: str) -> str:
    """The words without the reference: its name is the user's and could read like a cause."""
    repository = re.split(r"@|:(?=[^/]*$)", image, maxsplit=1)[0]
    parts = "|".join(re.escape(part) for part in (image, repository, repository.partition("/")[2]) if part)
    return re.sub(rf"(?<![\w.-])(?:{parts})(?![\w-])", "", words)

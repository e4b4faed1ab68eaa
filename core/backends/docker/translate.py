"""From a `ContainerRequest` to what the engine's create call takes: pure, and an allowlist.

The sandbox is the same for every job: the image's own user, no capability beyond those that package managers need,
no way to gain more, bounded processes, memory, files and log.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from core.backends.base import ContainerRequest, Mount
    from core.backends.services import HealthCheck

_CAPABILITIES: Final = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID")
_MIN_LOG_FILE: Final = 64 * 1024 * 1024
_HOSTNAME_LENGTH: Final = 30
_NANO: Final = 1_000_000_000


def create_payload(request: ContainerRequest) -> dict[str, Any]:
    """The body of ``POST /containers/create``."""
    payload: dict[str, Any] = {
        "Image": request.image,
        "Hostname": hostname(request.name),
        "Env": [f"{name}={value}" for name, value in request.env.items()],
        "Labels": dict(request.labels),
        "Tty": False,
        "OpenStdin": False,
        "StopSignal": request.stop_signal,
        "Healthcheck": _health_check(request.health),
        "HostConfig": _host_config(request),
    }
    if request.attached_to:
        endpoint = {"Aliases": list(request.aliases)}
        payload["NetworkingConfig"] = {"EndpointsConfig": {request.attached_to: endpoint}}
    if request.argv is not None:
        payload["Cmd"] = list(request.argv)
    if request.entrypoint is not None:
        payload["Entrypoint"] = list(request.entrypoint)
    if request.workdir is not None:
        payload["WorkingDir"] = request.workdir
    if request.user is not None:
        payload["User"] = request.user
    return payload


def hostname(name: str) -> str:
    """A container's host name: the end of its name, which tells job and attempt, in a host name's letters."""
    return re.sub(r"[^a-z0-9-]", "-", name.lower())[-_HOSTNAME_LENGTH:].strip("-") or "job"


def log_file_bytes(log_bytes: int, log_lines: int) -> int:
    """How large the engine's log file may grow before it is rotated.

    A live follower loses and doubles lines at a rotation, so that none may happen inside the quota: a byte of output
    takes up to 8 in the file (escaped), and a line some 100 more.
    """
    return max(_MIN_LOG_FILE, 8 * log_bytes + 100 * log_lines)


def _host_config(request: ContainerRequest) -> dict[str, Any]:
    max_size = log_file_bytes(request.log_bytes, request.log_lines)
    config: dict[str, Any] = {
        "NetworkMode": request.attached_to or request.network,
        "CapDrop": ["ALL"],
        "CapAdd": [*_CAPABILITIES, "KILL"] if request.may_signal else list(_CAPABILITIES),
        "SecurityOpt": ["no-new-privileges"],
        "Privileged": False,
        "AutoRemove": False,
        "RestartPolicy": {"Name": "no"},
        "Init": request.init,
        "NanoCpus": round(request.cpus * 1_000_000_000),
        "Memory": request.memory_bytes,
        "MemorySwap": request.memory_bytes,
        "PidsLimit": request.pids,
        "Ulimits": [{"Name": "nofile", "Soft": 1024, "Hard": 4096}, {"Name": "core", "Soft": 0, "Hard": 0}],
        "LogConfig": {"Type": "json-file", "Config": {"max-size": str(max_size), "max-file": "2"}},
    }
    if request.mounts:
        config["Mounts"] = [_bind(mount) for mount in request.mounts]
    if request.gpus:
        config["DeviceRequests"] = [{"Count": request.gpus, "Capabilities": [["gpu"]]}]
    return config


def _health_check(check: HealthCheck | None) -> dict[str, Any]:
    """What is left out is the image's, and Docker's own where the image says nothing."""
    if check is None:
        return {"Test": ["NONE"]}
    return {
        "Test": list(check.test),
        "Interval": round(check.interval_s * _NANO),
        "Timeout": round((check.timeout_s or 0) * _NANO),
        "StartPeriod": round((check.start_period_s or 0) * _NANO),
        "Retries": check.retries or 0,
    }


def _bind(mount: Mount) -> dict[str, Any]:
    """A mount of the machine's own; what is mounted below it later, on either side, does not appear on the other."""
    return {
        "Type": "bind",
        "Source": mount.source,
        "Target": mount.target,
        "ReadOnly": mount.read_only,
        "BindOptions": {"Propagation": "rprivate"},
    }

"""From a `ContainerRequest` to what the engine's create call takes: pure, and an allowlist.

Whatever a job asks for, it has no devices, no namespace of the host, Docker's own seccomp profile, and bounded
processes, memory, files and log. How tightly it is held beyond that is its `core.backends.sandbox.Sandbox`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from core.backends.base import ContainerRequest, Mount
    from core.backends.sandbox import Sandbox, Tmpfs
    from core.backends.services import HealthCheck

_MIN_LOG_FILE: Final = 64 * 1024 * 1024
_HOSTNAME_LENGTH: Final = 30
_NANO: Final = 1_000_000_000
_SHM_BYTES: Final = 64 * 1024 * 1024
_NOBODY_TO_ASK: Final = ("127.0.0.1",)
"""Where a container of an internal network asks for names that are not in it: itself, so that nobody hears of them.
Engines before 23.0.11 and 25.0.5 would hand such questions to the host's own resolver (CVE-2024-29018)."""


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
    sandbox, capabilities = request.sandbox, list(request.sandbox.capabilities)
    if request.may_signal and "KILL" not in capabilities:
        capabilities.append("KILL")
    config: dict[str, Any] = {
        "NetworkMode": request.attached_to or ("bridge" if request.network == "bridge" else "none"),
        "CapDrop": ["ALL"],
        "CapAdd": capabilities,
        "SecurityOpt": [] if sandbox.may_gain_privileges else ["no-new-privileges"],
        "ReadonlyRootfs": sandbox.read_only,
        "Privileged": False,
        "AutoRemove": False,
        "RestartPolicy": {"Name": "no"},
        "Init": request.init,
        "NanoCpus": round(request.cpus * 1_000_000_000),
        "Memory": request.memory_bytes,
        "MemorySwap": request.memory_bytes,
        "PidsLimit": request.pids,
        "ShmSize": _SHM_BYTES,
        "Ulimits": _ulimits(sandbox),
        "LogConfig": {"Type": "json-file", "Config": {"max-size": str(max_size), "max-file": "2"}},
    }
    if request.mounts or sandbox.volumes:
        volumes = [_volume(target, request) for target in sandbox.volumes]
        config["Mounts"] = [*(_bind(mount) for mount in request.mounts), *volumes]
    if sandbox.tmpfs:
        config["Tmpfs"] = {each.target: _tmpfs_options(each) for each in sandbox.tmpfs}
    if request.network == "services":
        config["Dns"] = list(_NOBODY_TO_ASK)
    if request.gpus:
        config["DeviceRequests"] = [{"Count": request.gpus, "Capabilities": [["gpu"]]}]
    return config


def _ulimits(sandbox: Sandbox) -> list[dict[str, Any]]:
    limits = [("nofile", 1024, 4096), ("core", 0, 0)]
    if sandbox.file_bytes:
        limits.append(("fsize", sandbox.file_bytes, sandbox.file_bytes))
    return [{"Name": name, "Soft": soft, "Hard": hard} for name, soft, hard in limits]


def _tmpfs_options(tmpfs: Tmpfs) -> str:
    return f"rw,nosuid,nodev,{'exec' if tmpfs.executable else 'noexec'},size={tmpfs.size_bytes},mode=1777"


def _volume(target: str, request: ContainerRequest) -> dict[str, Any]:
    """A volume without a name: it is removed with its container, and holds what the image has at that place."""
    return {"Type": "volume", "Target": target, "VolumeOptions": {"Labels": dict(request.labels)}}


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

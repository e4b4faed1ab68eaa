"""From the engine's JSON to what `core.backends.base` promises: pure."""

from __future__ import annotations

import base64
import binascii
import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Protocol

from core.backends.base import ContainerState, ImageInfo, PathInfo, UsageSample
from core.backends.docker.faults import clean_words, is_passing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Literal

    from core.backends.answers import ContainerPhase
    from core.backends.services import Health

_PHASES: Final[dict[str, ContainerPhase]] = {
    "created": "created",
    "running": "running",
    "restarting": "running",
    "paused": "paused",
    "exited": "exited",
    "removing": "exited",
    "dead": "exited",
}
_HEALTH: Final[dict[str, Health]] = {"starting": "starting", "healthy": "healthy", "unhealthy": "unhealthy"}
_UNKNOWN_CODE: Final = 255
"""What the engine writes down for a container that ended while it came back, and whose end it missed."""
_SAID: Final = 2000
_FOLDER: Final = 1 << 31
_SYMLINK: Final = 1 << 27
_NOT_REGULAR: Final = (1 << 26) | (1 << 25) | (1 << 24) | (1 << 21) | (1 << 19)
"""Go's file mode bits (https://pkg.go.dev/io/fs#FileMode): device, pipe, socket, character device, irregular."""

_INIT_FAILED: Final = re.compile(rb"\[FATAL tini \(\d+\)\] (exec .{1,500}? failed: .{1,200})\n?")


class Told(Protocol):
    """What the event stream told of containers."""

    def foreign_signal(self, container_id: str) -> str | None:
        """The first signal that was not ours."""
        ...

    def was_interrupted(self, container_id: str) -> bool:
        """Whether the engine ended it because it went down itself."""
        ...

    def may_have_missed(self, container_id: str, moment: datetime) -> bool:
        """Whether the engine may not know how it ended then."""
        ...

    def was_restarted(self, container_id: str) -> bool:
        """Whether it was started a second time."""
        ...


def state_of(container: Mapping[str, Any], told: Told | None = None) -> ContainerState:
    """What an inspection says.

    Args:
        container: The engine's answer.
        told: What is known beside it.
    """
    state: Mapping[str, Any] = container["State"]
    container_id: str = container["Id"]
    phase = _PHASES.get(state["Status"], "running")
    exit_code = int(state["ExitCode"])
    error = clean_words(state["Error"]) if state["Error"] else ""
    if phase == "created" and is_passing(error):  # a start that failed, and would not now
        exit_code, error = 0, ""
    return ContainerState(
        container_id=container_id,
        name=container["Name"].removeprefix("/"),
        labels=container["Config"]["Labels"] or {},
        phase=phase,
        exit_code=exit_code if phase == "exited" or (phase == "created" and exit_code) else None,
        oom_killed=bool(state["OOMKilled"]),
        error=error,
        created_at=moment(container["Created"]),
        started_at=moment(state["StartedAt"]),
        finished_at=moment(state["FinishedAt"]) if phase == "exited" else None,
        killed_from_outside=told.foreign_signal(container_id) if told else None,
        went_down_with_engine=told is not None and _went_down(container_id, state, told),
        restarted=told.was_restarted(container_id) if told else False,
        health=_health_of(state),
        health_output=_health_output(state),
    )


def _went_down(container_id: str, state: Mapping[str, Any], told: Told) -> bool:
    """Whether the engine ended it by going down, or does not know how it ended because it was away then."""
    if told.was_interrupted(container_id):
        return True
    finished_at = moment(state["FinishedAt"])
    return (
        state["ExitCode"] == _UNKNOWN_CODE
        and finished_at is not None
        and told.may_have_missed(container_id, finished_at)
    )


def _health_of(state: Mapping[str, Any]) -> Health | None:
    checked: Mapping[str, Any] = state.get("Health") or {}
    return _HEALTH.get(checked.get("Status") or "") if state["Status"] == "running" else None


def _health_output(state: Mapping[str, Any]) -> str:
    """What the last check that ended printed, bounded by the engine at 4 KiB."""
    checked: Mapping[str, Any] = state.get("Health") or {}
    log: list[Mapping[str, Any]] = checked.get("Log") or []
    return str(log[-1].get("Output") or "").strip()[-_SAID:] if log else ""


def moment(text: str) -> datetime | None:
    """The engine's RFC 3339 time with nanoseconds, cut to microseconds; None for its zero time, which means never."""
    return None if not text or text.startswith("0001-") else datetime.fromisoformat(text)


def init_failure(last_line: bytes) -> str:
    """Why the init could not run the command, from the last line it printed; empty if that is not what it says.

    With an init the engine starts a program that exists, whatever the command is: only the init knows.
    """
    match = _INIT_FAILED.fullmatch(last_line)
    return match[1].decode("utf-8", "replace") if match else ""


def image_of(reference: str, image: Mapping[str, Any]) -> ImageInfo:
    """What an image's inspection says."""
    config: Mapping[str, Any] = image.get("Config") or {}
    return ImageInfo(
        reference=reference,
        image_id=image["Id"],
        digest=_digest(reference, image),
        entrypoint=tuple(config.get("Entrypoint") or ()),
        command=tuple(config.get("Cmd") or ()),
        workdir=config.get("WorkingDir") or "",
        user=config.get("User") or "",
        ports=_tcp_ports(config.get("ExposedPorts") or {}),
        has_health_check=_has_health_check(config.get("Healthcheck") or {}),
    )


def _tcp_ports(exposed: Mapping[str, Any]) -> tuple[int, ...]:
    """The ports of keys such as ``5432/tcp``; ranges are left out."""
    named = [port.removesuffix("/tcp") for port in exposed]
    return tuple(sorted(int(port) for port in named if port.isascii() and port.isdecimal()))


def _has_health_check(check: Mapping[str, Any]) -> bool:
    test: list[str] = check.get("Test") or []
    return bool(test) and test[0] != "NONE"


def _digest(reference: str, image: Mapping[str, Any]) -> str:
    digests: list[str] = image.get("RepoDigests") or []
    repository = re.split(r"@|:(?=[^/]*$)", reference, maxsplit=1)[0]
    names = {repository, repository.removeprefix("docker.io/").removeprefix("library/")}
    return next((digest for digest in digests if digest.partition("@")[0] in names), next(iter(digests), image["Id"]))


def usage_of(stats: Mapping[str, Any]) -> UsageSample | None:
    """A sample from the engine's statistics, by either version of cgroups; None when the container does not run."""
    if moment(stats.get("read") or "") is None:
        return None
    memory: Mapping[str, Any] = stats.get("memory_stats") or {}
    details: Mapping[str, int] = memory.get("stats") or {}
    cache = details.get("total_inactive_file", details.get("inactive_file", 0))
    used: int | None = memory.get("usage")
    processors: Mapping[str, Mapping[str, int]] = stats.get("cpu_stats") or {}
    nanoseconds = processors.get("cpu_usage", {}).get("total_usage")
    by_name: Mapping[str, Mapping[str, int]] = stats.get("networks") or {}
    networks = tuple(by_name.values())
    return UsageSample(
        cpu_seconds=None if nanoseconds is None else nanoseconds / 1e9,
        memory_bytes=None if used is None else max(0, used - cache),
        peak_memory_bytes=memory.get("max_usage"),
        network_rx_bytes=sum(network["rx_bytes"] for network in networks) if networks else None,
        network_tx_bytes=sum(network["tx_bytes"] for network in networks) if networks else None,
    )


def tells_of_no_process(stats: Mapping[str, Any]) -> bool:
    """Whether statistics of a container that runs are those of one that does not."""
    processes: Mapping[str, int] = stats.get("pids_stats") or {}
    return not processes.get("current")


def path_of(path: str, header: str) -> PathInfo | None:
    """What the header ``X-Docker-Container-Path-Stat`` says of a path; None if it says nothing."""
    try:
        stat: Mapping[str, Any] = json.loads(base64.b64decode(header))
    except (ValueError, binascii.Error):
        return None
    mode = int(stat["mode"])
    kind: Literal["file", "folder", "symlink", "other"] = "file"
    if mode & _SYMLINK:
        kind = "symlink"
    elif mode & _FOLDER:
        kind = "folder"
    elif mode & _NOT_REGULAR:
        kind = "other"
    return PathInfo(path, kind, int(stat["size"]), stat.get("linkTarget") or "")

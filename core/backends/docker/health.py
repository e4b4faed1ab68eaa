"""Whether the engine can run containers now, in words for doctor and system status."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from docker.errors import APIError

from core.backends.base import BackendHealth
from core.backends.docker.faults import words_of
from core.errors import BackendError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.backends.docker.client import EngineClient


async def probe(client: EngineClient) -> BackendHealth:
    """Ask the engine how it is; whatever happens is an answer."""
    before = datetime.now(UTC)
    try:
        answer = await client.request("GET", "/info")
    except APIError as error:
        return BackendHealth(
            available=False, name="docker", message=f"The Docker Engine is not well: {words_of(error)}"
        )
    except BackendError as error:
        return BackendHealth(available=False, name="docker", message=error.message, hint=error.hint)
    info: Mapping[str, Any] = answer.json()
    facts = {**_facts(info), "clock_ahead_s": _clock_ahead_s(info, before, datetime.now(UTC))}
    return BackendHealth(available=True, name="docker", version=info.get("ServerVersion", ""), facts=facts)


def _facts(info: Mapping[str, Any]) -> dict[str, str]:
    options: list[str] = info.get("SecurityOptions") or []
    return {
        "version": str(info.get("ServerVersion", "")),
        "cgroup": str(info.get("CgroupVersion", "1")),
        "runtime": str(info.get("DefaultRuntime", "")),
        "gpus": _gpus(info),
        "storage_driver": str(info.get("Driver", "")),
        "rootless": "yes" if any("name=rootless" in option for option in options) else "no",
        "live_restore": "yes" if info.get("LiveRestoreEnabled") else "no",
        "cpus": str(info.get("NCPU", "")),
        "memory_bytes": str(info.get("MemTotal", "")),
        "kernel": str(info.get("KernelVersion", "")),
        "platform": f"{info.get('OSType', '')}/{info.get('Architecture', '')}",
    }


def _clock_ahead_s(info: Mapping[str, Any], before: datetime, after: datetime) -> str:
    """By how many whole seconds the engine's clock is ahead of ours, 0 if it may be the same; empty if not told."""
    try:
        theirs = datetime.fromisoformat(str(info.get("SystemTime", "")))
    except ValueError:
        return ""
    if theirs.tzinfo is None:
        return ""
    if theirs < before:
        return str(int((theirs - before).total_seconds()))
    return str(max(0, int((theirs - after).total_seconds())))


def _gpus(info: Mapping[str, Any]) -> str:
    """How many GPUs the engine tells of; engines before 28 only tell that there is a runtime for them."""
    devices: list[Mapping[str, str]] = info.get("DiscoveredDevices") or []
    found = {device["ID"] for device in devices if "gpu" in device.get("ID", "") and not device["ID"].endswith("=all")}
    if found:
        return str(len(found))
    runtimes: Mapping[str, Any] = info.get("Runtimes") or {}
    return "some" if "nvidia" in runtimes else "0"

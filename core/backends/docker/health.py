"""Whether the engine can run containers now, in words for doctor and system status."""

from __future__ import annotations

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
    try:
        answer = await client.request("GET", "/info")
    except APIError as error:
        return BackendHealth(
            available=False, name="docker", message=f"The Docker Engine is not well: {words_of(error)}"
        )
    except BackendError as error:
        return BackendHealth(available=False, name="docker", message=error.message, hint=error.hint)
    info: Mapping[str, Any] = answer.json()
    return BackendHealth(available=True, name="docker", version=info.get("ServerVersion", ""), facts=_facts(info))


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


def _gpus(info: Mapping[str, Any]) -> str:
    """How many GPUs the engine tells of; engines before 28 only tell that there is a runtime for them."""
    devices: list[Mapping[str, str]] = info.get("DiscoveredDevices") or []
    found = {device["ID"] for device in devices if "gpu" in device.get("ID", "") and not device["ID"].endswith("=all")}
    if found:
        return str(len(found))
    runtimes: Mapping[str, Any] = info.get("Runtimes") or {}
    return "some" if "nvidia" in runtimes else "0"

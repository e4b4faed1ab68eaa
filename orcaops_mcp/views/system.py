"""The engine's state as doors show it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core import JobStatus, time_text

if TYPE_CHECKING:
    from core import BackendHealth, EngineSettings, EngineStatus, Policy, SecretFact


def system_view(status: EngineStatus, settings: EngineSettings) -> dict[str, Any]:
    """Health, load and limits."""
    limits = settings.limits
    return {
        "version": status.version,
        "started_at": time_text(status.started_at),
        "containers": containers_view(status.backend),
        "running": status.counts.get(JobStatus.RUNNING, 0),
        "max_running": settings.queue.max_running,
        "blocked": status.blocked,
        "blocked_at": None if status.blocked_at is None else time_text(status.blocked_at),
        "remarks": list(status.remarks),
        "queued": status.queued,
        "max_queued": settings.queue.max_queued,
        "slots": {name: {"used": use.used, "total": use.total} for name, use in status.slots.items()},
        "jobs": {state.value: count for state, count in status.counts.items()},
        "limits": {
            "timeout_s": limits.timeout_s,
            "max_timeout_s": limits.max_timeout_s,
            "memory_mb": limits.memory_mb,
            "cpus": limits.cpus,
            "pids": limits.pids,
            "log_bytes": limits.log_bytes,
            "artifact_file_bytes": limits.artifact_file_bytes,
            "artifact_total_bytes": limits.artifact_total_bytes,
        },
        "policy": policy_view(status.policy),
        "secrets": sorted(settings.secrets),
    }


def secret_view(secret: SecretFact) -> dict[str, Any]:
    """A secret without its value."""
    return {
        "name": secret.name,
        "source": secret.source,
        "set_at": time_text(secret.set_at) if secret.set_at is not None else None,
        "masked": secret.is_masked,
    }


def policy_view(policy: Policy) -> dict[str, Any]:
    """How the jobs of agents are held, in short."""
    stance = policy.stance_for("agent")
    return {
        "source": policy.source or None,
        "default": stance.default,
        "floor": stance.floor,
        "networks": sorted(stance.networks),
        "images": "all" if policy.images is None else "by rules",
    }


def containers_view(health: BackendHealth) -> dict[str, Any]:
    """How the container engine is."""
    return {
        "available": health.available,
        "backend": health.name,
        "version": health.version or None,
        "problem": health.message or None,
        "hint": health.hint or None,
        "facts": dict(health.facts),
    }

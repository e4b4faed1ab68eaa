"""A policy as a document, for people who look what holds here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from core.policy.policy import Policy, Stance


def policy_document(policy: Policy) -> dict[str, Any]:
    """Everything it says; lists that are null allow all that the configuration allows."""
    return {
        "source": policy.source or None,
        **_stance(policy.stance),
        "callers": [{"who": list(rule.who.names), **_stance(rule.stance)} for rule in policy.callers],
        "images": None
        if policy.images is None
        else [
            {
                "allow" if rule.allows else "deny": rule.pattern.text,
                "who": list(rule.who.names),
                "why": rule.why or None,
            }
            for rule in policy.images
        ],
        "registries": list(policy.registries),
        "mounts": None
        if policy.mounts is None
        else [{"folder": str(rule.folder), "write": rule.write, "who": list(rule.who.names)} for rule in policy.mounts],
        "resources": {name: ceiling.most for name, ceiling in policy.resources.items()},
        "secrets": None
        if policy.secrets is None
        else [{"names": list(rule.names), "who": list(rule.who.names)} for rule in policy.secrets],
    }


def _stance(stance: Stance) -> dict[str, Any]:
    return {
        "default": stance.default,
        "floor": stance.floor,
        "forbid": list(stance.forbid),
        "networks": sorted(stance.networks),
    }

"""What a policy says of images, secrets, mounts and resources; each yes and no with the place of its rule."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final, NamedTuple

from core.errors import Finding
from core.policy.images import image_name
from core.policy.policy import caller_word

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from core.policy.policy import ImageRule, Policy, Resource
    from core.spec.job import JobSpec
    from core.spec.mounts import MountSpec
    from core.spec.service import ServiceSpec

_UNITS: Final[Mapping[Resource, str]] = {"timeout_s": "seconds", "memory_mb": "MiB", "disk_mb": "MiB"}


class ImageAnswer(NamedTuple):
    """A policy's answer about one image."""

    is_allowed: bool
    rule: ImageRule | None
    """The rule that decided; None where there are no rules, or none fits."""

    @property
    def why(self) -> str:
        """What decided, with its place."""
        if self.rule is None:
            return "there are no rules for images" if self.is_allowed else "no rule for images fits it"
        verb = "allow" if self.rule.allows else "deny"
        return f"{self.rule.place}: images: {verb} {self.rule.pattern.text}"


def ask_for_image(policy: Policy, image: str, by: str) -> ImageAnswer:
    """What a policy says of a well-formed image reference; the first rule that fits image and caller decides."""
    if policy.images is None:
        return ImageAnswer(is_allowed=True, rule=None)
    named, caller = image_name(image), caller_word(by)
    for rule in policy.images:
        if rule.who.has(caller) and rule.pattern.fits(named):
            return ImageAnswer(rule.allows, rule)
    return ImageAnswer(is_allowed=False, rule=None)


def image_findings(policy: Policy, image: str, by: str, path: str = "image") -> Iterator[Finding]:
    """The fault of an image that the policy does not allow."""
    answer = ask_for_image(policy, image, by)
    if not answer.is_allowed:
        by_digest = _by_digest(policy, image, by)
        hint = (answer.rule.why if answer.rule else "") or by_digest
        yield Finding(path, f"the policy does not allow this image: {answer.why}", hint)


def _by_digest(policy: Policy, image: str, by: str) -> str:
    """A word of help for an image that would be allowed if it were named by its digest."""
    if "@" not in image and ask_for_image(policy, f"{image}@sha256:{'0' * 64}", by).is_allowed:
        return "Name it by its digest: name@sha256:…"
    return ""


def secret_findings(policy: Policy, secrets: Iterable[str], by: str) -> Iterator[Finding]:
    """The faults of secrets that the policy does not give to the caller's jobs."""
    if policy.secrets is None:
        return
    caller = caller_word(by)
    for name in dict.fromkeys(secrets):
        rule = next((rule for rule in policy.secrets if any(_fits(name, each) for each in rule.names)), None)
        if rule is None:
            yield Finding("secrets", f"the policy has no rule that gives {name} to a job")
        elif not rule.who.has(caller):
            yield Finding("secrets", f"{rule.place} does not give {name} to jobs of {caller}")


def _fits(name: str, pattern: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, re.split(r"\*+", pattern))), name) is not None


def mount_findings(policy: Policy, mounts: Sequence[MountSpec], by: str) -> Iterator[Finding]:
    """The faults of mounts, their sources without links, that the policy does not allow."""
    if policy.mounts is None:
        return
    caller = caller_word(by)
    for index, mount in enumerate(mounts):
        source = PurePosixPath(mount.source)
        rule = next(
            (rule for rule in policy.mounts if rule.who.has(caller) and source.is_relative_to(rule.folder)), None
        )
        if rule is None:
            yield Finding(f"mounts.{index}.source", "not below a folder that the policy allows")
        elif not rule.write and not mount.read_only:
            hint = "Mount it read-only, and keep results as artifacts."
            yield Finding(f"mounts.{index}", f"{rule.place} allows reading only", hint)


def resource_findings(policy: Policy, spec: JobSpec) -> Iterator[Finding]:
    """The faults of a job that asks for more than the policy gives."""
    if not policy.resources:
        return
    asked: dict[Resource, float | None] = {
        "cpus": spec.cpus,
        "memory_mb": spec.memory_mb,
        "pids": spec.pids,
        "gpus": spec.gpus,
        "disk_mb": spec.disk_mb,
        "timeout_s": spec.timeout_s,
        "services": len(spec.services),
    }
    for resource, value in asked.items():
        yield from _too_much(policy, resource, value, resource)
    yield from service_findings(policy, spec.services)


def service_findings(policy: Policy, services: Iterable[ServiceSpec]) -> Iterator[Finding]:
    """The same of services."""
    for service in services:
        yield from _too_much(policy, "cpus", service.cpus, f"services.{service.id}.cpus")
        yield from _too_much(policy, "memory_mb", service.memory_mb, f"services.{service.id}.memory_mb")


def at_most(policy: Policy, resource: Resource, default: float) -> float:
    """A default, brought down to what the policy gives."""
    ceiling = policy.resources.get(resource)
    return default if ceiling is None else min(default, ceiling.most)


def _too_much(policy: Policy, resource: Resource, value: float | None, path: str) -> Iterator[Finding]:
    ceiling = policy.resources.get(resource)
    if ceiling is not None and value is not None and value > ceiling.most:
        unit = f" {_UNITS[resource]}" if resource in _UNITS else ""
        yield Finding(path, f"at most {ceiling.most:g}{unit}, says {ceiling.place}")

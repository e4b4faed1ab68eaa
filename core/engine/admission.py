"""May this job run here? This engine's limits and the operator's policy decide, before anything is stored."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Final

from core.engine.late import secret_names
from core.engine.mounts import MountGate
from core.engine.secret_book import check_known
from core.engine.uploads import UploadDesk
from core.errors import Finding, InvalidArgumentError, NotAdmittedError, PolicyDeniedError
from core.logs.search import LogPattern
from core.policy.holding import hold, hold_again
from core.policy.policy import BUILT_IN
from core.policy.rules import (
    ask_for_image,
    at_most,
    image_findings,
    mount_findings,
    resource_findings,
    secret_findings,
    service_findings,
)
from core.settings import in_mib
from core.spec.fields import image_registry
from core.spec.job import LogLimit
from core.spec.service import check_services

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from core.engine.parts import Parts
    from core.engine.slots import Slots
    from core.policy.policy import Policy
    from core.settings import EngineSettings
    from core.spec.job import JobSpec
    from core.spec.service import ServiceSpec

_PRIVATE_SUFFIXES: Final = frozenset(
    {"local", "intranet", "internal", "private", "corp", "home", "lan", "localdomain", "localhost", "arpa"}
)


_TOLD: Final = 20
"""Findings about files that are told."""


class AdmissionDesk:
    """The engine's yes or no to specs, with all that this engine has to be asked about.

    Args:
        parts: The engine's parts.
        slots: The engine's capacity.
    """

    def __init__(self, parts: Parts, slots: Slots) -> None:
        self._settings = parts.settings
        self._secrets = parts.secrets
        self._policy = parts.policy
        self._slots = slots
        self._uploads = UploadDesk(parts)
        self._gate = MountGate(parts)

    async def admit(self, spec: JobSpec, *, folder: Path | None = None, by: str = "python") -> JobSpec:
        """The effective spec: what a submit would run, with every default filled in.

        Args:
            spec: What was asked.
            folder: The caller's own, below which mounts are allowed beside the operator's folders.
            by: Who asks, for the policy.

        Raises:
            PolicyDeniedError: The operator's policy does not allow what the spec asks for.
            NotAdmittedError: This engine does not allow what the spec asks for.
            UnknownSecretError: The spec names a secret this engine does not have, or cannot read.
        """
        if secret_names(spec):
            await self._secrets.look_again()
        admitted = admit(spec, self._settings, self._slots, self._policy, by)
        findings = await self._uploads.faults(spec.files)
        if findings:
            said = "; ".join(map(str, findings[:_TOLD]))
            raise NotAdmittedError(said, hint=findings[0].hint, findings=tuple(findings[:_TOLD]))
        mounts = await self._gate.admit(spec.mounts, folder)
        _refuse(list(mount_findings(self._policy, mounts, by)), PolicyDeniedError)
        return admitted.model_copy(update={"mounts": mounts}) if mounts else admitted


def refuse_by_policy(policy: Policy, spec: JobSpec, by: str) -> None:
    """Look at an admitted job again before an attempt: the policy may have become tighter since.

    Raises:
        PolicyDeniedError: It has.
    """
    findings = [
        *hold_again(policy, spec, by),
        *_image_rules(policy, spec, by),
        *secret_findings(policy, secret_names(spec), by),
        *resource_findings(policy, spec),
        *mount_findings(policy, spec.mounts, by),
    ]
    _refuse(findings, PolicyDeniedError)


def admit(
    spec: JobSpec, settings: EngineSettings, slots: Slots, policy: Policy = BUILT_IN, by: str = "python"
) -> JobSpec:
    """Check a spec against this engine and fill in the defaults that apply.

    Args:
        spec: What was asked.
        settings: The engine's limits.
        slots: The engine's capacity.
        policy: The operator's.
        by: Who asks, as in the audit trail.

    Returns:
        The effective spec: no default is left open.

    Raises:
        PolicyDeniedError: The operator's policy does not allow something, with a finding for each.
        NotAdmittedError: With a finding for each thing this engine does not allow.
        UnknownSecretError: The spec names a secret this engine does not have.
    """
    limited = _with_limits(spec, settings, policy)
    held = hold(policy, limited, by, _allowed_by(policy, spec, by))
    denied = [
        *held.findings,
        *_image_rules(policy, spec, by),
        *secret_findings(policy, secret_names(spec), by),
        *resource_findings(policy, spec),
    ]
    beyond = [*_refusals(spec, settings, policy), *_capacity(spec, slots)]
    _refuse([*denied, *beyond], PolicyDeniedError if denied else NotAdmittedError)
    check_known(needed_secrets(spec), settings)
    return held.spec


def _with_limits(spec: JobSpec, settings: EngineSettings, policy: Policy) -> JobSpec:
    """The spec with the limits that it names none of; a default never goes beyond what the policy gives."""
    limits = settings.limits
    memory_mb = int(at_most(policy, "memory_mb", limits.memory_mb))
    return spec.model_copy(
        update={
            "timeout_s": at_most(policy, "timeout_s", limits.timeout_s) if spec.timeout_s is None else spec.timeout_s,
            "cancel_grace_s": limits.cancel_grace_s if spec.cancel_grace_s is None else spec.cancel_grace_s,
            "cpus": at_most(policy, "cpus", limits.cpus) if spec.cpus is None else spec.cpus,
            "memory_mb": memory_mb if spec.memory_mb is None else spec.memory_mb,
            "pids": int(at_most(policy, "pids", limits.pids)) if spec.pids is None else spec.pids,
            "disk_mb": int(at_most(policy, "disk_mb", limits.disk_mb)) if spec.disk_mb is None else spec.disk_mb,
            "services": tuple(_with_defaults(service, settings, policy) for service in spec.services),
            "log_limit": LogLimit(
                bytes=spec.log_limit.bytes or limits.log_bytes, lines=spec.log_limit.lines or limits.log_lines
            ),
        }
    )


def _image_rules(policy: Policy, spec: JobSpec, by: str) -> Iterator[Finding]:
    yield from image_findings(policy, spec.image, by)
    for service in spec.services:
        yield from image_findings(policy, service.image, by, f"services.{service.id}.image")


def _allowed_by(policy: Policy, spec: JobSpec, by: str) -> tuple[str, ...]:
    """The rules that allow the images of a job, for its record."""
    answers = [ask_for_image(policy, image, by) for image in (spec.image, *(each.image for each in spec.services))]
    return tuple(dict.fromkeys(answer.why for answer in answers if answer.rule is not None))


def admit_services(
    services: Sequence[ServiceSpec], settings: EngineSettings, policy: Policy = BUILT_IN, by: str = "python"
) -> tuple[ServiceSpec, ...]:
    """Check services that the jobs of a run share, and fill in the defaults that apply.

    Args:
        services: What was asked.
        settings: The engine's limits.
        policy: The operator's.
        by: Who started the run, as in the audit trail.

    Raises:
        PolicyDeniedError: The operator's policy does not allow something, with a finding for each.
        NotAdmittedError: With a finding for each thing this engine does not allow.
        UnknownSecretError: One names a secret this engine does not have.
    """
    try:
        check_services(services)
    except ValueError as error:
        _refuse([Finding("services", str(error).removeprefix("services: "))])
    denied = [
        *(f for each in services for f in image_findings(policy, each.image, by, f"services.{each.id}.image")),
        *secret_findings(policy, _secrets_of(services), by),
        *service_findings(policy, services),
    ]
    _refuse(denied, PolicyDeniedError)
    _refuse([finding for service in services for finding in _service_refusals(service, settings, policy)])
    check_known(_secrets_of(services), settings)
    return tuple(_with_defaults(service, settings, policy) for service in services)


def _refuse(findings: Sequence[Finding], error: type[NotAdmittedError] = NotAdmittedError) -> None:
    if findings:
        text = "; ".join(str(finding) for finding in findings)
        hint = next((finding.hint for finding in findings if finding.hint), "")
        raise error(text, hint=hint, findings=tuple(findings))


def needed_secrets(spec: JobSpec) -> tuple[str, ...]:
    """The secrets without which a job cannot run; those that only its texts read may be gone, and are empty then."""
    return (*spec.secrets, *_secrets_of(spec.services))


def _secrets_of(services: Sequence[ServiceSpec]) -> tuple[str, ...]:
    return tuple(name for service in services for name in service.secrets)


def _refusals(spec: JobSpec, settings: EngineSettings, policy: Policy) -> Iterator[Finding]:
    limits = settings.limits
    if spec.timeout_s is not None and spec.timeout_s > limits.max_timeout_s:
        yield Finding("timeout_s", f"at most {limits.max_timeout_s:g} seconds here")
    if spec.pids is not None and spec.pids > limits.max_pids:
        yield Finding("pids", f"at most {limits.max_pids} here")
    if spec.cpus is not None and spec.cpus > limits.max_cpus:
        yield Finding("cpus", f"this host has {limits.max_cpus:g}")
    if spec.memory_mb is not None and spec.memory_mb > limits.max_memory_mb:
        yield Finding("memory_mb", f"at most {limits.max_memory_mb} MiB here")
    if spec.disk_mb is not None and spec.disk_mb > limits.max_disk_mb:
        yield Finding("disk_mb", f"at most {limits.max_disk_mb} MiB here")
    if sum(file.size for file in spec.files) > limits.input_bytes:
        yield Finding("files", f"more than {in_mib(limits.input_bytes)} in all")
    if spec.workdir is not None and spec.files_in_mounts(spec.workdir):
        yield Finding("files", "would be written into a mount", "Mount it elsewhere, or work in another folder.")
    if spec.log_limit.bytes is not None and spec.log_limit.bytes > limits.max_log_bytes:
        yield Finding("log_limit.bytes", f"at most {in_mib(limits.max_log_bytes)} here")
    yield from _image_refusals("image", spec.image, settings, policy)
    for service in spec.services:
        yield from _service_refusals(service, settings, policy)


def _image_refusals(path: str, image: str, settings: EngineSettings, policy: Policy) -> Iterator[Finding]:
    registry = image_registry(image)
    known = (*settings.docker.local_registries, *policy.registries)
    if registry and _is_local(registry) and registry not in known:
        yield Finding(
            path,
            "its registry is an address or a private name that this engine does not use",
            "Use a public registry, or have the operator list it in docker.local_registries.",
        )


def _service_refusals(service: ServiceSpec, settings: EngineSettings, policy: Policy) -> Iterator[Finding]:
    place, limits = f"services.{service.id}", settings.limits
    if service.cpus is not None and service.cpus > limits.max_cpus:
        yield Finding(f"{place}.cpus", f"this host has {limits.max_cpus:g}")
    if service.memory_mb is not None and service.memory_mb > limits.max_memory_mb:
        yield Finding(f"{place}.memory_mb", f"at most {limits.max_memory_mb} MiB here")
    if service.ready is not None and service.ready.log is not None:
        try:
            LogPattern.compile(service.ready.log)
        except InvalidArgumentError as error:
            yield Finding(f"{place}.ready.log", error.message.removeprefix("pattern: "), error.hint)
    yield from _image_refusals(f"{place}.image", service.image, settings, policy)


def _with_defaults(service: ServiceSpec, settings: EngineSettings, policy: Policy) -> ServiceSpec:
    limits = settings.limits
    memory_mb = int(at_most(policy, "memory_mb", limits.memory_mb))
    return service.model_copy(
        update={
            "cpus": at_most(policy, "cpus", limits.cpus) if service.cpus is None else service.cpus,
            "memory_mb": memory_mb if service.memory_mb is None else service.memory_mb,
        }
    )


def _capacity(spec: JobSpec, slots: Slots) -> Iterator[Finding]:
    lacking = slots.never_fits(spec.slots)
    if lacking is not None:
        yield Finding(lacking, f"asks for {spec.slots[lacking]}, this engine has {slots.total(lacking)}")


def _is_local(registry: str) -> bool:
    """Whether a registry's name could reach into the operator's own network.

    An address, a single label such as ``registry`` or ``localhost``, and the private suffixes of RFC 6762 and RFC 8375.
    """
    host = registry.rpartition(":")[0] if registry.rpartition(":")[2].isdigit() else registry
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        labels = host.lower().rstrip(".").split(".")
        return len(labels) == 1 or labels[-1] in _PRIVATE_SUFFIXES or labels[-1].isdigit()
    return True

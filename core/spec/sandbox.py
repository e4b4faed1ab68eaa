"""How tightly a job is held: what it asks for, and what was decided."""

from __future__ import annotations

import posixpath
import re
from itertools import combinations
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, cast

from pydantic import BeforeValidator, Field

from core.spec.base import Frozen
from core.spec.mounts import MountTarget, is_within

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from core.spec.mounts import MountSpec

Profile = Literal["strict", "standard", "trusted"]
"""``strict`` has no network but its services, nobody as its user and a root that cannot be written; ``standard`` is as
loose as package managers need; ``trusted`` is loosened by what the job names."""

PROFILES: Final[tuple[Profile, ...]] = ("strict", "standard", "trusted")
"""From the tightest to the loosest."""

Network = Literal["bridge", "services", "none"]
"""``bridge`` reaches out through Docker's default network, ``services`` reaches the job's services and nothing else,
``none`` has no network at all."""

Loosening = Literal[
    "network",
    "root",
    "writable_root",
    "mounts",
    "writable_mounts",
    "gpus",
    "executable_tmpfs",
    "capabilities",
    "privileges",
]
"""One way in which a job is held less tightly than `strict` holds it."""

_DEFAULT_TMPFS_MB: Final = 64
_SIZE: Final = re.compile(r"(?P<number>[0-9]{1,7})(?P<unit>[mMgG])?")


def _capability(value: object) -> object:
    return value.upper().removeprefix("CAP_") if isinstance(value, str) else value


Capability = Annotated[
    Literal[
        "AUDIT_WRITE",
        "FSETID",
        "IPC_LOCK",
        "KILL",
        "NET_BIND_SERVICE",
        "NET_RAW",
        "SETFCAP",
        "SETPCAP",
        "SYS_CHROOT",
        "SYS_NICE",
        "SYS_PTRACE",
    ],
    BeforeValidator(_capability),
]
"""A capability that a trusted job may have beside the standard ones; none of these leads out of a container."""


class TmpfsSpec(Frozen):
    """A folder in memory; what is in it counts as the job's memory, and is gone once its container ends."""

    target: MountTarget
    """Absolute path in the container."""
    size_mb: Annotated[int, Field(ge=1, le=1_048_576)] = _DEFAULT_TMPFS_MB
    """The most that it holds, in MiB."""
    executable: bool = False
    """Whether programs in it may be run."""


class SandboxSpec(Frozen):
    """What was decided about how a job is held; set by the engine only."""

    profile: Profile
    """Which profile ran."""
    loosened: tuple[Loosening, ...] = ()
    """In what it was held less tightly than `strict` holds, by the profile or because it asked."""
    filled: tuple[str, ...] = ()
    """The fields that the job left open and the profile decided."""
    rules: tuple[str, ...] = ()
    """What of the operator's policy allowed it, each with its place: ``policy.yaml:4: images: allow python:*``."""


def tmpfs_fields(text: str) -> dict[str, Any]:
    """The fields of a tmpfs written as ``/tmp``, ``/tmp:128m`` or ``/tmp:1g:exec``.

    Raises:
        ValueError: It is not written so.
    """
    target, *rest = text.split(":")
    fields: dict[str, Any] = {"target": target}
    if rest and rest[-1] == "exec":
        fields["executable"] = True
        rest.pop()
    if rest:
        found = _SIZE.fullmatch(rest.pop())
        if found is None:
            raise ValueError("a tmpfs is /PATH, /PATH:SIZE or /PATH:SIZE:exec, such as /tmp:128m")
        fields["size_mb"] = int(found["number"]) * (1024 if found["unit"] in {"g", "G"} else 1)
    if rest:
        raise ValueError("a tmpfs is /PATH, /PATH:SIZE or /PATH:SIZE:exec, such as /tmp:128m")
    return fields


def tmpfs_from(value: Any) -> Any:
    """Tmpfs folders as somebody wrote them; what is not written like one is passed on for the model to refuse."""
    if not isinstance(value, (list, tuple)):
        return value
    items = cast("list[object] | tuple[object, ...]", value)
    return tuple(tmpfs_fields(item) if isinstance(item, str) else item for item in items)


def check_tmpfs(tmpfs: Sequence[TmpfsSpec], mounts: Sequence[MountSpec], artifacts: Iterable[str]) -> None:
    """Refuse folders in memory that would hide something, or that hold what is to be kept.

    Raises:
        ValueError: With the reason.
    """
    targets = [each.target for each in tmpfs]
    for one, other in combinations(targets, 2):
        if is_within(one, other) or is_within(other, one):
            raise ValueError("tmpfs: two have the same target, or one's lies inside another's")
    for target in targets:
        if any(is_within(target, mount.target) or is_within(mount.target, target) for mount in mounts):
            raise ValueError("tmpfs: the target of one and of a mount lie inside each other")
        for index, pattern in enumerate(artifacts):
            if pattern.startswith("/") and is_within(posixpath.normpath(pattern), target):
                raise ValueError(f"artifacts.{index}: in a tmpfs, which is gone before anything can be kept of it")

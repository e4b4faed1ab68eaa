"""A policy, as it holds: built from a home's file, or the built-in one where there is none."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from core.spec.sandbox import PROFILES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from core.policy.images import ImagePattern
    from core.spec.sandbox import Loosening, Network, Profile

Resource = Literal["cpus", "memory_mb", "pids", "gpus", "disk_mb", "timeout_s", "services"]
"""What a policy may put a ceiling on."""

CALLERS: Final = ("mcp", "rest", "cli", "operator", "python")
"""Who a rule may name, beside ``token NAME`` and ``*``; ``operator`` is REST with the operator's token."""

ANYBODY: Final[tuple[str, ...]] = ("*",)

_NAMED: Final = {"agent": "mcp"}
"""How callers are called in the audit trail, where a policy says it otherwise."""


def caller_word(by: str) -> str:
    """What a policy calls somebody whom the audit trail calls ``by``."""
    return _NAMED.get(by, by)


class Who(NamedTuple):
    """Whom a rule is about."""

    names: tuple[str, ...] = ANYBODY

    def has(self, caller: str) -> bool:
        """Whether it is about this caller."""
        names = self.names
        return caller in names or "*" in names or ("token *" in names and caller.startswith("token "))


@dataclass(frozen=True, slots=True)
class Stance:
    """How tightly callers' jobs are held.

    Attributes:
        default: The profile of a job that names none.
        floor: The loosest profile that a job gets.
        forbid: Loosenings that no job gets, with the place of the rule.
        networks: What a job may reach; ``none`` always.
        places: Where each of these was written: ``default``, ``floor`` and ``networks``.
    """

    default: Profile = "standard"
    floor: Profile = "standard"
    forbid: Mapping[Loosening, str] = field(default_factory=dict["Loosening", str])
    networks: frozenset[Network] = frozenset({"none", "services", "bridge"})
    places: Mapping[str, str] = field(default_factory=dict[str, str])

    def allows(self, profile: Profile) -> bool:
        """Whether a job may be held as loosely as this."""
        return PROFILES.index(profile) <= PROFILES.index(self.floor)


@dataclass(frozen=True, slots=True)
class CallerRule:
    """A stance for some callers in place of the general one."""

    who: Who
    stance: Stance


@dataclass(frozen=True, slots=True)
class ImageRule:
    """Images that are allowed or not.

    Attributes:
        allows: Which of the two.
        pattern: Which images.
        who: Whose jobs.
        why: What is said with a refusal; may be empty.
        place: Where it was written.
    """

    allows: bool
    pattern: ImagePattern
    who: Who
    why: str
    place: str


@dataclass(frozen=True, slots=True)
class MountRule:
    """A folder below which may be mounted.

    Attributes:
        folder: Absolute, without links.
        write: Whether also to write.
        who: Whose jobs.
        place: Where it was written.
    """

    folder: Path
    write: bool
    who: Who
    place: str


@dataclass(frozen=True, slots=True)
class SecretRule:
    """Secrets that jobs may name.

    Attributes:
        names: Names or patterns with ``*``.
        who: Whose jobs.
        place: Where it was written.
    """

    names: tuple[str, ...]
    who: Who
    place: str


class Ceiling(NamedTuple):
    """The most of something that a job may ask for."""

    most: float
    place: str


@dataclass(frozen=True, slots=True)
class Policy:
    """What the operator allows.

    Attributes:
        source: The file; empty for the built-in policy.
        stance: How tightly jobs are held.
        callers: Exceptions; the first that names the caller counts.
        images: The first that fits counts, nothing fitting means no; None allows every image.
        registries: Addresses and private names that images may come from, beside those of the configuration.
        mounts: The first that fits counts, nothing fitting means no; None leaves it to the configuration.
        resources: Ceilings.
        secrets: The first that fits counts, nothing fitting means no; None allows every secret.
    """

    source: str = ""
    stance: Stance = field(default_factory=Stance)
    callers: tuple[CallerRule, ...] = ()
    images: tuple[ImageRule, ...] | None = None
    registries: tuple[str, ...] = ()
    mounts: tuple[MountRule, ...] | None = None
    resources: Mapping[Resource, Ceiling] = field(default_factory=dict[Resource, Ceiling])
    secrets: tuple[SecretRule, ...] | None = None

    def stance_for(self, by: str) -> Stance:
        """How tightly the jobs of a caller are held; ``by`` as in the audit trail."""
        word = caller_word(by)
        for rule in self.callers:
            if rule.who.has(word):
                return rule.stance
        return self.stance


def operators(stance: Stance) -> tuple[CallerRule, ...]:
    """Whoever runs the engine may loosen what they run, unless the policy's file has a floor or callers of its own."""
    return (CallerRule(Who(("cli", "operator", "python")), replace(stance, floor="trusted")),)


BUILT_IN: Final = Policy(callers=operators(Stance()))
"""What holds without a file."""

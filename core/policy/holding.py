"""How tightly a job is held: its profile, what the operator lets it loosen, and what that makes of its spec."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple, get_args

from core.errors import Finding
from core.policy.policy import caller_word
from core.spec.mounts import is_within
from core.spec.sandbox import Loosening, SandboxSpec, TmpfsSpec

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from core.policy.policy import Policy, Stance
    from core.spec.job import JobSpec
    from core.spec.sandbox import Network, Profile

NOBODY: Final = "65534:65534"
"""Who a job runs as that must not be root and names nobody itself."""

_STANDARD: Final[frozenset[Loosening]] = frozenset(
    {"network", "root", "writable_root", "mounts", "writable_mounts", "gpus", "executable_tmpfs"}
)
_MAY: Final[Mapping[Profile, frozenset[Loosening]]] = {
    "strict": frozenset(),
    "standard": _STANDARD,
    "trusted": frozenset(get_args(Loosening)),
}
"""What a job of each profile may have beyond `strict`."""

_TOLD: Final[Mapping[Loosening, tuple[str, str]]] = {
    "network": ("network", "bridge reaches out"),
    "root": ("user", "may be root, which only a number other than 0 rules out"),
    "writable_root": ("read_only", "without it the whole container can be written"),
    "mounts": ("mounts", "shows the job folders of the machine"),
    "writable_mounts": ("mounts", "lets the job write to folders of the machine"),
    "gpus": ("gpus", "gives the job devices"),
    "executable_tmpfs": ("tmpfs", "lets programs run from memory"),
    "capabilities": ("capabilities", "more than the standard ones"),
    "privileges": ("may_gain_privileges", "lets programs become another user"),
}

_TMP: Final = "/tmp"  # noqa: S108 - a path in a container
_TMP_MB: Final = 64


class _Ban(NamedTuple):
    """Why a job may not be loosened in one way."""

    reason: str
    hint: str


_MOST_KNOWN: Final = 64
_known_bans: Final[dict[tuple[int, Profile], tuple[Stance, Mapping[Loosening, _Ban]]]] = {}
"""By stance, which is kept so that no other has its id."""


class Held(NamedTuple):
    """A job as it would be held.

    Its spec has profile, network, user, `read_only`, tmpfs and `sandbox` filled in; what it may not have is among the
    findings.
    """

    spec: JobSpec
    findings: tuple[Finding, ...]


def hold(policy: Policy, spec: JobSpec, by: str, rules: tuple[str, ...] = ()) -> Held:
    """Decide how a job is held.

    What it left open is filled in as loosely as its profile and the policy let it; what it asked for and may not have
    is a finding.

    Args:
        policy: The operator's.
        spec: What was asked.
        by: Who asks, as in the audit trail.
        rules: What else of the policy allowed the job, for the record.
    """
    stance = policy.stance_for(by)
    profile: Profile = spec.profile or stance.default
    bans = _bans(stance, profile)
    findings = [
        *_profile_findings(stance, profile, by),
        *_findings(_asked(spec), bans),
        *_network_findings(stance, spec),
    ]
    filled = _filled(spec, stance, bans)
    if spec.profile is None:
        filled["profile"] = profile
    held = spec.model_copy(update={"network": _network(spec, stance, bans), **filled})
    place = stance.places.get("default" if spec.profile is None else "floor")
    told = (f"{place}: {profile}",) if place else ()
    sandbox = SandboxSpec(profile=profile, loosened=loosened(held), filled=tuple(sorted(filled)), rules=(*told, *rules))
    return Held(held.model_copy(update={"sandbox": sandbox}), tuple(findings))


def hold_again(policy: Policy, spec: JobSpec, by: str) -> tuple[Finding, ...]:
    """What an admitted job may not have any more, if the policy has become tighter since."""
    stance = policy.stance_for(by)
    profile: Profile = spec.profile or stance.default
    words = spec.sandbox.loosened if spec.sandbox is not None else loosened(spec)
    found = _findings(words, _bans(stance, profile))
    return (*_profile_findings(stance, profile, by), *found, *_network_findings(stance, spec))


def loosened(spec: JobSpec) -> tuple[Loosening, ...]:
    """In what an admitted job is held less tightly than `strict` holds."""
    words = list(_asked(spec))
    if spec.user is None:
        words.append("root")
    if not spec.read_only and "writable_root" not in words:
        words.append("writable_root")
    return tuple(word for word in _TOLD if word in words)


def run_network(policy: Policy, by: str) -> Network:
    """What the jobs of a caller's workflow reach, which name no network themselves."""
    stance = policy.stance_for(by)
    return "services" if "network" in _bans(stance, stance.default) else "bridge"


def _asked(spec: JobSpec) -> Iterator[Loosening]:
    """The loosenings that a spec asks for by its own words."""
    if spec.network == "bridge":
        yield "network"
    if spec.user is not None and _may_be_root(spec.user):
        yield "root"
    if spec.read_only is False:
        yield "writable_root"
    if spec.mounts:
        yield "mounts"
    if not all(mount.read_only for mount in spec.mounts):
        yield "writable_mounts"
    if spec.gpus:
        yield "gpus"
    if any(each.executable for each in spec.tmpfs):
        yield "executable_tmpfs"
    if spec.capabilities:
        yield "capabilities"
    if spec.may_gain_privileges:
        yield "privileges"


def _may_be_root(user: str) -> bool:
    """A name means what the image says: only a number tells."""
    number = user.partition(":")[0]
    return not number.isdecimal() or int(number) == 0


def _bans(stance: Stance, profile: Profile) -> Mapping[Loosening, _Ban]:
    """What a job of a profile may not have, said once for a stance."""
    known = _known_bans.get((id(stance), profile))
    if known is None or known[0] is not stance:
        if len(_known_bans) >= _MOST_KNOWN:
            _known_bans.clear()
        known = _known_bans[id(stance), profile] = stance, _make_bans(stance, profile)
    return known[1]


def _make_bans(stance: Stance, profile: Profile) -> dict[Loosening, _Ban]:
    bans: dict[Loosening, _Ban] = {}
    looser = "trusted" if profile == "standard" else "standard"
    for word in _TOLD:
        if word not in _MAY[profile]:
            needs = "trusted" if word in _MAY["trusted"] - _STANDARD else looser
            bans[word] = _Ban(f"the profile {profile} does not allow it", f"Leave it out, or ask for profile: {needs}.")
        elif word in stance.forbid:
            bans[word] = _Ban(f"{stance.forbid[word]} forbids it", "")
    if "bridge" not in stance.networks:
        bans["network"] = _Ban(f"{stance.places['networks']} allows {', '.join(sorted(stance.networks))}", "")
    return bans


def _profile_findings(stance: Stance, profile: Profile, by: str) -> Iterator[Finding]:
    if not stance.allows(profile):
        place = stance.places.get("floor")
        whence = f", says {place}" if place else ""
        yield Finding(
            "profile",
            f"{profile} is looser than jobs of {caller_word(by)} may be; their floor is {stance.floor}{whence}",
            "Leave profile out, or have the operator name you under callers in policy.yaml.",
        )


def _findings(words: Iterator[Loosening] | tuple[Loosening, ...], bans: Mapping[Loosening, _Ban]) -> Iterator[Finding]:
    for word in words:
        if word in bans:
            path, said = _TOLD[word]
            yield Finding(path, f"{said}; {bans[word].reason}", bans[word].hint)


def _network_findings(stance: Stance, spec: JobSpec) -> Iterator[Finding]:
    if "services" not in stance.networks and (spec.services or spec.network == "services"):
        path = "network" if spec.network == "services" else "services"
        if spec.network != "bridge" and "bridge" not in stance.networks:
            yield Finding(path, f"{stance.places['networks']} allows no network of services")


def _network(spec: JobSpec, stance: Stance, bans: Mapping[Loosening, _Ban]) -> Network:
    if spec.network is None and "network" not in bans:
        return "bridge"
    if spec.network in {None, "none"}:
        has_any = bool(spec.services) or (spec.network is None and spec.node is not None)
        return "services" if has_any and "services" in stance.networks else "none"
    return spec.network or "none"


def _filled(spec: JobSpec, stance: Stance, bans: Mapping[Loosening, _Ban]) -> dict[str, Any]:
    """What the job left open, but for its profile."""
    filled: dict[str, Any] = {}
    if spec.network is None:
        filled["network"] = _network(spec, stance, bans)
    if spec.user is None and "root" in bans:
        filled["user"] = NOBODY
    read_only = "writable_root" in bans if spec.read_only is None else spec.read_only
    if spec.read_only is None:
        filled["read_only"] = read_only
    if read_only and not _has_tmp(spec):
        size = min(_TMP_MB, max(1, (spec.memory_mb or _TMP_MB * 2) // 2))
        filled["tmpfs"] = (*spec.tmpfs, TmpfsSpec(target=_TMP, size_mb=size))
    return filled


def _has_tmp(spec: JobSpec) -> bool:
    """Whether ``/tmp`` is written to already, or taken."""
    targets = [each.target for each in (*spec.tmpfs, *spec.mounts)]
    return any(is_within(_TMP, target) or is_within(target, _TMP) for target in targets)

"""What a job needs, looked at one by one: for `orcaops doctor` and for the page that says the same."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import core

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from orcaops_mcp.settings import Settings

State = Literal["ok", "warning", "failed", "mended"]

_CLOCKS_APART_S: Final = 5
_LOW_DISK: Final = 1024**3
_ELSEWHERE: Final = "Choose another folder with --home or ORCAOPS_HOME."


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that should be so.

    Attributes:
        name: What was looked at.
        state: Whether it is so.
        said: What was found.
        hint: What to do if it is not so.
        mend: Does it; None when only a person can.
    """

    name: str
    state: State
    said: str
    hint: str = ""
    mend: Callable[[], None] | None = None

    def view(self) -> dict[str, Any]:
        """The check for a program."""
        return {
            "name": self.name,
            "state": self.state,
            "said": self.said,
            "hint": self.hint,
            "can_be_mended": self.mend is not None,
        }


def check_core() -> Check:
    """Whether the package `core` that Python finds is the one this program came with."""
    found = Path(core.__file__ or "").resolve().parent
    ours = Path(__file__).resolve().parents[2] / "core"
    if found.samefile(ours):
        return Check("core", "ok", str(found))
    hint = "Another package named core is installed in this environment; install orcaops-mcp in one of its own."
    return Check("core", "failed", f"{found} is not ours", hint)


def home_checks(settings: Settings) -> Iterator[Check]:
    """The home, the token and the disk; it blocks, and makes the home if there is none."""
    home = settings.home
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home):
            pass
    except OSError as error:
        yield Check("home", "failed", f"{home} cannot be written to ({error.strerror})", _ELSEWHERE)
        return
    yield _privacy("home", home, 0o700)
    yield from (_privacy("token", path, 0o600) for path in [settings.token_path] if path.exists())
    yield _policy(home)
    free = shutil.disk_usage(home).free
    if free < _LOW_DISK:
        hint = "Delete old runs with `orcaops runs cleanup`, or move the home."
        yield Check("disk", "warning", f"{_size(free)} free", hint)
    else:
        yield Check("disk", "ok", f"{_size(free)} free")


def _policy(home: Path) -> Check:
    """Whether an engine could start with the operator's policy."""
    try:
        policy = core.load_policy(home)
    except core.InvalidPolicyError as error:
        return Check("policy", "failed", error.message, error.hint)
    whose = policy.source or "built-in"
    return Check("policy", "ok", f"{whose}: jobs are {policy.stance.default}, none looser than {policy.stance.floor}")


def system_checks(system: Mapping[str, Any]) -> Iterator[Check]:
    """What a running engine says of itself.

    Args:
        system: As REST tells it.
    """
    containers: Mapping[str, Any] = system["containers"]
    if containers["available"]:
        yield Check("containers", "ok", f"{containers['backend']} {containers['version'] or ''}".strip())
        yield from _docker_checks(containers["facts"])
    else:
        yield Check("containers", "failed", str(containers["problem"]), str(containers["hint"] or ""))
    for remark in system["remarks"]:
        yield Check("records", "warning", str(remark), "Restore a backup if they matter: `orcaops restore`.")
    if system["blocked"]:
        since = f", since {system['blocked_at']}" if system["blocked_at"] else ""
        hint = "Jobs wait, and start by themselves once this is over."
        yield Check("queue", "warning", f"{system['blocked']}{since}", hint)
    else:
        yield Check("queue", "ok", f"{system['running']} running, {system['queued']} queued")


def _docker_checks(facts: Mapping[str, str]) -> Iterator[Check]:
    """What Docker tells of itself that jobs will notice; nothing of a backend that tells nothing."""
    if facts.get("rootless") == "yes" and facts.get("cgroup") != "2":
        hint = (
            "Start the machine with cgroup 2 (systemd.unified_cgroup_hierarchy=1), or use a Docker that runs as root."
        )
        yield Check("rootless", "warning", "Docker runs without root, where cgroup 1 sets jobs no limits", hint)
    elif "rootless" in facts:
        yield Check(
            "rootless", "ok", "Docker runs without root" if facts["rootless"] == "yes" else "Docker runs as root"
        )
    ahead = facts.get("clock_ahead_s", "")
    if ahead and abs(int(ahead)) >= _CLOCKS_APART_S:
        way = "ahead of" if int(ahead) > 0 else "behind"
        hint = "Let both machines set their clocks by NTP: times of logs and ends of jobs are told by Docker's."
        yield Check("clock", "warning", f"Docker's clock is {abs(int(ahead))} s {way} this one", hint)
    elif ahead:
        yield Check("clock", "ok", "Docker's clock and this one agree")


def _privacy(name: str, path: Path, mode: int) -> Check:
    """Whether only its owner can look into it."""
    found = path.stat()
    if found.st_uid != os.getuid():
        return Check(name, "failed", f"{path} belongs to somebody else", _ELSEWHERE)
    if stat.S_IMODE(found.st_mode) & 0o077:
        hint = f"Others can look into it: chmod {mode:o} {path}"
        return Check(
            name, "warning", f"{path} has mode {stat.S_IMODE(found.st_mode):o}", hint, partial(path.chmod, mode)
        )
    return Check(name, "ok", str(path))


def _size(count: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"

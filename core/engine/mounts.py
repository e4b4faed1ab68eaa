"""Which files and folders of the machine a job may see and a caller may send: looked up on the disk, without links."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import anyio
import anyio.to_thread

from core.errors import Finding, NotAdmittedError
from core.spec.mounts import is_within

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.engine.parts import Parts
    from core.spec.mounts import MountSpec

_THREADS: Final = 4

_NEVER: Final = (
    "/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/proc", "/run", "/sbin", "/sys",
    "/usr/bin", "/usr/lib", "/usr/libexec", "/usr/sbin", "/var/lib/docker", "/var/lib/containerd", "/var/run",
)  # fmt: skip
"""The system's own, with all that is below."""

_NOT_WHOLE: Final = ("/", "/home", "/root", "/usr", "/var", "/var/lib", "/Users", "/private", "/private/var")
"""Too much at once; a folder below may be allowed."""


class _RefusedError(Exception):
    """A path may not be used; the message says why."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class _Rules:
    """What holds whatever is asked.

    Attributes:
        folders: The operator's.
        home: OrcaOps' own.
        control: Paths through which the container engine is commanded.
    """

    folders: tuple[Path, ...]
    home: str
    control: tuple[str, ...]


class MountGate:
    """Decides about paths of this machine.

    Args:
        parts: The engine's parts.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    @cached_property
    def _threads(self) -> anyio.CapacityLimiter:
        return anyio.CapacityLimiter(_THREADS)

    async def admit(self, mounts: Sequence[MountSpec], folder: Path | None) -> tuple[MountSpec, ...]:
        """The mounts with their sources resolved.

        Args:
            mounts: What was asked.
            folder: The caller's own; None allows only the operator's.

        Raises:
            NotAdmittedError: With a finding for each that is not allowed or not there.
        """
        if not mounts:
            return ()
        return await anyio.to_thread.run_sync(
            lambda: _admit(mounts, folder, self._rules(for_mounts=True)), limiter=self._threads
        )

    async def check_again(self, mounts: Sequence[MountSpec]) -> None:
        """Look once more, just before a container is made: admitted sources hold no links.

        Raises:
            NotAdmittedError: One has changed meanwhile.
        """
        if mounts:
            await anyio.to_thread.run_sync(lambda: _check_again(mounts, self._rules()), limiter=self._threads)

    async def folder(self, path: str | Path, folder: Path | None) -> Path:
        """A folder that a caller may send in whole, resolved.

        Args:
            path: Relative to the caller's own folder, or absolute.
            folder: The caller's own; None allows only the operator's.

        Raises:
            NotAdmittedError: It is not allowed or not there.
        """
        return await anyio.to_thread.run_sync(lambda: _folder(path, folder, self._rules()), limiter=self._threads)

    def _rules(self, *, for_mounts: bool = False) -> _Rules:
        control = self._parts.backend.control_paths
        if control is None and for_mounts:
            raise NotAdmittedError(
                "mounts: the container engine runs on another machine, which has other folders",
                hint="Send the files instead: workspace for a folder, files for single ones.",
            )
        folders = self._parts.settings.mounts.folders
        return _Rules(
            tuple(path.expanduser() for path in folders),
            str(self._parts.home.root),
            (*(control or ()), "/var/run/docker.sock"),
        )


def _admit(mounts: Sequence[MountSpec], folder: Path | None, rules: _Rules) -> tuple[MountSpec, ...]:
    admitted: list[MountSpec] = []
    findings: list[Finding] = []
    for index, mount in enumerate(mounts):
        try:
            source = _allowed(mount.source, folder, rules)
            _refuse_what_holds(source, (rules.home, *rules.control))
        except _RefusedError as error:
            findings.append(Finding(f"mounts.{index}.source", str(error), error.hint))
        else:
            admitted.append(mount.model_copy(update={"source": source}))
    if findings:
        raise NotAdmittedError("; ".join(map(str, findings)), hint=findings[0].hint, findings=tuple(findings))
    return tuple(admitted)


def _check_again(mounts: Sequence[MountSpec], rules: _Rules) -> None:
    for index, mount in enumerate(mounts):
        try:
            _refuse_a_link(mount.source)
            _refuse_what_is_never_given(mount.source, rules)
            _refuse_what_holds(mount.source, (rules.home, *rules.control))
        except _RefusedError as error:
            raise NotAdmittedError(
                f"mounts.{index}.source: {error}", hint=error.hint or "Look at what changes that path, then rerun."
            ) from None


def _folder(path: str | Path, folder: Path | None, rules: _Rules) -> Path:
    wanted = Path(path)
    if not wanted.is_absolute():
        if folder is None:
            raise NotAdmittedError("workspace: a relative path, and the caller stands in no folder of this machine")
        wanted = folder / wanted
    try:
        resolved = _allowed(str(wanted), folder, rules)
    except _RefusedError as error:
        raise NotAdmittedError(f"workspace: {error}", hint=error.hint) from None
    if not os.path.isdir(resolved):  # noqa: PTH112 - a text, like the others here
        raise NotAdmittedError("workspace: not a folder")
    return Path(resolved)


def _allowed(path: str, folder: Path | None, rules: _Rules) -> str:
    """The path without links, if it lies below a folder that is allowed and is none of the system's."""
    resolved = os.path.realpath(path)
    allowed = (*((folder,) if folder is not None else ()), *rules.folders)
    if not any(is_within(resolved, os.path.realpath(one)) for one in allowed):
        said = f"Allowed is what lies below {', '.join(map(str, allowed))}. " if allowed else ""
        raise _RefusedError(
            "not below a folder that is allowed here",
            f"{said}The operator allows more in mounts.folders of the configuration; links are followed first.",
        )
    _refuse_what_is_never_given(resolved, rules)
    return resolved


def _refuse_what_is_never_given(resolved: str, rules: _Rules) -> None:
    if any(is_within(resolved, os.path.realpath(one)) for one in _NEVER):
        raise _RefusedError("a part of the system, which no job is given")
    if resolved in {os.path.realpath(one) for one in _NOT_WHOLE}:
        raise _RefusedError("too much of this machine at once", "Name the folder below it that the job needs.")
    if is_within(resolved, os.path.realpath(rules.home)):
        raise _RefusedError("OrcaOps' own home, which no job is given")
    try:
        mode = os.stat(resolved).st_mode  # noqa: PTH116 - a text, like the others here
    except OSError as error:
        raise _RefusedError(f"cannot be looked at ({error.strerror})") from None
    if not (stat.S_ISDIR(mode) or stat.S_ISREG(mode)):
        raise _RefusedError("neither a file nor a folder")


def _refuse_a_link(source: str) -> None:
    if os.path.realpath(source) != source:
        raise _RefusedError("a link was put in its place since the job was accepted")


def _refuse_what_holds(resolved: str, private: Sequence[str]) -> None:
    if any(is_within(os.path.realpath(one), resolved) for one in private):
        raise _RefusedError(
            "holds OrcaOps' own home, or the way to command the container engine",
            "Name a folder below it that the job needs.",
        )

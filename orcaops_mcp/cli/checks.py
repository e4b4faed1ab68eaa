"""What a job needs, looked at one by one."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import anyio

import core
from core import OrcaOpsError, open_engine
from orcaops_mcp import __version__, places
from orcaops_mcp.cli.settings_read import read_configuration, values_of
from orcaops_mcp.cli.text import size_text
from orcaops_mcp.client.errors import UNREACHABLE, ClientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from orcaops_mcp.cli.session import Session
    from orcaops_mcp.settings import Configuration

State = Literal["ok", "warning", "failed", "mended"]

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


def all_checks(session: Session, *, backend: str | None, fix: bool) -> tuple[list[Check], dict[str, tuple[str, str]]]:
    """Every check, and the effective settings with where each came from.

    Args:
        session: The call.
        backend: What runs the containers, if it was said.
        fix: Whether what can be mended is mended.
    """
    if session.url:
        return list(_far_checks(session)), {}
    checks = [check_core()]
    try:
        configuration = read_configuration(home=session.home, backend=backend)
    except ClientError as error:
        return [*checks, Check("configuration", "failed", error.message, error.hint)], {}
    checks.append(Check("configuration", "ok", "valid"))
    checks += [_mended(check) if fix else check for check in _home_checks(configuration)]
    checks += list(_engine_checks(session, configuration))
    return checks, values_of(configuration)


def check_core() -> Check:
    """Whether the package `core` that Python finds is the one this program came with."""
    found = Path(core.__file__ or "").resolve().parent
    ours = Path(__file__).resolve().parents[2] / "core"
    if found.samefile(ours):
        return Check("core", "ok", str(found))
    hint = "Another package named core is installed in this environment; install orcaops-mcp in one of its own."
    return Check("core", "failed", f"{found} is not ours", hint)


def _home_checks(configuration: Configuration) -> Iterator[Check]:
    home = configuration.settings.home
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home):
            pass
    except OSError as error:
        yield Check("home", "failed", f"{home} cannot be written to ({error.strerror})", _ELSEWHERE)
        return
    yield _privacy("home", home, 0o700)
    yield from (_privacy("token", path, 0o600) for path in [configuration.settings.token_path] if path.exists())
    free = shutil.disk_usage(home).free
    if free < _LOW_DISK:
        hint = "Delete old runs with `orcaops runs cleanup`, or move the home."
        yield Check("disk", "warning", f"{size_text(free)} free", hint)
    else:
        yield Check("disk", "ok", f"{size_text(free)} free")


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


def _engine_checks(session: Session, configuration: Configuration) -> Iterator[Check]:
    """The engine that runs, if one does, else whether one could."""
    note = places.note_of(str(configuration.settings.home))
    if note is None:
        yield Check("engine", "ok", "none runs; the next command that needs one starts it")
        yield anyio.run(_could_run, configuration)
        return
    said = f"pid {note.get('pid')}, version {note.get('version')}, {note.get('url') or 'no TCP port'}"
    if note.get("version") == __version__:
        yield Check("engine", "ok", said)
    else:
        hint = f"This is {__version__}. It is replaced once it is idle; `orcaops stop` does it now."
        yield Check("engine", "warning", said, hint)
    yield from _system_checks(session)


def _far_checks(session: Session) -> Iterator[Check]:
    try:
        session.client.answers()
        yield from _system_checks(session)
    except ClientError as error:
        yield Check("engine", "failed", error.message, error.hint)


def _system_checks(session: Session) -> Iterator[Check]:
    try:
        system = session.client_that(starts=False).system()
    except ClientError as error:
        state: State = "failed" if error.code == UNREACHABLE else "warning"
        yield Check("engine", state, error.message, error.hint)
        return
    containers: dict[str, Any] = system["containers"]
    if containers["available"]:
        yield Check("containers", "ok", f"{containers['backend']} {containers['version'] or ''}".strip())
    else:
        yield Check("containers", "failed", str(containers["problem"]), str(containers["hint"] or ""))
    for remark in system["remarks"]:
        yield Check("records", "warning", str(remark), "Restore a backup if they matter: `orcaops restore`.")
    if system["blocked"]:
        yield Check("queue", "warning", str(system["blocked"]), "Jobs wait until this is over.")
    else:
        yield Check("queue", "ok", f"{system['running']} running, {system['queued']} queued")


async def _could_run(configuration: Configuration) -> Check:
    """Whether an engine opens its home and can run containers."""
    try:
        async with open_engine(configuration.engine()) as engine:
            health = (await engine.status()).backend
    except (OrcaOpsError, ExceptionGroup) as error:
        fault = _sole(error)
        if fault is None:
            raise
        return Check("containers", "failed", fault.message, fault.hint)
    if health.available:
        return Check("containers", "ok", f"{health.name} {health.version}".strip())
    return Check("containers", "failed", health.message, health.hint)


def _sole(error: Exception) -> OrcaOpsError | None:
    from orcaops_mcp.daemon.telling import sole_error  # noqa: PLC0415 - brings the MCP server with it

    return sole_error(error)


def _mended(check: Check) -> Check:
    if check.mend is None:
        return check
    try:
        check.mend()
    except OSError as error:
        return Check(check.name, "failed", f"{check.said}; it could not be mended: {error.strerror}", check.hint)
    return Check(check.name, "mended", f"{check.said}; mended")

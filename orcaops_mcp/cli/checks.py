"""What a job needs, looked at one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from core import OrcaOpsError, StoreError, open_engine
from orcaops_mcp import __version__, places
from orcaops_mcp.cli.endpoints import endpoint_checks
from orcaops_mcp.cli.settings_read import read_configuration
from orcaops_mcp.client.errors import UNREACHABLE, ClientError
from orcaops_mcp.intake.checks import Check, State, check_core, home_checks, system_checks
from orcaops_mcp.intake.configured import values_of
from orcaops_mcp.views.system import system_view

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orcaops_mcp.cli.session import Session
    from orcaops_mcp.settings import Configuration


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
    checks += [_mended(check) if fix else check for check in home_checks(configuration.settings)]
    checks += list(_engine_checks(session, configuration))
    return checks, values_of(configuration)


def _engine_checks(session: Session, configuration: Configuration) -> Iterator[Check]:
    """The engine that runs, if one does, else whether one could."""
    note = places.note_of(str(configuration.settings.home))
    if note is None:
        yield Check("engine", "ok", "none runs; the next command that needs one starts it")
        yield from anyio.run(_could_run, configuration)
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
        client = session.client_that(starts=False)
        system = client.system()
        reached = list(endpoint_checks(client))
    except ClientError as error:
        state: State = "failed" if error.code == UNREACHABLE else "warning"
        yield Check("engine", state, error.message, error.hint)
        return
    yield from system_checks(system)
    yield from reached


async def _could_run(configuration: Configuration) -> list[Check]:
    """Whether an engine opens its home and can run containers; what it would say of itself if it does."""
    try:
        async with open_engine(configuration.engine()) as engine:
            system = system_view(await engine.status(), engine.settings)
    except (OrcaOpsError, ExceptionGroup) as error:
        fault = _sole(error)
        if fault is None:
            raise
        name = "database" if isinstance(fault, StoreError) else "containers"
        return [Check(name, "failed", fault.message, fault.hint)]
    opened = Check("database", "ok", "it opens")
    return [opened, *(check for check in system_checks(system) if check.name != "queue")]


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

"""`orcaops doctor`: can this machine run jobs, and with which settings."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import click

import core
from core import OrcaOpsError, open_engine
from orcaops_mcp.cli.options import configure, engine_options, sole_error, told_plainly
from orcaops_mcp.settings import setting_paths, value_at

if TYPE_CHECKING:
    from orcaops_mcp.settings import Configuration


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be so.

    Attributes:
        name: What was looked at.
        passed: Whether it is so.
        said: What was found.
        hint: What to do if it is not so.
    """

    name: str
    passed: bool
    said: str
    hint: str = ""


@click.command("doctor")
@engine_options
@told_plainly
def command(**overrides: Any) -> None:
    """Check that this machine can run jobs, and show the effective configuration and where each value came from."""
    configuration = configure(overrides)
    checks = [check_home(configuration.settings.home), check_core()]
    checks.append(anyio.run(check_engine, configuration))
    for check in checks:
        click.echo(f"{'ok  ' if check.passed else 'FAIL'}  {check.name}: {check.said}")
        if not check.passed and check.hint:
            click.echo(f"      {check.hint}")
    click.echo("\nConfiguration")
    for line in configuration_lines(configuration):
        click.echo(f"  {line}")
    if not all(check.passed for check in checks):
        raise SystemExit(1)


def check_home(home: Path) -> Check:
    """Whether the home can be made and written to."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home):
            pass
    except OSError as error:
        hint = "Choose another folder with --home or ORCAOPS_HOME."
        return Check("home", passed=False, said=f"{home} cannot be written to ({error.strerror})", hint=hint)
    return Check("home", passed=True, said=str(home))


def check_core() -> Check:
    """Whether the package `core` that Python finds is the one this program came with."""
    found = Path(core.__file__ or "").resolve().parent
    ours = Path(__file__).resolve().parents[2] / "core"
    if found.samefile(ours):
        return Check("core", passed=True, said=str(found))
    hint = "Another package named core is installed in this environment; install orcaops-mcp in one of its own."
    return Check("core", passed=False, said=f"{found} is not ours", hint=hint)


async def check_engine(configuration: Configuration) -> Check:
    """Whether the engine opens its home and can run containers."""
    try:
        async with open_engine(configuration.engine()) as engine:
            health = (await engine.status()).backend
    except (OrcaOpsError, ExceptionGroup) as error:
        fault = sole_error(error)
        if fault is None:
            raise
        return Check("engine", passed=False, said=fault.message, hint=fault.hint)
    if health.available:
        return Check("containers", passed=True, said=f"{health.name} {health.version}".strip())
    return Check("containers", passed=False, said=health.message, hint=health.hint)


def configuration_lines(configuration: Configuration) -> list[str]:
    """Every setting, its value, and where it came from; secrets by name only."""
    paths = list(setting_paths())
    width = max(map(len, paths))
    lines = [
        f"{path:<{width}}  {_shown(value_at(configuration.settings, path))}  ({configuration.origins[path]})"
        for path in paths
    ]
    names = ", ".join(sorted(configuration.secrets)) or "none"
    return [*lines, f"{'secrets':<{width}}  {names}  (ORCAOPS_SECRET_<NAME>)"]


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value)) or "-"  # pyright: ignore[reportUnknownArgumentType] - a tuple of texts
    return "-" if value in (None, "", {}) else str(value)

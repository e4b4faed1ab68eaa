"""What the page about the engine shows: checks, load, limits, the configuration, and what it is made of."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orcaops_mcp
from orcaops_mcp.intake.checks import Check, check_core, home_checks, system_checks
from orcaops_mcp.intake.configured import values_of
from orcaops_mcp.web.filters import duration, number, size

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from core import EngineSettings
    from orcaops_mcp.settings import Configuration
    from orcaops_mcp.web.assets import Assets

_MANIFEST: Final = "vendor/manifest.json"
WORDS: Final = {"ok": "OK", "warning": "Warning", "failed": "Failed", "mended": "OK"}
"""What a check's state is called."""
ICONS: Final = {"ok": "circle-check", "warning": "triangle-alert", "failed": "octagon-x", "mended": "circle-check"}
LOOKS: Final = {"ok": "success", "warning": "timed_out", "failed": "failed", "mended": "success"}
"""The status that a state looks like."""


class Fact(NamedTuple):
    """A line of a list.

    Attributes:
        name: What it is.
        value: In words.
    """

    name: str
    value: str


class Package(NamedTuple):
    """Somebody else's library.

    Attributes:
        name: Its name.
        version: Which one.
        licence: Under which it is used.
        href: Where that can be read; may be empty.
    """

    name: str
    version: str
    licence: str
    href: str


SWAGGER: Final = Package("swagger-ui-dist", "5.35.0", "Apache-2.0", "/docs/LICENSE")
"""What `/docs` is made of, which REST serves."""


def all_checks(configuration: Configuration | None, system: Mapping[str, Any], url: str) -> list[Check]:
    """The checks of `orcaops doctor`, from within the engine; it blocks.

    Args:
        configuration: Of this engine; None where a program opened it: then its home is that program's concern.
        system: What the engine says of itself.
        url: Where this page is served.
    """
    engine = Check("engine", "ok", f"pid {os.getpid()}, version {orcaops_mcp.__version__}, {url}")
    if configuration is None:
        return [check_core(), engine, *system_checks(system)]
    return [
        check_core(),
        Check("configuration", "ok", "valid"),
        *home_checks(configuration.settings),
        engine,
        *system_checks(system),
    ]


def load_facts(system: Mapping[str, Any]) -> Iterable[Fact]:
    """What runs and waits, and what room there is."""
    yield Fact("Running", f"{number(system['running'])} of {number(system['max_running'])} at once")
    yield Fact("Queued", f"{number(system['queued'])} of at most {number(system['max_queued'])}")
    for name, slot in system["slots"].items():
        if name != "jobs":
            yield Fact(f"Slots {name}", f"{number(slot['used'])} of {number(slot['total'])} taken")


def retention_facts(settings: EngineSettings) -> Iterable[Fact]:
    """How long ended jobs stay."""
    kept = settings.retention
    yield Fact("Runs go after", f"{kept.days:g} days")
    yield Fact("Runs kept", f"at most {number(kept.max_runs)}")
    yield Fact("Logs and artifacts", f"at most {size(kept.max_bytes)}")
    yield Fact("Unused uploads go after", f"{kept.upload_days:g} days")


def limit_facts(settings: EngineSettings) -> Iterable[Fact]:
    """Defaults and ceilings for one job."""
    limits = settings.limits
    yield Fact("Time", f"{duration(limits.timeout_s)}, at most {duration(limits.max_timeout_s)}")
    yield Fact("Memory", f"{number(limits.memory_mb)} MiB, at most {number(limits.max_memory_mb)} MiB")
    yield Fact("CPUs", f"{limits.cpus:g}, at most {limits.max_cpus:g}")
    yield Fact("Processes", f"{number(limits.pids)}, at most {number(limits.max_pids)}")
    yield Fact("Log", f"{size(limits.log_bytes)} and {number(limits.log_lines)} lines")
    yield Fact("Artifacts", f"{size(limits.artifact_file_bytes)} a file, {size(limits.artifact_total_bytes)} in all")


def version_facts(system: Mapping[str, Any]) -> Iterable[Fact]:
    """What runs here."""
    containers = system["containers"]
    yield Fact("OrcaOps", str(system["version"]))
    yield Fact("Python", platform.python_version())
    yield Fact("SQLite", sqlite3.sqlite_version)
    yield Fact("Containers", f"{containers['backend']} {containers['version'] or ''}".strip())
    yield from (
        Fact(str(name).replace("_", " ").capitalize(), str(value)) for name, value in containers["facts"].items()
    )


def configuration_rows(configuration: Configuration | None) -> list[tuple[str, str, str]]:
    """Every setting with its value and where that came from; none where a program opened the engine."""
    if configuration is None:
        return []
    return [(path, value, origin) for path, (value, origin) in values_of(configuration).items()]


def packages_of(assets: Assets) -> list[Package]:
    """The libraries that pages load, as their manifest names them, and the one of the page that tries REST."""
    told = json.loads(assets.by_path[_MANIFEST].content)["packages"]
    ours = [
        Package(
            one["name"],
            one["version"],
            one["licence"],
            next((assets.address(f"vendor/{one['folder']}/{file}") for file in one["files"] if "LICENSE" in file), ""),
        )
        for one in told
    ]
    return [*ours, SWAGGER]

"""Debian's packages: installing what is missing, and reading which mirror this machine uses."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from scripts.container_engine.commands import attempt, checked, find_program
from scripts.container_engine.console import CannotContinueError, step

__all__ = (
    "Source",
    "choose_mirror",
    "distribution",
    "machine_sources",
    "need",
    "parse_deb822",
    "parse_one_line",
    "proxy",
)

_QUIET = ("-qq", "-o", "DPkg::Lock::Timeout=300", "-o", "Dpkg::Use-Pty=0")
_ONE_LINE = re.compile(r"^deb\s+(?:\[[^\]]*\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s*(?P<components>[^#]*)")


@dataclass(frozen=True)
class Source:
    """One archive that apt fetches packages from."""

    uri: str
    suite: str
    components: tuple[str, ...]


def parse_one_line(text: str) -> list[Source]:
    """The sources of a `sources.list` file."""
    matches = (_ONE_LINE.match(line.strip()) for line in text.splitlines())
    return [Source(m["uri"], m["suite"], tuple(m["components"].split())) for m in matches if m]


def parse_deb822(text: str) -> list[Source]:
    """The sources of a `*.sources` file."""
    found: list[Source] = []
    for stanza in re.split(r"\n[ \t]*\n", text):
        fields = _fields(stanza)
        if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes").lower() == "no":
            continue
        components = tuple(fields.get("components", "").split())
        found.extend(
            Source(uri, suite, components)
            for uri in fields.get("uris", "").split()
            for suite in fields.get("suites", "").split()
        )
    return found


def _fields(stanza: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    key = ""
    for line in stanza.splitlines():
        if line.startswith("#"):
            continue
        if line[:1].isspace():
            if key:
                fields[key] += f" {line.strip()}"
        elif ":" in line:
            name, _, value = line.partition(":")
            key = name.strip().lower()
            fields[key] = value.strip()
    return fields


def machine_sources(root: Path = Path("/etc/apt")) -> list[Source]:
    """Every archive in this machine's apt configuration."""
    parts = root / "sources.list.d"
    found: list[Source] = []
    for path in [root / "sources.list", *sorted(parts.glob("*.list"))]:
        if path.is_file():
            found += parse_one_line(path.read_text(errors="replace"))
    for path in sorted(parts.glob("*.sources")):
        found += parse_deb822(path.read_text(errors="replace"))
    return found


def choose_mirror(sources: list[Source], suite: str) -> str:
    """The address that this machine fetches the distribution itself from.

    Raises:
        CannotContinueError: apt's configuration names no archive with the release `suite`.
    """
    for source in sources:
        if source.suite == suite and "main" in source.components:
            return _first_of_list(source.uri)
    raise CannotContinueError(f"no apt source of this machine offers the release {suite!r}")


def _first_of_list(uri: str) -> str:
    """Cloud images name a file of mirrors in place of a mirror."""
    if not uri.startswith("mirror+file:"):
        return uri
    lines = Path(uri.removeprefix("mirror+file:")).read_text().split("\n")
    return next(line.split()[0] for line in lines if line.strip() and not line.startswith("#"))


def proxy() -> dict[str, str]:
    """The proxy that apt uses, as the variables that other programs read."""
    answer = attempt("apt-config", "shell", "P", "Acquire::http::Proxy").stdout.decode().strip()
    address = answer.partition("=")[2].strip("'\"")
    return {"http_proxy": address} if address and address != "DIRECT" else {}


def distribution(path: Path = Path("/etc/os-release")) -> tuple[str, str]:
    """The system's name and release, such as `("debian", "bookworm")`; empty words elsewhere."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return "", ""
    pairs = (line.partition("=") for line in lines)
    values = {key: value for key, _, value in pairs}
    return values.get("ID", "").strip('"'), values.get("VERSION_CODENAME", "").strip('"')


def need(package: str, *more: str, program: str, otherwise: str) -> None:
    """Make sure that a program is here, installing its packages where that is ours to do.

    Args:
        package: The package that brings the program.
        more: Packages it needs beside it.
        program: The program to look for.
        otherwise: What a person should do where we cannot install.

    Raises:
        CannotContinueError: Not Debian or Ubuntu, not root, or apt failed.
    """
    if find_program(program):
        return
    name, _ = distribution()
    if name not in {"debian", "ubuntu"} or not find_program("apt-get"):
        raise CannotContinueError(f"{program} is missing, and this is not Debian or Ubuntu. {otherwise}")
    if os.geteuid() != 0:
        raise CannotContinueError(
            f"{program} is missing, and only root can install it: run `sudo apt-get install {package}`. {otherwise}"
        )
    with step(f"installing {package}"):
        _install(package, *more)


def _install(*packages: str) -> None:
    env = {"DEBIAN_FRONTEND": "noninteractive"}
    install = ("apt-get", "install", "-y", "--no-install-recommends", *_QUIET, *packages)
    if attempt(*install, env=env).returncode == 0:
        return
    attempt("apt-get", "update", *_QUIET, env=env)  # a foreign source may fail; what matters is the next line
    checked(*install, env=env)

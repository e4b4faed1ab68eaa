"""The files of a simulated job's steps: what the program reads of them when a step has ended."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from core.backends.simulated.shell import Shell

NAMES: Final = ("output", "env", "path", "summary")
"""The first part of the names of a step's files; the step's number from 1 follows."""

_ENTRY: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_-]*?)(=|<<)(.*)")
_UNSETTABLE: Final = re.compile(r"ORCAOPS_|GITHUB_|orca_|.*-")


def offer(shell: Shell, number: int) -> None:
    """Set the variables that name a step's files."""
    for name, variable in zip(NAMES, ("OUTPUT", "ENV", "PATH", "STEP_SUMMARY"), strict=True):
        shell.variables[f"ORCAOPS_{variable}"] = shell.variables[f"GITHUB_{variable}"] = f"/orcaops/{name}-{number}"


def empty(shell: Shell, number: int) -> None:
    """Begin the files anew, for another try."""
    for name in NAMES:
        shell.world.files.open(f"/orcaops/{name}-{number}", mode=0o666)


def collect(shell: Shell, number: int) -> str:
    """Take over the variables and paths that a step set; the name of the file that is malformed, if one is."""
    for name in ("output", "env"):
        text = _read(shell, f"{name}-{number}")
        if not text:
            continue
        line, found = _entries(text)
        if name == "env":
            line = next((at for at, key, _ in found if _UNSETTABLE.match(key)), line)
            shell.variables.update({key: value for _, key, value in found if not _UNSETTABLE.match(key)})
        if line:
            return f"{name} {line}"
    paths = _read(shell, f"path-{number}")
    for path in filter(None, paths.split("\n") if paths else ()):
        shell.variables["PATH"] = f"{path}:{shell.variables.get('PATH', '')}"
    return ""


def _read(shell: Shell, name: str) -> str:
    try:
        node = shell.world.files.find(f"/orcaops/{name}")
    except OSError:  # of links in a circle
        return ""
    return node.data.decode(errors="replace").replace("\r\n", "\n") if node is not None and node.data else ""


def _entries(text: str) -> tuple[int, list[tuple[int, str, str]]]:
    """The line that is at fault, 0 for none, and line, name and value of each entry before it."""
    found: list[tuple[int, str, str]] = []
    numbered = iter(enumerate(text.split("\n"), start=1))
    for number, line in numbered:
        if not line:
            continue
        match = _ENTRY.fullmatch(line)
        if match is None or (match[2] == "<<" and not match[3]):
            return number, found
        value, lines = match[3], list[str]()
        if match[2] == "<<":
            for _, inner in numbered:
                if inner == match[3]:
                    break
                lines.append(inner)
            else:
                return number, found
            value = "\n".join(lines)
        found.append((number, match[1], value))
    return 0, found

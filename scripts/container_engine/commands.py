"""Running other programs: no shell, no stdin unless given, output kept for the error message."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from scripts.container_engine.console import CannotContinueError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ("attempt", "checked", "find_program", "start_detached")

_ADMIN_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")
_QUOTED_LINES = 12


def find_program(name: str) -> str | None:
    """The program's path, looked for in the administrator's folders too."""
    folders = [*os.environ.get("PATH", os.defpath).split(os.pathsep), *_ADMIN_FOLDERS]
    return shutil.which(name, path=os.pathsep.join(folders))


def attempt(
    *argv: str, stdin: bytes | None = None, env: dict[str, str] | None = None, timeout_s: float | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run a program whose failure is an answer; exit code 124 stands for a timeout, 127 for no such program."""
    program = find_program(argv[0])
    if program is None:
        return subprocess.CompletedProcess(argv, 127, b"", f"{argv[0]}: not installed".encode())
    try:
        return subprocess.run(
            [program, *argv[1:]],
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            check=False,
            env={**os.environ, "LC_ALL": "C.UTF-8", **(env or {})},
            timeout=timeout_s,
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(argv, 124, b"", f"no answer within {timeout_s:g} s".encode())


def checked(*argv: str, stdin: bytes | None = None, env: dict[str, str] | None = None) -> str:
    """Run a program that must succeed.

    Returns:
        What it printed, without the white space around it.

    Raises:
        CannotContinueError: It failed; the message quotes its last lines.
    """
    result = attempt(*argv, stdin=stdin, env=env)
    if result.returncode != 0:
        quoted = (result.stderr + result.stdout).decode(errors="replace").strip().splitlines()[-_QUOTED_LINES:]
        lines = "\n".join(f"  {line}" for line in quoted)
        raise CannotContinueError(f"`{' '.join(argv[:6])}` ended with {result.returncode}:\n{lines}")
    return result.stdout.decode(errors="replace").strip()


def start_detached(argv: list[str], log: Path) -> int:
    """Start a program in a session of its own, its output appended to `log`; returns its process id."""
    program = find_program(argv[0])
    if program is None:
        raise CannotContinueError(f"{argv[0]} is not installed")
    with log.open("ab") as output:
        process = subprocess.Popen(
            [program, *argv[1:]],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            start_new_session=True,
        )
    process.returncode = 0  # it outlives us on purpose; without this, Popen warns about it at exit
    return process.pid

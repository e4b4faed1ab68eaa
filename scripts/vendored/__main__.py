"""Fetches each package with npm, checks its sha512 against what npm published, and writes files and manifest."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scripts.node_tools.__main__ import find_node
from scripts.vendored.packages import PACKAGES, sprite

if TYPE_CHECKING:
    from scripts.node_tools.__main__ import Node
    from scripts.vendored.packages import Package

__all__ = ("FOLDER", "main", "manifest_entry")

FOLDER = Path(__file__).resolve().parents[2] / "orcaops_mcp" / "web" / "vendor"
_QUOTED_LINES = 15


def fetch(node: Node, package: Package, folder: Path) -> tuple[Path, str]:
    """The package's archive and the integrity that npm published for it.

    Raises:
        subprocess.CalledProcessError: npm failed.
        ValueError: The archive is not what npm published.
    """
    wanted = f"{package.name}@{package.version}"
    path = f"{node.program.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    done = subprocess.run(
        [*node.npm, "pack", wanted, "--json", "--ignore-scripts", "--loglevel=error"],
        cwd=folder,
        env={**os.environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
    )
    facts: dict[str, Any] = json.loads(done.stdout)[0]
    archive, integrity = folder / str(facts["filename"]), str(facts["integrity"])
    if integrity_of(archive.read_bytes()) != integrity:
        raise ValueError(f"{wanted}: the archive does not have the sha512 that npm published")
    return archive, integrity


def integrity_of(content: bytes) -> str:
    """Bytes in npm's form of a sha512."""
    return "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()


def files_of(package: Package, archive: Path) -> dict[str, bytes]:
    """What of the package is shipped, by its name here.

    Raises:
        KeyError: A file is not in the package.
    """
    with tarfile.open(archive) as tar:

        def read(path: str) -> bytes:
            member = tar.extractfile(f"package/{path}")
            if member is None:
                raise KeyError(path)
            return member.read()

        files = {name: package.change(name, read(path)) for name, path in package.files.items()}
        if package.sprite:
            files["icons.svg"] = sprite({name: read(f"icons/{name}.svg").decode() for name in package.sprite})
    return files


def manifest_entry(package: Package, integrity: str, files: dict[str, bytes]) -> dict[str, Any]:
    """What the manifest says of a package."""
    return {
        "name": package.name,
        "version": package.version,
        "folder": package.folder,
        "licence": package.licence,
        "integrity": integrity,
        "files": {
            name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
            for name, content in files.items()
        },
    }


def main() -> int:
    """Write every package's files and the manifest; returns the exit code."""
    node = find_node()
    if node is None:
        print("vendor: no Node 22.19 or later here: run `make setup`, which brings one into .venv", file=sys.stderr)
        return 1
    entries: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as scratch:
        for package in PACKAGES:
            try:
                archive, integrity = fetch(node, package, Path(scratch))
                files = files_of(package, archive)
            except subprocess.CalledProcessError as error:
                lines = (error.stderr + error.stdout).decode(errors="replace").splitlines()[-_QUOTED_LINES:]
                print("\n".join([f"vendor: npm could not fetch {package.name}:", *lines]), file=sys.stderr)
                return 1
            except (KeyError, ValueError) as error:
                print(f"vendor: {package.name} {package.version}: {error}", file=sys.stderr)
                return 1
            _write(package, files)
            entries.append(manifest_entry(package, integrity, files))
    text = json.dumps({"packages": entries}, indent=2) + "\n"
    (FOLDER / "manifest.json").write_text(text, encoding="utf-8")
    return 0


def _write(package: Package, files: dict[str, bytes]) -> None:
    folder = FOLDER / package.folder
    folder.mkdir(parents=True, exist_ok=True)
    for stale in set(folder.iterdir()) - {folder / name for name in files}:
        stale.unlink()
    for name, content in files.items():
        (folder / name).write_bytes(content)


if __name__ == "__main__":
    sys.exit(main())

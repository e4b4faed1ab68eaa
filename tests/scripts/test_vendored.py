"""What the dashboard ships of others' is what the manifest says, and nothing else."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from scripts.vendored.__main__ import FOLDER, files_of, integrity_of, manifest_entry
from scripts.vendored.packages import ICONS, PACKAGES, Package, as_module, sprite

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def entries() -> list[dict[str, Any]]:
    packages: list[dict[str, Any]] = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))["packages"]
    return packages


def test_every_shipped_file_has_the_hash_and_size_of_the_manifest(entries: list[dict[str, Any]]) -> None:
    told = {f"{entry['folder']}/{name}": facts for entry in entries for name, facts in entry["files"].items()}
    found = {
        path.relative_to(FOLDER).as_posix(): {
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "bytes": path.stat().st_size,
        }
        for path in FOLDER.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }
    assert found == told


def test_every_package_is_of_the_version_and_licence_that_the_script_names(entries: list[dict[str, Any]]) -> None:
    named = [(package.name, package.version, package.folder, package.licence) for package in PACKAGES]
    assert [(each["name"], each["version"], each["folder"], each["licence"]) for each in entries] == named
    for entry in entries:
        assert "LICENSE" in entry["files"]
        assert len(base64.b64decode(entry["integrity"].removeprefix("sha512-"))) == 64


def test_every_icon_that_a_page_names_is_in_the_sprite() -> None:
    shipped = set(re.findall(r'<symbol id="([\w-]+)"', (FOLDER / "lucide" / "icons.svg").read_text(encoding="utf-8")))
    assert shipped == set(ICONS)
    texts = [path.read_text(encoding="utf-8") for kind in ("*.html", "*.py") for path in FOLDER.parent.rglob(kind)]
    named = {name for text in texts for name in re.findall(r'\bicon(?:\(|=)"([a-z0-9-]+)"', text)}
    assert len(named) > 10
    assert named - shipped == set()


def test_scripts_name_no_source_map_and_evaluate_no_text() -> None:
    for path in FOLDER.rglob("*.js"):
        text = path.read_text(encoding="utf-8")
        assert "sourceMappingURL" not in text, path.name
        if path.name not in {"hx-csp.min.js", "htmx.min.js"}:  # htmx keeps those for attributes we do not use
            assert re.findall(r"\bnew Function\(|\beval\(", text) == [], path.name


def test_a_package_is_read_from_its_archive_and_told_in_the_manifest(tmp_path: Path) -> None:
    archive = tmp_path / "thing-1.0.0.tgz"
    _pack(
        archive,
        {"LICENSE": b"free", "lib/a.js": b"let a;\n", "icons/x.svg": b"<!-- c --><svg a='b'>\n <path/>\n</svg>"},
    )
    package = Package("thing", "1.0.0", "thing", "MIT", {"LICENSE": "LICENSE", "a.js": "lib/a.js"}, sprite=("x",))
    files = files_of(package, archive)
    assert files["a.js"] == b"let a;\n"
    assert files["icons.svg"].decode().splitlines()[1] == '<symbol id="x" viewBox="0 0 24 24"><path/></symbol>'
    entry = manifest_entry(package, "sha512-x", files)
    assert entry["files"]["a.js"] == {"sha256": hashlib.sha256(b"let a;\n").hexdigest(), "bytes": 7}
    with pytest.raises(KeyError):
        files_of(Package("thing", "1.0.0", "thing", "MIT", {"b.js": "lib/b.js"}), archive)


def test_an_archive_is_known_by_its_sha512_and_a_file_of_another_kind_is_not_taken() -> None:
    assert integrity_of(b"") == "sha512-" + base64.b64encode(hashlib.sha512(b"").digest()).decode()
    with pytest.raises(ValueError, match="not the CommonJS file"):
        as_module("anser.js", b"export default 1;")
    with pytest.raises(ValueError, match="is no SVG"):
        sprite({"x": "nothing"})


def _pack(path: Path, files: dict[str, bytes]) -> None:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))

"""What the installed product brings of others, with the licences."""

from __future__ import annotations

import json
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Final, NamedTuple

from packaging.requirements import Requirement

_ROOT: Final = Path(__file__).resolve().parents[2]
_MANIFEST: Final = _ROOT / "orcaops_mcp" / "web" / "vendor" / "manifest.json"
_BY_CLASSIFIER: Final = {
    "MIT License": "MIT",
    "BSD License": "BSD-3-Clause",
    "Apache Software License": "Apache-2.0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}
_HEAD: Final = """# What others made

OrcaOps stands on these packages. A test holds that the list is what an installation brings, and that every
licence is one of those it may use. Versions are those of `requirements-dev.lock`; `make audit` asks the package
index for known vulnerabilities of them. The page that tries the REST API is Swagger UI (Apache-2.0), whose licence
lies beside it.

"""


class Part(NamedTuple):
    """A package of others."""

    name: str
    version: str
    licence: str


def installed_parts() -> list[Part]:
    """The Python packages that an installation of the product brings on this platform."""
    found: dict[str, Distribution] = {}
    _walk("orcaops-mcp", frozenset(), found)
    return sorted(Part(name, part.version, _licence(part)) for name, part in found.items() if name != "orcaops-mcp")


def shipped_parts() -> list[Part]:
    """The JavaScript packages whose files lie in the product."""
    packages = json.loads(_MANIFEST.read_text(encoding="utf-8"))["packages"]
    return [Part(one["name"], one["version"], one["licence"]) for one in packages]


def page() -> str:
    """`docs/reference/third-party.md`."""
    sections = (("Installed beside it", installed_parts()), ("Inside it, for the pages", shipped_parts()))
    return _HEAD + "\n".join(_section(title, parts) for title, parts in sections)


def _section(title: str, parts: list[Part]) -> str:
    rows = "".join(f"| {part.name} | {part.version} | {part.licence} |\n" for part in parts)
    return f"## {title}\n\n| package | version | licence |\n| --- | --- | --- |\n{rows}"


def _walk(name: str, extras: frozenset[str], found: dict[str, Distribution]) -> None:
    part = distribution(name)
    known = part.metadata["Name"].lower().replace("_", "-")
    if known in found:
        return
    found[known] = part
    for text in part.requires or []:
        wanted = Requirement(text)
        if wanted.marker is None or any(wanted.marker.evaluate({"extra": extra}) for extra in ("", *extras)):
            _walk(wanted.name, frozenset(wanted.extras), found)


def _licence(part: Distribution) -> str:
    for name in ("License-Expression", "License"):
        told = str(part.metadata.json.get(name.lower().replace("-", "_"), ""))
        if told and "\n" not in told:
            return told
    marks = [text.rpartition(":: ")[2] for text in part.metadata.get_all("Classifier") or []]
    return next((_BY_CLASSIFIER[mark] for mark in marks if mark in _BY_CLASSIFIER), "unknown")

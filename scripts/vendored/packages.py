"""Which files of which npm packages the dashboard ships, and how they are made fit for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ("ICONS", "PACKAGES", "Package")

_SOURCE_MAP = re.compile(rb"\n?//# sourceMappingURL=\S+\s*$")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_ATTRIBUTE = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)

ICONS = (
    *(
        "activity",
        "arrow-down",
        "arrow-down-to-line",
        "arrow-up",
        "arrow-up-to-line",
        "ban",
        "bell",
        "boxes",
        "calendar",
    ),
    *("chart-column", "check", "chevron-down", "chevron-left", "chevron-right", "chevron-up", "circle-alert"),
    *("circle-check", "circle-dashed", "circle-x", "clock", "clock-3", "code", "contrast", "copy", "download"),
    *("external-link", "file-text", "folder", "funnel", "git-branch", "hourglass", "image", "info", "key-round"),
    *("keyboard", "link", "list", "loader-circle", "log-in", "log-out", "maximize", "minus", "monitor", "moon"),
    *("octagon-x", "package", "pause", "pencil", "play", "plus", "refresh-cw", "rotate-ccw", "scan", "search"),
    *("settings", "skip-forward", "square-x", "sun", "terminal", "text-wrap", "timer", "trash-2", "triangle-alert"),
    *("upload", "workflow", "x"),
)
"""The icons of the sprite, by lucide's names."""


@dataclass(frozen=True)
class Package:
    """A package of npm.

    Attributes:
        name: As npm knows it.
        version: Exactly this one.
        folder: Where its files go.
        licence: Its SPDX name.
        files: From the name here to the path inside the package.
        change: Makes a file's bytes fit for the dashboard, by its name here.
        sprite: Icons that are put together into ``icons.svg``.
    """

    name: str
    version: str
    folder: str
    licence: str
    files: Mapping[str, str]
    change: Callable[[str, bytes], bytes] = lambda _, content: content
    sprite: tuple[str, ...] = ()


def without_source_map(_: str, content: bytes) -> bytes:
    """The script without the address of a map that is not shipped."""
    return _SOURCE_MAP.sub(b"\n", content)


def as_module(name: str, content: bytes) -> bytes:
    """A CommonJS file as an ES module."""
    if not name.endswith(".js"):
        return content
    exported = b"\nmodule.exports = Anser;"
    if content.count(exported) != 1 or b"require(" in content:
        raise ValueError(f"{name} is not the CommonJS file it used to be")
    return content.replace(exported, b"\nexport default Anser;")


def sprite(icons: Mapping[str, str]) -> bytes:
    """Icons as symbols of one SVG.

    Args:
        icons: Each icon's SVG by its name.
    """
    symbols: list[str] = []
    for name, svg in icons.items():
        found = _ATTRIBUTE.search(_COMMENT.sub("", svg))
        if found is None:
            raise ValueError(f"the icon {name} is no SVG")
        symbols.append(
            f'<symbol id="{name}" viewBox="0 0 24 24">{"".join(map(str.strip, found[1].splitlines()))}</symbol>'
        )
    return "\n".join(['<svg xmlns="http://www.w3.org/2000/svg">', *symbols, "</svg>", ""]).encode()


PACKAGES = (
    Package(
        "htmx.org",
        "4.0.1",
        "htmx",
        "0BSD",
        {"LICENSE": "LICENSE", "htmx.min.js": "dist/htmx.min.js", "hx-csp.min.js": "dist/ext/hx-csp.min.js"},
        without_source_map,
    ),
    Package("anser", "2.3.5", "anser", "MIT", {"LICENSE": "LICENSE", "anser.js": "lib/index.js"}, as_module),
    Package(
        "@dagrejs/dagre",
        "3.1.3",
        "dagre",
        "MIT",
        {
            "LICENSE": "LICENSE",
            "dagre.esm.js": "dist/dagre.esm.js",
            "dagre.esm.js.LEGAL.txt": "dist/dagre.esm.js.LEGAL.txt",
        },
        without_source_map,
    ),
    Package(
        "uplot",
        "1.6.32",
        "uplot",
        "MIT",
        {"LICENSE": "LICENSE", "uPlot.iife.min.js": "dist/uPlot.iife.min.js", "uPlot.min.css": "dist/uPlot.min.css"},
        without_source_map,
    ),
    Package("lucide-static", "1.62.0", "lucide", "ISC", {"LICENSE": "LICENSE"}, sprite=ICONS),
)

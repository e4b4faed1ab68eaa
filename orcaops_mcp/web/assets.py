"""What pages are made of beside HTML: scripts, styles and pictures of this package, held in memory."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_KINDS: Final = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".json": "application/json",
}
_PLAIN: Final = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that browsers load.

    Attributes:
        content: Its bytes.
        kind: Its content type.
        version: The beginning of its hash; another one is another file to a browser.
    """

    content: bytes
    kind: str
    version: str


class Assets:
    """All of them, by their path below ``/static/``: our own, and others' below ``vendor/``. Reads files."""

    def __init__(self) -> None:
        package = files("orcaops_mcp.web")
        self.by_path: dict[str, Asset] = {}
        self._take("", package / "static")
        self._take("vendor/", package / "vendor")

    def address(self, path: str) -> str:
        """Where a browser finds it, in a form that may be kept for ever.

        Raises:
            KeyError: There is no such file.
        """
        return f"/static/{path}?v={self.by_path[path].version}"

    def _take(self, prefix: str, folder: Traversable) -> None:
        for entry in folder.iterdir():
            if entry.is_dir():
                self._take(f"{prefix}{entry.name}/", entry)
            else:
                content = entry.read_bytes()
                kind = _KINDS.get(f".{entry.name.rpartition('.')[2]}", _PLAIN)
                self.by_path[prefix + entry.name] = Asset(content, kind, hashlib.sha256(content).hexdigest()[:8])

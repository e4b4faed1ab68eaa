"""What a git checkout says of a file in it: the context `github` of a run.

Git's own files are read and git is not called: a checkout of somebody else's could name programs for git to run.
"""

from __future__ import annotations

import getpass
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_BYTES: Final = 4 * 1024 * 1024
_MOST_STEPS: Final = 5
"""References that lead to each other, one after the other; git takes as many."""
_COMMIT: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_NAME: Final = re.compile(r"refs/[^\x00-\x20\x7f~^:?*\[\\]{1,250}")
_SECTION: Final = re.compile(r'\[\s*([A-Za-z0-9.-]+)(?:\s+"((?:[^"\\]|\\.)*)")?\s*\]')
_SETTING: Final = re.compile(r"([A-Za-z][A-Za-z0-9-]*)\s*=\s*(.*)")
_REMOTE: Final = re.compile(r"(?:[a-z][a-z0-9+.-]*://[^/]+/|[^/:]+:(?!//))(?:.*/)?([^/:\s]+/[^/:\s]+?)(?:\.git)?/*")
_KINDS: Final = {"refs/heads/": "branch", "refs/tags/": "tag"}


def github_context(folder: Path) -> dict[str, str]:
    """The context `github` of a workflow file in a folder, as far as its checkout knows it.

    Returns:
        Of ``ref``, ``ref_name``, ``ref_type``, ``sha``, ``repository`` and ``actor`` those that are known; nothing
        outside of a checkout.
    """
    with suppress(OSError, ValueError, RuntimeError):  # RuntimeError: links that lead in a circle, nobody's home
        found = _Checkout.around(folder.resolve())
        if found is not None:
            return {name: value for name, value in found.facts() if value}
    return {}


class _Checkout:
    """A checkout's own files.

    Args:
        own: Where HEAD is.
        shared: Where references and settings are, which several work trees may share.
    """

    def __init__(self, own: Path, shared: Path) -> None:
        self._own = own
        self._shared = shared

    @classmethod
    def around(cls, folder: Path) -> _Checkout | None:
        """The checkout that a folder lies in."""
        for above in (folder, *folder.parents):
            place = above / ".git"
            if place.is_file():  # a further work tree, or a submodule
                word, _, path = _text(place).partition(":")
                place = above / path.strip() if word == "gitdir" else place
            if (place / "HEAD").is_file():
                common = place / "commondir"
                return cls(place, place / _text(common).strip() if common.is_file() else place)
        return None

    def facts(self) -> Iterator[tuple[str, str]]:
        """What is known, by its name in the context; an empty text for what is not."""
        ref, commit = self._head()
        prefix = next((prefix for prefix in _KINDS if ref.startswith(prefix)), "")
        yield "ref", ref
        yield "ref_name", ref.removeprefix(prefix) if prefix else ""
        yield "ref_type", _KINDS.get(prefix, "")
        yield "sha", commit
        settings = _settings(self._shared / "config")
        remote = _REMOTE.fullmatch(settings.get("remote.origin.url", ""))
        yield "repository", remote[1] if remote else ""
        yield "actor", settings.get("user.name") or _own_name()

    def _head(self) -> tuple[str, str]:
        """The reference that is checked out, and the commit; either may be empty."""
        text, ref = _text(self._own / "HEAD").strip(), ""
        for _ in range(_MOST_STEPS):
            if not text.startswith("ref:"):
                break
            name = text.removeprefix("ref:").strip()
            if _NAME.fullmatch(name) is None or ".." in name:
                return ref, ""
            ref, text = name, self._reference(name)
        return ref, text if _COMMIT.fullmatch(text) else ""

    def _reference(self, name: str) -> str:
        for folder in (self._own, self._shared):
            with suppress(OSError):
                return _text(folder / name).strip()
        with suppress(OSError):
            for line in _text(self._shared / "packed-refs").splitlines():
                commit, _, packed = line.partition(" ")
                if packed == name:
                    return commit
        return ""


def _own_name() -> str:
    """Who works here: by git's settings of the user, else by the login."""
    for file in (Path.home() / ".gitconfig", _own_folder() / "git" / "config"):
        with suppress(OSError):
            name = _settings(file).get("user.name")
            if name:
                return name
    with suppress(OSError, KeyError, ImportError):
        return getpass.getuser()
    return ""


def _own_folder() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")


def _settings(file: Path) -> dict[str, str]:
    """What a file of git's settings says, such as ``remote.origin.url``; of one that is set twice, the last."""
    found: dict[str, str] = {}
    section = ""
    with suppress(FileNotFoundError):
        for line in _text(file).splitlines():
            bare = line.strip()
            head = _SECTION.match(bare)
            if head is not None:
                section = head[1].lower() + (f".{head[2]}" if head[2] is not None else "")
                bare = bare[head.end() :].strip()
            pair = _SETTING.fullmatch(bare)
            if pair is not None:
                found[f"{section}.{pair[1].lower()}"] = _value(pair[2])
    return found


def _value(text: str) -> str:
    """A setting without quotes and without what stands behind it as a comment."""
    quoted = re.match(r'"((?:[^"\\]|\\.)*)"', text)
    return re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else re.split(r"\s*[#;]", text, maxsplit=1)[0].strip()


def _text(file: Path) -> str:
    with file.open("rb") as stream:
        return stream.read(_MOST_BYTES).decode("utf-8", "replace")

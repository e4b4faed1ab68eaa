"""Folders and files of the engine's machine that a job may see: what was asked, before anybody looks at the disk."""

from __future__ import annotations

import posixpath
from itertools import combinations
from typing import TYPE_CHECKING, Annotated, Any, Final, cast

from pydantic import AfterValidator

from core.spec.base import Frozen
from core.spec.fields import AbsolutePath, plain_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_MODES: Final = {"ro": True, "rw": False}
_OURS: Final = ("/orcaops", "/orcaops-needs", "/proc", "/sys", "/dev")
_MAX_SOURCE: Final = 4096


def _source(text: str) -> str:
    if not plain_text(text).startswith("/") or len(text) > _MAX_SOURCE:
        raise ValueError(
            "an absolute path on the engine's machine, such as /home/me/project; "
            "a relative one needs a caller who stands in a folder there"
        )
    return text


def _target(text: str) -> str:
    place = posixpath.normpath("/" + text.lstrip("/"))
    if place == "/" or any(is_within(place, folder) for folder in _OURS):
        raise ValueError("a place of its own in the container, such as /data; not '/', /orcaops, /proc, /sys or /dev")
    return place


MountSource = Annotated[str, AfterValidator(_source)]
"""A file or folder on the engine's machine."""

MountTarget = Annotated[AbsolutePath, AfterValidator(_target)]
"""Where a mount appears in the container."""


class MountSpec(Frozen):
    """A file or folder of the engine's machine, seen inside the container."""

    source: MountSource
    """Absolute path on the engine's machine; once the job is admitted, without symbolic links."""
    target: MountTarget
    """Absolute path in the container."""
    read_only: bool = True
    """Whether the job may only read it."""


def mount_fields(text: str) -> dict[str, Any]:
    """The fields of a mount written as ``SRC:DST``, ``SRC:DST:ro`` or ``SRC:DST:rw``; read-only unless it says rw.

    Raises:
        ValueError: It is not written so.
    """
    rest, read_only = text, True
    head, colon, last = text.rpartition(":")
    if colon and last in _MODES:
        rest, read_only = head, _MODES[last]
    source, colon, target = rest.rpartition(":")
    if not colon or not source or not target.startswith("/"):
        raise ValueError("a mount is SRC:DST, SRC:DST:ro or SRC:DST:rw, with an absolute DST, such as ./data:/data")
    return {"source": source, "target": target, "read_only": read_only}


def mounts_below(mounts: object, folder: Path) -> object:
    """Mounts as somebody wrote them, with sources that are relative taken from ``folder``.

    What is not written like a mount is passed on as it is, for `JobSpec` to refuse.
    """
    if not isinstance(mounts, (list, tuple)):
        return mounts
    return [_below(item, folder) for item in cast("Sequence[object]", mounts)]


def _below(item: object, folder: Path) -> object:
    if isinstance(item, str):
        try:
            item = mount_fields(item)
        except ValueError:
            return item
    if not isinstance(item, dict):
        return item
    fields = cast("dict[str, object]", item)
    source = fields.get("source")
    if not isinstance(source, str) or not source or source.startswith("/"):
        return fields
    return fields | {"source": posixpath.normpath(posixpath.join(str(folder), source))}


def check_targets(mounts: Sequence[MountSpec]) -> None:
    """Refuse mounts that would hide one another.

    Raises:
        ValueError: Two have the same target, or one's lies inside another's.
    """
    for one, other in combinations(mounts, 2):
        if one.target == other.target:
            raise ValueError("two mounts have the same target")
        if is_within(one.target, other.target) or is_within(other.target, one.target):
            raise ValueError("the target of one mount lies inside the target of another")


def is_within(path: str, folder: str) -> bool:
    """Whether a normalised absolute path is that folder or below it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")

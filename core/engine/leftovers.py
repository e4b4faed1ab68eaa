"""What a job left in ``/orcaops``, fetched without trusting it."""

from __future__ import annotations

import logging
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from core.engine.plain_tar import plain_members
from core.engine.script import FOLDER, STEPS_PATH
from core.engine.step_files import MAX_SUMMARY
from core.errors import BackendError, BackendTimeoutError, BackendUnavailableError, ContainerLostError

if TYPE_CHECKING:
    from core.engine.parts import Parts

_log = logging.getLogger(__name__)

_NOTES_BYTES: Final = 256 * 1024
_LIMITS: Final = {"steps": _NOTES_BYTES, "summary": MAX_SUMMARY + 1}
_FOLDER_BYTES: Final = 16 * 1024 * 1024
"""All that is read of the folder, whatever lies there."""

_OURS: Final = re.compile(rb"(?:[^/]*/)?((?:output|env|summary)(?:-[0-9]{1,3})?|steps|go-[0-9]{1,3}[sfoct])")


async def leftovers(parts: Parts, container_id: str) -> dict[str, bytes]:
    """The files of `core.engine.script` by their names, each cut at its limit plus one byte.

    Raises:
        BackendUnavailableError: The container engine does not answer.
        BackendTimeoutError: The same.
        ContainerLostError: The container is gone.
    """
    most = parts.settings.limits.output_bytes + 1
    files = _unpacked(await _fetched(parts, container_id, FOLDER), most)
    if "steps" not in files:  # much else may lie there before it
        files |= _unpacked(await _fetched(parts, container_id, STEPS_PATH), most)
    return files


async def _fetched(parts: Parts, container_id: str, path: str) -> bytes:
    held, size = list[bytes](), 0
    try:
        async with parts.backend.archive(container_id, path) as stream:
            async for chunk in stream:
                held.append(chunk)
                size += len(chunk)
                if size > _FOLDER_BYTES:
                    break
    except FileNotFoundError:
        return b""
    except (BackendUnavailableError, BackendTimeoutError, ContainerLostError):
        raise
    except BackendError as error:  # the job made something unreadable of it
        _log.info("nothing could be read of %s: %s", path, error)
        return b""
    return b"".join(held)


def _unpacked(data: bytes, most: int) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for path, start, size in plain_members(data):
        name, limit = _ours(path)
        if name:
            files[name] = data[start : start + min(size, limit or most)]
    return files


@lru_cache(maxsize=2048)
def _ours(path: bytes) -> tuple[str, int]:
    """What a file of ours in the folder is called, empty for any other; and its limit, 0 for that of all."""
    match = _OURS.fullmatch(path)
    name = match[1].decode() if match else ""
    return name, _LIMITS.get(name.partition("-")[0], 0)

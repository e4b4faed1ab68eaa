"""Room that is given up when the disk is full.

SQLite cannot delete on a full disk: what it changes goes into its journal first. So a file of some megabytes lies in
the home for nothing but to be removed then, and is made again once there is room.
"""

from __future__ import annotations

import os
import shutil
from functools import partial
from typing import TYPE_CHECKING, Final

import anyio
import anyio.to_thread

from core import portable

if TYPE_CHECKING:
    from pathlib import Path

_SPARE: Final = 4
"""It is made where so many times its size is free."""
_PIECE: Final = b"\0" * 65536


class Reserve:
    """The file.

    Args:
        path: Where it lies.
        size: Its bytes; 0 for none.
    """

    def __init__(self, path: Path, size: int) -> None:
        self._path = path
        self._size = size
        self._limiter = anyio.CapacityLimiter(1)

    async def keep(self) -> None:
        """Make it if it is not there and there is room; a disk that says no is left alone."""
        await anyio.to_thread.run_sync(self._keep, limiter=self._limiter)

    async def release(self) -> bool:
        """Remove it; whether there was one."""
        return await anyio.to_thread.run_sync(partial(_remove, self._path), limiter=self._limiter)

    def _keep(self) -> None:
        try:
            if self._path.exists() or not self._size or shutil.disk_usage(self._path.parent).free < self._size * _SPARE:
                return
            with os.fdopen(os.open(self._path, os.O_WRONLY | os.O_CREAT | portable.OPEN, 0o600), "wb") as file:
                for _ in range(-(-self._size // len(_PIECE))):
                    file.write(_PIECE)
        except OSError:
            _remove(self._path)


def _remove(path: Path) -> bool:
    try:
        path.unlink()
    except OSError:
        return False
    return True

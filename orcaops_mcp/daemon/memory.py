"""What the process does not give back: each thread's own stock of freed memory, which glibc keeps for it."""

from __future__ import annotations

import contextlib
import ctypes
from typing import Final

_M_ARENA_MAX: Final = -8
_ARENAS: Final = 2


def share_freed_memory() -> None:
    """Have all threads share two stocks instead of eight for each processor. To be called before threads start.

    Threads of ours hold Python's lock most of the time and hardly ever ask for memory at once; a stock for each of them
    grows for hours, though nothing is held.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):  # not glibc: there is nothing to set
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, _ARENAS)

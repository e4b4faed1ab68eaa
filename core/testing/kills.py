"""Have a process die of SIGKILL when its code reaches a point, as a crash of the machine or the kernel would end it.

For programs that tests start: arm first, then run the engine or the command line in the same process.
"""

from __future__ import annotations

import os
import signal
import threading
from fnmatch import fnmatchcase
from itertools import count

from core import faultpoints


def kill_at(*words: str, nth: int = 1, after_s: float = 0) -> None:
    """Kill this process at a point.

    Args:
        words: Patterns (as in ``*/start``) for those of the point, or for its first ones; see `core.faultpoints.reach`.
        nth: At which of the times it is reached.
        after_s: So much later: in the middle of an act whose beginning is the point.
    """
    times = count(1)

    def reached(point: tuple[str, ...]) -> None:
        is_it = len(point) >= len(words) and all(map(fnmatchcase, point, words))
        if is_it and next(times) == nth:
            if after_s:
                threading.Timer(after_s, _die).start()
            else:
                _die()

    faultpoints.arm(reached)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)

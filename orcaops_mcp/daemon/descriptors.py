"""Room for callers: each connection takes a file descriptor, and shells start programs with a thousand."""

from __future__ import annotations

import contextlib
import resource
from typing import Final

_ENOUGH: Final = 65_536


def take_descriptors() -> None:
    """Raise the soft limit of open files to the hard one, as far as there is use for it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _ENOUGH if hard == resource.RLIM_INFINITY else min(hard, _ENOUGH)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    with contextlib.suppress(ValueError, OSError):  # macOS has a lower limit that nothing tells; then it stays as it is
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))

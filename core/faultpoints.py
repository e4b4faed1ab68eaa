"""Places in the code where a test may have the process die, so that recovery is shown for every act of an attempt.

A product never arms them: no setting, variable or file does, only `core.testing.kills` in a program that a test
wrote. Unarmed, a point costs a comparison.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_on_reach: Callable[[tuple[str, ...]], None] | None = None


def reach(*words: str) -> None:
    """Tell whoever armed the points that the code is here.

    Args:
        words: What is about to happen, or has, such as ``("move", "start", "done")``.
    """
    if _on_reach is not None:
        _on_reach(words)


def arm(on_reach: Callable[[tuple[str, ...]], None] | None) -> None:
    """Have points told, from whatever thread reaches them; None tells nobody.

    Args:
        on_reach: Called with a point's words.
    """
    global _on_reach  # noqa: PLW0603 - one process, one switch
    _on_reach = on_reach

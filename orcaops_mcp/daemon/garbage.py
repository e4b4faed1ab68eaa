"""How often the engine's process looks for garbage.

Nearly everything goes by its count of references; the search is for circles, and it stops the event loop. By Python's
own thresholds an engine with a large run in memory spends a seventh of its time on it, a tenth of a second at once.
"""

from __future__ import annotations

import gc
from typing import Final

_THRESHOLDS: Final = (20_000, 20, 50)
"""New objects before the young are looked through, and how often that is done before older ones are."""


def collect_seldom() -> None:
    """Leave alone what was imported, and look for garbage less often than Python does; for the process as a whole."""
    gc.freeze()
    gc.set_threshold(*_THRESHOLDS)

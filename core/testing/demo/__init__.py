"""A home that is full from the start: for `orcaops serve --demo`, for tests of pages and for benchmarks.

Everything goes through the store's own writers and the log's own recorder, so that what a page meets here is what it
meets in a home that was lived in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio.to_thread

from core.testing.demo.size import DEMO_SIZES, FULL, SMALL, DemoSize, demo_settings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime
    from pathlib import Path

__all__ = ("DEMO_SIZES", "FULL", "SMALL", "DemoSize", "demo_settings", "fill_demo_home")


async def fill_demo_home(root: Path, size: DemoSize = FULL, *, seed: int = 7, now: datetime | None = None) -> None:
    """Fill a home that an engine can open then.

    Args:
        root: The folder; it must not hold a database.
        size: How much.
        seed: The same seed and moment make the same home, but for its own id.
        now: The moment that all times are counted back from, aware; the present one if None.

    Raises:
        InvalidArgumentError: There is something in the home already.
        HomeInUseError: An engine holds it.
        StoreError: The disk is full or failing.
    """
    fill = await anyio.to_thread.run_sync(_filling)
    await fill(root, size, seed, now)


def _filling() -> Callable[[Path, DemoSize, int, datetime | None], Awaitable[None]]:
    from core.testing.demo.filling import fill  # noqa: PLC0415 - an engine that is no demo does not wait for it

    return fill

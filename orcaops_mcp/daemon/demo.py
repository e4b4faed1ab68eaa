"""A home that shows everything and holds nothing of anybody: filled before the engine opens it."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio

from core import DEMO_SIZES, demo_settings, fill_demo_home

if TYPE_CHECKING:
    from collections.abc import Generator


@contextmanager
def demo_folder(given: str | None) -> Generator[Path]:
    """The folder of a demo: the given one, which stays, or a temporary one that goes with the context."""
    if given is not None:
        yield Path(given).expanduser().absolute()
        return
    with tempfile.TemporaryDirectory(prefix="orcaops-demo-") as folder:
        yield Path(folder)


def demo_overrides(home: Path) -> dict[str, Any]:
    """What an engine of a demo is told beside the user's own settings, by dotted path."""
    chosen = demo_settings(home)
    return {
        "home": str(home),
        "backend": chosen.backend,
        "queue.max_running": chosen.queue.max_running,
        "queue.slots": chosen.queue.slots,
        "queue.max_overtakes": chosen.queue.max_overtakes,
        "retention.days": chosen.retention.days,
    }


def fill_home(home: Path, size: str) -> None:
    """Fill it.

    Args:
        home: The folder; it must not hold a database.
        size: A name among `core.DEMO_SIZES`.

    Raises:
        InvalidArgumentError: There is something in the home already.
        StoreError: The disk is full or failing.
    """
    anyio.run(fill_demo_home, home, DEMO_SIZES[size])

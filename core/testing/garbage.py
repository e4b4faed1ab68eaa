"""Tests of what is let go at once, and not when somebody looks for garbage."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator


@contextmanager
def no_search_for_garbage() -> Generator[None]:
    """Have no objects collected but those that nothing refers to, once what there is has been."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()

"""What every test stands on: the asyncio loop, and an alarm for calls that block it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from blockbuster import blockbuster_ctx

if TYPE_CHECKING:
    from collections.abc import Generator


pytest_plugins = ("core.testing.plugin",)

_SLOW: Final = tuple(Path(__file__).parent / folder for folder in ("doors", "orcaops_mcp/api", "orcaops_mcp/daemon"))
"""Folders whose tests talk to real servers throughout."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if any(item.path.is_relative_to(folder) for folder in _SLOW):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, object]]:
    return "asyncio", {}


@pytest.fixture(scope="session", autouse=True)
def no_blocking_calls_on_the_loop() -> Generator[None]:
    """Files, sockets, locks and sleeps that our code touches while a loop runs in the thread raise BlockingError."""
    with blockbuster_ctx(["core", "orcaops_mcp"]) as detector:
        # a lock of coverage's own, taken inside whatever line it traces
        detector.functions["threading.Lock.acquire"].can_block_in("coverage/collector.py", "lock_data")
        detector.functions["threading.Lock.acquire_lock"].can_block_in("coverage/collector.py", "lock_data")
        yield

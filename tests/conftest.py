"""What every test stands on: the asyncio loop, and an alarm for calls that block it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from blockbuster import blockbuster_ctx

if TYPE_CHECKING:
    from collections.abc import Generator


pytest_plugins = ("core.testing.plugin",)


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

"""What every test stands on: the asyncio loop, and an alarm for calls that block it."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from blockbuster import blockbuster_ctx
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from xdist.scheduler import LoadGroupScheduling

if TYPE_CHECKING:
    from collections.abc import Generator


pytest_plugins = ("core.testing.plugin",)

_HERE: Final = Path(__file__).parent
_SLOW: Final = tuple(_HERE / folder for folder in ("doors", "orcaops_mcp/api", "orcaops_mcp/daemon"))
"""Folders whose tests talk to real servers throughout."""

_OF_CORE: Final = (_HERE / "core", _HERE / "contracts")
_WITHOUT_COVERAGE: Final = ("docker", "node", "slow")

_ONE_AFTER_ANOTHER: Final = {
    "tests/core/backends/docker/test_pull.py": "images",  # they take the same image away
    "tests/end_to_end/test_load.py": "heavy",
    "tests/orcaops_mcp/test_node_clients.py": "heavy",
    "tests/faults/": "dockerd",  # one engine that may be killed
}
"""Files and folders whose tests do not run beside each other with ``--dist loadgroup``, by what they share."""

hypothesis_settings.register_profile(
    # how long an example takes says more about the machine than about the code
    "any machine",
    deadline=None,
    max_examples=50,  # new ones each time; `make fuzz` tries many
    suppress_health_check=[HealthCheck.too_slow],
)
hypothesis_settings.load_profile("any machine")


def pytest_configure() -> None:
    """Hear Ctrl-C: shells start what runs in the background deaf to it, and programs that tests start inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Three workers on two processors: a test waits for about as long as it computes."""
    return max(2, (os.cpu_count() or 1) * 3 // 2)


class _Groups(LoadGroupScheduling):
    def _split_scope(self, nodeid: str) -> str:
        return next((group for path, group in _ONE_AFTER_ANOTHER.items() if nodeid.startswith(path)), nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> _Groups | None:
    """Groups by file: pytest no longer lets xdist put the name of a group behind a test's own."""
    return _Groups(config, log) if config.getoption("dist") == "loadgroup" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if any(item.path.is_relative_to(folder) for folder in _SLOW):
            item.add_marker(pytest.mark.slow)
        if any(item.path.is_relative_to(folder) for folder in _OF_CORE) and not any(
            item.get_closest_marker(name) for name in _WITHOUT_COVERAGE
        ):
            item.add_marker(pytest.mark.covering)


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

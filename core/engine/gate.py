"""Keeps jobs in the queue while the container engine does not answer, and lets them go when it does."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

import anyio

from core.engine.racing import sleep_or_event

if TYPE_CHECKING:
    from core.backends.base import BackendHealth, ContainerBackend
    from core.clock import Clock
    from core.engine.scheduler import Scheduler

_log = logging.getLogger(__name__)

_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 10.0
_CHECK_EVERY_S: Final = 30.0


class Gate:
    """Probes the backend and blocks or unblocks the scheduler.

    Args:
        backend: What is probed.
        scheduler: What is blocked.
        clock: For the pauses.

    Attributes:
        health: As last seen; None before the first probe.
    """

    def __init__(self, backend: ContainerBackend, scheduler: Scheduler, clock: Clock) -> None:
        self.health: BackendHealth | None = None
        self._backend = backend
        self._scheduler = scheduler
        self._clock = clock
        self._doubted = anyio.Event()
        self._open = anyio.Event()

    def doubt(self, why: str) -> None:
        """Close the gate: somebody got no answer. The next probe opens it again."""
        self._close(f"the container engine does not answer ({why})")
        self._doubted.set()

    async def wait_open(self) -> None:
        """Return once the container engine answers."""
        await self._open.wait()

    async def run(self) -> None:
        """Probe for ever: often while closed, now and then while open."""
        pause = _FIRST_PAUSE_S
        while True:
            self._doubted = anyio.Event()
            self.health = await self._backend.probe()
            if self.health.available:
                self._scheduler.unblock()
                self._open.set()
                pause = _FIRST_PAUSE_S
                await sleep_or_event(self._clock, _CHECK_EVERY_S, self._doubted)
            else:
                self._close(f"the container engine is not available: {self.health.message}")
                await self._clock.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_S)

    def _close(self, reason: str) -> None:
        if self._scheduler.blocked_by is None:
            _log.warning("jobs wait: %s", reason)
        self._scheduler.block(reason)
        if self._open.is_set():
            self._open = anyio.Event()

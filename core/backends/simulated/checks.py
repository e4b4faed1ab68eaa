"""The health check of a simulated container, carried out when somebody looks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.backends.services import Executed, Health, HealthCheck

_RETRIES: Final = 3


class HealthRecord:
    """What the checks of one container said so far.

    Args:
        check: What was asked for.
        test: What it runs.
        began: When the container started, in seconds of the monotonic clock.
        time_scale: Seconds of the clock in a scripted second.

    Attributes:
        status: What they say.
        output: What the last one printed.
    """

    def __init__(self, check: HealthCheck, test: tuple[str, ...], began: float, time_scale: float) -> None:
        self.status: Health = "starting"
        self.output = ""
        self._retries = check.retries or _RETRIES
        self._argv = ("sh", "-c", test[1]) if test[0] == "CMD-SHELL" else test[1:]
        self._every = check.interval_s * time_scale
        self._counts_from = began + (check.start_period_s or 0) * time_scale
        self._due = began
        self._failures = 0

    def look(self, now: float, execute: Callable[[tuple[str, ...]], Executed]) -> None:
        """Carry out the check that is due, if one is."""
        if now < self._due:
            return
        self._due = now + self._every
        executed = execute(self._argv)
        self.output = executed.output.strip()
        if executed.exit_code == 0:
            self.status, self._failures = "healthy", 0
        elif now >= self._counts_from or self.status == "healthy":
            self._failures += 1
            if self._failures >= self._retries:
                self.status = "unhealthy"

"""The ``SIMULATE_*`` variables: what a container's environment asks the simulation for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.backends.simulated.process import Killed, Lost

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.backends.simulated.process import Io, Run
    from core.backends.simulated.shell import Shell

FAILURES: Final = ("create", "start", "unavailable", "lost", "oom", "killed", "stubborn")
_NUMBERS: Final = "SIMULATE_SECONDS, SIMULATE_LINES and SIMULATE_EXIT are numbers, SIMULATE_READY_AFTER is one or never"


@dataclass(slots=True)
class Steering:
    """What was asked for, and how much of it is done.

    Attributes:
        seconds: How long the last command takes; None if nothing was said.
        lines: How many lines it prints.
        status: How it exits; None keeps what the program had.
        failure: One of `FAILURES`, or empty.
        ready_after: Scripted seconds until a server listens; infinite for never.
        spent: Whether the last command has been.
    """

    seconds: float | None = None
    lines: int = 0
    status: int | None = None
    failure: str = ""
    ready_after: float = 0.0
    spent: bool = False

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Steering:
        """Read the variables.

        Raises:
            ValueError: One of them makes no sense; the message names it.
        """
        steering = cls(failure=environment.get("SIMULATE_FAIL", ""))
        if steering.failure and steering.failure not in FAILURES:
            raise ValueError(f"SIMULATE_FAIL is one of {', '.join(FAILURES)}")
        try:
            if "SIMULATE_SECONDS" in environment:
                steering.seconds = max(0.0, float(environment["SIMULATE_SECONDS"]))
            if "SIMULATE_LINES" in environment:
                steering.lines = int(environment["SIMULATE_LINES"])
            if "SIMULATE_EXIT" in environment:
                steering.status = int(environment["SIMULATE_EXIT"]) & 255
            ready_after = environment.get("SIMULATE_READY_AFTER", "0")
            steering.ready_after = math.inf if ready_after == "never" else max(0.0, float(ready_after))
        except ValueError:
            raise ValueError(_NUMBERS) from None
        return steering

    @property
    def asks(self) -> bool:
        """Whether there is a last command still to come."""
        return not self.spent and bool(self.seconds or self.lines or self.status is not None or self.failure)

    def take_seconds(self, default: float) -> float:
        """The time asked for, taken by a program that spreads its own work over it."""
        seconds = default if self.seconds is None else self.seconds
        self.seconds = None
        return seconds

    def last_command(self, shell: Shell, io: Io) -> Run:
        """Take the time, print the lines and end as asked; once.

        Raises:
            Killed: It dies for memory, or somebody kills it.
            Lost: It vanishes.
        """
        self.spent = True
        seconds = self.take_seconds(0.0)
        for number in range(1, self.lines + 1):
            yield from shell.pause(seconds / self.lines)
            io.out(f"[simulated] line {number} of {self.lines}\n".encode())
        if not self.lines and seconds:
            yield from shell.pause(seconds)
        if self.failure == "oom":
            raise Killed("oom")
        if self.failure == "killed":
            raise Killed("outside")
        if self.failure == "lost":
            raise Lost
        return self.status or 0

"""How much is in a demo home, and how it is opened."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from core.settings import EngineSettings, QueueSettings, RetentionSettings

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class DemoSize:
    """How much is in a demo home.

    Attributes:
        jobs: Ended ones over thirty days, those of workflows beside them.
        runs: Ended runs of workflows, at least one.
        log_lines: Of the job ``million-lines``.
        logs: The newest jobs that have a log; the others printed nothing.
    """

    jobs: int = 10_000
    runs: int = 90
    log_lines: int = 1_000_000
    logs: int = 150


_NEVER_IN_THE_WAY: Final = 1_000_000
"""The jobs that wait for the demo's only GPU do so for ever; what a visitor starts does not wait for them."""

FULL: Final = DemoSize()
SMALL: Final = DemoSize(jobs=400, runs=8, log_lines=20_000, logs=30)
DEMO_SIZES: Final = MappingProxyType({"full": FULL, "small": SMALL})
"""By the names that a command has for them."""


def demo_settings(home: Path) -> EngineSettings:
    """Settings that a demo home is opened with: no containers, one GPU, and nothing goes for its age."""
    return EngineSettings(
        home=home,
        backend="simulated",
        queue=QueueSettings(max_running=16, slots={"gpus": 1}, max_overtakes=_NEVER_IN_THE_WAY),
        retention=RetentionSettings(days=3650),
    )

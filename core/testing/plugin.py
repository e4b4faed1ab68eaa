"""pytest fixtures; a project takes them with ``pytest_plugins = ["core.testing.plugin"]``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.compose import open_engine
from core.settings import EngineSettings
from core.testing.clock import MovingClock

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from core.engine.engine import Engine


@pytest.fixture
def settings(tmp_path: Path) -> EngineSettings:
    """Settings of an engine of its own: a home in the test's folder, and no containers."""
    return EngineSettings(home=tmp_path / "home", backend="simulated")


@pytest.fixture
async def engine(settings: EngineSettings) -> AsyncGenerator[Engine]:
    """An engine of its own on the simulated backend."""
    async with open_engine(settings) as opened:
        yield opened


@pytest.fixture
def moving_clock() -> MovingClock:
    """A clock that stands still until the test moves it."""
    return MovingClock()

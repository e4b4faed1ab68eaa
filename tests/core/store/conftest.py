"""A real database in the test's folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core.store.database import Database, open_database
from core.store.jobs import JobStore
from core.store.workflows import WorkflowStore
from core.testing.clock import MovingClock

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path


@pytest.fixture
async def database(tmp_path: Path) -> AsyncGenerator[Database]:
    async with open_database(tmp_path / "orcaops.db") as opened:
        yield opened


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture
def jobs(database: Database, clock: MovingClock) -> JobStore:
    return JobStore(database, clock)


@pytest.fixture
def others(database: Database, clock: MovingClock) -> JobStore:
    """Another store of the same jobs, which knows only what it reads."""
    return JobStore(database, clock)


@pytest.fixture
def workflows(database: Database, clock: MovingClock) -> WorkflowStore:
    return WorkflowStore(database, clock)

"""What the tests of faults stand on: an engine to kill, and engines of OrcaOps on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core import DockerSettings, EngineSettings, QueueSettings
from tests.faults.dockerd import own_dockerd, why_not

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from tests.faults.dockerd import Dockerd


@pytest.fixture(scope="session")
def _dockerd_of_all() -> Generator[Dockerd]:
    if reason := why_not():
        pytest.skip(reason)
    with own_dockerd() as dockerd:
        yield dockerd


@pytest.fixture
def dockerd(_dockerd_of_all: Dockerd) -> Generator[Dockerd]:
    """A Docker Engine that this test may do everything to; empty before and after it."""
    yield _dockerd_of_all
    _dockerd_of_all.clear()


@pytest.fixture
def away_settings(tmp_path: Path, dockerd: Dockerd) -> EngineSettings:
    """An engine on `dockerd` that finds out soon when that is away."""
    return EngineSettings(
        home=tmp_path / "home",
        queue=QueueSettings(max_running=10),
        docker=DockerSettings(base_url=dockerd.base_url, call_timeout_s=3, reconcile_s=2),
    )

"""Homes whose engines end with the test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.orcaops_mcp.daemon.engines import stop

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


@pytest.fixture
def home(tmp_path: Path) -> Generator[Path]:
    folder = tmp_path / "home"
    yield folder
    stop(folder)

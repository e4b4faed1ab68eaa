"""Containers for step programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from tests.core.engine.containers import Containers, docker

if TYPE_CHECKING:
    from collections.abc import Generator


@pytest.fixture(params=["busybox:latest", "python:3.11-slim"], ids=["ash", "dash"])
def containers(request: pytest.FixtureRequest) -> Generator[Containers]:
    made = Containers(cast("str", request.param))
    yield made
    if made.made:
        docker("rm", "--force", "--volumes", *made.made)

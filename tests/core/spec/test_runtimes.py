"""The runtimes that a job can name."""

from __future__ import annotations

import pytest

from core.spec.load import parse_job
from core.spec.runtimes import RUNTIMES


@pytest.mark.parametrize("name", sorted(RUNTIMES))
def test_each_runtime_makes_a_valid_job(name: str) -> None:
    spec = parse_job({"entry": "main", "runtime": name})
    assert spec.image == RUNTIMES[name].image
    assert spec.command == (*RUNTIMES[name].program, "main")

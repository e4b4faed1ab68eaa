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


def test_short_names_stand_for_the_present_versions() -> None:
    assert RUNTIMES["python"] == RUNTIMES["python3.12"]
    assert RUNTIMES["node"] == RUNTIMES["node22"]


def test_the_entry_is_never_a_part_of_a_shells_text() -> None:
    spec = parse_job({"entry": "$(reboot).rs", "runtime": "rust", "args": ["a b"]})
    assert spec.command is not None
    assert spec.command[:2] == ("sh", "-c")
    assert spec.command[3:] == ("$(reboot).rs", "a b")

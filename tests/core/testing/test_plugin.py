"""The fixtures, as another project's tests take them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

pytest_plugins = ["pytester"]

TEST = """
def test_settings(settings, tmp_path):
    assert settings.home == tmp_path / "home"
    assert settings.backend == "simulated"

def test_clock(moving_clock):
    moving_clock.advance(2)
    assert moving_clock.monotonic() == 2
"""


def test_the_fixtures_give_settings_and_a_clock(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(TEST)

    pytester.runpytest_inprocess("-p", "core.testing.plugin").assert_outcomes(passed=2)

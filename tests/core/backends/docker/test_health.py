"""What Docker tells of itself, in facts for doctor and system status."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.backends.docker.health import _clock_ahead_s, _facts

BEFORE = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
AFTER = BEFORE + timedelta(seconds=2)


@pytest.mark.parametrize(
    ("theirs", "ahead"),
    [
        ("2026-01-02T03:04:06.123456789Z", "0"),
        ("2026-01-02T04:04:06.123456789+01:00", "0"),
        ("2026-01-02T03:04:17.9Z", "10"),
        ("2026-01-02T03:03:55Z", "-10"),
        ("2026-01-02T03:04:05", ""),
        ("soon", ""),
        (None, ""),
    ],
)
def test_a_clock_is_only_apart_by_what_the_question_does_not_explain(theirs: str | None, ahead: str) -> None:
    assert _clock_ahead_s({"SystemTime": theirs}, BEFORE, AFTER) == ahead


def test_an_engine_without_root_says_so() -> None:
    assert _facts({"SecurityOptions": ["name=seccomp", "name=rootless"]})["rootless"] == "yes"
    assert _facts({"SecurityOptions": None})["rootless"] == "no"

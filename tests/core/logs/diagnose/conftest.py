"""Logs to diagnose."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from core.records.log import LogLine

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from core.records.log import Stream

_AT = datetime(2026, 1, 2, tzinfo=UTC)


def _lines(text: str | Sequence[str], stream: Stream = "stdout", *, first: int = 1) -> list[LogLine]:
    texts = text.removesuffix("\n").split("\n") if isinstance(text, str) else text
    return [LogLine(number, _AT, stream, None, line) for number, line in enumerate(texts, first)]


@pytest.fixture(scope="session")
def log_of() -> Callable[..., list[LogLine]]:
    """Makes the lines of a log from its text, or from its lines' texts."""
    return _lines

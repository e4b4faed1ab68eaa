"""What the page about the conducting of runs names is what there is."""

from __future__ import annotations

import re
from pathlib import Path

from core import LimitSettings, Reason
from core.engine.workflow import groups

_PAGE = (Path(__file__).resolve().parents[2] / "docs" / "explanation" / "conducting.md").read_text(encoding="utf-8")
_ROW = re.compile(r"^\| .+ \| .+ \| `([a-z-]+)` \|$", re.MULTILINE)


def test_the_reasons_of_the_table_are_codes_of_records() -> None:
    codes = set(_ROW.findall(_PAGE))
    assert codes == {Reason.CANCELLED, Reason.FAIL_FAST, Reason.TIMEOUT, Reason.SUPERSEDED}


def test_the_numbers_of_the_page_are_the_engines() -> None:
    assert LimitSettings().cleanup_timeout_s == 5 * 60
    assert "Five minutes (`limits.cleanup_timeout_s`)" in _PAGE
    assert groups.MOST_WAITING == 100
    assert "up to a hundred wait" in _PAGE

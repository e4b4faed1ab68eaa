"""Ids."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import ids


def test_ids_have_the_form_that_is_checked_for() -> None:
    assert ids.is_job_id(ids.new_job_id())
    assert ids.is_upload_id(ids.new_upload_id())
    assert len(ids.new_job_id()) <= ids.MAX_ID_LENGTH
    assert re.fullmatch(r"job_[0-9a-hjkmnp-tv-z]{25}", ids.new_job_id())


def test_one_kind_of_id_is_not_the_other() -> None:
    assert not ids.is_job_id(ids.new_upload_id())
    assert not ids.is_upload_id(ids.new_job_id())


def test_no_two_ids_are_equal() -> None:
    assert len({ids.new_job_id() for _ in range(10_000)}) == 10_000


def test_ids_of_later_moments_sort_later(monkeypatch: pytest.MonkeyPatch) -> None:
    moments = [0, 1, 31, 32, 1023, 1024, 1_700_000_000_000, 1_700_000_000_001, 2**45 - 1]
    made: list[str] = []
    for moment in moments:
        monkeypatch.setattr(ids.time, "time_ns", lambda moment=moment: moment * 1_000_000)
        made.append(ids.new_job_id())
    assert made == sorted(made)
    assert made[0].startswith("job_000000000")


@pytest.mark.parametrize(
    "text",
    ["", "job_", "../..", "../../x", "job_../../etc/passwd", "%2e%2e", "job_" + "0" * 24, "job_" + "0" * 26]
    + ["job_" + "0" * 24 + mark for mark in ("i", "l", "o", "u", "A", "\n", "\0", "'", "٣")]
    + ["job_" + "0" * 25 + "\n", " job_" + "0" * 25, "JOB_" + "0" * 25, "wf_" + "0" * 25, "x" * 10_000],
    ids=lambda text: f"{text[:34]!r} {len(text)}",
)
def test_anything_else_is_no_id(text: str) -> None:
    assert not ids.is_job_id(text)
    assert not ids.is_upload_id(text)


@given(st.text())
def test_no_text_breaks_the_check(text: str) -> None:
    assert not ids.is_job_id(text)

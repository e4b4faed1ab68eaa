"""Cursors of long lists."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidArgumentError
from core.ids import new_job_id
from core.records.page import PageKey


@given(st.integers(0, 10**18 - 1))
def test_a_key_survives_its_text(created_us: int) -> None:
    key = PageKey(created_us, new_job_id())
    assert PageKey.parse(str(key)) == key
    assert str(key).isascii()
    assert "=" not in str(key)


@given(st.text() | st.binary().map(lambda data: base64.urlsafe_b64encode(data).decode()))
def test_a_foreign_text_is_no_cursor(text: str) -> None:
    with pytest.raises(InvalidArgumentError, match="cursor: not a page cursor"):
        PageKey.parse(text)


@pytest.mark.parametrize(
    "plain", ["1:job_x", f"-1:job_{'0' * 25}", f"1:job_{'0' * 25}\n", "x" * 200, f"1:JOB_{'0' * 25}"]
)
def test_a_well_encoded_text_of_another_form_is_no_cursor(plain: str) -> None:
    with pytest.raises(InvalidArgumentError):
        PageKey.parse(base64.urlsafe_b64encode(plain.encode()).decode().rstrip("="))


def test_a_cursor_with_padding_in_front_of_it_all_is_no_cursor() -> None:
    with pytest.raises(InvalidArgumentError):
        PageKey.parse("=" * 101)

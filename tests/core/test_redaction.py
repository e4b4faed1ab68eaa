from __future__ import annotations

import base64
import json
import time
import urllib.parse
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.redaction import MASK, Masking, Redactor, needles

SECRET = "s3cr3t/pass+word"


def brute_force(data: bytes, sought: set[bytes]) -> bytes:
    covered = bytearray(len(data))
    for needle in sought:
        for start in range(len(data) - len(needle) + 1):
            if data[start : start + len(needle)] == needle:
                covered[start : start + len(needle)] = b"\x01" * len(needle)
    output = bytearray()
    for place, byte in enumerate(data):
        if not covered[place]:
            output.append(byte)
        elif place == 0 or not covered[place - 1]:
            output += MASK
    return bytes(output)


@given(
    data=st.lists(st.sampled_from(b"abc"), max_size=60).map(bytes),
    sought=st.sets(st.lists(st.sampled_from(b"abc"), min_size=1, max_size=7).map(bytes), max_size=5),
    cuts=st.lists(st.integers(0, 60), max_size=8),
)
def test_any_chunking_masks_exactly_the_union_of_all_occurrences(
    data: bytes, sought: set[bytes], cuts: list[int]
) -> None:
    redactor = Redactor(sought)
    longest = max(map(len, sought), default=1)
    output = b""
    for start, end in pairwise([0, *sorted(cuts), len(data)]):
        output += redactor.feed(data[start:end])
        assert redactor.holds < longest
    output += redactor.feed(b"", final=True)
    assert output == brute_force(data, sought)
    assert redactor.feed(data, final=True) == output


@given(
    data=st.lists(st.sampled_from(b"abc"), max_size=40).map(bytes),
    values=st.sets(st.lists(st.sampled_from("abc"), min_size=6, max_size=9).map("".join), max_size=3),
    places=st.tuples(st.integers(0, 40), st.integers(0, 40)),
)
def test_a_part_shows_what_the_whole_shows_there_and_no_piece_of_a_secret_that_it_cuts(
    data: bytes, values: set[str], places: tuple[int, int]
) -> None:
    start, stop = sorted(min(place, len(data)) for place in places)
    covered = {
        place
        for needle in needles(values)
        for first in range(len(data))
        if data.startswith(needle, first)
        for place in range(first, first + len(needle))
    }
    expected = b"".join(
        data[place : place + 1] if place not in covered else MASK if place == start or place - 1 not in covered else b""
        for place in range(start, stop)
    )
    assert Masking(values).masked_part(data, start, stop) == expected


def test_a_text_is_masked_and_one_without_secrets_is_left_as_it_is() -> None:
    masking = Masking([SECRET])
    assert masking.masked(f"key={SECRET};") == "key=***;"
    assert masking.has_secret(base64.b64encode(SECRET.encode()).decode())
    assert masking.masked("\udcff") == "\udcff"
    assert masking.reach >= len(SECRET) - 1
    assert (Masking([]).masked(SECRET), Masking([]).hides_nothing, Masking([]).reach) == (SECRET, True, 0)


def test_a_secret_split_at_a_frame_border_is_masked() -> None:
    redactor = Redactor(needles([SECRET]))
    head = b"x" * 16_380 + SECRET.encode()[:4]
    assert redactor.feed(head) == b"x" * 16_380
    assert redactor.feed(SECRET.encode()[4:] + b" done\n", final=True) == MASK + b" done\n"


def test_nothing_is_held_back_when_nothing_can_become_a_secret() -> None:
    redactor = Redactor(needles([SECRET]))
    assert redactor.feed(b"all quiet\n") == b"all quiet\n"
    assert redactor.holds == 0


def test_without_needles_everything_passes() -> None:
    assert Redactor(()).feed(b"as it is") == b"as it is"


@pytest.mark.parametrize("before", [b"", b"a", b"ab", b"abc"])
@pytest.mark.parametrize("after", [b"", b"y", b"yz", b"xyz"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.hostile("B85")
def test_a_secret_anywhere_inside_base64_is_masked(before: bytes, after: bytes, encode: object) -> None:
    assert callable(encode)
    text = encode(before + SECRET.encode() + after)
    assert isinstance(text, bytes)
    assert MASK in Redactor(needles([SECRET])).feed(text, final=True)


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        json.dumps({"password": SECRET}),
        urllib.parse.quote(SECRET, safe=""),
        SECRET.encode().hex(),
        SECRET.encode().hex().upper(),
    ],
)
@pytest.mark.hostile("B85")
def test_a_secret_is_masked_in_the_forms_programs_print_it_in(text: str) -> None:
    masked = Redactor(needles([SECRET])).feed(text.encode(), final=True)
    assert MASK in masked
    assert SECRET.encode() not in masked


def test_a_quote_and_a_letter_outside_ascii_are_found_in_both_spellings_of_json() -> None:
    value = 'pass"wörd'
    redactor = Redactor(needles([value]))
    for ascii_only in (True, False):
        assert redactor.feed(json.dumps(value, ensure_ascii=ascii_only).encode(), final=True) == b'"***"'


def test_a_secret_of_several_lines_is_sought_line_by_line() -> None:
    found = needles(["first line\r\nsecond line\n\nno"])
    assert {b"first line", b"second line"} <= found
    assert b"no" not in found
    assert not any(b"\n" in needle for needle in found)


@pytest.mark.hostile("B86")
def test_values_too_short_to_mask_are_left_out() -> None:
    assert needles(["12345", "   ", b"", "      a      "]) == frozenset()
    assert b"12345" in needles(["12345"], min_length=5)


def test_ten_megabytes_with_many_needles_take_linear_time() -> None:
    sought = needles([SECRET, "another secret value", "aaaaaaaaab"])
    data = b"a s3cr3t/pas aaaaaaaaa and another secret val\n" * 240_000
    redactor = Redactor(sought)
    began = time.monotonic()
    for start in range(0, len(data), 65_536):
        redactor.feed(data[start : start + 65_536])
    assert time.monotonic() - began < 20


def test_a_secret_that_repeats_itself_is_masked_at_once_wherever_it_overlaps() -> None:
    redactor = Redactor(needles(["x" * 20_000]))
    assert redactor.feed(b"a" + b"x" * 1_000_000 + b"b", final=True) == b"a***b"

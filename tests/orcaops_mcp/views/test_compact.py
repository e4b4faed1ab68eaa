from __future__ import annotations

import json

from orcaops_mcp.views.compact import compact_json, listing_json, valid_unicode, without_absent


def test_what_is_absent_is_left_out_and_what_is_false_or_zero_stays() -> None:
    record = {"a": None, "b": [], "c": {}, "d": "", "e": 0, "f": False, "g": {"h": None}, "i": [{"j": None, "k": 1}]}
    assert without_absent(record) == {"e": 0, "f": False, "i": [{"k": 1}]}


def test_json_can_always_be_encoded() -> None:
    text = compact_json({"name": "a\ud800b", "ü": "✓"})
    assert text.encode()
    assert json.loads(text) == {"name": "a\N{REPLACEMENT CHARACTER}b", "ü": "✓"}
    assert valid_unicode("plain") == "plain"


def test_a_listing_is_json_with_a_line_an_item() -> None:
    text = listing_json({"jobs": [{"n": 1}, {"n": 2}], "next_cursor": "x"}, "jobs")
    assert text.splitlines() == ['{"jobs":[', '{"n":1},', '{"n":2}', '],"next_cursor":"x"}']
    assert json.loads(listing_json({"jobs": [], "next_cursor": "x"}, "jobs")) == {"jobs": [], "next_cursor": "x"}

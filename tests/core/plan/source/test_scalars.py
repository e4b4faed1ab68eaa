"""YAML 1.2's core schema."""

from __future__ import annotations

import math

import pytest

from core.plan.source import MappingNode, Scalar, Style, read_source


def scalar(text: str) -> Scalar:
    source = read_source(f"key: {text}")
    assert [finding for finding in source.findings if finding.code != "W001"] == []
    assert isinstance(source.root, MappingNode)
    node = source.root.get("key")
    assert isinstance(node, Scalar)
    return node


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("NULL", None),
        ("nUll", "nUll"),
        ("true", True),
        ("FALSE", False),
        ("tRue", "tRue"),
        ("on", "on"),
        ("off", "off"),
        ("yes", "yes"),
        ("No", "No"),
        ("y", "y"),
        ("0", 0),
        ("-17", -17),
        ("+5", 5),
        ("0755", 755),
        ("0o17", 15),
        ("0o18", "0o18"),
        ("0x1F", 31),
        ("-0x1F", "-0x1F"),
        ("0b101", "0b101"),
        ("1_000", "1_000"),
        ("12:30:45", "12:30:45"),
        ("2020-01-01", "2020-01-01"),
        ("3.10", 3.1),
        (".5", 0.5),
        ("1.", 1.0),
        ("1e3", 1000.0),
        ("-2.5E-3", -0.0025),
        ("1e", "1e"),
        (".", "."),
        ("-x", "-x"),
        ("+.inf", math.inf),
        ("-.INF", -math.inf),
        ("inf", "inf"),
        ("1.2.3", "1.2.3"),
        ("١٢", "١٢"),
        ("'3.10'", "3.10"),
        ('"true"', "true"),
        ("!!str 3.10", "3.10"),
        ("! 12", "12"),
        ("!!int '12'", 12),
        ("!!float 1", 1),
        ("!!bool 'true'", True),
        ("!!null ''", None),
        ("a#b", "a#b"),
        ("a # b", "a"),
        ("http://x:80/y", "http://x:80/y"),
    ],
)
@pytest.mark.hostile("B42")
def test_a_plain_scalar_means_what_the_core_schema_says(written: str, value: object) -> None:
    found = scalar(written).value
    assert (type(found), found) == (type(value), value)


def test_not_a_number_is_a_number() -> None:
    value = scalar(".nan").value
    assert isinstance(value, float)
    assert math.isnan(value)


@pytest.mark.parametrize("written", ["9" * 5000, "1" + "0" * 400, "0x" + "f" * 5000, "0o" + "7" * 5000])
def test_a_number_beyond_all_bounds_is_infinite(written: str) -> None:
    assert scalar(written).value == math.inf


@pytest.mark.parametrize("written", ["!!int x", "!!int 'true'", "!!bool 1", "!!null x", "!!float true"])
def test_a_core_tag_that_does_not_fit_is_a_finding(written: str) -> None:
    (finding,) = read_source(f"key: {written}").findings
    assert (finding.code, finding.path) == ("E001", "key")
    assert "not what its tag" in finding.message


@pytest.mark.parametrize(
    ("written", "text", "raw", "style"),
    [
        ("3.10", "3.10", "3.10", Style.PLAIN),
        ("'it''s'", "it's", "'it''s'", Style.SINGLE),
        (r'"a\tb"', "a\tb", r'"a\tb"', Style.DOUBLE),
        ("|-\n  a\n  b\nz: 1", "a\nb", "|-\n  a\n  b", Style.LITERAL),
        (">\n  a\n  b\nz: 1", "a b\n", ">\n  a\n  b", Style.FOLDED),
        ("!!str &x 007", "007", "007", Style.PLAIN),
    ],
)
def test_text_raw_text_and_style_are_kept(written: str, text: str, raw: str, style: Style) -> None:
    found = scalar(written)
    assert (found.text, found.raw, found.style) == (text, raw, style)


def test_a_pair_of_surrogates_is_the_character_that_json_means() -> None:
    assert scalar(r'"\ud83d\ude00"').value == "😀"


def test_half_a_pair_is_a_lost_character() -> None:
    assert scalar(r'"a\ud83d"').value == "a\ufffd"


def test_line_breaks_of_yaml_1_1_are_ordinary_characters() -> None:
    source = read_source("a: x\u2028y\n# z\u2029b: hidden\nc: '\x85'\nd: \"\\L\\ue000\ufeff\"\n")
    assert source.root is not None
    assert source.root.to_plain() == {"a": "x\u2028y", "c": "\x85", "d": "\u2028\ue000\ufeff"}
    assert source.findings == ()

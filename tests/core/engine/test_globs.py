"""Patterns for paths, judged by the shell's way and by a library that was made for them."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wcmatch import glob

from core.engine.globs import path_matches
from core.errors import InvalidArgumentError

FLAGS = glob.GLOBSTAR | glob.BRACE | glob.DOTGLOB | glob.FORCEUNIX


@pytest.mark.parametrize(
    ("pattern", "fits", "fits_not"),
    [
        ("*.txt", ["a.txt", ".txt", "é.txt", "a\nb.txt"], ["a/b.txt", "a.txtx", ""]),
        ("?.c", ["a.c", "é.c", "\udcff.c"], ["ab.c", "/.c"]),
        ("[a-c]x", ["ax", "cx"], ["dx", "x"]),
        ("[!a-c]x", ["dx"], ["ax", "/x"]),
        ("[]]", ["]"], ["a"]),
        ("[!]]", ["a"], ["]"]),
        ("[a-]", ["a", "-"], ["b"]),
        ("[[:digit:]x]", ["4", "x"], ["a", ":"]),
        ("[z-a]", [], ["z", "a", "m"]),
        ("[[:nothing:]]", [], ["a", ":"]),
        ("[a/b]", ["[a/b]"], ["a-b", "a"]),
        ("a[", ["a["], ["a"]),
        ("{a,b/c}.x", ["a.x", "b/c.x"], ["c.x"]),
        ("{a,{b,c}}{1,2}", ["a1", "c2"], ["a", "{b,c}1"]),
        ("{a}", ["{a}"], ["a"]),
        ("{a,b", ["{a,b"], ["a"]),
        ("{a\\,b}", ["{a,b}"], ["a"]),
        ("\\*", ["*"], ["a"]),
        ("a\\", ["a\\"], ["a"]),
        ("**/x", ["x", "a/x", "a/b/x", "/x", "/a/x"], ["ax", "a/bx"]),
        ("a/**", ["a/b", "a/b/c"], ["a", "b/a"]),
        ("/w/**/b/*.o", ["/w/b/x.o", "/w/a/b/x.o"], ["/w/x.o", "/w/b/c/x.o"]),
        ("a**b", ["ab", "axb"], ["a/b"]),
        ("**", ["a", "a/b", "/a"], []),
        ("\udcff*", ["\udcffx", "\ufffdx"], ["x"]),
    ],
)
def test_a_pattern_matches_as_in_a_shell(pattern: str, fits: list[str], fits_not: list[str]) -> None:
    assert [path for path in fits if not path_matches(path, pattern)] == []
    assert [path for path in fits_not if path_matches(path, pattern)] == []


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("/w/" + "**/a/" * 40 + "b", "/w" + "/a" * 500),
        ("**/*/" * 40 + "b", "a/" * 500),
        ("*a" * 120 + "b", "a" * 1000),
        ("{**/a,**/*}/" * 6 + "b", "a/" * 500),
        ("[!b]*" * 50 + "c", "a" * 1000),
    ],
)
@pytest.mark.hostile("B47")
def test_no_pattern_takes_long_on_any_path(pattern: str, path: str) -> None:
    began = time.process_time()
    assert not path_matches(path, pattern)
    assert time.process_time() - began < 2


@pytest.mark.parametrize("pattern", ["{a,b}" * 7, "{" + "a," * 101 + "}", "{a,{b,c}}" * 20])
@pytest.mark.hostile("B47")
def test_a_pattern_that_stands_for_too_many_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidArgumentError, match="at most 100 alternatives"):
        path_matches("a", pattern)


def test_numbers_in_braces_are_written_out() -> None:
    assert not path_matches("1", "{1..1000000000}")
    assert path_matches("{1..3}", "{1..3}")


_PARTS = st.sampled_from(
    ["*", "**/", "/", "?", "[a-b]", "[!a]", "{a,b}", "{a,b/c,}", "a", "b", "c", ".", "-", "[[:alpha:]]"]
)
_PATHS = st.lists(st.text("abc.-", min_size=1, max_size=3), min_size=1, max_size=4).map("/".join)


@settings(max_examples=400, deadline=None)
@given(st.lists(_PARTS, min_size=1, max_size=6).map("".join), _PATHS)
def test_it_matches_what_wcmatch_matches(pattern: str, path: str) -> None:
    if {".", ".."} & set(path.split("/")) or "//" in pattern or pattern.endswith("/"):
        return  # paths have no such parts, and patterns are brought to that form before
    assert path_matches(path, pattern) == bool(glob.globmatch(path, pattern, flags=FLAGS))

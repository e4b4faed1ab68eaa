"""Did you mean."""

from __future__ import annotations

import pytest

from core.plan.nearness import SYNONYMS, did_you_mean, distance, nearest

KEYS = ("image", "commands", "needs", "env", "services", "if", "timeout", "working_directory")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("requries", ("requires",)),
        ("imgae", ("image",)),
        ("Image", ("image",)),
        ("working-directory", ("working_directory",)),
        ("servcies", ("services",)),
        ("fi", ("if",)),
        ("envv", ("env",)),
        ("evnn", ()),
        ("tiemouts", ("timeout",)),
        ("workingdirectory", ("working_directory",)),
        ("xyzzy", ()),
        ("", ()),
        ("x" * 5000, ()),
    ],
)
def test_a_slip_finds_the_name_that_was_meant(name: str, expected: tuple[str, ...]) -> None:
    assert nearest(name, (*KEYS, "requires")) == expected


def test_the_nearest_are_told_first_then_those_that_stand_first() -> None:
    assert nearest("test", ["tests", "best", "text", "test", "rest"]) == ("test", "tests", "best")


@pytest.mark.parametrize(("name", "expected"), [("depends", "needs"), ("environment", "env"), ("cmd", "commands")])
def test_words_of_other_systems_find_ours(name: str, expected: str) -> None:
    assert nearest(name, KEYS, synonyms=SYNONYMS) == (expected,)


def test_a_synonym_of_a_name_that_is_not_known_here_is_not_told() -> None:
    assert nearest("depends", ("image",), synonyms=SYNONYMS) == ()


@pytest.mark.parametrize(
    ("name", "known", "hint"),
    [
        ("needz", ["needs"], "did you mean 'needs'?"),
        ("a", ["b", "c"], "did you mean 'b' or 'c'?"),
        ("a", ["b", "c", "d", "e"], "did you mean 'b', 'c' or 'd'?"),
        ("a", ["xyz"], ""),
    ],
)
def test_the_hint_is_a_question(name: str, known: list[str], hint: str) -> None:
    assert did_you_mean(name, known) == hint


@pytest.mark.parametrize(
    ("one", "other", "edits"),
    [("", "", 0), ("ab", "ba", 1), ("abc", "ca", 3), ("abcd", "acbd", 1), ("kitten", "sitting", 3), ("abc", "abc", 0)],
)
def test_a_swap_of_neighbours_is_one_edit(one: str, other: str, edits: int) -> None:
    assert distance(one, other, 9) == distance(other, one, 9) == edits


def test_distances_are_not_counted_beyond_what_is_asked() -> None:
    assert distance("aaaaaaaa", "bbbbbbbb", 2) == 3
    assert distance("a", "abcdef", 2) == 3

"""Anchors, aliases and merge keys."""

from __future__ import annotations

import pytest

from core.plan.findings import Place
from core.plan.source import MappingNode, Source, node_at, read_source


def plain(text: str) -> object:
    source = read_source(text)
    assert source.findings == ()
    assert source.root is not None
    return source.root.to_plain()


def only(source: Source) -> tuple[str, str, int, int]:
    (finding,) = source.findings
    return finding.code, finding.message, finding.place.line, finding.place.column


def test_an_alias_is_what_its_anchor_is_under_its_own_path() -> None:
    source = read_source("base: &b {image: alpine}\njobs: {a: *b}\n")
    assert source.root is not None
    image = node_at(source.root, ("jobs", "a", "image"))
    assert image is not None
    assert (image.path, image.place) == (("jobs", "a", "image"), Place(1, 18, 1, 24))
    used = node_at(source.root, ("jobs", "a"))
    assert used is not None
    assert used.alias == Place(2, 11, 2, 13)


def test_an_anchor_may_be_given_again_and_the_last_above_counts() -> None:
    assert plain("a: &x 1\nb: *x\nc: &x 2\nd: *x\n") == {"a": 1, "b": 1, "c": 2, "d": 2}


def test_a_merge_key_gives_way_to_the_mappings_own_keys_wherever_they_stand() -> None:
    assert plain("b: &b {x: 1, y: 2}\nc: {y: 3, <<: *b, z: 4}\nd: {<<: *b, x: 9}") == {
        "b": {"x": 1, "y": 2},
        "c": {"y": 3, "x": 1, "z": 4},
        "d": {"y": 2, "x": 9},
    }


def test_of_several_merged_mappings_the_first_counts() -> None:
    text = "a: &a {x: 1}\nb: &b {x: 2, y: 2}\nc: {<<: [*a, *b, {y: 3, z: 3}]}"
    assert plain(text) == {"a": {"x": 1}, "b": {"x": 2, "y": 2}, "c": {"x": 1, "y": 2, "z": 3}}


def test_merged_mappings_merge_in_turn() -> None:
    text = "a: &a {x: 1, y: 1}\nb: &b {<<: *a, y: 2}\nc: {<<: *b, z: 3}"
    assert plain(text) == {"a": {"x": 1, "y": 1}, "b": {"x": 1, "y": 2}, "c": {"x": 1, "y": 2, "z": 3}}


def test_a_merged_entry_says_so_and_has_the_path_where_it_is_used() -> None:
    root = read_source("b: &b {x: 1}\nc: {<<: *b, y: 1}").root
    assert root is not None
    merged = node_at(root, ("c",))
    assert isinstance(merged, MappingNode)
    assert [(name, entry.is_merged, entry.value.path) for name, entry in merged.entries.items()] == [
        ("x", True, ("c", "x")),
        ("y", False, ("c", "y")),
    ]


def test_a_quoted_merge_key_is_a_key() -> None:
    assert plain("'<<': 1") == {"<<": 1}


def test_an_alias_may_be_a_key() -> None:
    assert plain("a: &a x\n*a : 1") == {"a": "x", "x": 1}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: *y", ("E001", "There is no anchor 'y' above this alias.", 1, 4)),
        ("a: [1, &x [*x]]", ("E001", "The anchor 'x' holds an alias to itself.", 1, 12)),
        ("a: &x {<<: *x}", ("E001", "The anchor 'x' holds an alias to itself.", 1, 12)),
        ("a: &x {<<: {b: *x}}", ("E001", "The anchor 'x' holds an alias to itself.", 1, 16)),
        ("a: {<<: 1}", ("E001", "The merge key << takes a mapping, or a list of mappings.", 1, 9)),
        ("a: {<<: [{b: 1}, 2]}", ("E001", "The merge key << takes a mapping, or a list of mappings.", 1, 18)),
        ("a: &x 1", ("W001", "Nothing refers to the anchor 'x'.", 1, 4)),
        ("a: !!str &x 1", ("W001", "Nothing refers to the anchor 'x'.", 1, 10)),
        ("a: 1\nb: 2\na: 3", ("E001", "The key 'a' stands here twice; first in line 1.", 3, 1)),
        ("a: 1\n'a': 3", ("E001", "The key 'a' stands here twice; first in line 1.", 2, 1)),
        ("a: {<<: {x: 1}, <<: {y: 1}}", ("E001", "The key '<<' stands here twice; first in line 1.", 1, 17)),
        ("a: {x: 1, [y]: 2}", ("E001", "A list cannot be a key.", 1, 11)),
        ("image: {{ matrix.x }}", ("E001", "A mapping cannot be a key.", 1, 9)),
        (": 1", ("E001", "A key is missing before ':'.", 1, 1)),
        ("a: !Ref b", ("E001", "The YAML tag !Ref means nothing here.", 1, 4)),
        ("a: !Ref {b: 1}", ("E001", "The YAML tag !Ref means nothing here.", 1, 4)),
        ("a: !!set {b, c}", ("E001", "The YAML tag !!set means nothing here.", 1, 4)),
        ("a: !!python/name:os.system x", ("E001", "The YAML tag !!python/name:os.system means nothing here.", 1, 4)),
        ("a: !<tag:x,2000:y> b", ("E001", "The YAML tag !<tag:x,2000:y> means nothing here.", 1, 4)),
    ],
)  # fmt: skip
@pytest.mark.hostile("B41")
def test_what_cannot_be_built_is_named_with_its_place(text: str, expected: tuple[str, str, int, int]) -> None:
    assert only(read_source(text)) == expected


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("a: &image x\nb: *imgae\nc: *image", "did you mean 'image'?"),
        ("if: !success()", "'!' begins a YAML tag: write if: ${{ !success() }}"),
        ("a: !reference [x, y]", "use extends, or an anchor and an alias"),
        ("image: {{ x }}", "an expression is written in quotes: '${{ x }}'"),
        ("a: {<<: {x: 1}, <<: {y: 1}}", "merge several mappings by << : [*one, *two]"),
    ],
)
def test_the_hint_says_what_to_write(text: str, hint: str) -> None:
    assert [finding.hint for finding in read_source(text).findings] == [hint]


def test_the_rest_is_read_on_after_such_findings() -> None:
    source = read_source("a: *x\nb: !y z\nc: 1\nc: 2\nd: {{e}}\nf: 4\n")
    assert [finding.place.line for finding in source.findings] == [1, 2, 4, 5]
    assert source.root is not None
    assert source.root.to_plain() == {"a": None, "b": "z", "c": 1, "d": {}, "f": 4}


def test_a_fault_that_aliases_repeat_is_told_once() -> None:
    source = read_source("a: &a {x: 1, x: 2}\nb: [*a, *a, *a]\n")
    assert [finding.path for finding in source.findings] == ["a.x"]


@pytest.mark.hostile("B40")
def test_a_repeated_key_names_the_place_of_the_first() -> None:
    (finding,) = read_source("jobs:\n  a: 1\n  a: 2\n").findings
    assert [note.place for note in finding.related] == [Place(2, 3, 2, 4)]
    assert finding.path == "jobs.a"

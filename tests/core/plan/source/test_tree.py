"""The tree: places, paths, plain values."""

from __future__ import annotations

import json

import pytest

from core.plan.findings import Place
from core.plan.source import ListNode, MappingNode, Node, Plain, Scalar, Source, node_at, path_text, read_source, walk

PIPELINE = """\
name: ci  # what it is called
jobs:
  build:
    needs: [lint, "unit"]
    commands:
      - make
      - |
        set -e
        make test
  'last one': {image: alpine}
"""


def tree(text: str | bytes) -> MappingNode:
    source = read_source(text)
    assert source.findings == ()
    assert isinstance(source.root, MappingNode)
    return source.root


def node(root: Node, *path: str | int) -> Node:
    found = node_at(root, path)
    assert found is not None
    return found


def test_a_tree_is_plain_values_in_their_order() -> None:
    plain = tree(PIPELINE).to_plain()
    assert plain == {
        "name": "ci",
        "jobs": {
            "build": {"needs": ["lint", "unit"], "commands": ["make", "set -e\nmake test\n"]},
            "last one": {"image": "alpine"},
        },
    }
    assert list(plain) == ["name", "jobs"]


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ((), (1, 1, 10, 30)),
        (("name",), (1, 7, 1, 9)),
        (("jobs", "build"), (4, 5, 9, 18)),
        (("jobs", "build", "needs"), (4, 12, 4, 26)),
        (("jobs", "build", "needs", 0), (4, 13, 4, 17)),
        (("jobs", "build", "needs", 1), (4, 19, 4, 25)),
        (("jobs", "build", "commands"), (6, 7, 9, 18)),
        (("jobs", "build", "commands", 1), (7, 9, 9, 18)),
        (("jobs", "last one"), (10, 15, 10, 30)),
    ],
)
def test_each_value_knows_its_place(path: tuple[str | int, ...], place: tuple[int, int, int, int]) -> None:
    found = node(tree(PIPELINE), *path)
    assert (found.place, found.path) == (Place(*place), path)


def test_a_key_knows_its_place_and_the_path_of_its_value() -> None:
    jobs = node(tree(PIPELINE), "jobs")
    assert isinstance(jobs, MappingNode)
    key = jobs.entries["last one"].key
    assert (key.place, key.path, key.raw) == (Place(10, 3, 10, 13), ("jobs", "last one"), "'last one'")


def test_the_place_behind_an_anchor_and_a_tag_is_the_values_own() -> None:
    root = tree("a: &x !!str  # why\n  3\nb: *x\nc: &y {k: 1}\nd: *y\ne: [&z , *z]\n")
    assert node(root, "a").place == Place(2, 3, 2, 4)
    assert node(root, "c").place == Place(4, 7, 4, 13)
    empty = node(root, "e", 0)
    assert isinstance(empty, Scalar)
    assert (empty.raw, empty.value) == ("", None)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_every_line_end_counts_once(line_end: str) -> None:
    root = tree(PIPELINE.replace("\n", line_end))
    assert root.to_plain() == tree(PIPELINE).to_plain()
    assert [found.place for found in walk(root)] == [found.place for found in walk(tree(PIPELINE))]


def test_columns_count_characters_also_beyond_a_byte_order_mark() -> None:
    root = tree("\ufeff{é😀: x, y: z}".encode())
    assert node(root, "y").place == Place(1, 12, 1, 13)


def test_json_is_yaml_also_with_tabs_and_without_blanks() -> None:
    value: Plain = {"a": [1, 2.5, None, True, "x: y", "\\/é\t😀"], "b": {"": {}}, "c": []}
    for text in (json.dumps(value), json.dumps(value, indent="\t"), json.dumps(value, separators=(",", ":"))):
        assert tree(text).to_plain() == value


@pytest.mark.parametrize("text", ["a:\tb", "a: b\t# c", "a: [1,\t2]", "a:  \tb"])
def test_tabs_may_stand_between_tokens(text: str) -> None:
    assert read_source(text).findings == ()


def test_a_scalar_or_a_list_may_be_all_there_is() -> None:
    assert [read_source(text).root for text in ("12", "[]")] != [None, None]
    root = read_source("- a\n- b\n").root
    assert isinstance(root, ListNode)
    assert root.to_plain() == ["a", "b"]


def test_a_key_is_the_text_that_was_written() -> None:
    root = tree("on: 1\n3.10: 2\ntrue: 3\n~: 4\n0x1F: 5\n? six\n: 6\n")
    assert list(root.entries) == ["on", "3.10", "true", "~", "0x1F", "six"]


def test_walking_meets_every_value_in_the_order_of_the_file() -> None:
    found = [path_text(each.path) for each in walk(tree(PIPELINE))]
    assert found == [
        "",
        "name",
        "jobs",
        "jobs.build",
        "jobs.build.needs",
        "jobs.build.needs[0]",
        "jobs.build.needs[1]",
        "jobs.build.commands",
        "jobs.build.commands[0]",
        "jobs.build.commands[1]",
        "jobs['last one']",
        "jobs['last one'].image",
    ]


@pytest.mark.parametrize(
    "path", [("x",), ("jobs", 0), ("jobs", "build", "needs", 2), ("name", "x"), (0,), ("jobs", "build", "needs", -1)]
)
def test_a_path_that_leads_nowhere_has_no_node(path: tuple[str | int, ...]) -> None:
    assert node_at(tree(PIPELINE), path) is None


def test_a_path_quotes_what_is_no_name() -> None:
    assert path_text(("env", "A.B", "it's", 0, "x-y")) == "env['A.B']['it''s'][0].x-y"


def test_comments_are_kept_and_told_from_what_looks_like_one() -> None:
    source: Source = read_source(
        "# first\na: x#y  # why\nb: '# no'\nc: | # head\n  # shell\n  make # too\n# between\nd: \"a\n  # b\"\n# last\n"
    )
    assert [(comment.text, comment.place.line, comment.is_alone) for comment in source.comments] == [
        ("first", 1, True),
        ("why", 2, False),
        ("head", 4, False),
        ("between", 7, True),
        ("last", 10, True),
    ]


def test_text_without_comments_has_none() -> None:
    assert read_source("a: b").comments == ()

"""Files for the command line are read by YAML 1.2, strictly, and always become something that JSON can say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.plan.source import read_source
from orcaops_mcp.cli.job_request import parse_object
from orcaops_mcp.cli.plain_data import read_plain
from orcaops_mcp.client.errors import ClientError

ROOT = Path(__file__).parents[3]
FILES = sorted(ROOT.glob("workflows/**/*.yaml"))
LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def refused(text: str, path: str = "job.yaml") -> str:
    with pytest.raises(ClientError) as caught:
        parse_object(path, text, "a job")
    assert caught.value.code == "invalid_spec"
    return caught.value.message


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("yes", "yes"), ("on", "on"), ("true", True), ("False", False), ("~", None), ("", None), ("'~'", "~"),
        ("5", 5), ("-5", -5), ("010", 10), ("0x1F", 31), ("0o17", 15), ("1.5", 1.5), ("1e3", 1000.0), ("1:30", "1:30"),
        ("1_000", "1_000"), ("2026-01-02", "2026-01-02"), (".nan", ".nan"), (".inf", ".inf"), ("1e999", "1e999"),
        ("9" * 5000, "9" * 5000), ("[a, 1]", ["a", 1]), ("{8: x}", {"8": "x"}), ('"1"', "1"), ("|\n  1\n", "1\n"),
    ],
)  # fmt: skip
@pytest.mark.hostile("B42")
def test_a_word_means_what_it_means_in_a_workflow(written: str, value: object) -> None:
    found: Any = read_plain(f"a: {written}")
    assert found == {"a": value}
    assert type(found["a"]) is type(value)
    json.dumps(found, allow_nan=False).encode()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: 2\na: 3", "job.yaml:3:1 the key 'a' stands twice"),
        ("a: !!binary aGk=", "job.yaml:1:4 tags are not taken"),
        ("a: !!set {x}", "job.yaml:1:4 tags are not taken"),
        ("a: !!python/object:os.system {}", "job.yaml:1:4 tags are not taken"),
        ("? [a]\n: b", "job.yaml:1:3 a key has to be a plain text"),
        ("a: &a [*a]", "one inside itself"),
        ("a: [b", "job.yaml:2:1 did not find"),
        ("a: *b", "job.yaml:1:4 found undefined alias"),
        ("<<: 5", "<< takes a mapping"),
        ("a: 1\n---\nb: 2", "job.yaml:2:1"),
        ("a: \x01", "job.yaml:"),
        ("[" * 400 + "]" * 400, "inside each other"),
        ("[1]", "does not hold a job"),
        ("", "does not hold a job"),
    ],
)
@pytest.mark.hostile("B39", "B40", "B41", "B43")
def test_what_is_no_plain_data_is_told_with_its_place(text: str, said: str) -> None:
    assert said in refused(text)


@pytest.mark.hostile("B37")
def test_aliases_have_a_budget() -> None:
    assert "more than 100000 values" in refused(LAUGHS)


@pytest.mark.hostile("B37")
def test_merge_keys_bring_what_is_not_there() -> None:
    text = "x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\nz: {<<: [*x, *y], a: 0}\nw: {a: 5, <<: *x}"
    found: Any = read_plain(text)
    assert (found["z"], found["w"]) == ({"a": 0, "b": 2, "c": 4}, {"a": 5, "b": 2})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1, "a": 2}', "the key 'a' stands twice"),
        ('{"a": NaN}', "NaN is not JSON"),
        ('{"a": ' + "[" * 100_000, "nested too deeply"),
        ('{"a": }', "Expecting value"),
    ],
)
@pytest.mark.hostile("B24")
def test_json_is_read_as_strictly(text: str, said: str) -> None:
    assert said in refused(text, "job.json")


@pytest.mark.parametrize("path", FILES, ids=[path.relative_to(ROOT).as_posix() for path in FILES])
def test_files_say_to_the_command_line_what_they_say_to_the_engine(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    root = read_source(text).root
    assert root is not None
    assert read_plain(text) == root.to_plain()

"""A workflow in its canonical form, with the origin of each value."""

from __future__ import annotations

import json

import pytest

from core.plan.expand import expand_workflow
from core.plan.reading import read_workflow
from tests.core.plan.reading.asking import PIPELINE, reading, told

TEMPLATES = """\
name: release
defaults: {timeout: 5m}
jobs:
  .python:
    image: python:3.12-slim
    env: {PIP_NO_INPUT: "1", V: 3.10}
  package:
    extends: .python
    requires: [lint]
    run: |
      pip install build
      echo "a: $B" >> "$GITHUB_OUTPUT"
  lint: {extends: .python, script: ruff check}
"""


def test_each_value_tells_its_line_and_its_template() -> None:
    lines = [" ".join(line.split()) for line in expand_workflow(reading(TEMPLATES)).splitlines()]
    assert lines == [
        "name: release # line 1",
        "jobs:",
        "package:",
        "image:",
        "name: python:3.12-slim # line 5, from .python",
        "env:",
        'PIP_NO_INPUT: "1" # line 6, from .python',
        'V: "3.10" # line 6, from .python',
        "needs:",
        "- job: lint # line 9",
        "timeout: 5m # line 2, from defaults",
        "steps:",
        "- commands:",
        "- | # line 10",
        "pip install build",
        'echo "a: $B" >> "$GITHUB_OUTPUT"',
        "lint:",
        "image:",
        "name: python:3.12-slim # line 5, from .python",
        "env:",
        'PIP_NO_INPUT: "1" # line 6, from .python',
        'V: "3.10" # line 6, from .python',
        "timeout: 5m # line 2, from defaults",
        "steps:",
        "- commands: [ruff check] # line 13",
    ]


@pytest.mark.parametrize("text", [PIPELINE, TEMPLATES])
def test_the_expanded_text_means_the_same(text: str) -> None:
    found = reading(text)
    again = read_workflow(expand_workflow(found), "ci.yaml")
    assert told(again) == ""
    assert again.spec == found.spec


@pytest.mark.parametrize(
    "command",
    ["a\n", "a\nb", "a\nb\n\n", " a\nb", "a\n  b\nc", "a \nb", "\na", "a\tb\nc", "a: b", "- a", "#a", "a #b", "a:", "'",
     '"\\"', "true", "1", "~", "[a]", "{a}", "&a", "*a", "!a", "%a", "@a", "`a", "|", ">", "é\nü", "\x85", "a\r\nb",
     "a, b", "😀", "${{ x }}", "", " ", "a\n\nb\n", "\u2028"],
)  # fmt: skip
def test_any_text_survives(command: str) -> None:
    document = {"jobs": {"a": {"image": "alpine", "commands": [command, "x" * 50], "env": {"A": command}}}}
    found = read_workflow(json.dumps(document))
    assert found.findings == ()
    again = read_workflow(expand_workflow(found))
    assert again.spec == found.spec


def test_values_keep_their_types() -> None:
    found = reading(
        "jobs: {a: {image: alpine, run: x, matrix: {v: [1, 1.5, '1', true, null, [], {}, .inf, 0x1F, {a: b}]}}}"
    )
    assert read_workflow(expand_workflow(found), "ci.yaml").spec == found.spec


def test_what_is_no_workflow_expands_to_nothing() -> None:
    assert expand_workflow(read_workflow("[1]")) == ""

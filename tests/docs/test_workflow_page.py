"""What the page about workflows says is what the language does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core import check_workflow, plan_tree

_PAGE = (Path(__file__).resolve().parents[2] / "docs" / "how-to" / "write-a-workflow.md").read_text(encoding="utf-8")
_YAML = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TEXT = re.compile(r"^```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_EXPRESSION = re.compile(r"^\| `(.+?)` \| `('.*'|true|false)` \|$", re.MULTILINE)
_CODE = re.compile(r"\b[EWI]\d{3}\b")


@pytest.mark.parametrize("example", _YAML.findall(_PAGE))
def test_every_example_is_a_workflow_without_faults(example: str) -> None:
    check = check_workflow(example)
    assert check.findings == ()
    assert check.plan is not None


def test_the_plan_that_is_shown_is_that_of_the_example() -> None:
    (example,) = (text for text in _YAML.findall(_PAGE) if text.startswith("name: ci\n"))
    plan = check_workflow(example, "ci.yaml").plan
    assert plan is not None
    assert [plan_tree(plan)] == _TEXT.findall(_PAGE)


@pytest.mark.parametrize(("expression", "value"), _EXPRESSION.findall(_PAGE))
def test_an_expression_is_what_the_page_says(expression: str, value: str) -> None:
    text = expression.replace("\\|", "|").replace('"', '\\"')
    plan = check_workflow(
        f'env: {{A: "${{{{ {text} }}}}"}}\njobs: {{a: {{image: "alpine:3.20", commands: [ls]}}}}\n'
    ).plan
    assert plan is not None
    assert plan.nodes[0].definition.values["env"] == {"A": value.strip("'")}


def test_the_page_shows_expressions_at_all() -> None:
    assert len(_EXPRESSION.findall(_PAGE)) >= 5

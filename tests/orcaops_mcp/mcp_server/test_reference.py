"""The pages on the workflow language say what is true: every file in them is checked, every expression evaluated."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from core import check_workflow
from core.plan.expressions.evaluator import evaluate
from core.plan.expressions.parser import parse_expression
from core.plan.expressions.scope import Scope
from core.plan.expressions.surroundings import Surroundings
from core.plan.expressions.values import plain
from orcaops_mcp.mcp_server.reference_pages import PAGES
from orcaops_mcp.mcp_server.tools import ALL_TOOLS

if TYPE_CHECKING:
    from mcp import Client

_BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_BLOCKS = [(topic, kind, text) for topic, page in PAGES.items() for kind, text in _BLOCK.findall(page)]
_FILES = [(topic, text) for topic, kind, text in _BLOCKS if kind == "yaml"]
_FAULTY = [(kind.removeprefix("yaml "), text) for _, kind, text in _BLOCKS if kind.startswith("yaml ")]
_SAID = [line.split("=>") for _, kind, text in _BLOCKS if kind == "expressions" for line in text.splitlines()]
_CONTEXTS: dict[str, Any] = json.loads(next(text for _, kind, text in _BLOCKS if kind == "json"))


def test_every_page_shows_something_and_is_short() -> None:
    assert set(PAGES) == {"authoring", "running", "expressions", "matrix", "services", "outputs", "errors"}
    for topic, page in PAGES.items():
        assert any(shown == topic for shown, _, _ in _BLOCKS)
        assert len(page.encode()) < 6000, topic
    assert {kind.partition(" ")[0] for _, kind, _ in _BLOCKS} == {"yaml", "json", "expressions"}


@pytest.mark.parametrize(("topic", "text"), _FILES)
def test_every_workflow_on_a_page_is_in_order_and_can_be_planned(topic: str, text: str) -> None:
    check = check_workflow(text, topic)
    assert [str(finding) for finding in check.findings if finding.severity != "info"] == []
    assert check.plan is not None


@pytest.mark.parametrize(("code", "text"), _FAULTY)
def test_every_fault_on_the_page_is_found_with_its_place(code: str, text: str) -> None:
    check = check_workflow(text)
    assert [finding.code for finding in check.findings if finding.severity == "error"] == [code]
    assert check.findings[0].hint


@pytest.mark.parametrize(("expression", "value"), _SAID)
def test_every_expression_on_the_page_has_the_value_it_is_said_to_have(expression: str, value: str) -> None:
    read = parse_expression(expression.strip(), Scope(tuple(_CONTEXTS)))
    assert plain(evaluate(read, Surroundings(_CONTEXTS)).value) == json.loads(value)


def test_the_page_on_matrices_names_the_variants_in_their_order() -> None:
    plan = check_workflow(next(text for topic, text in _FILES if topic == "matrix")).plan
    assert plan is not None
    said = re.findall(r"`(test \([^`]*\))`", PAGES["matrix"])
    assert [node.name for node in plan.nodes] == said


def test_the_pages_name_only_tools_that_exist() -> None:
    for topic, page in PAGES.items():
        assert set(re.findall(r"orcaops_[a-z_]+", page)) <= {tool.name for tool in ALL_TOOLS}, topic


async def test_every_page_can_be_read(client: Client) -> None:
    for topic, page in PAGES.items():
        content: dict[str, Any] = (await client.read_resource(f"orcaops://reference/{topic}")).contents[0].model_dump()
        assert content["text"] == page
        assert content["mime_type"] == "text/markdown"

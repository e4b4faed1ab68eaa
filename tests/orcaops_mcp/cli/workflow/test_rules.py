"""The page of codes: each is one that can be found, and its example has just that finding."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core import check_workflow
from orcaops_mcp.cli.workflow.rules import rules

_ROOT = Path(__file__).resolve().parents[4]
_EXAMPLE = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r'"([EWI]\d{3})"')
WITHOUT_EXAMPLE = {"E106", "E109"}


def _missing(path: str) -> str:
    raise FileNotFoundError(path)


def test_the_page_has_every_code_that_the_language_knows_and_no_other() -> None:
    sources = (path.read_text(encoding="utf-8") for path in (_ROOT / "core" / "plan").rglob("*.py"))
    assert set(rules()) == {code for source in sources for code in _CODE.findall(source)}


@pytest.mark.parametrize("code", sorted(rules().keys() - WITHOUT_EXAMPLE))
def test_an_example_has_the_finding_that_it_stands_under_and_no_other(code: str) -> None:
    (example,) = _EXAMPLE.findall(rules()[code].text)
    found = check_workflow(example, "example.yaml", load=_missing).findings
    assert {finding.code for finding in found} == {code}


@pytest.mark.parametrize("rule", rules().values(), ids=lambda rule: rule.code)
def test_a_rule_says_what_to_write_instead(rule: tuple[str, str, str]) -> None:
    code, title, text = rule
    assert title
    assert code in WITHOUT_EXAMPLE or "Instead: " in text or "Nothing has to be changed" in text

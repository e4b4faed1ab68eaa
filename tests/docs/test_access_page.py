"""What the pages on access say is what the door does."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import yaml

from orcaops_mcp.daemon.guards import GuardedProtocol, rules_for
from orcaops_mcp.settings import HttpSettings, Settings

_ROOT = Path(__file__).resolve().parents[2]
_PAGE = (_ROOT / "docs" / "explanation" / "access.md").read_text(encoding="utf-8")
_HOW_TO = (_ROOT / "docs" / "how-to" / "connect-over-http.md").read_text(encoding="utf-8")
_GUARDS = _ROOT / "orcaops_mcp" / "daemon" / "guards"
_SETTING = re.compile(r"^\| `http\.(\w+)` \| ([0-9,]+|auto)( MiB)? \|$", re.MULTILINE)
_CODE = re.compile(r"\b(303|4\d\d|503) `(\w+)`")
_YAML = re.compile(r"^```yaml\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def refusals() -> set[tuple[int, str]]:
    """Status and code of every refusal that the guards can make."""
    found: set[tuple[int, str]] = set()
    for path in _GUARDS.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Refusal":
                found.add((ast.literal_eval(node.args[0]), ast.literal_eval(node.args[1])))
    return found


def test_every_refusal_is_on_the_page_and_no_other() -> None:
    assert len(refusals()) > 8
    assert {(int(status), code) for status, code in _CODE.findall(_PAGE)} == refusals()
    assert {(int(status), code) for status, code in _CODE.findall(_HOW_TO)} <= refusals()


def test_every_setting_of_the_door_is_on_the_page_with_its_default() -> None:
    stated: dict[str, object] = {
        name: value if value == "auto" else int(value.replace(",", "")) * (1024 * 1024 if unit else 1)
        for name, value, unit in _SETTING.findall(_PAGE)
    }
    assert stated == HttpSettings().model_dump()


def test_the_time_for_a_head_is_the_one_on_the_page() -> None:
    assert f"within {GuardedProtocol.head_s:.0f} seconds" in _PAGE


def test_the_configuration_on_the_page_is_valid() -> None:
    blocks = _YAML.findall(_HOW_TO)
    assert blocks
    for block in blocks:
        settings = Settings.model_validate(yaml.safe_load(block))
        assert rules_for(settings, 8787, "correct-horse-battery").reading_needs_token

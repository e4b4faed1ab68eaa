"""Every policy on the page about policies is one, and every word of the language is on it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from core import CALLERS, read_policy
from core.policy.policy import Resource
from core.spec.sandbox import Loosening

_PAGE = (Path(__file__).resolve().parents[2] / "docs" / "how-to" / "write-a-policy.md").read_text(encoding="utf-8")
_BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", _PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("text", _BLOCKS)
def test_every_example_is_a_policy(text: str) -> None:
    assert read_policy(text).source == "policy.yaml"


@pytest.mark.parametrize("word", [*get_args(Loosening), *CALLERS])
def test_every_word_is_explained(word: str) -> None:
    assert word == "network" or f"`{word}`" in _PAGE


@pytest.mark.parametrize("name", get_args(Resource))
def test_every_ceiling_is_shown(name: str) -> None:
    assert f"{name}:" in _PAGE

"""What may be declared of an input."""

from __future__ import annotations

import re
from typing import Any

import pytest
from pydantic import ValidationError

from core.spec.inputs import InputSpec


@pytest.mark.parametrize(
    ("fields", "saying"),
    [
        ({"type": "choice"}, "a choice needs options"),
        ({"type": "string", "options": ["a"]}, "options go with type choice, not with string"),
        ({"type": "choice", "options": ["a", "a"]}, "name a text twice"),
        ({"type": "number", "pattern": "a"}, "pattern goes with type string, not with number"),
        ({"type": "boolean", "min": 1}, "min and max go with type number, not with boolean"),
        ({"type": "number", "min": 2, "max": 1}, "min is greater than max"),
        ({"pattern": "(?=a)"}, "no look-around"),
        ({"pattern": "("}, "not an expression that RE2 reads"),
        ({"pattern": "a" * 1001}, "longer than 1000 characters"),
        ({"type": "text"}, "Input should be 'string', 'number', 'boolean', 'choice' or 'json'"),
    ],
)
def test_what_does_not_go_together_is_refused(fields: dict[str, Any], saying: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(saying)):
        InputSpec.model_validate(fields)


def test_a_pattern_holds_for_the_whole_text() -> None:
    spec = InputSpec(pattern="[0-9]+|latest")
    assert [spec.matches(text) for text in ("12", "latest", "12a", "a12", "", "12\n")] == [
        True, True, False, False, False, False,
    ]  # fmt: skip


def test_without_a_pattern_every_text_will_do() -> None:
    assert InputSpec().matches("anything\nat all")


@pytest.mark.hostile("B47")
def test_a_hostile_pattern_takes_linear_time() -> None:
    assert not InputSpec(pattern="(a+)+b").matches("a" * 50_000)

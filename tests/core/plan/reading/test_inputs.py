"""The inputs of a workflow, as they are declared."""

from __future__ import annotations

import pytest

from core.spec.inputs import InputSpec
from tests.core.plan.reading.asking import only, reading, spec, told

JOBS = "jobs: {a: {image: alpine, run: x}}\n"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("", InputSpec()),
        ("{}", InputSpec()),
        ("{description: d, required: true}", InputSpec(description="d", required=True)),
        ("{type: string, default: 3.10}", InputSpec(default="3.10")),
        ("{default: 007}", InputSpec(default="007")),
        ("{default: true}", InputSpec(default="true")),
        ("{type: number, default: 3, min: 1, max: 5.5}", InputSpec(type="number", default=3, min=1, max=5.5)),
        ("{type: boolean, default: false}", InputSpec(type="boolean", default=False)),
        ("{type: choice, options: [1, b], default: 1}", InputSpec(type="choice", options=("1", "b"), default="1")),
        ("{type: json, default: {a: [1]}}", InputSpec(type="json", default={"a": [1]})),
        ("{pattern: '^a+$', default: aa}", InputSpec(pattern="^a+$", default="aa")),
        ("{type: number, default: '${{ vars.n }}'}", InputSpec(type="number", default="${{ vars.n }}")),
        ("{default: ~}", InputSpec()),
    ],
)
def test_an_input_is_read(written: str, expected: InputSpec) -> None:
    assert spec(f"inputs: {{a: {written}}}\n{JOBS}").inputs == {"a": expected}


@pytest.mark.parametrize(
    ("written", "column", "message"),
    [
        ("[1]", 13, "'a' must be a mapping with type, default and the like, not a list."),
        ("x", 13, "must be a mapping with type, default and the like, not a text."),
        ("{type: nmber}", 20, "not 'nmber'"),
        ("{type: choice}", 13, "a choice needs options"),
        ("{options: [a]}", 13, "options go with type choice"),
        ("{type: choice, options: []}", 37, "'options' is an empty list"),
        ("{type: number, min: 3, max: 1}", 13, "min is greater than max"),
        ("{type: number, default: x}", 37, "The default of 'a' must be a number."),
        ("{type: number, default: 9, max: 5}", 37, "The default of 'a' must be at most 5."),
        ("{type: boolean, default: [1]}", 38, "The default of 'a' must be true or false."),
        ("{type: choice, options: [a], default: b}", 51, "The default of 'a' must be one of a."),
        ("{pattern: '(?=x)'}", 23, "not an expression that RE2 reads"),
        ("{pattern: a, default: b}", 35, "The default of 'a' must match the pattern"),
        ("{required: yes}", 24, "'required' must be true or false"),
        ("{defualt: 1}", 14, "Unknown key 'defualt' in an input."),
        ("{type: json, default: [3.10]}", 36, "3.10 is the number 3.1."),
    ],
)
def test_a_fault_of_an_input_is_told(written: str, column: int, message: str) -> None:
    found = reading(f"inputs: {{a: {written}}}\n{JOBS}")
    assert message in told(found)
    assert column in [finding.place.column for finding in found.findings], told(found)


def test_an_input_at_fault_is_declared_all_the_same() -> None:
    found = reading(f"inputs: {{a: {{type: choice, required: true}}, b: [1], '9': {{}}}}\n{JOBS}")
    assert found.spec is not None
    assert found.spec.inputs == {"a": InputSpec(required=True), "b": InputSpec()}


def test_two_inputs_that_differ_in_case_alone_are_one_too_many() -> None:
    assert only(reading(f"inputs: {{a: , A: }}\n{JOBS}")).code == "E010"


def test_the_expressions_of_a_default_may_name_what_is_known_before_the_run() -> None:
    found = reading(f"inputs: {{a: {{type: json, default: ['${{{{ vars.x }}}}']}}}}\n{JOBS}")
    assert [(site.path, site.where.name) for site in found.sites] == [(("inputs", "a", "default", 0), "RUN")]


def test_githubs_keys_of_an_input_are_read() -> None:
    found = reading(f"inputs: {{a: {{type: environment, deprecationMessage: x, deprecation_message: y}}}}\n{JOBS}")
    assert [finding.code for finding in found.findings] == ["I160", "E002", "I160"]

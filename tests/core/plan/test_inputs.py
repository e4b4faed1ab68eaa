"""Values for declared inputs, as people, programs and command lines give them."""

from __future__ import annotations

from typing import Any

import pytest

from core.plan.inputs import check_inputs, check_value, default_findings, inputs_shape, sample_inputs
from core.spec.inputs import InputSpec

SPECS = {
    "version": InputSpec(required=True, description="what to build", pattern=r"v[0-9]+"),
    "count": InputSpec(type="number", default=2, min=1, max=10),
    "verbose": InputSpec(type="boolean"),
    "target": InputSpec(type="choice", options=("debug", "release"), default="debug"),
    "extra": InputSpec(type="json"),
}


def faults(given: dict[str, Any]) -> dict[str, str]:
    return {finding.path: finding.message for finding in check_inputs(SPECS, given).findings}


def test_values_come_out_typed_and_in_the_order_of_the_declaration() -> None:
    checked = check_inputs(SPECS, {"extra": [1, {"a": None}], "verbose": True, "version": "v3"})
    assert not checked.findings
    assert list(checked.values.items()) == [
        ("version", "v3"),
        ("count", 2),
        ("verbose", True),
        ("target", "debug"),
        ("extra", [1, {"a": None}]),
    ]


def test_a_command_lines_texts_are_read_as_what_is_declared() -> None:
    given = {"version": "v1", "count": " 3 ", "verbose": "True", "extra": '{"a": [1.5]}'}
    checked = check_inputs(SPECS, given)
    assert not checked.findings
    assert checked.values == {
        "version": "v1", "count": 3, "verbose": True, "target": "debug", "extra": {"a": [1.5]},
    }  # fmt: skip


def test_what_is_not_given_and_has_no_default_is_empty() -> None:
    specs = {
        "text": InputSpec(),
        "number": InputSpec(type="number"),
        "flag": InputSpec(type="boolean"),
        "choice": InputSpec(type="choice", options=("a",)),
        "data": InputSpec(type="json"),
    }
    assert check_inputs(specs, {}).values == {"text": "", "number": 0, "flag": False, "choice": "", "data": None}


def test_every_fault_is_told_at_once_and_none_of_the_values() -> None:
    given = {"versoin": "hunter2", "count": 11, "verbose": "hunter2", "target": "hunter2", "extra": "{hunter2"}
    checked = check_inputs(SPECS, given)
    assert faults(given) == {
        "inputs.versoin": "no such input; did you mean 'version'?",
        "inputs.version": "required, and missing",
        "inputs.count": "must be at most 10",
        "inputs.verbose": "must be true or false",
        "inputs.target": "must be one of debug, release",
        "inputs.extra": "must be JSON; a text itself is written in double quotes",
    }
    assert "hunter2" not in repr(checked.findings)
    assert checked.values == {}


@pytest.mark.parametrize(
    ("name", "value", "saying"),
    [
        ("version", 3, "must be a text"),
        ("version", "v1 ", "must match the pattern v[0-9]+ as a whole"),
        ("version", "v1\0", "a NUL character cannot be passed to a process"),
        ("version", "v\ud800", "the text is not valid Unicode (it holds half a surrogate pair)"),
        ("count", 0, "must be at least 1"),
        ("count", True, "must be a number"),
        ("count", "three", "must be a number"),
        ("count", float("nan"), "must be a number"),
        ("count", 10**400, "must be a number"),
        ("count", "9" * 5000, "must be a number"),
        ("verbose", 1, "must be true or false"),
        ("target", ["debug"], "must be one of debug, release"),
        ("extra", {"a": {1, 2}}, "must be JSON"),
        ("extra", [float("inf")], "must be JSON: numbers are finite there"),
        ("extra", ["\ud800"], "the text is not valid Unicode (it holds half a surrogate pair)"),
    ],
)
def test_a_wrong_value_is_told_what_it_must_be(name: str, value: Any, saying: str) -> None:
    assert check_value(SPECS[name], value)[1] == saying


def test_data_that_nests_without_end_is_refused() -> None:
    nested: list[Any] = []
    for _ in range(5000):
        nested = [nested]
    assert check_value(InputSpec(type="json"), nested)[1].startswith("cannot be read")
    assert check_value(InputSpec(type="json"), "[" * 100_000)[1].startswith("must be JSON")


def test_names_are_found_without_regard_to_case() -> None:
    assert check_inputs(SPECS, {"VERSION": "v1"}).values["version"] == "v1"
    assert faults({"VERSION": "v1", "version": "v2"}) == {"inputs.version": "given twice, in different spellings"}


def test_null_takes_the_default_but_is_a_value_for_json() -> None:
    specs = {"count": InputSpec(type="number", default=2), "data": InputSpec(type="json", default={"a": 1})}
    assert check_inputs(specs, {"count": None, "data": None}).values == {"count": 2, "data": None}


def test_more_than_a_run_can_keep_is_refused() -> None:
    specs = {"a": InputSpec(), "b": InputSpec()}
    checked = check_inputs(specs, {"a": "x" * 40_000, "b": "y" * 40_000})
    assert [str(finding) for finding in checked.findings] == ["inputs: more than 64 KiB in all"]


def test_a_flood_of_names_is_one_fault() -> None:
    checked = check_inputs(SPECS, {f"name{number}": 1 for number in range(10_000)})
    assert [finding.path for finding in checked.findings] == ["inputs"]


def test_a_missing_input_says_what_it_is_for() -> None:
    assert check_inputs(SPECS, {}).findings[0].hint == "a string: what to build"


def test_defaults_have_to_fit() -> None:
    specs = {
        "count": InputSpec(type="number", default="many"),
        "Count": InputSpec(),
        "target": InputSpec(type="choice", options=("a", "b"), default="c"),
        "fine": InputSpec(type="boolean", default=False),
    }
    assert [str(finding) for finding in default_findings(specs)] == [
        "inputs.count.default: must be a number",
        "inputs.Count: differs from count in case alone, which expressions ignore",
        "inputs.target.default: must be one of a, b",
    ]


def test_defaults_that_no_run_could_keep_are_found() -> None:
    specs = {name: InputSpec(default="x" * 40_000) for name in ("a", "b")}
    assert [str(finding) for finding in default_findings(specs)] == ["inputs: more than 64 KiB in all"]


def test_a_sample_fits_wherever_no_pattern_forbids_it() -> None:
    specs = {name: spec for name, spec in SPECS.items() if name != "version"} | {
        "far": InputSpec(type="number", min=100),
        "low": InputSpec(type="number", max=-5),
    }
    checked = check_inputs(specs, sample_inputs(specs))
    assert not checked.findings
    assert (checked.values["far"], checked.values["low"]) == (100, -5)


def test_what_is_known_of_inputs_before_there_are_any() -> None:
    shape = inputs_shape(SPECS)
    assert shape.at("VERBOSE") is not None
    assert shape.at("verbos") is None

"""What a template is, apart from its expressions."""

from __future__ import annotations

from typing import Any

from core.spec.inputs import InputSpec
from core.spec.template import MAX_TEMPLATE_BYTES, TemplateSpec, read_template


def faults(request: dict[str, Any]) -> list[str]:
    return [str(finding) for finding in read_template(request).findings]


def test_a_template_is_read_as_it_was_written() -> None:
    request = {
        "name": "lint",
        "description": "Style",
        "inputs": {"level": {"type": "number", "default": 2}},
        "job": {"image": "alpine", "env": {"A": "1"}, "cpus": 0.5},
    }
    draft = read_template(request)
    assert draft.findings == ()
    assert draft.spec == TemplateSpec(
        name="lint",
        description="Style",
        inputs={"level": InputSpec(type="number", default=2)},
        job={"image": "alpine", "env": {"A": "1"}, "cpus": 0.5},
    )
    assert TemplateSpec.model_validate_json(draft.spec.model_dump_json()) == draft.spec


def test_every_fault_is_named_with_its_place() -> None:
    request: dict[str, Any] = {
        "name": "not a name",
        "descripton": "x",
        "inputs": {"a b": {}, "kind": {"type": "choice"}, "n": {"typ": "number"}},
        "job": [],
    }
    assert sorted(faults(request)) == sorted(
        [
            "name: 1 to 63 letters, digits, '_', '.' or '-', beginning with a letter or digit",
            "inputs.(key): an input's name is at most 64 letters, digits, '_' and '-', beginning with a letter or '_'",
            "inputs.kind: a choice needs options, the texts to choose from",
            "inputs.n.typ: no such field; did you mean type?",
            "job: must be an object",
            "descripton: no such field; did you mean description?",
        ]
    )


def test_what_can_be_read_beside_a_fault_is_there_to_be_checked() -> None:
    draft = read_template({"inputs": {"good": {"type": "boolean"}, "bad": {"type": "?"}}, "job": {"image": "alpine"}})
    assert [finding.path for finding in draft.findings] == ["name", "inputs.bad.type"]
    assert draft.spec.inputs == {"good": InputSpec(type="boolean"), "bad": InputSpec(type="json")}
    assert draft.spec.job == {"image": "alpine"}


def test_one_that_is_too_large_or_too_deep_is_refused_unread() -> None:
    assert faults({"name": "t", "job": {"script": "x" * MAX_TEMPLATE_BYTES}}) == ["larger than 256 KiB as JSON"]
    nested: list[Any] = []
    for _ in range(10_000):
        nested = [nested]
    assert faults({"name": "t", "job": {"args": nested}}) == ["more than 32 levels of lists and objects"]


def test_a_key_that_is_no_text_is_passed_over_in_what_can_be_read() -> None:
    draft = read_template({"name": "t", "inputs": {1: {}, "good": {"type": "boolean"}}, "job": {}})
    assert draft.findings
    assert draft.spec.inputs == {"good": InputSpec(type="boolean")}


def test_more_inputs_than_there_may_be_are_refused() -> None:
    assert faults({"name": "t", "inputs": {f"i{number}": {} for number in range(101)}, "job": {}})[0].startswith(
        "inputs:"
    )

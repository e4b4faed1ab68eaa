"""The canonical form of a workflow: frozen, equal by value."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields, is_dataclass
from typing import Any

import pytest

import core.spec.workflow as forms
from core.spec.workflow import Expression, RetrySpec, WorkflowJobSpec, WorkflowSpec

SPECS: list[Any] = [getattr(forms, name) for name in forms.__all__ if is_dataclass(getattr(forms, name))]


@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.__name__)
def test_a_specification_never_changes(spec: Any) -> None:
    made = spec.__new__(spec)
    with pytest.raises(FrozenInstanceError):
        setattr(made, fields(spec)[0].name, "x")


def test_equal_workflows_are_equal_and_others_are_not() -> None:
    one = WorkflowSpec(name="x", jobs={"a": WorkflowJobSpec(id="a", retry=RetrySpec(max=1))})
    assert one == WorkflowSpec(name="x", jobs={"a": WorkflowJobSpec(id="a", retry=RetrySpec(max=1))})
    assert one != WorkflowSpec(name="x", jobs={"a": WorkflowJobSpec(id="a", timeout_s=Expression("${{ x }}"))})


def test_what_a_called_file_holds_is_no_part_of_a_calls_equality() -> None:
    called = WorkflowSpec(name="b")
    assert forms.CallSpec(file="b.yaml", workflow=called) == forms.CallSpec(file="b.yaml")

"""The keys under ``on``: GitHub's place for inputs, outputs and secrets. Nothing else of it means anything here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.plan.context import Place as Where
from core.plan.findings import shown
from core.plan.keys.data import Data
from core.plan.keys.input_keys import INPUTS
from core.plan.keys.records import Key, Record, Rules, fields_of
from core.plan.keys.scalars import Flag, Text
from core.plan.keys.structures import AnyOf, Many, Named, Shapes, Short
from core.plan.keys.texts import ID, id_name
from core.plan.source import Scalar

if TYPE_CHECKING:
    from core.plan.keys.report import Report
    from core.plan.source import Node

_TRIGGERS: Final = (
    "branch_protection_rule", "check_run", "check_suite", "create", "delete", "deployment", "deployment_status",
    "discussion", "discussion_comment", "fork", "gollum", "issue_comment", "issues", "label", "merge_group",
    "milestone", "page_build", "public", "pull_request", "pull_request_comment", "pull_request_review",
    "pull_request_review_comment", "pull_request_target", "push", "registry_package", "release",
    "repository_dispatch", "schedule", "status", "watch", "workflow_run",
)  # fmt: skip
_CLOSED: Final = Rules(removable=False)
_NO_TRIGGER: Final = "it is not a trigger here: runs are started from outside"

_OUTPUT_VALUE: Final = Text(Where.WORKFLOW_OUTPUTS, takes_null=True)
_CALL_OUTPUT: Final = Record(
    "callOutput",
    "an output",
    (
        Key(name="value", form=_OUTPUT_VALUE, description="The value, such as ${{ jobs.build.outputs.digest }}."),
        Key(name="description", form=Text(), description="What it is for."),
    ),
    fields_of,
    _CLOSED,
)
_CALL_SECRET: Final = Record(
    "callSecret",
    "a secret",
    (
        Key(name="required", form=Flag(), description="Whether it has to be there."),
        Key(name="description", form=Text(), description="What it is for."),
    ),
    fields_of,
    _CLOSED,
)

_INPUTS: Final = Key(
    name="inputs",
    form=INPUTS,
    description="What whoever starts the workflow gives; inputs.NAME in expressions, with its type.",
)
_DISPATCH: Final = Record("dispatch", "workflow_dispatch", (_INPUTS,), fields_of, _CLOSED)
_CALL: Final = Record(
    "call",
    "workflow_call",
    (
        _INPUTS,
        Key(
            name="outputs",
            form=Named(_CALL_OUTPUT, "outputs by their names", naming=id_name, pattern=ID),
            description="What the workflow hands to whoever calls it.",
        ),
        Key(
            name="secrets",
            form=Named(Short(_CALL_SECRET, "required", None, "a mapping", takes_null=True), "secrets by their names"),
            description="The secrets it uses.",
        ),
    ),
    fields_of,
    _CLOSED,
)
_ON: Final = Record(
    "triggers",
    "the triggers",
    (
        Key(
            name="workflow_dispatch",
            form=Short(_DISPATCH, "inputs", None, "a mapping with inputs", takes_null=True),
            description="GitHub's place for inputs.",
        ),
        Key(
            name="workflow_call",
            form=Short(_CALL, "inputs", None, "a mapping with inputs, outputs, secrets", takes_null=True),
            description="GitHub's place for the inputs, outputs and secrets of a workflow that others call.",
        ),
        *(
            Key(name=name, form=Data(None), description=f"Ignored: {_NO_TRIGGER}.", ignored=_NO_TRIGGER)
            for name in _TRIGGERS
        ),
    ),
    fields_of,
    _CLOSED,
)


class _Trigger(Text):
    """The name of a trigger."""

    def check(self, node: Node, to: Report) -> Node | None:
        """The name; those that start nothing here are told."""
        checked = super().check(node, to)
        if isinstance(checked, Scalar) and checked.text in _TRIGGERS:
            to.say("I160", f"'{checked.text}' is ignored: {_NO_TRIGGER}.", checked)
        elif isinstance(checked, Scalar) and checked.text not in ("workflow_dispatch", "workflow_call"):
            to.say("E004", f"There is no trigger '{shown(checked.text)}'.", checked, _NO_TRIGGER)
        return checked


_NAME: Final = _Trigger(expected="the name of a trigger")
TRIGGERS: Final = AnyOf(
    Shapes(scalar=_NAME, items=Many(_NAME, "names of triggers", lone=False), mapping=_ON), "triggers as on GitHub"
)

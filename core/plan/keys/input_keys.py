"""The keys of inputs."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from core.plan.context import Place as Where
from core.plan.inputs import check_value
from core.plan.keys.data import Data
from core.plan.keys.records import Key, Record, Rules
from core.plan.keys.report import Report, has_expression, is_null, label, made_text
from core.plan.keys.scalars import Choice, Flag, Number, Text
from core.plan.keys.structures import Many, Named, Short
from core.plan.keys.texts import ID, id_name
from core.plan.source import MappingNode, Scalar, walk
from core.spec.inputs import MAX_INPUTS, InputSpec
from core.spec.load import findings_of

if TYPE_CHECKING:
    from core.plan.source import Node

_TEXT_TYPES: Final = ("string", "choice", "environment")


class _Input(Record):
    """An input. Where a text is wanted, a default is the text that was written, not the number YAML reads."""

    def check(self, node: Node, to: Report) -> Node | None:
        """As any record, after that."""
        return super().check(_with_texts(node), to)


def _with_texts(node: Node) -> Node:
    if not isinstance(node, MappingNode):
        return node
    kind = node.get("type")
    if kind is not None and not (isinstance(kind, Scalar) and kind.text in _TEXT_TYPES):
        return node
    default = node.get("default")
    if not isinstance(default, Scalar) or default.value is None or isinstance(default.value, str):
        return node
    entries = dict(node.entries)
    entries["default"] = replace(entries["default"], value=replace(made_text(default.text, default), raw=default.raw))
    return replace(node, entries=MappingProxyType(entries))


def _input(**fields: Any) -> InputSpec:
    try:
        return InputSpec(**fields)
    except ValidationError:
        kind = fields.get("type", "string")
        return InputSpec(type="string" if kind == "choice" else kind, required=fields.get("required", False))


def _inspect_input(node: MappingNode, to: Report) -> None:
    """Say what does not fit together."""
    silent = Report()
    fields = {
        name: INPUT.by_name[name].form.build(entry.value, (), silent)
        for name, entry in node.entries.items()
        if not to.is_spoiled(entry.value) and (name == "default" or not is_null(entry.value))
    }
    try:
        spec = InputSpec.model_validate(fields)
    except ValidationError as error:
        for finding in findings_of(error):
            at = node.get(finding.path.partition(".")[0]) or node
            to.say("E004", f"'{label(node)}': {finding.message}.", at)
        return
    default = node.get("default")
    if default is None or spec.default is None or _holds_expressions(default):
        return
    _, fault = check_value(spec, spec.default)
    if fault:
        to.say("E004", f"The default of '{label(node)}' {fault}.", default)


def _holds_expressions(node: Node) -> bool:
    return any(isinstance(below, Scalar) and has_expression(below) for below in walk(node))


INPUT: Final = _Input(
    "input",
    "an input",
    (
        Key(
            name="type",
            form=Choice(
                ("string", "number", "boolean", "choice", "json"),
                read_as={"environment": "string"},
                synonyms={"bool": "boolean", "int": "number", "integer": "number", "str": "string", "text": "string"},
            ),
            description="What a value has to be.",
            default="string",
        ),
        Key(name="description", form=Text(most=1000), description="What it is for."),
        Key(name="required", form=Flag(), description="Whether a value has to be given.", default=False),
        Key(
            name="default",
            form=Data(Where.RUN),
            description="What applies when nothing is given; an expression in it may name vars, run and github.",
        ),
        Key(
            name="options",
            form=Many(Text(), "a list of texts", least=1, lone=False),
            description="The texts of a choice.",
        ),
        Key(
            name="pattern",
            form=Text(strict=True, most=1000),
            description="A regular expression (RE2) that the whole of a string has to match.",
        ),
        Key(name="min", form=Number(is_whole=False), description="The least number."),
        Key(name="max", form=Number(is_whole=False), description="The greatest number."),
        Key(
            name="deprecation_message",
            form=Text(),
            description="Ignored: write it into the description.",
            ignored="write it into the description",
        ),
    ),
    _input,
    Rules(inspect=_inspect_input, removable=False),
)

_SHORT_INPUT: Final = Short(INPUT, "default", None, "a mapping with type, default and the like", takes_null=True)
INPUTS: Final = Named(
    _SHORT_INPUT, "the inputs by their names", naming=id_name, pattern=ID, folds=True, most=MAX_INPUTS
)

"""What can be said about an expression before it is evaluated: a remark is never a guess."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.plan.expressions.formats import FormatFault, Slot, format_pieces
from core.plan.expressions.json_text import JsonFault, from_json
from core.plan.expressions.nodes import Call, Compare, Constant, Index, Logic, Name, Not, Wildcard, walk
from core.plan.expressions.numbers import number_of
from core.plan.expressions.printing import literal, written
from core.plan.expressions.shapes import (
    ANYTHING,
    BOOLEAN,
    NUMBER,
    TEXT,
    Anything,
    ListShape,
    MappingShape,
    ScalarShape,
    shape_of_scalar,
)
from core.plan.expressions.signatures import SIGNATURES, Origin
from core.plan.expressions.values import truth
from core.plan.nearness import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.plan.expressions.nodes import Node, Span
    from core.plan.expressions.parser import Expression
    from core.plan.expressions.shapes import Shape

_LISTED: Final = 20
_RESULTS: Final = {
    **dict.fromkeys(
        ("contains", "startsWith", "endsWith", "success", "failure", "always", "cancelled"),
        BOOLEAN,
    ),
    **dict.fromkeys(("format", "join", "toJSON", "hashFiles", "lower", "upper", "trim", "replace"), TEXT),
    "length": NUMBER,
    **dict.fromkeys(("split", "keys", "values"), ListShape()),
}


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to say about a part of an expression.

    Attributes:
        code: The code of a finding, such as ``E111``; its letter is the severity.
        message: What is wrong.
        hint: What to write instead.
        span: The part, in characters of the expression from 0.
    """

    code: str
    message: str
    hint: str
    span: Span


def examine(expression: Expression, shapes: Mapping[str, Shape]) -> tuple[Remark, ...]:
    """Properties that cannot exist, comparisons that come out one way only, formats and JSON that cannot be read.

    Args:
        expression: One that was read.
        shapes: What is known of the contexts, by their names in lower case; nothing is said of any other.
    """
    examiner = _Examiner(shapes)
    examiner.shape_of(expression.root)
    return tuple(sorted(examiner.remarks, key=lambda remark: (remark.span, remark.code)))


def shape_of(expression: Expression, shapes: Mapping[str, Shape]) -> Shape:
    """What is known of an expression's result; arguments as in `examine`."""
    return _Examiner(shapes).shape_of(expression.root)


def is_constant(node: Node) -> bool:
    """Whether a tree comes to the same value whatever is given."""
    return not any(
        isinstance(part, Name)
        or (isinstance(part, Call) and SIGNATURES[part.name.lower()].origin in {Origin.STATUS, Origin.FILES})
        for part in walk(node)
    )


class _Examiner:
    """Works out the shape of every node and notes what is remarkable on the way."""

    def __init__(self, shapes: Mapping[str, Shape]) -> None:
        self.remarks: list[Remark] = []
        self._shapes = shapes

    def shape_of(self, node: Node) -> Shape:
        match node:
            case Constant(value):
                return shape_of_scalar(value)
            case Name(name):
                return self._shapes.get(name.lower(), ANYTHING)
            case Index():
                return self._indexed(node)
            case Call():
                return self._called(node)
            case Not() | Compare() | Logic():
                return self._combined(node)

    def _combined(self, node: Not | Compare | Logic) -> Shape:
        match node:
            case Not(operand):
                self.shape_of(operand)
                return BOOLEAN
            case Compare():
                self._compared(node, self.shape_of(node.left), self.shape_of(node.right))
                return BOOLEAN
            case Logic(operator, operands):
                found = [self.shape_of(operand) for operand in operands]
                if operator == "||":
                    self._chosen(operands)
                return found[0] if all(shape == found[0] for shape in found) else ANYTHING

    def _indexed(self, node: Index) -> Shape:
        base = self.shape_of(node.base)
        if isinstance(node.key, Wildcard):
            return ANYTHING
        self.shape_of(node.key)
        if isinstance(base, ScalarShape):
            message = f"'{written(node.base)}' is a {base.kind} and has no properties: this is always null"
            self._remark("W112", message, "", node.span)
            return ANYTHING
        if not isinstance(node.key, Constant):
            return ANYTHING
        key = node.key.value
        if isinstance(base, ListShape):
            return self._item(node, base, key)
        if isinstance(base, MappingShape) and isinstance(key, str):
            return self._property(node, base, key)
        return ANYTHING

    def _item(self, node: Index, base: ListShape, key: object) -> Shape:
        if isinstance(key, str) and math.isnan(number_of(key)):
            hint = f"write {written(node.base)}.*.{key} for the '{key}' of each item"
            self._remark("W112", f"'{written(node.base)}' is a list: this is always null", hint, node.span)
            return ANYTHING
        return base.item

    def _property(self, node: Index, base: MappingShape, key: str) -> Shape:
        found = base.at(key)
        if found is not None:
            return found
        names = list(base.fields)
        listed = ", ".join(names[:_LISTED]) + (", …" if len(names) > _LISTED else "")
        known = f"there {'is' if len(names) == 1 else 'are'}: {listed}" if names else "there are none"
        near = did_you_mean(key, names)
        message = f"'{written(node.base)}' has no '{key}'"
        self._remark("E111", message, f"{near} {known}" if near else known, node.key.span)
        return ANYTHING

    def _compared(self, node: Compare, left: Shape, right: Shape) -> None:
        if isinstance(left, Anything) or isinstance(right, Anything):
            return
        if node.operator not in {"==", "!="}:
            if BOOLEAN in (left, right):
                self._remark("W112", "Booleans have no order", "compare with == or !=", node.span)
            return
        hint = _never_equal(node, left, right) or _never_equal(node, right, left)
        if hint:
            always = "false" if node.operator == "==" else "true"
            self._remark("W112", f"'{written(node)}' is always {always}", hint, node.span)

    def _chosen(self, operands: tuple[Node, ...]) -> None:
        """``a && '' || b`` is always b."""
        for operand in operands[:-1]:
            if isinstance(operand, Logic) and operand.operator == "&&":
                last = operand.operands[-1]
                if isinstance(last, Constant) and not truth(last.value):
                    message = f"'{written(operand)}' is never true, so that what follows || is always taken"
                    self._remark("W113", message, "use case(condition, a, b)", operand.span)

    def _called(self, call: Call) -> Shape:
        for argument in call.arguments:
            self.shape_of(argument)
        first = call.arguments[0] if call.arguments else None
        if isinstance(first, Constant) and isinstance(first.value, str):
            if call.name == "format":
                self._formatted(call, first.value, first.span)
            elif call.name == "fromJSON":
                self._parsed(first.value, first.span)
        return _RESULTS.get(call.name, ANYTHING)

    def _formatted(self, call: Call, text: str, span: Span) -> None:
        given = len(call.arguments) - 1
        try:
            pieces = format_pieces(text, given)
        except FormatFault as fault:
            self._remark("E115", str(fault), f"{given} given after the text; a brace alone is {{{{ or }}}}", span)
            return
        used = {piece.number for piece in pieces if isinstance(piece, Slot)}
        for number in range(given):
            if number not in used:
                unused = call.arguments[number + 1]
                message = f"The text names no {{{number}}}, so that this argument is not used"
                self._remark("W115", message, f"write {{{number}}} in the text, or leave the argument out", unused.span)

    def _parsed(self, text: str, span: Span) -> None:
        try:
            from_json(text)
        except JsonFault as fault:
            hint = "the text must be one JSON value: double quotes, no comments, no trailing comma"
            self._remark("E115", f"Error parsing fromJson: {fault}", hint, span)

    def _remark(self, code: str, message: str, hint: str, span: Span) -> None:
        self.remarks.append(Remark(code, message, hint, span))


def _never_equal(node: Compare, one: Shape, other: Shape) -> str:
    """Why a value of the first shape can never equal the second operand or its like; empty if it can."""
    if isinstance(one, ListShape | MappingShape):
        if isinstance(other, ScalarShape):
            return "a list or mapping equals only itself: use contains(list, item), or compare a property"
        return ""
    constant = node.right if isinstance(node.right, Constant) else node.left
    if not isinstance(constant, Constant) or not isinstance(constant.value, str) or other != TEXT:
        return ""
    if one not in (BOOLEAN, NUMBER) or not math.isnan(number_of(constant.value)):
        return ""
    if one == BOOLEAN and constant.value.lower() in {"true", "false"}:
        return f"compare with {constant.value.lower()}, without quotes"
    return f"{literal(constant.value)} is a text that is no number, the other side a {_kind(one)}"


def _kind(shape: Shape) -> str:
    return shape.kind if isinstance(shape, ScalarShape) else ""

"""From an expression and its surroundings to a value."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.plan.expressions.arguments import Arguments
from core.plan.expressions.budget import Budget, Spent
from core.plan.expressions.comparison import compare
from core.plan.expressions.faults import cannot_evaluate
from core.plan.expressions.functions import FUNCTIONS
from core.plan.expressions.nodes import Call, Compare, Constant, Index, Logic, Name, Not, Wildcard
from core.plan.expressions.own_functions import OWN_FUNCTIONS
from core.plan.expressions.printing import short_literal, written
from core.plan.expressions.values import Filtered, Items, Keyed, is_scalar, kind_of, number, text, truth

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.errors import InvalidExpressionError
    from core.plan.expressions.nodes import Node
    from core.plan.expressions.parser import Expression
    from core.plan.expressions.surroundings import Surroundings
    from core.plan.expressions.values import Value

_FUNCTIONS: Final = FUNCTIONS | OWN_FUNCTIONS
_LARGEST_INDEX: Final = 2**31 - 1
_SECRET: Final = re.compile(r"secrets(?![A-Za-z0-9_-])", re.IGNORECASE)
_MASK: Final = "***"


@dataclass(frozen=True, slots=True)
class Reading:
    """A reference that was evaluated.

    Attributes:
        path: As written, such as ``inputs.dry``.
        value: What it held.
        is_hidden: Whether whoever gave the value says that it must not be shown.
    """

    path: str
    value: Value
    is_hidden: bool = False

    @property
    def is_secret(self) -> bool:
        """Whether the value must not be shown."""
        return self.is_hidden or _SECRET.match(self.path) is not None

    def __str__(self) -> str:
        """Such as ``inputs.dry = 'yes' (text)``; a secret without its value."""
        shown = _MASK if self.is_secret else short_literal(self.value)
        return f"{self.path} = {shown} ({kind_of(self.value)})"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What an expression came to, and from what.

    Attributes:
        value: The result.
        readings: The references that were evaluated, each once, in the order of evaluation.
        expanded: The expression with scalars in the place of the references that were evaluated, and the result:
            ``success() && 'refs/heads/dev' == 'refs/heads/main' → false``. Values of secrets are left out.
    """

    value: Value
    readings: tuple[Reading, ...]
    expanded: str


def evaluate(expression: Expression, surroundings: Surroundings, *, spent: Spent | None = None) -> Evaluation:
    """Evaluates an expression; takes bounded time and memory.

    Args:
        expression: One that was read with a scope that the surroundings serve.
        surroundings: What it is given.
        spent: What other expressions of the same text made and did; counted on.

    Raises:
        InvalidExpressionError: A function was given what it cannot work with, or the evaluation makes too much.
    """
    evaluator = _Evaluator(expression, surroundings, spent or Spent())
    value = evaluator.value_of(expression.root)
    readings = tuple(evaluator.readings.values())
    hidden = any(reading.is_secret for reading in readings) and not isinstance(value, bool)
    result = _MASK if hidden else short_literal(value)
    return Evaluation(value, readings, f"{evaluator.expanded()} → {result}")


class _Evaluator:
    """One evaluation.

    Attributes:
        readings: References that were evaluated, by their paths.
    """

    def __init__(self, expression: Expression, surroundings: Surroundings, spent: Spent) -> None:
        self.readings: dict[str, Reading] = {}
        self._expression = expression
        self._surroundings = surroundings
        self._shown: dict[int, str] = {}
        self._budget = Budget(self._exceeded, spent)

    def value_of(self, node: Node) -> Value:
        """The value of a node; the depth of the tree bounds the recursion."""
        self._budget.work(0)
        match node:
            case Constant(value):
                return value
            case Name() | Index():
                return self._reference(node)
            case Call():
                return self._call(node)
            case Not(operand):
                return not truth(self.value_of(operand))
            case Compare(operator, left, right):
                one, other = self.value_of(left), self.value_of(right)
                self._budget.work(sum(len(side) for side in (one, other) if isinstance(side, str)))
                return compare(operator, one, other)
            case Logic(operator, operands):
                return self._logic(operator == "||", operands)

    def expanded(self) -> str:
        """The expression with what its references held."""
        return written(self._expression.root, self._shown)

    def _logic(self, stops_at: bool, operands: tuple[Node, ...]) -> Value:  # noqa: FBT001 - the value it looks for
        value: Value = None
        for operand in operands:
            value = self.value_of(operand)
            if truth(value) is stops_at:
                return value
        return value

    def _reference(self, node: Name | Index) -> Value:
        value = self._resolve(node)
        if _is_rooted(node):
            path = written(node)
            reading = self.readings[path] = Reading(path, value, self._surroundings.hides(value))
            if reading.is_secret:
                self._shown[id(node)] = _MASK
            elif is_scalar(value):
                self._shown[id(node)] = short_literal(value)
        return value

    def _resolve(self, node: Name | Index) -> Value:
        if isinstance(node, Name):
            return self._context(node)
        base = self._resolve(node.base) if isinstance(node.base, Name | Index) else self.value_of(node.base)
        if isinstance(node.key, Wildcard):
            return self._filter(base)
        if isinstance(base, Filtered):
            key = self.value_of(node.key)
            return self._filtered(found for item in base for found in _at(item, key))
        if not isinstance(base, Items | Keyed):
            return None
        return next(_at(base, self.value_of(node.key)), None)

    def _context(self, node: Name) -> Value:
        try:
            return self._surroundings.context(node.name)
        except ValueError as fault:
            raise self._fault(f"'{node.name}' cannot be read: {fault}", "", None) from fault

    def _filter(self, base: Value) -> Filtered:
        if isinstance(base, Filtered):
            return self._filtered(found for item in base for found in _inside(item))
        return self._filtered(_inside(base))

    def _filtered(self, found: Iterator[Value]) -> Filtered:
        kept: list[Value] = []
        self._budget.make_list(0)
        for value in found:
            self._budget.make_list(1)
            kept.append(value)
        return Filtered(kept)

    def _call(self, call: Call) -> Value:
        arguments = Arguments(
            call.arguments,
            self.value_of,
            budget=self._budget,
            fault=lambda message, hint: self._fault(message, hint, call),
        )
        function = _FUNCTIONS.get(call.name)
        return self._ask(call, arguments) if function is None else function(arguments)

    def _ask(self, call: Call, arguments: Arguments) -> Value:
        """A function that asks for more than its arguments."""
        standing, hash_files = self._surroundings.standing, self._surroundings.hash_files
        if call.name == "hashFiles":
            if hash_files is None:
                raise self._fault(
                    "hashFiles() cannot be answered here: nobody but the job sees its files",
                    "compute the hash in a step, such as with sha256sum, and pass it on as an output",
                    call,
                )
            return hash_files(arguments.texts())
        if call.name == "always":
            return True
        if standing is None:
            raise self._fault(f"{call.name}() cannot be answered here", "", call)
        if call.name == "cancelled":
            return standing.is_cancelled()
        jobs = arguments.texts()
        return standing.is_success(jobs) if call.name == "success" else standing.is_failure(jobs)

    def _fault(self, message: str, hint: str, call: Call | None) -> InvalidExpressionError:
        span = call.at if call is not None else None
        error = cannot_evaluate(message, self._expression.text, span, hint)
        error.values = tuple(map(str, self.readings.values()))
        return error

    def _exceeded(self, message: str) -> InvalidExpressionError:
        said = f"{message} while evaluating the following expression: {self._expression.text}"
        return self._fault(said, "compute in a command and pass an output", None)


def _is_rooted(node: Name | Index) -> bool:
    """Whether a reference begins with a context, and not with a function's result."""
    base: Node = node
    while isinstance(base, Index):
        base = base.base
    return isinstance(base, Name)


def _inside(value: Value) -> Iterator[Value]:
    """The items of a list, the values of a mapping; nothing in anything else."""
    if isinstance(value, Items):
        yield from value
    elif isinstance(value, Keyed):
        yield from value.values()


def _at(value: Value, key: Value) -> Iterator[Value]:
    """What a list or mapping has at a key: one value or none."""
    if isinstance(value, Keyed):
        if is_scalar(key) and text(key) in value:
            yield value[text(key)]
    elif isinstance(value, Items):
        index = number(key)
        if not math.isnan(index) and index >= 0 and math.floor(min(index, _LARGEST_INDEX)) < len(value):
            yield value[math.floor(index)]

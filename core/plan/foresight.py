"""What an expression comes to while some of what it names is not known yet.

An unknown value is a mapping that cannot be read, or a key that cannot: reading one ends the evaluation with
`UnknownYetError`. Of conditions, more can be said: false ``&&`` anything is false.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from core.errors import InvalidExpressionError
from core.plan.expressions.evaluator import evaluate
from core.plan.expressions.letters import fold
from core.plan.expressions.nodes import Index, Logic, Name, Not, Wildcard, children, walk
from core.plan.expressions.parser import Expression
from core.plan.expressions.printing import short_literal, written
from core.plan.expressions.values import Keyed, freeze, is_scalar, truth

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from core.plan.expressions.evaluator import Evaluation, Reading
    from core.plan.expressions.nodes import Node
    from core.plan.expressions.surroundings import Surroundings
    from core.plan.expressions.values import Value


class UnknownYetError(Exception):
    """Something was read that is known only when the workflow runs.

    Attributes:
        path: What was read, such as ``needs.build.outputs.tag``.
    """

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class Unknown(Keyed):
    """A mapping of which some keys, or all, are not known.

    Args:
        path: How expressions name it.
        known: The entries that are known.
        unknown: Keys that exist, with values that are not known. None if any other key may exist.
    """

    def __init__(
        self, path: str, known: Mapping[str, object] | None = None, unknown: Iterable[str] | None = None
    ) -> None:
        names = tuple(unknown) if unknown is not None else ()
        super().__init__([*((key, freeze(value)) for key, value in (known or {}).items()), *((n, None) for n in names)])
        self._path = path
        self._unreadable = frozenset(map(fold, names))
        self._is_open = unknown is None

    def __getitem__(self, key: str) -> Value:
        folded = fold(key)
        if folded in self._unreadable or (self._is_open and folded not in self._spellings):
            raise UnknownYetError(f"{self._path}.{key}")
        return super().__getitem__(key)

    def __iter__(self) -> Iterator[str]:
        if self._is_open:
            raise UnknownYetError(self._path)
        return super().__iter__()

    def __len__(self) -> int:
        if self._is_open:
            raise UnknownYetError(self._path)
        return super().__len__()


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What a condition will come to, as far as that is known.

    Attributes:
        holds: Whether it is true; none if that depends on what is not known.
        expanded: The condition with what is known in the place of names, and the result: ``… → false``, ``… → ?``.
        unknown: What it depends on, if ``holds`` is none.
    """

    holds: bool | None
    expanded: str
    unknown: tuple[str, ...] = ()


def foresee(expression: Expression, surroundings: Surroundings) -> Foreseen:
    """Evaluates a condition as far as its surroundings are known.

    Raises:
        InvalidExpressionError: A part of it cannot be evaluated whatever the rest is.
    """
    seer = _Seer(expression.text, surroundings)
    holds = seer.truth_of(expression.root)
    told = "?" if holds is None else "true" if holds else "false"
    unknown = tuple(dict.fromkeys(seer.unknown)) if holds is None else ()
    return Foreseen(holds, f"{written(expression.root, seer.shown)} → {told}", unknown)


class _Seer:
    """Goes through a condition.

    Attributes:
        shown: Texts for references that were evaluated, by the ids of their nodes.
        unknown: What could not be read.
    """

    def __init__(self, text: str, surroundings: Surroundings) -> None:
        self.shown: dict[int, str] = {}
        self.unknown: list[str] = []
        self._text = text
        self._surroundings = surroundings

    def truth_of(self, node: Node) -> bool | None:
        match node:
            case Not(operand):
                found = self.truth_of(operand)
                return None if found is None else not found
            case Logic(operator, operands):
                decisive = operator == "||"
                is_open = False
                for operand in operands:
                    found = self.truth_of(operand)
                    if found is decisive:
                        return decisive
                    is_open = is_open or found is None
                return None if is_open else not decisive
            case _:
                return self._leaf(node)

    def _leaf(self, node: Node) -> bool | None:
        try:
            evaluation = evaluate(Expression(self._text, node), self._surroundings)
        except UnknownYetError as unknown:
            self.unknown.append(unknown.path)
            return None
        self._show(node, evaluation)
        return truth(evaluation.value)

    def _show(self, node: Node, evaluation: Evaluation) -> None:
        read = {reading.path: reading for reading in evaluation.readings if is_scalar(reading.value)}
        for part in walk(node):
            reading = read.get(written(part)) if isinstance(part, Name | Index) else None
            if reading is not None:
                self.shown[id(part)] = "***" if reading.is_secret else short_literal(reading.value)


def known_readings(expression: Expression, surroundings: Surroundings) -> Iterator[Reading]:
    """What an expression would read, of what is known: also of one that cannot be evaluated yet."""
    ahead: list[Node] = [expression.root]
    while ahead:
        node = ahead.pop()
        if not isinstance(node, Name | Index):
            ahead.extend(reversed(children(node)))
            continue
        with suppress(UnknownYetError, InvalidExpressionError):
            yield from evaluate(Expression(expression.text, node), surroundings).readings
            continue
        while isinstance(node, Index):  # the keys of what is not known may be known
            if not isinstance(node.key, Wildcard):
                ahead.append(node.key)
            node = node.base
        if not isinstance(node, Name):
            ahead.append(node)


def unknown_context(name: str) -> Unknown:
    """A context of which nothing is known."""
    return Unknown(name)


def unknown_call(name: str) -> NoReturn:
    """Say that a function's answer is not known."""
    raise UnknownYetError(f"{name}()")

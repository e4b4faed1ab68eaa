"""Texts with ``${{ }}`` in them, and the conditions of jobs and steps."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.errors import InvalidExpressionError
from core.plan.expressions.budget import MAX_MADE, Spent
from core.plan.expressions.evaluator import Evaluation, evaluate
from core.plan.expressions.letters import BLANKS
from core.plan.expressions.nodes import Call, Logic, Not, Span, calls
from core.plan.expressions.parser import Expression, parse_expression
from core.plan.expressions.printing import written
from core.plan.expressions.signatures import SIGNATURES, Origin
from core.plan.expressions.values import text as text_of
from core.plan.expressions.values import truth

if TYPE_CHECKING:
    from core.plan.expressions.nodes import Node
    from core.plan.expressions.scope import Scope
    from core.plan.expressions.surroundings import Surroundings
    from core.plan.expressions.values import Value

OPENING: Final = "${{"
_NOT_CLOSED: Final = (
    "The expression is not closed. An unescaped ${{ sequence was found, but the closing }} sequence was not found."
)
_ENDINGS: Final = re.compile(r"'|\}\}")


@dataclass(frozen=True, slots=True)
class Hole:
    """One ``${{ }}`` of a text, before its expression is read.

    Attributes:
        start: Where its ``$`` stands, in characters from 0.
        end: Where the text goes on behind its braces.
        offset: Where the expression begins.
        expression: What stands between the braces, without the white space around it.
    """

    start: int
    end: int
    offset: int
    expression: str


@dataclass(frozen=True, slots=True)
class Slot:
    """An expression in a text, read."""

    hole: Hole
    expression: Expression


@dataclass(frozen=True, slots=True)
class Template:
    """A text whose expressions were read.

    Attributes:
        text: As written.
        parts: Literal texts and expressions, in order.
    """

    text: str
    parts: tuple[str | Slot, ...]

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The expressions, in order."""
        return tuple(part for part in self.parts if isinstance(part, Slot))

    @property
    def is_literal(self) -> bool:
        """Whether there is no expression in it."""
        return not self.slots

    @property
    def is_whole(self) -> bool:
        """Whether it is one expression and nothing else, whose result keeps its type."""
        return len(self.parts) == 1 and isinstance(self.parts[0], Slot)


def find_holes(text: str) -> tuple[Hole, ...]:
    """Every ``${{ }}`` of a text; a single quote inside hides braces until the next one.

    Raises:
        InvalidExpressionError: One has no end, or nothing stands in it.
    """
    holes: list[Hole] = []
    at = 0
    while (start := text.find(OPENING, at)) >= 0:
        inside = start + len(OPENING)
        close = _closing(text, inside)
        if close < 0:
            raise InvalidExpressionError(
                _NOT_CLOSED,
                hint="end it with }}; a literal ${{ is written ${{ '${{' }}",
                rule="E107",
                expression=text[start:],
                position=1,
                length=len(OPENING),
                offset=start,
            )
        holes.append(_hole(text, start, close))
        at = close + 2
    return tuple(holes)


def parse_template(text: str, scope: Scope) -> Template:
    """Reads the expressions of a text.

    Raises:
        InvalidExpressionError: One of them, the first from the left, is at fault. Its ``offset`` counts from the
            beginning of the text.
    """
    parts: list[str | Slot] = []
    at = 0
    for hole in find_holes(text):
        parts += [text[at : hole.start]] if hole.start > at else []
        parts.append(Slot(hole, parse_hole(hole, scope)))
        at = hole.end
    parts += [text[at:]] if at < len(text) else []
    return Template(text, tuple(parts))


def parse_hole(hole: Hole, scope: Scope) -> Expression:
    """Reads the expression of one ``${{ }}``.

    Raises:
        InvalidExpressionError: It is at fault; ``offset`` counts from the beginning of the text it stands in.
    """
    return _parse_at(hole.expression, hole.offset, scope)


def interpolate(template: Template, surroundings: Surroundings) -> Value:
    """The text with its expressions evaluated; the value itself if the template is one expression and nothing else.

    Raises:
        InvalidExpressionError: An expression cannot be evaluated, or the text becomes too long.
    """
    if template.is_whole:
        return evaluate(template.slots[0].expression, surroundings).value
    return interpolate_text(template, surroundings)


def interpolate_text(template: Template, surroundings: Surroundings) -> str:
    """The text with its expressions evaluated, each turned into text.

    Raises:
        InvalidExpressionError: As `interpolate`.
    """
    made: list[str] = []
    spent = Spent()
    length = 0
    for part in template.parts:
        piece = part if isinstance(part, str) else text_of(evaluate(part.expression, surroundings, spent=spent).value)
        length += len(piece)
        if 2 * length > max(MAX_MADE, 2 * len(template.text)):
            raise InvalidExpressionError(
                "The maximum allowed memory size was exceeded while evaluating a text with expressions in it",
                hint="pass large data in files or artifacts",
            )
        made.append(piece)
    return "".join(made)


@dataclass(frozen=True, slots=True)
class Condition:
    """What decides whether a job or step runs.

    Attributes:
        expression: The whole condition, with the ``success()`` that is implied.
        is_implied: Whether ``success() &&`` was put before what was written.
    """

    expression: Expression
    is_implied: bool

    def decide(self, surroundings: Surroundings) -> Decision:
        """Evaluates the condition.

        Raises:
            InvalidExpressionError: It cannot be evaluated.
        """
        evaluation = evaluate(self.expression, surroundings)
        return Decision(truth(evaluation.value), evaluation)


@dataclass(frozen=True, slots=True)
class Decision:
    """What a condition came to.

    Attributes:
        runs: Whether the job or step runs.
        evaluation: From what, with the expanded form that explains it.
    """

    runs: bool
    evaluation: Evaluation


def parse_bare(text: str, scope: Scope) -> Expression | None:
    """Reads an expression with or without ``${{ }}`` around the whole; None if there is only white space.

    Raises:
        InvalidExpressionError: It is at fault, or other text stands around the ``${{ }}``.
    """
    inner = text.strip(BLANKS)
    if not inner:
        return None
    start = text.find(inner)
    if OPENING not in inner:
        return _parse_at(inner, start, scope)
    holes = find_holes(text)
    if len(holes) == 1 and (holes[0].start, holes[0].end) == (start, start + len(inner)):
        return parse_hole(holes[0], scope)
    raise InvalidExpressionError(
        "The condition has text outside of ${{ }}, which would make it always true",
        hint="put all of it inside one ${{ }}, or leave ${{ }} out",
        rule="E114",
        expression=inner,
        position=1,
        length=len(inner),
        offset=start,
    )


def parse_condition(text: str | None, scope: Scope) -> Condition:
    """Reads the value of an ``if``: without a status function in it, ``success() &&`` is put before it.

    Args:
        text: As written; None or white space means ``success()``.
        scope: What it may name; it must have the status functions.

    Raises:
        InvalidExpressionError: As `parse_bare`.
    """
    return join_conditions(parse_bare(text or "", scope), None, scope)


def join_conditions(
    runs_if: Expression | None, unless: Expression | None, scope: Scope, *, status: str = "success"
) -> Condition:
    """The condition of a job or step from its keys.

    Args:
        runs_if: Its ``if``, read.
        unless: Its ``unless``, read: the opposite of an ``if``.
        scope: What both were read with.
        status: The status function that is put before both if neither calls one.

    Raises:
        InvalidExpressionError: Both together are too long or too deep.
    """
    roots: list[Node] = [runs_if.root] if runs_if is not None else []
    roots += [_not(unless.root)] if unless is not None else []
    is_implied = not any(has_status(root) for root in roots)
    if is_implied:
        roots.insert(0, Call(SIGNATURES[status].name, (), _NOWHERE, _NOWHERE, 1))
    root = roots[0] if len(roots) == 1 else _all_of(roots)
    # errors count places in what was written, unless that is only half of the condition
    only = runs_if if unless is None else unless if runs_if is None else None
    whole = Expression(only.text, root) if only is not None else parse_expression(written(root), scope)
    return Condition(whole, is_implied)


def has_status(node: Node) -> bool:
    """Whether a status function is called anywhere in a tree."""
    return any(SIGNATURES[call.name.lower()].origin is Origin.STATUS for call in calls(node))


_NOWHERE: Final = Span(0, 0)


def _not(node: Node) -> Node:
    return Not(node, node.span, node.depth + 1)


def _all_of(nodes: list[Node]) -> Node:
    flat: list[Node] = []
    for node in nodes:
        if isinstance(node, Logic) and node.operator == "&&":
            flat.extend(node.operands)
        else:
            flat.append(node)
    return Logic("&&", tuple(flat), _NOWHERE, 1 + max(node.depth for node in flat))


def _closing(text: str, at: int) -> int:
    """Where the first ``}}`` outside of single quotes stands; -1 if there is none."""
    is_quoted = False
    for match in _ENDINGS.finditer(text, at):
        if match[0] == "'":
            is_quoted = not is_quoted
        elif not is_quoted:
            return match.start()
    return -1


def _hole(text: str, start: int, close: int) -> Hole:
    content = text[start + len(OPENING) : close]
    inner = content.lstrip(BLANKS)
    offset = close - len(inner)
    inner = inner.rstrip(BLANKS)
    if not inner:
        raise InvalidExpressionError(
            "An expression was expected",
            hint="write one between ${{ and }}; a literal ${{ is written ${{ '${{' }}",
            rule="E108",
            expression=text[start : close + 2],
            position=1,
            length=close + 2 - start,
            offset=start,
        )
    return Hole(start, close + 2, offset, inner)


def _parse_at(text: str, offset: int, scope: Scope) -> Expression:
    try:
        return parse_expression(text, scope)
    except InvalidExpressionError as error:
        error.offset = offset
        raise

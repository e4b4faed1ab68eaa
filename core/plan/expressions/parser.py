"""From tokens to a tree, without recursion: the text may be hostile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from core.plan.expressions import faults
from core.plan.expressions.lexer import Lexer
from core.plan.expressions.nodes import Call, Compare, Constant, Index, Logic, Name, Node, Not, Span, Wildcard
from core.plan.expressions.tokens import OPENERS, PARTNERS, UNFINISHED, Kind, Token

if TYPE_CHECKING:
    from typing import Literal

    from core.plan.expressions.nodes import Comparison
    from core.plan.expressions.scope import Scope
    from core.plan.expressions.signatures import Signature

_NOT: Final = 5
_PRECEDENCE: Final = {"||": 1, "&&": 2, "==": 3, "!=": 3, "<": 4, "<=": 4, ">": 4, ">=": 4}
_LOGIC: Final = frozenset({"&&", "||"})
_OPERANDS: Final = frozenset({Kind.LITERAL, Kind.NAME, Kind.FUNCTION, Kind.PROPERTY, Kind.WILDCARD})
_WAITING: Final = OPENERS | {Kind.NOT}


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression that was read and may stand where it stands.

    Attributes:
        text: As written.
        root: Its tree; of the empty expression, null.
    """

    text: str
    root: Node


def parse_expression(text: str, scope: Scope) -> Expression:
    """Reads an expression; takes time linear in its length.

    Args:
        text: The expression without ``${{ }}``.
        scope: What it may name.

    Raises:
        InvalidExpressionError: It breaks the grammar, names what is not in the scope, calls a function with a wrong
            number of arguments, or is too long or too deep. The first fault from the left is told.
    """
    if len(text) > faults.MAX_LENGTH:
        raise faults.too_long(text)
    return Expression(text, _Parser(text, scope).parse())


@dataclass(frozen=True, slots=True)
class _OpenCall:
    """A call whose arguments are being read."""

    token: Token
    signature: Signature
    first: int
    """How many operands there were before its arguments."""


class _Parser:
    def __init__(self, text: str, scope: Scope) -> None:
        self._text = text
        self._scope = scope
        self._lexer = Lexer(text)
        self._operands: list[Node | Wildcard] = []
        self._operators: list[Token] = []
        self._calls: list[_OpenCall] = []

    def parse(self) -> Node:
        last: Token | None = None
        while (token := self._lexer.next()) is not None:
            if token.kind is None:
                raise faults.unexpected_symbol(token, last, self._text)
            self._take(token, token.kind, last)
            last = token
        if last is None:
            return Constant(None, Span(0, len(self._text)))
        if last.kind in UNFINISHED or self._lexer.open:
            raise faults.unexpected_end(last, self._text)
        self._flush(0)
        root = self._pop()
        if root.depth > faults.MAX_DEPTH:
            raise faults.too_deep(self._text)
        return root

    def _take(self, token: Token, kind: Kind, last: Token | None) -> None:
        filters = bool(self._operands) and isinstance(self._operands[-1], Wildcard)
        if filters and kind is not Kind.CLOSE_INDEX:
            raise faults.unexpected_symbol(token, last, self._text)
        if kind in _OPERANDS:
            self._take_operand(token, kind, after_dot=last is not None and last.kind is Kind.DOT)
        elif kind in _WAITING:
            self._operators.append(token)
        elif kind is Kind.BINARY:
            self._take_operator(token)
        elif kind is Kind.SEPARATOR:
            self._flush(0)
        elif kind in PARTNERS:
            self._close(token, kind)

    def _take_operand(self, token: Token, kind: Kind, *, after_dot: bool) -> None:
        if kind is Kind.LITERAL:
            self._operands.append(Constant(token.value, _span(token)))
        elif kind is Kind.NAME:
            self._take_name(token)
        elif kind is Kind.FUNCTION:
            self._take_function(token)
        elif kind is Kind.PROPERTY:
            self._index(Constant(token.text, _span(token)), token)
        elif after_dot:
            self._index(Wildcard(_span(token)), token)
        else:
            self._operands.append(Wildcard(_span(token)))

    def _take_name(self, token: Token) -> None:
        if not self._scope.has_context(token.text):
            raise faults.unknown_context(token, self._text, self._scope)
        self._operands.append(Name(token.text, _span(token)))

    def _take_function(self, token: Token) -> None:
        signature = self._scope.function(token.text)
        if signature is None:
            raise faults.unknown_function(token, self._text, self._scope)
        self._calls.append(_OpenCall(token, signature, len(self._operands)))

    def _take_operator(self, token: Token) -> None:
        # a chain of && or of || stays on the stack and becomes one node
        own = _PRECEDENCE[token.text]
        self._flush(own + 1 if token.text in _LOGIC else own)
        self._operators.append(token)

    def _close(self, token: Token, kind: Kind) -> None:
        self._flush(0)
        self._operators.pop()
        if kind is Kind.CLOSE_INDEX:
            self._index(self._operands.pop(), token)
        elif kind is Kind.CLOSE_CALL:
            self._call(self._calls.pop(), token)

    def _flush(self, least: int) -> None:
        """Builds nodes of the operators that bind at least this strongly, back to the innermost open bracket."""
        while self._operators and self._operators[-1].kind not in OPENERS:
            operator = self._operators[-1]
            if (_NOT if operator.kind is Kind.NOT else _PRECEDENCE[operator.text]) < least:
                return
            self._operators.pop()
            if operator.kind is Kind.NOT:
                operand = self._pop()
                self._push(Not(operand, Span(operator.start, operand.span.end), operand.depth + 1))
            elif operator.text in _LOGIC:
                self._chain(operator.text)
            else:
                right, left = self._pop(), self._pop()
                comparison = cast("Comparison", operator.text)
                self._push(Compare(comparison, left, right, _around(left, right), _above(left, right)))

    def _chain(self, operator: str) -> None:
        operands = [self._pop(), self._pop()]
        while self._operators and self._operators[-1].text == operator:
            self._operators.pop()
            operands.append(self._pop())
        flat: list[Node] = []
        for operand in reversed(operands):
            if isinstance(operand, Logic) and operand.operator == operator:
                flat.extend(operand.operands)
            else:
                flat.append(operand)
        span = _around(operands[-1], operands[0])
        self._push(Logic(cast("Literal['&&', '||']", operator), tuple(flat), span, _above(*flat)))

    def _call(self, call: _OpenCall, end: Token) -> None:
        given = cast("list[Node]", self._operands[call.first :])
        error = faults.wrong_count(call.token, call.signature, len(given), self._text)
        if error is not None:
            raise error
        del self._operands[call.first :]
        at = _span(call.token)
        self._push(Call(call.signature.name, tuple(given), Span(at.start, end.start + 1), at, _above(*given)))

    def _index(self, key: Node | Wildcard, end: Token) -> None:
        base = self._pop()
        span = Span(base.span.start, end.start + len(end.text))
        self._push(Index(base, key, span, 1 + max(base.depth, key.depth)))

    def _pop(self) -> Node:
        return cast("Node", self._operands.pop())

    def _push(self, node: Node) -> None:
        # a tree that is too deep already is not built any deeper: only its depth is kept until the end is reached
        deep = node.depth > faults.MAX_DEPTH
        self._operands.append(Constant(None, node.span, node.depth) if deep else node)


def _span(token: Token) -> Span:
    return Span(token.start, token.start + len(token.text))


def _around(first: Node, last: Node) -> Span:
    return Span(first.span.start, last.span.end)


def _above(*nodes: Node) -> int:
    return 1 + max((node.depth for node in nodes), default=0)

"""The errors of expressions, in GitHub's words, and how one is shown to people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.errors import InvalidExpressionError
from core.plan.expressions.hints import argument_hint, end_hint, function_hint, name_hint, symbol_hint

if TYPE_CHECKING:
    from core.plan.expressions.nodes import Span
    from core.plan.expressions.scope import Scope
    from core.plan.expressions.signatures import Signature
    from core.plan.expressions.tokens import Token

MAX_LENGTH: Final = 21_000
"""Characters of an expression."""

MAX_DEPTH: Final = 50
"""Levels of an expression's tree."""

_SHOWN: Final = 160


def unexpected_symbol(token: Token, before: Token | None, text: str) -> InvalidExpressionError:
    """A token that is none, or stands where it may not."""
    hint = symbol_hint(token, before, text)
    return _at_token("E101", f"Unexpected symbol: '{token.text}'", token, text, hint)


def unexpected_end(last: Token, text: str) -> InvalidExpressionError:
    """The text ends where more must come."""
    return _at_token("E102", f"Unexpected end of expression: '{last.text}'", last, text, end_hint(last))


def unknown_context(token: Token, text: str, scope: Scope) -> InvalidExpressionError:
    """A context that does not exist, or not here."""
    rule = "E110" if scope.has_context_elsewhere(token.text) else "E103"
    return _at_token(rule, f"Unrecognized named-value: '{token.text}'", token, text, name_hint(token, text, scope))


def unknown_function(token: Token, text: str, scope: Scope) -> InvalidExpressionError:
    """A function that does not exist, or not here."""
    hint, elsewhere = function_hint(token.text, scope)
    rule = "E110" if elsewhere else "E104"
    return _at_token(rule, f"Unrecognized function: '{token.text}'", token, text, hint)


def wrong_count(token: Token, signature: Signature, given: int, text: str) -> InvalidExpressionError | None:
    """A call with too few or too many arguments, or an even number of them; None if there is nothing to say."""
    if given < signature.least:
        said = "Too few parameters supplied"
    elif given > signature.most:
        said = "Too many parameters supplied"
    elif signature.odd and given % 2 == 0:
        said = "Even number of parameters supplied, requires an odd number of parameters"
    else:
        return None
    return _at_token("E105", f"{said}: '{token.text}'", token, text, argument_hint(signature, given))


def too_long(text: str) -> InvalidExpressionError:
    """More characters than an expression may have."""
    return InvalidExpressionError(
        f"Exceeded max expression length {MAX_LENGTH}",
        hint=f"The expression has {len(text)} characters; compute in a command and pass an output.",
        rule="E106",
        expression=text[:MAX_LENGTH],
    )


def too_deep(text: str) -> InvalidExpressionError:
    """A tree of more levels than one may have."""
    return InvalidExpressionError(
        f"Exceeded max expression depth {MAX_DEPTH}",
        hint="Split it: compute parts in a command and pass them as outputs.",
        rule="E106",
        expression=text,
    )


def cannot_evaluate(message: str, text: str, span: Span | None, hint: str = "") -> InvalidExpressionError:
    """A fault that shows with the values only.

    Args:
        message: What is wrong.
        text: The expression.
        span: The part of it that could not be evaluated, if it was written there.
        hint: What to do.
    """
    return InvalidExpressionError(
        message,
        hint=hint,
        rule="E109",
        expression=text,
        position=span.start + 1 if span is not None else None,
        length=span.end - span.start if span is not None else 0,
    )


def line_and_column(error: InvalidExpressionError) -> tuple[int, int]:
    """Line and column of the token complained of within the expression, from 1; (1, 1) if none is to blame."""
    before = error.expression[: (error.position or 1) - 1]
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def render(error: InvalidExpressionError) -> str:
    """The error for people: message, the line with the token marked, hint, what was read."""
    said = [error.message]
    if error.position is not None:
        number, column = line_and_column(error)
        line = error.expression.split("\n")[number - 1].replace("\t", " ")
        start = max(0, column - 1 - _SHOWN // 2)
        shown = line[start : start + _SHOWN]
        marked = max(1, min(error.length, len(shown) - (column - 1 - start)))
        said += ["  |", f"  | {shown}", f"  | {' ' * (column - 1 - start)}^{'~' * (marked - 1)}"]
    said += [f"  = hint: {error.hint}"] if error.hint else []
    said += [f"  = read: {value}" for value in error.values]
    return "\n".join(said)


def _at_token(rule: str, said: str, token: Token, text: str, hint: str) -> InvalidExpressionError:
    return InvalidExpressionError(
        f"{said}. Located at position {token.start + 1} within expression: {text}",
        hint=hint,
        rule=rule,
        expression=text,
        position=token.start + 1,
        length=len(token.text),
    )

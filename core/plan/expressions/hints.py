"""What to write instead: the mistakes people and models make, told from the token complained of."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from core.plan.expressions.signatures import SIGNATURES, Origin
from core.plan.expressions.tokens import BEFORE_OPERAND, Kind
from core.plan.nearness import did_you_mean

if TYPE_CHECKING:
    from core.plan.expressions.scope import Scope
    from core.plan.expressions.signatures import Signature
    from core.plan.expressions.tokens import Token

_KEYWORDS: Final = "keywords are true, false, null, NaN, Infinity, in this case"
_LOGIC: Final = "use &&, ||, !x"
_ARITHMETIC: Final = "there is no arithmetic; compute in a command and pass an output"
_CONDITIONAL: Final = "there is no ?: — use case(condition, a, b), or condition && a || b when a is never empty"
_LITERAL: Final = "write lists and mappings as fromJSON('[1, 2]')"
_METHODS: Final = (
    "there are no methods: use contains(y, x), startsWith(y, x), endsWith(y, x), join(y, ',') and the like"
)
_WORDS: Final = {
    **dict.fromkeys(("and", "or", "not"), _LOGIC),
    **dict.fromkeys(("in", "includes", "contains"), "use contains(y, x)"),
    "is": "compare with ==",
    **dict.fromkeys(("if", "then", "else"), _CONDITIONAL),
}
_KEYWORD_LIKE: Final = frozenset({"true", "false", "null", "nan", "infinity", "none", "nil", "undefined"})
_BEGINNINGS: Final = (
    ("=", "compare with =="),
    ("&", "use && for and"),
    ("|", "use || for or"),
    ("?", _CONDITIONAL),
    ("{", _LITERAL),
    ("$", "use env.NAME"),
)
_CLOSING: Final = "something is missing before it, or it closes nothing that is open"
_OPERAND: Final = (
    "an operand is expected: a context, a function, a text in single quotes, a number, true, false or null"
)
_SIGNS: Final = {
    **dict.fromkeys("+-*/%", _ARITHMETIC),
    **dict.fromkeys(")]", _CLOSING),
    ",": "a comma stands between the arguments of a call only",
}
_DOUBLE_QUOTED: Final = re.compile(r'"([^"]*)"')
_VARIABLE: Final = re.compile(r"\$\{?\{?([A-Za-z_][A-Za-z0-9_]*)")
_LISTED: Final = 40


def symbol_hint(token: Token, before: Token | None, text: str) -> str:
    """What to write instead of a token that is none, or stands where it may not."""
    word = token.text
    if word.startswith(('"', "`")):
        quoted = _DOUBLE_QUOTED.match(text, token.start)
        inner = quoted[1].replace("'", "''") if quoted is not None and len(quoted[1]) <= _LISTED else "…"
        return f"texts take single quotes: '{inner}'"
    if word.startswith("'"):
        closed = len(word) > 1 and word.endswith("'")
        return _two_operands() if closed else "close the text with '; a ' inside a text is written ''"
    if before is not None and before.kind is Kind.DOT and word not in "([])" and not word.startswith("."):
        return f"write ['{word[:_LISTED]}'] instead of .{word[:_LISTED]}"
    if word.startswith("$") and (variable := _VARIABLE.match(text, token.start)) is not None:
        return f"use env.{variable[1]}"
    return _hint_by_beginning(word) or _hint_by_position(word, before)


def _hint_by_beginning(word: str) -> str:
    if word in {"==", "&&", "||"}:
        return ""
    return next((hint for beginning, hint in _BEGINNINGS if word.startswith(beginning)), "")


def _hint_by_position(word: str, before: Token | None) -> str:
    """What to write instead of a sound word at the wrong place."""
    kind = before.kind if before is not None else None
    at_operand = kind in BEFORE_OPERAND
    if word.lower() in _WORDS:
        return _WORDS[word.lower()]
    if word == "[" and (at_operand or kind is Kind.LITERAL):
        return _LITERAL
    if word == "(" and kind is Kind.PROPERTY:
        return _METHODS
    if kind is Kind.PROPERTY and word[0].isalnum():
        return f"{_two_operands()}; a key with a blank in it is written ['…']"
    return _SIGNS.get(word[0]) or (_OPERAND if at_operand else _two_operands())


def _two_operands() -> str:
    return "an operator is missing before it: ==, !=, <, <=, >, >=, && or ||"


def end_hint(last: Token) -> str:
    """What must follow the last token."""
    if last.kind is Kind.DOT:
        return "a property or * must follow"
    if last.kind in {Kind.NOT, Kind.BINARY, Kind.SEPARATOR}:
        return f"an operand must follow {last.text}"
    return "close what is open with ) or ]"


def name_hint(token: Token, text: str, scope: Scope) -> str:
    """What a name that is no context here was meant for."""
    name = token.text
    if name.lower() in _KEYWORD_LIKE:
        return _KEYWORDS
    if name.lower() in _WORDS and name.lower() != "contains":
        return _WORDS[name.lower()]
    called = scope.function(name)
    if called is not None:
        return f"call it: {called.shown}"
    known = _listed("contexts", scope.contexts)
    if scope.has_context_elsewhere(name):
        return f"not available in {scope.where or 'this place'}; {known}"
    if not scope.contexts and token.start == 0 and token.text == text:
        return f"a text takes single quotes: '{name}'"
    return _joined(did_you_mean(name, scope.contexts), known)


def function_hint(name: str, scope: Scope) -> tuple[str, bool]:
    """What a function that is none here was meant for, and whether it exists at other places."""
    known = _listed("functions", scope.functions())
    exists = SIGNATURES.get(name.lower())
    if exists is None:
        if name.lower() in _WORDS:
            return _WORDS[name.lower()], False
        return _joined(did_you_mean(name, scope.functions()), known), False
    if exists.origin is Origin.OWN:
        return "it is OrcaOps' own, and `expressions: github` has turned those off", True
    if exists.origin is Origin.STATUS:
        return "it is available in if, unless and retry.if only", True
    return "it is available in steps only, where there is a workspace", True


def argument_hint(signature: Signature, given: int) -> str:
    """How a function is called."""
    return f"{signature.shown} was given {given} argument{'' if given == 1 else 's'}"


def _listed(what: str, names: tuple[str, ...]) -> str:
    return f"{what} here: {', '.join(names[:_LISTED])}" if names else f"there are no {what} here"


def _joined(*hints: str) -> str:
    return "; ".join(hint for hint in hints if hint)

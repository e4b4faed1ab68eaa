"""Forms of single values: texts, booleans, numbers, words of a list, conditions."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from core.plan.findings import shown
from core.plan.keys.form import EXPRESSION, Form, evaluated
from core.plan.keys.report import Site, Target, has_expression, label, listed, made_text, quoted, replaced
from core.plan.nearness import did_you_mean, nearest
from core.plan.source import Scalar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.plan import context
    from core.plan.keys.form import Book, Rule, Schema
    from core.plan.keys.report import Report
    from core.plan.source import Node, TreePath

NUMBER_TEXT: Final = re.compile(r"[-+]?[0-9]+(?:\.[0-9]+)?")
"""A decimal number, as far as people write it."""

_BOOLEANS: Final = {"yes": "true", "on": "true", "true": "true", "no": "false", "off": "false", "false": "false"}


class Text(Form):
    """A text. Numbers and booleans count as the text they were written as.

    Args:
        where: What expressions in it may name; None if none may stand there.
        expected: What it is, in words.
        rule: What is wrong with a text without expressions.
        code: The code of the findings of that rule.
        pattern: What such a text matches, for the schema.
        most: The most characters.
        strict: Whether numbers and booleans are refused.
        takes_null: Whether nothing at all counts as the empty text.
        blank: Whether it may be empty.
    """

    def __init__(
        self,
        where: context.Place | None = None,
        *,
        expected: str = "a text",
        rule: Rule | None = None,
        code: str = "E004",
        pattern: str = "",
        most: int = 0,
        strict: bool = False,
        takes_null: bool = False,
        blank: bool = True,
    ) -> None:
        self.expected = expected
        self._where = where
        self._rule = rule
        self._code = code
        self._pattern = pattern
        self._most = most
        self._strict = strict
        self._takes_null = takes_null
        self._blank = blank

    @property
    def takes_null(self) -> bool:
        """Whether nothing at all counts as the empty text."""
        return self._takes_null

    def check(self, node: Node, to: Report) -> Node | None:
        """The text, as it was written."""
        if not isinstance(node, Scalar):
            to.wrong(node, self.expected)
            return None
        if node.value is None:
            if self._takes_null:
                return replace(node, value="", text="")
            to.wrong(node, self.expected)
            return None
        if not isinstance(node.value, str):
            if self._strict:
                to.wrong(node, self.expected, "put it in quotes", fix=quoted(node, node.text))
                return None
            node = replace(node, value=node.text)
        return node if to.allows(node, self._where) and self._fits(node, to) else None

    def _fits(self, node: Scalar, to: Report) -> bool:
        text = node.text
        if "\0" in text:
            to.say("E004", f"'{label(node)}' holds a NUL character.", node, "no process can be given one")
            return False
        if self._most and len(text) > self._most:
            message = f"'{label(node)}' has {len(text):,} characters; at most {self._most} are allowed."
            to.say("E004", message, node)
            return False
        if not self._blank and not text.strip():
            to.say("E004", f"'{label(node)}' is empty; it must be {self.expected}.", node)
            return False
        fault = self._rule(text) if self._rule and not has_expression(node) else ""
        if fault:
            to.say(self._code, f"'{label(node)}' {fault}", node)
        return not fault

    def build(self, node: Node, path: TreePath, to: Report) -> object:
        """The text."""
        if not isinstance(node, Scalar):
            return ""
        if self._where is not None and has_expression(node):
            to.sites.append(Site(path, node, self._where, Target.TEXT))
        return "" if node.value is None else node.text

    def schema(self, book: Book) -> Schema:  # noqa: ARG002 - every form is asked the same way
        """A text, and what else is taken for one."""
        kinds = ["string", *([] if self._strict else ["number", "boolean"]), *(["null"] if self._takes_null else [])]
        found: Schema = {"type": kinds[0] if len(kinds) == 1 else kinds}
        if self._most:
            found["maxLength"] = self._most
        if not self._blank:
            found["minLength"] = 1
        if self._pattern:
            found["pattern"] = f"{self._pattern}|{EXPRESSION}" if self._where else self._pattern
        return found


class Flag(Form):
    """True or false, or an expression if ``where`` says what it may name."""

    expected = "true or false"

    def __init__(self, where: context.Place | None = None) -> None:
        self._where = where

    def check(self, node: Node, to: Report) -> Node | None:
        """The boolean, or the expression."""
        if isinstance(node, Scalar) and has_expression(node):
            return node if to.allows(node, self._where) else None
        if isinstance(node, Scalar) and isinstance(node.value, bool):
            return node
        meant = node.text.lower() if isinstance(node, Scalar) else ""
        word = {"yes": "true", "on": "true", "true": "true", "no": "false", "off": "false", "false": "false"}.get(meant)
        is_quoted = word == meant
        hint = (
            "remove the quotes"
            if is_quoted
            else f"in YAML 1.2 '{shown(meant)}' is a text: write {word}"
            if word
            else ""
        )
        to.wrong(node, self.expected, hint, fix=replaced(node, word) if word else None)
        return None

    def build(self, node: Node, path: TreePath, to: Report) -> object:
        """The boolean, or an `Expression`."""
        return evaluated(node, path, to, self._where, Target.BOOLEAN)

    def schema(self, book: Book) -> Schema:
        """A boolean, or an expression."""
        return {"anyOf": [{"type": "boolean"}, book.expression()]} if self._where else {"type": "boolean"}


class Number(Form):
    """A number within bounds, or an expression if ``where`` says what it may name."""

    def __init__(
        self,
        least: float | None = None,
        most: float | None = None,
        *,
        where: context.Place | None = None,
        is_whole: bool = True,
        code: str = "E170",
    ) -> None:
        bounds = f" from {least:g} to {most:,}" if least is not None and most is not None else ""
        bounds = bounds or (f" of at least {least:g}" if least is not None else "")
        self.expected = (
            f"a {'whole ' if is_whole else ''}number{bounds}" if least is None or least != most else f"{least:g}"
        )
        self._least = least
        self._most = most
        self._where = where
        self._is_whole = is_whole
        self._code = code

    def check(self, node: Node, to: Report) -> Node | None:
        """The number, or the expression."""
        if isinstance(node, Scalar) and has_expression(node):
            return node if to.allows(node, self._where) else None
        value = node.value if isinstance(node, Scalar) else None
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            digits = value if isinstance(value, str) and NUMBER_TEXT.fullmatch(value) else ""
            hint = "remove the quotes" if digits else ""
            to.wrong(node, self.expected, hint, fix=replaced(node, digits) if digits else None)
            return None
        if self._is_whole and value != int(value):
            to.say("E004", f"'{label(node)}' must be {self.expected}, not a fraction.", node)
            return None
        if (self._least is not None and value < self._least) or (self._most is not None and value > self._most):
            to.say(self._code, f"'{label(node)}' must be {self.expected}.", node)
            return None
        return node

    def build(self, node: Node, path: TreePath, to: Report) -> object:
        """The number, or an `Expression`."""
        found = evaluated(node, path, to, self._where, Target.NUMBER)
        return int(found) if self._is_whole and isinstance(found, float) else found

    def schema(self, book: Book) -> Schema:
        """A number, or an expression."""
        found: Schema = {"type": "integer" if self._is_whole else "number"}
        found |= {"minimum": self._least} if self._least is not None else {}
        found |= {"maximum": self._most} if self._most is not None else {}
        return {"anyOf": [found, book.expression()]} if self._where else found


class Choice(Form):
    """One of some words.

    Args:
        values: The words.
        read_as: Words of other systems, and ours for them.
        refused: Words of other systems that have no equal here, and what to do instead.
        synonyms: Words that are written by mistake, and ours for them.
    """

    def __init__(
        self,
        values: tuple[str, ...],
        *,
        read_as: Mapping[str, str] | None = None,
        refused: Mapping[str, str] | None = None,
        synonyms: Mapping[str, str] | None = None,
    ) -> None:
        self.values = values
        self.expected = f"one of {listed(values)}" if len(values) > 1 else listed(values)
        self._read_as = read_as or {}
        self._refused = refused or {}
        self._synonyms = synonyms

    def check(self, node: Node, to: Report) -> Node | None:
        """The word, in our own terms."""
        if not isinstance(node, Scalar) or not isinstance(node.value, str):
            to.wrong(node, self.expected)
            return None
        if not to.allows(node, None):
            return None
        text = node.text
        if text in self.values:
            return node
        if text in self._read_as:
            own = self._read_as[text]
            message = f"'{label(node)}: {text}' is read as '{own}'."
            to.say("I160", message, node, fix=replaced(node, own))
            return made_text(own, node)
        near = nearest(text, self.values, synonyms=self._synonyms)
        hint = (
            self._refused.get(text)
            or did_you_mean(text, self.values, synonyms=self._synonyms)
            or f"the values are {listed(self.values)}"
        )
        code = "E160" if text in self._refused else "E004"
        fix = replaced(node, near[0]) if len(near) == 1 and text not in self._refused else None
        to.say(code, f"'{label(node)}' must be {self.expected}, not '{shown(text)}'.", node, hint, fix=fix)
        return None

    def build(self, node: Node, path: TreePath, to: Report) -> object:  # noqa: ARG002 - every form is asked the same way
        """The word."""
        return node.text if isinstance(node, Scalar) else ""

    def schema(self, book: Book) -> Schema:  # noqa: ARG002 - every form is asked the same way
        """An enumeration."""
        return {"enum": [*self.values, *self._read_as]}


class Condition(Form):
    """An expression with or without ``${{ }}``; nothing at all is the condition that always stands by itself."""

    expected = "an expression"

    def __init__(self, where: context.Place) -> None:
        self._where = where

    @property
    def takes_null(self) -> bool:
        """An empty ``if`` is none."""
        return True

    def check(self, node: Node, to: Report) -> Node | None:
        """The expression's text."""
        if not isinstance(node, Scalar):
            to.wrong(node, self.expected, "write it as one text, such as ${{ github.ref == 'refs/heads/main' }}")
            return None
        return node if isinstance(node.value, str) else replace(node, value="" if node.value is None else node.text)

    def build(self, node: Node, path: TreePath, to: Report) -> object:
        """The text."""
        text = node.value if isinstance(node, Scalar) and isinstance(node.value, str) else ""
        if isinstance(node, Scalar) and text.strip():
            to.sites.append(Site(path, node, self._where, Target.CONDITION))
        return text

    def schema(self, book: Book) -> Schema:  # noqa: ARG002 - every form is asked the same way
        """Any scalar."""
        return {"type": ["string", "boolean", "number", "null"]}

"""The texts of a workflow with their expressions, read once each."""

from __future__ import annotations

from typing import Final

from core.plan.context import CONTEXTS
from core.plan.expressions.scope import Scope
from core.plan.interpolate import OPENING, Template, parse_template

EVERYTHING: Final = Scope(contexts=tuple(CONTEXTS), status=True, job_names=True, files=True)
"""What a text may name where it was checked before that it may."""


class Templates:
    """Reads texts; the same text is read once."""

    def __init__(self) -> None:
        self._read: dict[str, Template] = {}

    def read(self, text: str) -> Template:
        """The template of a text.

        Raises:
            InvalidExpressionError: One of its expressions is at fault.
        """
        if OPENING not in text:
            return Template(text, (text,) if text else ())
        found = self._read.get(text)
        if found is None:
            found = self._read[text] = parse_template(text, EVERYTHING)
        return found

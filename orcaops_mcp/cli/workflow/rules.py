"""What each code of a finding means, from the page beside this module."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

_SECTION: Final = re.compile(r"^## ([EWI]\d{3}) (.+)$", re.MULTILINE)


class Rule(NamedTuple):
    """What a code means.

    Attributes:
        code: Such as ``E011``.
        title: In a few words.
        text: The rule, an example and what mends it, in Markdown.
    """

    code: str
    title: str
    text: str


@cache
def rules() -> Mapping[str, Rule]:
    """Every rule by its code."""
    page = (resources.files(__package__ or "") / "rules.md").read_text(encoding="utf-8")
    _, *parts = _SECTION.split(page)
    sections = zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    return {code: Rule(code, title, text.strip()) for code, title, text in sections}

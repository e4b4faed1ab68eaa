"""Which functions there are, and how many arguments each takes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

MAX_ARGUMENTS: Final = 255


class Origin(Enum):
    """Who has a function, and where."""

    GITHUB = auto()
    """GitHub, everywhere."""
    STATUS = auto()
    """GitHub, in conditions."""
    FILES = auto()
    """GitHub, where there is a workspace."""
    OWN = auto()
    """OrcaOps alone; a workflow may turn these off."""


@dataclass(frozen=True, slots=True)
class Signature:
    """A function as its callers see it.

    Attributes:
        name: In its own spelling; callers may use any case.
        least: The fewest arguments.
        most: The most arguments.
        shown: The call with its arguments named.
        origin: Who has it, and where.
        odd: Whether the number of arguments must be odd.
    """

    name: str
    least: int
    most: int
    shown: str
    origin: Origin = Origin.GITHUB
    odd: bool = False


_ALL: Final = (
    Signature("contains", 2, 2, "contains(search, item)"),
    Signature("startsWith", 2, 2, "startsWith(text, beginning)"),
    Signature("endsWith", 2, 2, "endsWith(text, ending)"),
    Signature("format", 1, MAX_ARGUMENTS, "format(text, value, ...)"),
    Signature("join", 1, 2, "join(list, separator)"),
    Signature("toJSON", 1, 1, "toJSON(value)"),
    Signature("fromJSON", 1, 1, "fromJSON(text)"),
    Signature("case", 3, MAX_ARGUMENTS, "case(condition, value, ..., otherwise)", odd=True),
    Signature("hashFiles", 1, MAX_ARGUMENTS, "hashFiles(glob, ...)", Origin.FILES),
    Signature("success", 0, MAX_ARGUMENTS, "success(job, ...)", Origin.STATUS),
    Signature("failure", 0, MAX_ARGUMENTS, "failure(job, ...)", Origin.STATUS),
    Signature("always", 0, 0, "always()", Origin.STATUS),
    Signature("cancelled", 0, 0, "cancelled()", Origin.STATUS),
    Signature("length", 1, 1, "length(value)", Origin.OWN),
    Signature("lower", 1, 1, "lower(text)", Origin.OWN),
    Signature("upper", 1, 1, "upper(text)", Origin.OWN),
    Signature("trim", 1, 1, "trim(text)", Origin.OWN),
    Signature("replace", 3, 3, "replace(text, part, by)", Origin.OWN),
    Signature("split", 2, 2, "split(text, separator)", Origin.OWN),
    Signature("keys", 1, 1, "keys(mapping)", Origin.OWN),
    Signature("values", 1, 1, "values(mapping)", Origin.OWN),
    Signature("coalesce", 1, MAX_ARGUMENTS, "coalesce(value, ...)", Origin.OWN),
)

SIGNATURES: Final = {signature.name.lower(): signature for signature in _ALL}
"""Every function by its name in lower case."""

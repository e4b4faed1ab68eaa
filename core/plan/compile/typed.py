"""What an expression came to, as the flag, number or duration that was meant.

Outputs and environment variables are always texts, so that texts are read: ``'true'``, ``'3'``, ``'10m'``.
"""

from __future__ import annotations

import math
import re
from typing import Final

from core.plan.expressions.numbers import number_of
from core.plan.findings import shown

_SPAN: Final = re.compile(r"(?:(\d+(?:\.\d+)?)d)?(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s)?")
_SECONDS: Final = (86_400, 3600, 60, 1)
_SIZE: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([bkmgt]?)(?:i?b)?", re.IGNORECASE)
_MEBIBYTES: Final = {"b": 1 / 2**20, "k": 1 / 1024, "m": 1, "": 1, "g": 1024, "t": 1024**2}
_LONGEST: Final = 64


class WrongTypeError(ValueError):
    """The value is not of the type that is meant."""


def flag_of(value: object) -> bool:
    """A boolean, or a text that says one.

    Raises:
        WrongTypeError: It is neither.
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in {"true", "false"}:
        return value.strip().lower() == "true"
    raise WrongTypeError(f"must be true or false, not {_told(value)}")


def number_from(value: object) -> float:
    """A number, or a text that is one; a whole number as an `int`.

    Raises:
        WrongTypeError: It is neither, or not finite.
    """
    found = number_of(value) if isinstance(value, str) and value.strip() else value
    if isinstance(found, bool) or not isinstance(found, int | float) or not math.isfinite(found):
        raise WrongTypeError(f"must be a number, not {_told(value)}")
    return int(found) if float(found).is_integer() else found


def seconds_from(value: object, factor: int = 1) -> float:
    """A duration: a number of seconds, or a text such as ``10m`` or ``1h30m``.

    Args:
        value: What is meant.
        factor: What a number is multiplied with.

    Raises:
        WrongTypeError: It is neither, or not more than 0.
    """
    seconds: float
    found = _SPAN.fullmatch(value.strip()) if isinstance(value, str) and len(value) <= _LONGEST else None
    if found is not None and any(found.groups()):
        seconds = sum(float(part) * each for part, each in zip(found.groups(), _SECONDS, strict=True) if part)
    else:
        try:
            seconds = number_from(value) * factor
        except WrongTypeError:
            raise WrongTypeError(f"must be a duration such as 90, 10m or 1h30m, not {_told(value)}") from None
    if seconds <= 0:
        raise WrongTypeError(f"must be more than 0 seconds, not {_told(value)}")
    return int(seconds) if float(seconds).is_integer() else seconds


def mebibytes_from(value: object) -> int:
    """A size of memory in MiB: a number of them, or a text such as ``512m`` or ``2g``.

    Raises:
        WrongTypeError: It is neither, or less than one.
    """
    found = _SIZE.fullmatch(value.strip()) if isinstance(value, str) and len(value) <= _LONGEST else None
    size = float(found[1]) * _MEBIBYTES[found[2].lower()] if found is not None else value
    try:
        whole = math.floor(number_from(size))
    except WrongTypeError:
        raise WrongTypeError(f"must be a size such as 512m or 2g, not {_told(value)}") from None
    if whole < 1:
        raise WrongTypeError(f"must be at least 1 MiB, not {_told(value)}")
    return whole


def _told(value: object) -> str:
    if isinstance(value, str):
        return f"'{shown(value)}'"
    match value:
        case None:
            return "nothing"
        case bool() | int() | float():
            return str(value).lower()
        case _:
            return "a list or mapping"

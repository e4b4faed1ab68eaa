"""Typed inputs: what whoever runs a template or a workflow may choose."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Final, Literal, Protocol, cast

import re2
from pydantic import AfterValidator, Field, JsonValue, model_validator

from core.spec.base import Frozen
from core.spec.fields import plain_text

if TYPE_CHECKING:
    from collections.abc import Callable

InputType = Literal["string", "number", "boolean", "choice", "json"]
"""What a value has to be; ``choice`` is one of some texts, ``json`` is anything."""

MAX_PATTERN: Final = 1000
MAX_OPTIONS: Final = 200
MAX_INPUTS: Final = 100

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")


def _input_name(text: str) -> str:
    if _NAME.fullmatch(text) is None:
        raise ValueError("an input's name is at most 64 letters, digits, '_' and '-', beginning with a letter or '_'")
    return text


def _pattern(text: str) -> str:
    if len(text) > MAX_PATTERN:
        raise ValueError(f"longer than {MAX_PATTERN} characters")
    _compiled(text)
    return text


InputName = Annotated[str, AfterValidator(_input_name)]
"""The name of an input, as expressions write it: ``inputs.NAME``."""

Text = Annotated[str, AfterValidator(plain_text)]
Description = Annotated[Text, Field(max_length=1000)]
"""What something is for, in words."""


class InputSpec(Frozen):
    """One input: its type and what its values may be."""

    type: InputType = "string"
    """What a value has to be; `choice` is one of some texts, `json` is anything."""
    description: Description = ""
    """What it is for."""
    required: bool = False
    """Whether a value has to be given; a default is value enough."""
    default: JsonValue = None
    """What applies when nothing is given; null for no default. In a workflow its texts may hold `${{ }}`."""
    options: Annotated[tuple[Text, ...], Field(max_length=MAX_OPTIONS)] = ()
    """The texts of a choice."""
    pattern: Annotated[str, AfterValidator(_pattern)] | None = None
    """An RE2 expression that the whole of a string has to match."""
    min: float | None = None
    """The least number."""
    max: float | None = None
    """The greatest number."""

    @model_validator(mode="after")
    def _fits_together(self) -> InputSpec:
        if self.type == "choice" and not self.options:
            raise ValueError("a choice needs options, the texts to choose from")
        if self.type != "choice" and self.options:
            raise ValueError(f"options go with type choice, not with {self.type}")
        if len(set(self.options)) != len(self.options):
            raise ValueError("options name a text twice")
        if self.pattern is not None and self.type != "string":
            raise ValueError(f"pattern goes with type string, not with {self.type}")
        if (self.min is not None or self.max is not None) and self.type != "number":
            raise ValueError(f"min and max go with type number, not with {self.type}")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min is greater than max")
        return self

    def matches(self, text: str) -> bool:
        """Whether the whole text matches the pattern; it does when there is none."""
        return self.pattern is None or _compiled(self.pattern).fullmatch(text) is not None


class _Compiled(Protocol):
    def fullmatch(self, text: str, /) -> object | None: ...


def _compiled(pattern: str) -> _Compiled:
    """The pattern read by RE2, which takes linear time whatever it says.

    Raises:
        ValueError: RE2 does not read it.
    """
    options = re2.Options()
    options.log_errors = False
    compiled = cast("Callable[[str, object], _Compiled]", re2.compile)
    failure = cast("type[Exception]", re2.error)
    try:
        return compiled(pattern, options)
    except (failure, UnicodeEncodeError):
        raise ValueError(
            "not an expression that RE2 reads: no look-around, no back references; a bracket itself is \\( or \\["
        ) from None

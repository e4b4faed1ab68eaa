"""Values of a workflow that may be known only when it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

Plain: TypeAlias = "bool | int | float | str | list[Plain] | dict[str, Plain] | None"
"""What JSON has. Texts in it may hold ``${{ }}``."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A text with ``${{ }}`` in it where something else than a text is meant: it is evaluated before it is used.

    Texts that stay texts are plain ``str``, whether they hold ``${{ }}`` or not.

    Attributes:
        text: As it was written, with its ``${{ }}``.
        factor: What a number it comes to is multiplied with: 60 where minutes become seconds.
    """

    text: str
    factor: int = 1


Flag: TypeAlias = bool | Expression
Count: TypeAlias = int | Expression
Amount: TypeAlias = float | Expression
Seconds: TypeAlias = float | Expression
Environment: TypeAlias = Mapping[str, str]

"""Takes the values of secrets out of what is told of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.redaction import Redactor, needles

if TYPE_CHECKING:
    from collections.abc import Callable

    from core.settings import EngineSettings


def mask_of(settings: EngineSettings) -> Callable[[str], str]:
    """What takes the values of the engine's secrets out of texts."""
    found = needles(value.get_secret_value() for value in settings.secrets.values())

    def mask(text: str) -> str:
        if not found or not text:
            return text
        return Redactor(found).feed(text.encode(), final=True).decode("utf-8", "replace")

    return mask

"""What every error has: a sentence, a code, a hint, and whether the same call may work later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault in a request, with its place.

    Attributes:
        path: Dotted path of the field, such as ``env.0``; empty for the whole request.
        message: What is wrong, without repeating the offending value (it may hold a secret).
        hint: What to write instead; empty when the message already says so.
    """

    path: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        """The finding as one line."""
        place = f"{self.path}: " if self.path else ""
        return f"{place}{self.message}"


class OrcaOpsError(Exception):
    """Something went wrong in OrcaOps.

    Attributes:
        retry_after_s: When the same call may work again, in seconds; None where waiting is not what helps.
    """

    code: ClassVar[str] = "internal"
    default_hint: ClassVar[str] = ""
    retryable: ClassVar[bool] = False
    retry_after_s: float | None = None

    def __init__(self, message: str = "", *, hint: str = "", findings: tuple[Finding, ...] = ()) -> None:
        sentence = (type(self).__doc__ or "").strip().splitlines()[0]
        self.message = message or sentence
        self.hint = hint or self.default_hint
        self.findings = findings
        super().__init__(self.message)

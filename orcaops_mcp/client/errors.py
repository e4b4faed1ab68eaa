"""The one error of a client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

UNREACHABLE: Final = "engine_unreachable"
"""The code when no engine answers."""

AMBIGUOUS: Final = "ambiguous_id"
"""The code when the beginning of an id fits several."""

_WRONG_ADDRESS: Final = "This does not look like an engine; check --url."


class ClientError(Exception):
    """A call did not do what it should: the engine refused, or did not answer.

    Args:
        code: A word that never changes, the engine's or one of this module's.
        message: One sentence.
        hint: What to do next.
        retryable: Whether the same call may work later.
        retry_after_s: When it may, in seconds; None if nobody said.
        status: The HTTP status; 0 when there was no answer.
        findings: Each fault of a refused request, as ``{path, message, hint?}``.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        hint: str = "",
        retryable: bool = False,
        retry_after_s: int | None = None,
        status: int = 0,
        findings: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.retryable = retryable
        self.retry_after_s = retry_after_s
        self.status = status
        self.findings = tuple(findings)

    def view(self) -> dict[str, Any]:
        """The error in the shape every door shows."""
        view: dict[str, Any] = {
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "retryable": self.retryable,
        }
        if self.retry_after_s is not None:
            view["retry_after_s"] = self.retry_after_s
        return view | ({"findings": list(self.findings)} if self.findings else {})


def unreachable(message: str, hint: str = "") -> ClientError:
    """No engine answers, or it went away."""
    return ClientError(UNREACHABLE, message, hint=hint, retryable=True)


def refused(status: int, body: Any) -> ClientError:
    """The error an answer stands for, whatever its body is."""
    error = _object(_object(body).get("error"))
    if not error:
        message = f"The engine answered with HTTP status {status} and without a reason."
        return ClientError("http_error", message, hint=_WRONG_ADDRESS, status=status)
    findings, again_s = error.get("findings"), error.get("retry_after_s")
    return ClientError(
        str(error.get("code") or "http_error"),
        str(error.get("message") or f"The engine answered with HTTP status {status}."),
        hint=str(error.get("hint") or ""),
        retryable=error.get("retryable") is True,
        retry_after_s=again_s if isinstance(again_s, int) else None,
        status=status,
        findings=[_object(item) for item in cast("list[object]", findings)] if isinstance(findings, list) else (),
    )


def _object(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}

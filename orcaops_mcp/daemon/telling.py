"""How a process that cannot go on says why: two lines, which whoever started it passes on."""

from __future__ import annotations

from typing import cast

from core import OrcaOpsError


def two_lines(error: OrcaOpsError) -> str:
    """The message, and the hint if there is one."""
    hint = f"  hint: {error.hint}\n" if error.hint else ""
    return f"orcaops: {error.message}\n{hint}"


def sole_error(error: BaseException) -> OrcaOpsError | None:
    """The one `OrcaOpsError` an exception is or wraps; None if there is more to it."""
    if isinstance(error, BaseExceptionGroup):
        inner = cast("BaseExceptionGroup[BaseException]", error).exceptions
        return sole_error(inner[0]) if len(inner) == 1 else None
    return error if isinstance(error, OrcaOpsError) else None

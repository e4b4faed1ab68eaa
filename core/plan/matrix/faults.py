"""What is wrong with a matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.errors import Finding, InvalidMatrixError
from core.plan.source.nodes import path_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.plan.source.nodes import TreePath

__all__ = ("InvalidMatrixError", "MatrixFault", "refused")


@dataclass(frozen=True, slots=True)
class MatrixFault:
    """One thing wrong with a matrix, or surprising about it.

    Attributes:
        code: The code of a workflow's finding; the letter is the severity.
        message: What is wrong.
        path: Where, below the matrix, such as ``("exclude", 0, "node")``.
        hint: What to write instead.
        is_key: Whether the key at the path is meant, not its value.
    """

    code: str
    message: str
    path: TreePath = ()
    hint: str = ""
    is_key: bool = False


def refused(faults: Sequence[MatrixFault]) -> InvalidMatrixError:
    """The error that names every fault."""
    findings = tuple(Finding(path_text(fault.path), fault.message, fault.hint) for fault in faults)
    hints = [fault.hint for fault in faults if fault.hint]
    return InvalidMatrixError(
        "; ".join(fault.message for fault in faults), hint=hints[0] if hints else "", findings=findings
    )

"""What pip-audit found, in lines for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Audit:
    """The outcome.

    Attributes:
        lines: To be printed.
        is_sound: No vulnerability is known of what was looked up.
    """

    lines: tuple[str, ...]
    is_sound: bool


def read_audit(answer: Mapping[str, Any]) -> Audit:
    """Read pip-audit's JSON answer.

    Args:
        answer: With ``dependencies``: each a name, and either a version with its vulnerabilities or why it was skipped.
    """
    looked_up = [one for one in answer["dependencies"] if "skip_reason" not in one]
    skipped = len(answer["dependencies"]) - len(looked_up)
    lines = [_line(one, fault) for one in looked_up for fault in one["vulns"]]
    found = f"{len(lines)} known vulnerabilities" if lines else "no known vulnerability"
    if not looked_up:
        nothing = f"audit: the index knows none of the {skipped} locked dependencies; nothing was audited"
        return Audit((nothing,), is_sound=True)
    beside = f"; {skipped} more are not known to the index" if skipped else ""
    return Audit((*lines, f"audit: {found} in {len(looked_up)} locked dependencies{beside}"), is_sound=not lines)


def _line(dependency: Mapping[str, Any], fault: Mapping[str, Any]) -> str:
    mended = ", ".join(fault["fix_versions"]) or "no version yet"
    return f"audit: {dependency['name']} {dependency['version']}: {fault['id']}, mended in {mended}"

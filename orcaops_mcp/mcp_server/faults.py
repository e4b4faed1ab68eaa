"""What went wrong in a call, in words a model can act on."""

from __future__ import annotations

import difflib
import logging
import secrets
from typing import TYPE_CHECKING, Any, Final

from core import Finding, InvalidArgumentError, OrcaOpsError
from orcaops_mcp.views.problem import problem, problem_view

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import ValidationError

_log = logging.getLogger(__name__)

_MEANT: Final = {
    "args": ("command",),
    "argv": ("command",),
    "cmd": ("command", "commands"),
    "edits": ("changes",),
    "environment": ("env",),
    "file": ("path", "files"),
    "follow": ("follow_s",),
    "id": ("job_id", "workflow_id", "ids"),
    "job": ("job_id", "id"),
    "job_id": ("id", "ids"),
    "job_ids": ("ids",),
    "memory": ("memory_mb",),
    "node_id": ("node", "id"),
    "pattern": ("grep",),
    "run_id": ("workflow_id", "id", "ids"),
    "steps": ("commands",),
    "timeout": ("timeout_s",),
    "timeout_seconds": ("timeout_s",),
    "wait": ("wait_s", "timeout_s"),
    "workflow": ("spec", "workflow_id"),
    "workflow_id": ("id", "ids"),
    "yaml": ("spec", "workflow"),
}


def refused_arguments(tool: str, known: Iterable[str], error: ValidationError) -> dict[str, Any]:
    """The problem of a call whose arguments do not fit, without the values that were refused.

    Args:
        tool: The tool's name.
        known: Names of its arguments.
        error: What pydantic found.
    """
    names = sorted(known)
    findings = tuple(
        _finding(detail["type"], detail["loc"], detail["msg"], names)
        for detail in error.errors(include_url=False, include_input=False, include_context=False)
    )
    sentence = "; ".join(str(finding) for finding in findings[:5])
    hint = f"Nothing was done. Arguments of {tool}: {', '.join(names) or 'none'}."
    return problem_view(InvalidArgumentError(sentence, hint=hint, findings=findings))


def unknown_tool(name: str, known: Iterable[str]) -> dict[str, Any]:
    """The problem of a call for a tool that is not on offer."""
    names = sorted(known)
    near = difflib.get_close_matches(name[:100], names, n=1)
    guess = f"; did you mean {near[0]}?" if near else "."
    return problem("unknown_tool", f"There is no such tool{guess}", hint="Tools on offer: " + ", ".join(names) + ".")


def may_not_change(name: str, allowed: Iterable[str]) -> dict[str, Any]:
    """The problem of a caller who may only look and called for a change."""
    hint = f"Nothing was done. Ask the operator for a token that may write. Tools you may call: {', '.join(allowed)}."
    return problem("read_only_token", f"{name} changes something, and this token may only read.", hint=hint)


def raised(tool: str, error: BaseException | None) -> dict[str, Any]:
    """The problem of a call in which something was raised; a crash is logged under an id that the caller is given."""
    if isinstance(error, OrcaOpsError):
        return problem_view(error)
    correlation = secrets.token_hex(4)
    _log.error("%s crashed (%s)", tool, correlation, exc_info=error)
    return problem(
        "internal",
        f"OrcaOps failed while it ran {tool}; its log has the details under {correlation}.",
        hint="This is a fault of OrcaOps. Reading the job's status may still work; report the id if it happens again.",
    )


def _finding(kind: str, loc: tuple[int | str, ...], message: str, names: list[str]) -> Finding:
    path = ".".join(str(part) for part in loc)[:200]
    if kind == "missing":
        return Finding(path, "required, and missing")
    if kind == "extra_forbidden":
        meant = _near(path, names) if len(loc) == 1 else ""
        return Finding(path, "no such argument" + (f"; did you mean {meant}?" if meant else ""))
    message = message.removeprefix("Value error, ")
    return Finding(path, message[:1].lower() + message[1:])


def _near(path: str, names: list[str]) -> str:
    meant = next((name for name in _MEANT.get(path, ()) if name in names), "")
    return meant or next(iter(difflib.get_close_matches(path, names, n=1, cutoff=0.6)), "")

"""From what somebody wrote to a `JobSpec`, with every fault named at once.

The friendly spellings (`script`, `entry` + `args` + `runtime`) are rewritten here, so that everything behind
this door knows one form.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationError

from core.errors import Finding, InvalidSpecError
from core.spec.job import JobSpec, StepSpec
from core.spec.runtimes import RUNTIMES

if TYPE_CHECKING:
    from collections.abc import Mapping

_SHORTHAND = ("script", "entry", "args", "runtime")
_FIELDS = (*JobSpec.model_fields, *_SHORTHAND)
_STEP_FIELDS = tuple(StepSpec.model_fields)


def parse_job(request: Mapping[str, Any]) -> JobSpec:
    """Check a job request and give it its canonical form.

    Args:
        request: Fields of `JobSpec`, or `script`, or `entry` with `runtime` and `args`.

    Returns:
        The spec. Fields left out keep their defaults.

    Raises:
        InvalidSpecError: With a finding for every fault.
    """
    findings: list[Finding] = []
    canonical = _rewrite(request, findings)
    try:
        spec = JobSpec.model_validate(canonical)
    except ValidationError as error:
        findings.extend(findings_of(error, _FIELDS))
    else:
        if not findings:
            return spec
    raise invalid_spec(findings)


def invalid_spec(findings: list[Finding]) -> InvalidSpecError:
    """One error that says all findings in one sentence each."""
    return InvalidSpecError("; ".join(str(finding) for finding in findings), findings=tuple(findings))


def findings_of(error: ValidationError, fields: tuple[str, ...] = ()) -> list[Finding]:
    """What pydantic found, in our words and without the values it refused.

    Args:
        error: What pydantic raised.
        fields: Names that an unknown one may have been meant for.
    """
    return [
        _finding(detail["type"], detail["loc"], detail["msg"], fields)
        for detail in error.errors(include_url=False, include_input=False)
    ]


def _finding(kind: str, loc: tuple[int | str, ...], message: str, fields: tuple[str, ...]) -> Finding:
    path = ".".join(str(part) for part in loc if part != "[key]")
    if kind == "missing":
        return Finding(path, "required, and missing")
    if kind == "extra_forbidden":
        known = _STEP_FIELDS if len(loc) > 1 and loc[0] == "commands" else fields
        near = difflib.get_close_matches(path.rpartition(".")[2], known, n=1, cutoff=0.6)
        if near:
            return Finding(path, f"no such field; did you mean {near[0]}?", f"Write {near[0]} instead.")
        return Finding(path, "no such field", "Fields: " + ", ".join(sorted(known)) + ".")
    text = message.removeprefix("Value error, ")
    return Finding(path, text[:1].lower() + text[1:] if text.startswith("Input ") else text)


def _rewrite(request: Mapping[str, Any], findings: list[Finding]) -> dict[str, Any]:
    canonical = {key: value for key, value in request.items() if key not in _SHORTHAND}
    ways = [key for key in ("command", "commands", "script", "entry") if request.get(key) is not None]
    if len(ways) > 1:
        findings.append(Finding(ways[1], f"{' and '.join(ways)} exclude each other; give one of them"))
        return canonical
    script, entry = request.get("script"), request.get("entry")
    if script is not None:
        canonical["commands"] = [{"run": script, "name": "script"}]
    if entry is not None:
        _rewrite_entry(request, canonical, findings)
    elif request.get("runtime") is not None or request.get("args"):
        findings.append(Finding("entry", "runtime and args go with entry, the file to run"))
    return canonical


def _rewrite_entry(request: Mapping[str, Any], canonical: dict[str, Any], findings: list[Finding]) -> None:
    entry, arguments, name = request.get("entry"), request.get("args") or (), request.get("runtime")
    if not isinstance(entry, str) or not isinstance(arguments, (list, tuple)):
        findings.append(Finding("entry", "entry is the path of a file, args a list of texts"))
        return
    runtime = RUNTIMES.get(str(name))
    if runtime is None:
        canonical.setdefault("image", "scratch")
        known = ", ".join(sorted(RUNTIMES))
        findings.append(
            Finding("runtime", f"needed with entry; one of {known}" if name is None else f"not one of {known}")
        )
        return
    image = canonical.get("image")
    canonical["image"] = image or runtime.image
    canonical["command"] = (*runtime.program, entry, *cast("list[str]", arguments))

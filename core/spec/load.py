"""From what somebody wrote to a `JobSpec`, with every fault named at once.

The friendly spellings (`script`, `entry` + `args` + `runtime`) are rewritten here, so that everything behind
this door knows one form.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sized
from dataclasses import replace
from types import NoneType
from typing import TYPE_CHECKING, Any, Final, cast

from pydantic import ValidationError

from core.errors import Finding, InvalidSpecError
from core.spec.job import InputFile, JobSpec, LogLimit, StepSpec
from core.spec.mounts import MountSpec, mounts_below
from core.spec.runtimes import RUNTIMES
from core.spec.sandbox import TmpfsSpec
from core.spec.service import HealthCheckSpec, ReadySpec, ServiceSpec

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from core.spec.node import NodeSpec
    from core.spec.runtimes import Runtime

_SHORTHAND: Final = ("script", "entry", "args", "runtime")
_WAYS: Final = ("command", "commands", "script", "entry")
_NOT_YOURS: Final = "set by the engine, never by a request"


def _asked(model: type[JobSpec | StepSpec | ServiceSpec]) -> tuple[str, ...]:
    """The fields that a request may have."""
    return tuple(name for name in model.model_fields if name not in model.ENGINES_OWN)


_FIELDS: Final = (*_asked(JobSpec), *_SHORTHAND)
_NESTED_FIELDS: Final[Mapping[int | str, tuple[str, ...]]] = {
    "commands": _asked(StepSpec),
    "files": tuple(InputFile.model_fields),
    "mounts": tuple(MountSpec.model_fields),
    "tmpfs": tuple(TmpfsSpec.model_fields),
    "log_limit": tuple(LogLimit.model_fields),
    "services": _asked(ServiceSpec),
    "health_check": tuple(HealthCheckSpec.model_fields),
    "ready": tuple(ReadySpec.model_fields),
}
_KINDS: Final = {
    "string_type": "must be a text",
    "tuple_type": "must be a list",
    "dict_type": "must be an object, or a list of KEY=VALUE",
    "model_type": "must be an object",
}
_LONGEST: Final[Mapping[str, int]] = {
    name: mark.max_length
    for name, field in JobSpec.model_fields.items()
    for mark in field.metadata
    if hasattr(mark, "max_length")
}
_MANY_FIELDS: Final = 200
_TELLABLE: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_SAID: Final = 10
_KEPT: Final = 100


def parse_job(
    request: Mapping[str, Any],
    *,
    runtimes: Mapping[str, Runtime] = RUNTIMES,
    folder: Path | None = None,
    context: Mapping[str, Any] | None = None,
    node: NodeSpec | None = None,
) -> JobSpec:
    """Check a job request and give it its canonical form.

    Args:
        request: Fields of `JobSpec`, or `script`, or `entry` with `runtime` and `args`.
        runtimes: What a runtime's name stands for.
        folder: Where a mount's source that is relative is taken from; without one it is a fault.
        context: What the expressions of the steps may name; None for a job without expressions.
        node: What the workflow adds whose node it was; None for a job of its own.

    Returns:
        The spec. Fields left out keep their defaults.

    Raises:
        InvalidSpecError: With a finding for every fault.
    """
    if len(request) > _MANY_FIELDS:
        raise invalid_spec([Finding("", f"a job has at most {len(_FIELDS)} fields, not {len(request)}")])
    findings: list[Finding] = []
    canonical = _without_overlong(_rewrite(request, runtimes, findings), findings)
    canonical |= {} if context is None else {"context": context}
    canonical |= {} if node is None else {"node": node}
    if folder is not None and "mounts" in canonical:
        canonical["mounts"] = mounts_below(canonical["mounts"], folder)
    try:
        spec = JobSpec.model_validate(canonical)
    except ValidationError as error:
        findings.extend(_as_written(finding, request) for finding in findings_of(error, _FIELDS))
    else:
        if node is None:
            findings += [
                Finding(f"services.{at}.late", _NOT_YOURS) for at, each in enumerate(spec.services) if each.late
            ]
        if not findings:
            return spec
    raise invalid_spec(findings)


def invalid_spec(findings: list[Finding]) -> InvalidSpecError:
    """One error that says all findings in one sentence each; of very many the first and how many more there are."""
    said = [str(finding) for finding in findings[:_SAID]]
    if len(findings) > _SAID:
        said.append(f"and {len(findings) - _SAID} more")
    return InvalidSpecError("; ".join(said), findings=tuple(findings[:_KEPT]))


def findings_of(
    error: ValidationError,
    fields: tuple[str, ...] = (),
    nested: Mapping[int | str, tuple[str, ...]] = _NESTED_FIELDS,
) -> list[Finding]:
    """What pydantic found, in our words and without the values it refused.

    Args:
        error: What pydantic raised.
        fields: Names that an unknown one may have been meant for.
        nested: The same below some of the fields.
    """
    return [
        _finding(detail["type"], detail["loc"], detail["msg"], _fields_beside(detail["loc"], fields, nested))
        for detail in error.errors(include_url=False, include_input=False, include_context=False)
    ]


def _fields_beside(
    loc: tuple[int | str, ...], fields: tuple[str, ...], nested: Mapping[int | str, tuple[str, ...]]
) -> tuple[str, ...]:
    """The fields that an unknown one could have been, by where it stands."""
    if len(loc) <= 1:
        return fields
    above = next((part for part in reversed(loc[:-1]) if isinstance(part, str)), "")
    return nested.get(above, nested.get(loc[0], ()))


def _finding(kind: str, loc: tuple[int | str, ...], message: str, known: tuple[str, ...]) -> Finding:
    path = ".".join(_shown(part) for part in loc if part != "[key]")
    if kind == "missing":
        return Finding(path, "required, and missing")
    if kind == "extra_forbidden":
        return _unknown_field(path, known)
    if kind in _KINDS:
        if loc == ("command",):
            return Finding(path, "must be a list, such as ['echo', 'hi']; for text that a shell runs there is script")
        return Finding(path, _KINDS[kind])
    text = message.removeprefix("Value error, ")
    return Finding(path, text.replace("Input should be", "must be", 1))


def _unknown_field(path: str, known: tuple[str, ...]) -> Finding:
    near = difflib.get_close_matches(path.rpartition(".")[2], known, n=1, cutoff=0.6)
    if near:
        return Finding(path, f"no such field; did you mean {near[0]}?", f"Write {near[0]} instead.")
    return Finding(path, "no such field", f"Fields: {', '.join(sorted(known))}." if known else "")


def _shown(part: int | str) -> str:
    """A part of a path as it may be told: a key that is not like a name could be a value in the wrong place."""
    text = str(part)
    return text if _TELLABLE.fullmatch(text) else "(key)"


def _without_overlong(canonical: dict[str, Any], findings: list[Finding]) -> dict[str, Any]:
    """The request without lists that are too long: their items need not be looked at one by one."""
    kept: dict[str, Any] = {}
    for name, value in canonical.items():
        longest = _LONGEST.get(name)
        if longest is not None and isinstance(value, Sized) and not isinstance(value, str) and len(value) > longest:
            findings.append(Finding(name, f"at most {longest} items, not {len(value)}"))
        else:
            kept[name] = value
    return kept


def _as_written(finding: Finding, request: Mapping[str, Any]) -> Finding:
    """The finding under the name of the field that the request used."""
    if request.get("script") is not None and finding.path.startswith("commands"):
        return replace(finding, path="script")
    if request.get("entry") is not None and finding.path.startswith("command."):
        return replace(finding, path="args")
    services = request.get("services")
    if isinstance(services, dict) and finding.path.startswith("services."):
        return replace(finding, path=_with_id(finding.path, tuple(cast("dict[object, object]", services))))
    return finding


def _with_id(path: str, ids: tuple[object, ...]) -> str:
    """The path of a fault in services that were written as a mapping: with the id where the number stands."""
    head, _, rest = path.partition(".")
    number, dot, below = rest.partition(".")
    id_ = ids[int(number)] if number.isdecimal() and int(number) < len(ids) else number
    return f"{head}.{_shown(str(id_))}{dot}{below}"


def _rewrite(request: Mapping[str, Any], runtimes: Mapping[str, Runtime], findings: list[Finding]) -> dict[str, Any]:
    canonical = {
        key: value for key, value in request.items() if key not in _SHORTHAND and key not in JobSpec.ENGINES_OWN
    }
    findings.extend(Finding(name, _NOT_YOURS) for name in JobSpec.ENGINES_OWN if request.get(name) is not None)
    ways = [key for key in _WAYS if request.get(key) is not None]
    if len(ways) > 1:
        findings.append(Finding(ways[1], f"{' and '.join(ways)} exclude each other; give one of them"))
        return {key: value for key, value in canonical.items() if key not in ways}
    if (script := request.get("script")) is not None:
        canonical["commands"] = [{"run": script, "name": "script"}]
    if request.get("entry") is not None:
        _rewrite_entry(request, canonical, runtimes, findings)
    elif request.get("runtime") is not None or request.get("args") is not None:
        findings.append(Finding("entry", "runtime and args go with entry, the file to run"))
    return canonical


def _rewrite_entry(
    request: Mapping[str, Any],
    canonical: dict[str, Any],
    runtimes: Mapping[str, Runtime],
    findings: list[Finding],
) -> None:
    entry, arguments, name = request["entry"], request.get("args"), request.get("runtime")
    runtime = runtimes.get(name) if isinstance(name, str) else None
    if not isinstance(entry, str) or not entry:
        findings.append(Finding("entry", "the path of the file to run, as a text"))
    if not isinstance(arguments, (list, tuple, NoneType)):
        findings.append(Finding("args", "a list of texts"))
    if runtime is None:
        known = ", ".join(sorted(runtimes))
        message = f"needed with entry; one of {known}" if name is None else f"not one of {known}"
        findings.append(Finding("runtime", message))
        canonical.setdefault("image", "to-be-chosen")
    elif not findings:
        canonical["image"] = canonical.get("image") or runtime.image
        canonical["command"] = (*runtime.program, entry, *cast("list[str]", arguments or ()))
    else:
        canonical.setdefault("image", runtime.image)

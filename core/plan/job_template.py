"""The job of a template: its expressions checked before it is saved, and evaluated when it is run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, cast

from core.errors import Finding, InvalidExpressionError, InvalidSpecError
from core.plan.context import CONTEXTS
from core.plan.expressions.remarks import examine
from core.plan.expressions.scope import Scope
from core.plan.expressions.surroundings import Surroundings
from core.plan.expressions.values import plain
from core.plan.expressions.values import text as text_of
from core.plan.inputs import default_findings, inputs_shape, sample_inputs
from core.plan.interpolate import OPENING, find_holes, interpolate, parse_hole, parse_template
from core.spec.load import invalid_spec, parse_job

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from pydantic import JsonValue

    from core.plan.expressions.shapes import Shape
    from core.spec.runtimes import Runtime
    from core.spec.template import TemplateSpec

MAX_EXPRESSIONS: Final = 1000
"""As many may stand in one template."""

MAX_FILLED: Final = 1024 * 1024
"""Characters of all values that the expressions of one template come to."""

_SCOPE: Final = Scope(
    contexts=("inputs",),
    elsewhere=tuple(name for name in CONTEXTS if name != "inputs"),
    where="a template",
)
_TYPED: Final = frozenset(
    {
        *("timeout_s", "step_timeout_s", "cancel_grace_s", "retry_delay_s", "cpus", "memory_mb", "pids", "gpus"),
        *("retries", "success_exit_codes", "init", "priority", "log_limit", "size", "executable", "read_only"),
    }
)
"""Fields that take numbers and booleans; every other one takes texts."""

_Path = tuple[str | int, ...]
_LEFT_OUT: Final = object()


def template_findings(
    spec: TemplateSpec, *, runtimes: Mapping[str, Runtime], door_fields: Collection[str] = ()
) -> tuple[Finding, ...]:
    """Everything that can be known to be wrong with the template of a job before it is run.

    Args:
        spec: The template.
        runtimes: What a runtime's name stands for.
        door_fields: Fields of the job that a door turns into others before it submits; they are not looked at.

    Returns:
        Findings with paths such as ``inputs.version.default`` and ``job.commands.0``.
    """
    findings = list(default_findings(spec.inputs))
    shapes = {"inputs": inputs_shape(spec.inputs)}
    job = spec.job or {}
    changing = {path: text for path, text in _texts(job) if OPENING in text}
    if sum(text.count(OPENING) for text in changing.values()) > MAX_EXPRESSIONS:
        findings.append(Finding("job", f"more than {MAX_EXPRESSIONS} expressions"))
        return tuple(findings)
    for path, text in changing.items():
        findings += _faults(("job", *path), text, shapes)
    sample = _Filler(sample_inputs(spec.inputs), is_sample=True).filled(job)
    request = {name: value for name, value in sample.items() if name not in door_fields}
    try:
        parse_job(request, runtimes=runtimes)
    except InvalidSpecError as error:
        findings += [_below_job(fault) for fault in error.findings if _is_certain(fault.path, changing)]
    return tuple(findings)


def fill_job(job: Mapping[str, JsonValue], values: Mapping[str, object]) -> dict[str, Any]:
    """The job request that comes of a template's job.

    A text that is one expression and nothing else becomes its value, and is left out where that is null; where the
    request takes texts, numbers and booleans become texts.

    Args:
        job: Of a template without findings.
        values: Every input, typed.

    Raises:
        InvalidSpecError: Expressions cannot be evaluated with these inputs; with a finding for each.
    """
    filler = _Filler(values)
    request = filler.filled(job)
    if filler.findings:
        raise invalid_spec(filler.findings)
    return request


class _Filler:
    """Evaluates what stands in a job.

    Args:
        values: Of the inputs.
        is_sample: Whether the values only stand for others, so that what they make go wrong does not count.
    """

    def __init__(self, values: Mapping[str, object], *, is_sample: bool = False) -> None:
        self.findings: list[Finding] = []
        self._surroundings = Surroundings({"inputs": values})
        self._is_sample = is_sample
        self._made = 0

    def filled(self, job: Mapping[str, JsonValue]) -> dict[str, Any]:
        """The job with every expression replaced."""
        return cast("dict[str, Any]", self._value(dict(job), ()))

    def _value(self, value: JsonValue, path: _Path) -> object:
        match value:
            case str() if OPENING in value:
                return self._evaluated(value, path)
            case dict():
                pairs = ((name, self._value(item, (*path, name))) for name, item in value.items())
                return {name: item for name, item in pairs if item is not _LEFT_OUT}
            case list():
                items = (self._value(item, (*path, index)) for index, item in enumerate(value))
                return [item for item in items if item is not _LEFT_OUT]
            case _:
                return value

    def _evaluated(self, text: str, path: _Path) -> object:
        if self._made > MAX_FILLED:
            return ""
        try:
            found = plain(interpolate(parse_template(text, _SCOPE), self._surroundings))
        except InvalidExpressionError as error:
            if not self._is_sample:
                self.findings.append(_told(path, error))
            return text
        self._made += len(found) if isinstance(found, str) else len(json.dumps(found))
        if self._made > MAX_FILLED:
            said = f"with these inputs the job's texts grow beyond {MAX_FILLED // 1024} KiB"
            self.findings.append(Finding(_dotted(path), said, "Send large data as files."))
        return _LEFT_OUT if found is None else _fitting(found, path)


def _fitting(value: object, path: _Path) -> object:
    """The value as the field takes it: texts where it takes texts."""
    if isinstance(value, list):
        return [_fitting(item, (*path, index)) for index, item in enumerate(cast("list[object]", value))]
    if isinstance(value, dict):
        pairs = cast("dict[str, object]", value).items()
        return {name: _fitting(item, (*path, name)) for name, item in pairs}
    if isinstance(value, bool | int | float) and _takes_texts(path):
        return text_of(value if isinstance(value, bool) else float(value))
    return value


def _takes_texts(path: _Path) -> bool:
    if path[0] == "env":
        return True
    named = [part for part in path if isinstance(part, str)]
    return _TYPED.isdisjoint((named[0], named[-1]))


def _texts(value: JsonValue, path: _Path = ()) -> Iterator[tuple[_Path, str]]:
    """Every text with its path; names are not among them."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _texts(item, (*path, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, (*path, index))


def _faults(path: _Path, text: str, shapes: Mapping[str, Shape]) -> Iterator[Finding]:
    """What is wrong with the expressions of a text whatever the inputs are."""
    try:
        holes = find_holes(text)
    except InvalidExpressionError as error:
        yield _told(path, error)
        return
    for hole in holes:
        try:
            expression = parse_hole(hole, _SCOPE)
        except InvalidExpressionError as error:
            yield _told(path, error)
            continue
        for remark in examine(expression, shapes):
            if remark.code.startswith("E"):
                yield Finding(_dotted(path), remark.message, remark.hint)


def _told(path: _Path, error: InvalidExpressionError) -> Finding:
    return Finding(_dotted(path), error.message, error.hint)


def _dotted(path: _Path) -> str:
    return ".".join(map(str, path))


def _below_job(finding: Finding) -> Finding:
    return Finding(f"job.{finding.path}" if finding.path else "job", finding.message, finding.hint)


def _is_certain(place: str, changing: Collection[_Path]) -> bool:
    """Whether a fault of the job as filled with samples is one whatever the inputs are."""
    if not place:
        return not any(len(path) == 1 for path in changing)
    parts = place.split(".")
    return not any(all(one == str(other) for one, other in zip(parts, path, strict=False)) for path in changing)

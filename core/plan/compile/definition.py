"""A job's definition as plain data, with its expressions evaluated as far as they are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final, cast

from core.plan.compile.typed import WrongTypeError, flag_of, mebibytes_from, number_from, seconds_from
from core.plan.interpolate import OPENING
from core.spec.workflow import Expression, WorkflowJobSpec

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from core.plan.compile.environment import EnvContext
    from core.plan.compile.resolving import Fault, Resolver
    from core.plan.expressions.evaluator import Reading
    from core.spec.workflow import ImageSpec

_FLAGS: Final = frozenset({"always", "cancel_in_progress", "fail_fast"})
_RAW: Final = frozenset({"condition", "unless"})
_NAMES: Final = {"condition": "if", "tolerance": "continue_on_error", "inputs": "with"}
_NAMED: Final = (
    "secrets", "shell", "working_directory", "user", "volumes", "services", "artifacts", "outputs", "timeout_s",
    "retry", "tolerance", "concurrency", "resources", "network", "profile",
    "stop_signal",
)  # fmt: skip
_ALWAYS: Final = frozenset({"timeout_s"})
"""Told also where it is the default."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A job, or one variant of it, as it would be run.

    Attributes:
        values: Plain data: ``image``, ``steps``, ``env`` and so on; what is empty is left out. Conditions of steps and
            retries, and whatever is not known yet, stand as they are written.
        open: The paths of values that are not known yet, such as ``env.TAG``, with what each waits for.
        faults: What cannot be evaluated: the node fails before it starts.
        readings: What the expressions read, by its path.
        is_literal: Whether nothing in it is an expression, but for variables of the workflow.
    """

    values: Mapping[str, object]
    open: Mapping[str, tuple[str, ...]]
    faults: tuple[Fault, ...]
    readings: Mapping[str, Reading]
    is_literal: bool = False


def define(job: WorkflowJobSpec, resolver: Resolver, env: EnvContext) -> Definition:
    """The definition of a node.

    Args:
        job: Its job.
        resolver: Evaluates its texts; it knows the contexts, ``env`` included.
        env: The variables of the workflow with those of the job over them.
    """
    values: dict[str, object] = {}
    if job.image is not None:
        values |= _image(job.image, resolver)
    values["steps"] = [_plain(step, resolver, f"steps[{index}]") for index, step in enumerate(job.steps)]
    values["env"] = env.entries
    for name, waits in env.waiting.items():
        resolver.open.setdefault(f"env.{name}", waits)
    for name, key, nothing in _KEPT:
        value = getattr(job, name)
        if value is not nothing and value != nothing:
            values[key] = field_value(name, value, resolver, key)
    if job.call is not None:
        values["uses"] = job.call.file
        values["with"] = resolver.value(dict(job.call.inputs), "with")
    told = {key: value for key, value in values.items() if not _is_empty(value)}
    readings, faults = dict(resolver.readings), tuple(resolver.faults)
    return Definition(told, dict(resolver.open), faults, readings, is_literal=not resolver.has_evaluated)


def _image(image: ImageSpec, resolver: Resolver) -> dict[str, object]:
    told: dict[str, object] = {"image": resolver.text(image.name, "image")}
    for name in ("pull", "entrypoint", "user", "platform", "credentials"):
        value = getattr(image, name)
        if not _is_empty(value):
            key = "image_user" if name == "user" else name
            told[key] = field_value(name, value, resolver, key)
    return told


def field_value(name: str, value: object, resolver: Resolver, path: str) -> object:
    """The value of a field, of the type that its name says."""
    if not isinstance(value, Expression):
        return _plain(value, resolver, path)
    found = resolver.value(value.text, path)
    if path in resolver.open:
        return found
    try:
        if name in _FLAGS:
            return flag_of(found)
        if name.endswith("_s"):
            return seconds_from(found, value.factor)
        return mebibytes_from(found) if name == "memory_mb" else number_from(found)
    except WrongTypeError as error:
        if not any(fault.path == path for fault in resolver.faults):
            resolver.fault(path, f"{path} {error}")
        return value.text


def _plain(value: object, resolver: Resolver, path: str) -> object:
    """Specs, mappings and tuples as plain data; what is empty is left out of specs."""
    if isinstance(value, str):
        return resolver.text(value, path) if OPENING in value else value
    if isinstance(value, Expression):
        return field_value("", value, resolver, path)
    if isinstance(value, list | tuple):
        items = cast("list[object]", value)
        return [_plain(item, resolver, f"{path}[{index}]") for index, item in enumerate(items)]
    if isinstance(value, dict | Mapping):
        pairs = cast("Mapping[str, object]", value).items()
        return {key: _plain(item, resolver, f"{path}.{key}") for key, item in pairs}
    if value is not None and not isinstance(value, int | float) and is_dataclass(value):
        return _spec(cast("DataclassInstance", value), resolver, path)
    return value


def _spec(value: DataclassInstance, resolver: Resolver, path: str) -> dict[str, object]:
    told: dict[str, object] = {}
    for name, key, default in _layout(type(value)):
        inner: Any = getattr(value, name)
        if inner is default or inner == default or _is_empty(inner):
            continue
        found = inner if name in _RAW else field_value(name, inner, resolver, f"{path}.{key}")
        if not _is_empty(found):
            told[key] = found
    return told


@cache
def _layout(kind: type[DataclassInstance]) -> tuple[tuple[str, str, object], ...]:
    """The fields of a spec: its name, what it is called, and what it is if nothing was said."""
    return tuple(
        (each.name, _NAMES.get(each.name, each.name), _default(each.default, each.default_factory))
        for each in fields(kind)
    )


def _default(value: object, factory: object) -> object:
    return factory() if value is MISSING and callable(factory) else value


def _is_empty(value: object) -> bool:
    return value is None or (isinstance(value, str | list | tuple | Mapping) and not value)


def _kept() -> tuple[tuple[str, str, object], ...]:
    """The fields of a job that its definition has: each with its key, and the value that says nothing."""
    known = {name: (key, default) for name, key, default in _layout(WorkflowJobSpec)}
    return tuple(
        (name, key, MISSING if name in _ALWAYS else default) for name in _NAMED for key, default in [known[name]]
    )


_KEPT: Final = _kept()

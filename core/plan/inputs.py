"""Inputs as they are given, against what is declared: typed values, and every fault at once.

Messages never repeat a value that was given.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias, cast

from core.errors import Finding
from core.plan.expressions.json_text import JsonFault, from_json
from core.plan.expressions.letters import fold
from core.plan.expressions.shapes import ANYTHING, BOOLEAN, NUMBER, TEXT, MappingShape
from core.plan.expressions.values import freeze, plain
from core.plan.findings import shown
from core.plan.nearness import did_you_mean
from core.spec.fields import plain_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.plan.expressions.shapes import Shape
    from core.spec.inputs import InputSpec

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

MAX_INPUT_BYTES: Final = 64 * 1024
"""All values of a run, as JSON: they are kept with its record."""

_TOO_LARGE: Final = Finding("inputs", f"more than {MAX_INPUT_BYTES // 1024} KiB in all", "Send large data as files.")
_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_LONGEST_NUMBER: Final = 100
_LISTED: Final = 20
_ABSENT: Final[Mapping[str, Json]] = {"string": "", "number": 0, "boolean": False, "choice": "", "json": None}
_SHAPES: Final[Mapping[str, Shape]] = {
    "string": TEXT,
    "number": NUMBER,
    "boolean": BOOLEAN,
    "choice": TEXT,
    "json": ANYTHING,
}


@dataclass(frozen=True, slots=True)
class CheckedInputs:
    """What became of the inputs of a run.

    Attributes:
        values: A typed value for every declared input without a fault, in the order of the declaration.
        findings: What is wrong, with paths such as ``inputs.version``; nothing may run while there is one.
    """

    values: Mapping[str, Json]
    findings: tuple[Finding, ...]


def check_inputs(specs: Mapping[str, InputSpec], given: Mapping[str, object]) -> CheckedInputs:
    """Typed values from what was given and what is declared.

    Names are found without regard to case, as in expressions. A text is read where a number, a boolean or JSON is
    wanted, since command lines give nothing else. Null is a value for JSON only. What is neither given nor has a
    default is an empty text, 0, false or null.

    Args:
        specs: The declared inputs.
        given: Values by name; plain data.
    """
    if len(given) > len(specs) + _LISTED:
        said = f"at most {len(specs)} inputs are declared, not {len(given)}"
        return CheckedInputs({}, (Finding("inputs", said, _declared(specs)),))
    findings: list[Finding] = []
    chosen = _by_declaration(specs, given, findings)
    values: dict[str, Json] = {}
    for name, spec in specs.items():
        if name not in chosen and spec.required and spec.default is None:
            findings.append(Finding(f"inputs.{name}", "required, and missing", _wanted(spec)))
            continue
        if name not in chosen and spec.default is None:
            values[name] = _ABSENT[spec.type]
            continue
        value, fault = check_value(spec, chosen.get(name, spec.default))
        if fault:
            findings.append(Finding(f"inputs.{name}", fault, spec.description))
        else:
            values[name] = value
    if not findings and _are_too_large(values):
        findings.append(_TOO_LARGE)
    return CheckedInputs(values, tuple(findings))


def check_value(spec: InputSpec, value: object) -> tuple[Json, str]:
    """The value in its type, and what is wrong with it; an empty text if nothing is."""
    match spec.type:
        case "string":
            return _string(spec, value)
        case "number":
            return _number(spec, value)
        case "boolean":
            return _boolean(value)
        case "choice":
            return _choice(spec, value)
        case "json":
            return _json(value)


def default_findings(specs: Mapping[str, InputSpec]) -> tuple[Finding, ...]:
    """Defaults that do not fit their input or are too large together, and names that differ in case alone."""
    findings: list[Finding] = []
    first: dict[str, str] = {}
    for name, spec in specs.items():
        earlier = first.setdefault(fold(name), name)
        if earlier != name:
            findings.append(
                Finding(f"inputs.{name}", f"differs from {earlier} in case alone, which expressions ignore")
            )
        _, fault = ("", "") if spec.default is None else check_value(spec, spec.default)
        if fault:
            findings.append(Finding(f"inputs.{name}.default", fault))
    if not findings and _are_too_large({name: spec.default for name, spec in specs.items()}):
        findings.append(_TOO_LARGE)
    return tuple(findings)


def sample_inputs(specs: Mapping[str, InputSpec]) -> dict[str, Json]:
    """A value for every input: its default, or one of its type."""
    return {name: _sample(spec) for name, spec in specs.items()}


def inputs_shape(specs: Mapping[str, InputSpec]) -> MappingShape:
    """What is known of the context ``inputs``."""
    return MappingShape({name: _SHAPES[spec.type] for name, spec in specs.items()})


def _by_declaration(
    specs: Mapping[str, InputSpec], given: Mapping[str, object], findings: list[Finding]
) -> dict[str, object]:
    """The given values under the declared spelling of their names."""
    declared = {fold(name): name for name in specs}
    chosen: dict[str, object] = {}
    for written, value in given.items():
        name = declared.get(fold(written))
        place = f"inputs.{shown(written, most=64)}"
        if name is None:
            near = did_you_mean(written, specs)
            findings.append(Finding(place, f"no such input{'; ' + near if near else ''}", _declared(specs)))
        elif name in chosen:
            findings.append(Finding(place, "given twice, in different spellings"))
        elif value is not None or specs[name].type == "json":
            chosen[name] = value
    return chosen


def _are_too_large(values: Mapping[str, object]) -> bool:
    return len(json.dumps(values, ensure_ascii=False).encode()) > MAX_INPUT_BYTES


def _declared(specs: Mapping[str, InputSpec]) -> str:
    if not specs:
        return "It takes no inputs."
    names = list(specs)
    return f"Inputs: {', '.join(names[:_LISTED])}{', …' if len(names) > _LISTED else ''}."


def _wanted(spec: InputSpec) -> str:
    """What a missing input is, as a hint."""
    kind = f"a {spec.type}" if spec.type != "json" else "any JSON"
    return f"{kind}: {spec.description}" if spec.description else f"Give {kind}."


def _string(spec: InputSpec, value: object) -> tuple[Json, str]:
    if not isinstance(value, str):
        return None, "must be a text"
    try:
        plain_text(value)
    except ValueError as error:
        return None, str(error)
    if not spec.matches(value):
        return None, f"must match the pattern {shown(spec.pattern or '', most=100)} as a whole"
    return value, ""


def _choice(spec: InputSpec, value: object) -> tuple[Json, str]:
    if isinstance(value, str) and value in spec.options:
        return value, ""
    listed = [shown(option, most=40) for option in spec.options[:_LISTED]]
    return None, f"must be one of {', '.join(listed)}{', …' if len(spec.options) > _LISTED else ''}"


def _number(spec: InputSpec, value: object) -> tuple[Json, str]:
    found = _read_number(value) if isinstance(value, str) else value
    if isinstance(found, bool) or not isinstance(found, int | float) or not _is_double(found):
        return None, "must be a number"
    if spec.min is not None and found < spec.min:
        return None, f"must be at least {spec.min:g}"
    if spec.max is not None and found > spec.max:
        return None, f"must be at most {spec.max:g}"
    return found, ""


def _read_number(text: str) -> int | float | None:
    trimmed = text.strip()
    if len(trimmed) > _LONGEST_NUMBER or _NUMBER.fullmatch(trimmed) is None:
        return None
    return int(trimmed) if trimmed.lstrip("+-").isdigit() else float(trimmed)


def _is_double(value: float) -> bool:
    try:
        return math.isfinite(float(value))
    except OverflowError:
        return False


def _boolean(value: object) -> tuple[Json, str]:
    if isinstance(value, bool):
        return value, ""
    if isinstance(value, str) and value.strip().lower() in {"true", "false"}:
        return value.strip().lower() == "true", ""
    return None, "must be true or false"


def _json(value: object) -> tuple[Json, str]:
    try:
        found = from_json(value) if isinstance(value, str) else freeze(value)
    except JsonFault:
        return None, "must be JSON; a text itself is written in double quotes"
    except ValueError as error:
        return None, f"cannot be read: {error}"
    except TypeError:
        return None, "must be JSON"
    data = cast("Json", plain(found))
    try:
        text = json.dumps(data, ensure_ascii=False, allow_nan=False)
    except ValueError:
        return None, "must be JSON: numbers are finite there"
    try:
        plain_text(text)
    except ValueError as error:
        return None, str(error)
    return data, ""


def _sample(spec: InputSpec) -> Json:
    if spec.default is not None:
        value, fault = check_value(spec, spec.default)
        return _ABSENT[spec.type] if fault else value
    match spec.type:
        case "string":
            return "sample"
        case "number":
            return _nearest(1, spec)
        case "boolean":
            return True
        case "choice":
            return spec.options[0]
        case "json":
            return {}


def _nearest(value: float, spec: InputSpec) -> float:
    """The value, or the bound it is beyond."""
    low = value if spec.min is None else max(value, spec.min)
    return low if spec.max is None else min(low, spec.max)

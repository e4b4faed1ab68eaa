"""How the smaller records lie in JSON columns: small explicit functions, one pair a record.

Times are microseconds. Absent fields of older rows take the record's default.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from pydantic import TypeAdapter
from pydantic_core import from_json, to_json

from core.clock import from_microseconds, to_microseconds
from core.records.job import Failure, FailureKind, StepResult, Usage
from core.records.log import LogSummary
from core.records.service import ServiceResult
from core.records.template import TemplateUse
from core.spec.job import InputFile, JobSpec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

_MAX_CACHED_SPEC: Final = 16 * 1024
"""Longer specs are rare, and a cache full of them would take tens of mebibytes."""
_SPECS: Final = 256
"""Specs kept, ten kibibytes each: those of a list's longest page, and of jobs that are under way."""

_FILES: Final = TypeAdapter(tuple[InputFile, ...])
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))

_LATER_FACTS: Final = ("outcome", "attempts", "outputs", "summary", "reason", "answer")
"""What a step has only once it has ended or was asked about; written when there is something."""


def utf8(text: str) -> str:
    """The text with halves of surrogate pairs replaced: they can be neither stored nor sent."""
    if text.isascii():
        return text
    return text.encode("utf-8", "replace").decode()


micros = to_microseconds


def moment(value: int | None) -> datetime | None:
    """A time as records hold it."""
    return None if value is None else from_microseconds(value)


def spec_to_json(spec: JobSpec) -> str:
    """The whole spec, defaults included: what applied then stays true when a default changes."""
    return spec.model_dump_json()


def spec_from_json(text: str) -> JobSpec:
    """The spec that `spec_to_json` wrote."""
    return _cached_spec(text) if len(text) <= _MAX_CACHED_SPEC else JobSpec.model_validate_json(text)


@lru_cache(_SPECS)
def _cached_spec(text: str) -> JobSpec:
    return JobSpec.model_validate_json(text)


def files_to_json(files: tuple[InputFile, ...]) -> str:
    """An upload's manifest."""
    return _FILES.dump_json(files).decode()


def files_from_json(text: str) -> tuple[InputFile, ...]:
    """The manifest that `files_to_json` wrote."""
    return _FILES.validate_json(text)


def mapping_to_json(mapping: Mapping[str, str] | Mapping[str, int]) -> str:
    """A flat mapping."""
    return dump(dict(mapping)) if mapping else "{}"


def texts_from_json(text: str) -> dict[str, str]:
    """A mapping of texts that `mapping_to_json` wrote."""
    return load(text) if text != "{}" else {}


def numbers_from_json(text: str) -> dict[str, int]:
    """A mapping of numbers that `mapping_to_json` wrote."""
    return load(text) if text != "{}" else {}


def list_to_json(texts: Sequence[str]) -> str:
    """A list of texts."""
    return dump(list(texts)) if texts else "[]"


def list_from_json(text: str) -> tuple[str, ...]:
    """The texts that `list_to_json` wrote."""
    return tuple(load(text)) if text != "[]" else ()


def failure_to_json(failure: Failure | None) -> str | None:
    """Why something did not succeed."""
    if failure is None:
        return None
    return dump(
        {
            "kind": failure.kind,
            "message": failure.message,
            "hint": failure.hint,
            "retryable": failure.retryable,
            "step": failure.step,
        }
    )


def failure_from_json(text: str | None) -> Failure | None:
    """The failure that `failure_to_json` wrote."""
    if text is None:
        return None
    found: dict[str, Any] = load(text)
    kind = FailureKind(found.pop("kind"))
    return Failure(kind=kind, **found)


def steps_to_json(steps: tuple[StepResult, ...]) -> str:
    """An attempt's steps."""
    if not steps:
        return "[]"
    return dump(
        [
            {
                "index": step.index,
                "title": step.title,
                "status": step.status,
                "exit_code": step.exit_code,
                "started_us": micros(step.started_at),
                "finished_us": micros(step.finished_at),
                "first_line": step.first_line,
                "last_line": step.last_line,
                **{name: value for name in _LATER_FACTS if (value := getattr(step, name))},
            }
            for step in steps
        ]
    )


def steps_from_json(text: str) -> tuple[StepResult, ...]:
    """The steps that `steps_to_json` wrote."""
    if text == "[]":
        return ()
    found: list[dict[str, Any]] = load(text)
    return tuple(
        StepResult(
            index=step["index"],
            title=step["title"],
            status=step["status"],
            exit_code=step["exit_code"],
            started_at=moment(step["started_us"]),
            finished_at=moment(step["finished_us"]),
            first_line=step["first_line"],
            last_line=step["last_line"],
            **{name: step[name] for name in _LATER_FACTS if name in step},
        )
        for step in found
    )


def usage_to_json(usage: Usage | None) -> str | None:
    """What an attempt used."""
    if usage is None:
        return None
    return dump(
        {
            "cpu_seconds": usage.cpu_seconds,
            "peak_memory_bytes": usage.peak_memory_bytes,
            "network_rx_bytes": usage.network_rx_bytes,
            "network_tx_bytes": usage.network_tx_bytes,
            "exact": usage.exact,
        }
    )


def usage_from_json(text: str | None) -> Usage | None:
    """The usage that `usage_to_json` wrote."""
    return None if text is None else Usage(**load(text))


def log_to_json(log: LogSummary) -> str:
    """What was kept of an attempt's output."""
    return dump(
        {
            "lines": log.lines,
            "size": log.size,
            "truncated": log.truncated,
            "gap_after": log.gap_after,
            "complete": log.complete,
        }
    )


def log_from_json(text: str) -> LogSummary:
    """The summary that `log_to_json` wrote."""
    return LogSummary(**load(text))


def services_to_json(services: tuple[ServiceResult, ...]) -> str:
    """What became of an attempt's services."""
    if not services:
        return "[]"
    return dump(
        [
            {
                "service_id": service.service_id,
                "image": service.image,
                "container_name": service.container_name,
                "status": service.status,
                "image_digest": service.image_digest,
                "started_us": micros(service.started_at),
                "ready_us": micros(service.ready_at),
                "exit_code": service.exit_code,
                "message": service.message,
            }
            for service in services
        ]
    )


def services_from_json(text: str) -> tuple[ServiceResult, ...]:
    """The services that `services_to_json` wrote."""
    if text == "[]":
        return ()
    found: list[dict[str, Any]] = load(text)
    return tuple(
        ServiceResult(
            service_id=service["service_id"],
            image=service["image"],
            container_name=service["container_name"],
            status=service["status"],
            image_digest=service["image_digest"],
            started_at=moment(service["started_us"]),
            ready_at=moment(service["ready_us"]),
            exit_code=service["exit_code"],
            message=service["message"],
        )
        for service in found
    )


def template_to_json(use: TemplateUse | None) -> str | None:
    """Which template a job was filled from, or a run was made of."""
    return None if use is None else dump({"name": use.name, "version": use.version, "inputs": dict(use.inputs)})


def template_from_json(text: str | None) -> TemplateUse | None:
    """The use that `template_to_json` wrote."""
    return None if text is None else TemplateUse(**load(text))


def dump(value: object) -> str:
    """JSON as short as it gets."""
    try:
        return to_json(value).decode()
    except ValueError:  # half a surrogate pair, or hundreds of levels: rare, and costs four times as much
        return utf8(_ENCODER.encode(value))


def load(text: str) -> Any:
    """What `dump` wrote."""
    try:
        return from_json(text)
    except ValueError:  # hundreds of levels
        return json.loads(text)

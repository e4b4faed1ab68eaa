"""How the smaller records of workflow runs lie in JSON columns; NULL stands for what is absent or empty.

Times are microseconds. Absent fields of older rows take the record's default.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.clock import from_microseconds, to_microseconds
from core.lifecycle.workflow import Outcome, Reason
from core.records.job import CancelRequest
from core.records.workflow import CriticalNode
from core.records.workflow_node import JsonObject, KeptFrom, NodeCondition, NodeCounts, NodeReason, NodeTry, NodeVariant
from core.records.workflow_service import RunService
from core.spec.service import ServiceSpec
from core.store.encoding import dump, load, micros, moment, services_from_json, services_to_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def object_to_json(value: Mapping[str, object]) -> str | None:
    """Any JSON object."""
    return dump(dict(value)) if value else None


def object_from_json(text: str | None) -> dict[str, Any]:
    """The object that `object_to_json` wrote."""
    return {} if text is None else load(text)


def texts_to_json(texts: Sequence[str]) -> str | None:
    """A list of texts."""
    return dump(list(texts)) if texts else None


def texts_from_json(text: str | None) -> tuple[str, ...]:
    """The texts that `texts_to_json` wrote."""
    return () if text is None else tuple(load(text))


def objects_to_json(objects: Sequence[JsonObject]) -> str | None:
    """A list of JSON objects."""
    return dump([dict(each) for each in objects]) if objects else None


def objects_from_json(text: str | None) -> tuple[JsonObject, ...]:
    """The objects that `objects_to_json` wrote."""
    return () if text is None else tuple(load(text))


def reason_to_json(reason: NodeReason | None) -> str | None:
    """Why something did not run, was stopped or waits."""
    if reason is None:
        return None
    return dump({"code": reason.code, "text": reason.text, "jobs": reason.jobs})


def reason_from_json(text: str | None) -> NodeReason | None:
    """The reason that `reason_to_json` wrote."""
    if text is None:
        return None
    found: dict[str, Any] = load(text)
    return NodeReason(Reason(found["code"]), found["text"], tuple(found["jobs"]))


def counts_from_json(text: str | None) -> NodeCounts:
    """How nodes stand, from an object of numbers by state; a state without nodes may be absent."""
    return NodeCounts(**load(text)) if text else NodeCounts()


def path_to_json(path: Sequence[CriticalNode]) -> str | None:
    """The longest way through a run."""
    return dump([[node.node_id, node.duration_s] for node in path]) if path else None


def path_from_json(text: str | None) -> tuple[CriticalNode, ...]:
    """The way that `path_to_json` wrote."""
    return () if text is None else tuple(CriticalNode(*pair) for pair in load(text))


def variant_to_json(variant: NodeVariant | None) -> str | None:
    """Which variant a node is."""
    if variant is None:
        return None
    return dump({"index": variant.index, "total": variant.total, "values": dict(variant.values)})


def variant_from_json(text: str | None) -> NodeVariant | None:
    """The variant that `variant_to_json` wrote."""
    return None if text is None else NodeVariant(**load(text))


def condition_to_json(condition: NodeCondition | None) -> str | None:
    """What decided whether a node runs."""
    return None if condition is None else dump({"text": condition.text, "expanded": condition.expanded})


def condition_from_json(text: str | None) -> NodeCondition | None:
    """The condition that `condition_to_json` wrote."""
    return None if text is None else NodeCondition(**load(text))


def tries_to_json(tries: Sequence[NodeTry]) -> str | None:
    """A node's tries."""
    if not tries:
        return None
    return dump(
        [
            {
                "number": each.number,
                "job_id": each.job_id,
                "started_us": micros(each.started_at),
                "finished_us": micros(each.finished_at),
                "outcome": each.outcome,
                "exit_code": each.exit_code,
                "failure_kind": each.failure_kind,
            }
            for each in tries
        ]
    )


def tries_from_json(text: str | None) -> tuple[NodeTry, ...]:
    """The tries that `tries_to_json` wrote."""
    if text is None:
        return ()
    found: list[dict[str, Any]] = load(text)
    return tuple(
        NodeTry(
            number=each["number"],
            job_id=each["job_id"],
            started_at=from_microseconds(each["started_us"]),
            finished_at=moment(each["finished_us"]),
            outcome=None if each["outcome"] is None else Outcome(each["outcome"]),
            exit_code=each["exit_code"],
            failure_kind=each["failure_kind"],
        )
        for each in found
    )


def run_services_to_json(services: Sequence[RunService]) -> str | None:
    """What the jobs of a run share."""
    if not services:
        return None
    results = load(services_to_json(tuple(each.result for each in services)))
    return dump(
        [
            {"spec": each.spec.model_dump(mode="json"), "result": result, "ports": each.ports}
            for each, result in zip(services, results, strict=True)
        ]
    )


def run_services_from_json(text: str | None) -> tuple[RunService, ...]:
    """The services that `run_services_to_json` wrote."""
    if text is None:
        return ()
    found: list[dict[str, Any]] = load(text)
    results = services_from_json(dump([each["result"] for each in found]))
    return tuple(
        RunService(ServiceSpec.model_validate(each["spec"]), result, tuple(each["ports"]))
        for each, result in zip(found, results, strict=True)
    )


def kept_to_json(kept: KeptFrom | None) -> str | None:
    """Where a result is from."""
    if kept is None:
        return None
    return dump({"attempt": kept.attempt, "job_id": kept.job_id, "why": kept.why, "by": kept.by})


def kept_from_json(text: str | None) -> KeptFrom | None:
    """The place that `kept_to_json` wrote."""
    return None if text is None else KeptFrom(**load(text))


def cancel_to_json(request: CancelRequest | None) -> str | None:
    """Somebody's request to stop something."""
    if request is None:
        return None
    return dump(
        {"at_us": to_microseconds(request.at), "by": request.by, "reason": request.reason, "grace_s": request.grace_s}
    )


def cancel_from_json(text: str | None) -> CancelRequest | None:
    """The request that `cancel_to_json` wrote."""
    if text is None:
        return None
    found: dict[str, Any] = load(text)
    return CancelRequest(from_microseconds(found["at_us"]), found["by"], found["reason"], found["grace_s"])

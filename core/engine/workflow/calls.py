"""How a node ends in whose place a file ran."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.engine.workflow.conclusions import STOPPED
from core.engine.workflow.live import EndedJobs
from core.lifecycle.workflow import NodeEvent, Outcome, Result
from core.plan.expressions.values import freeze
from core.plan.expressions.values import text as text_of
from core.records.job import Failure, FailureKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.engine.workflow.live import LiveFrame, LiveNode
    from core.records.workflow_node import NodeReason


@dataclass(frozen=True, slots=True)
class CallEnd:
    """How a called file ended.

    Attributes:
        event: What it does to the node that calls it.
        outcome: The same as an outcome.
        outputs: Of the file.
        warnings: What could not be published.
        failure: Why it did not succeed.
        reason: Why it was stopped.
    """

    event: NodeEvent
    outcome: Outcome
    outputs: Mapping[str, str]
    warnings: tuple[str, ...] = ()
    failure: Failure | None = None
    reason: NodeReason | None = None


@dataclass(slots=True)
class Outputs:
    """The outputs of a file.

    Attributes:
        values: Those that are published.
        warnings: Why others are not.
    """

    values: dict[str, str] = field(default_factory=dict[str, str])
    warnings: list[str] = field(default_factory=list[str])


def file_outputs(live: LiveFrame) -> Outputs:
    """The outputs of a file all of whose jobs have ended."""
    frame = live.frame
    found = Outputs()
    if not frame.workflow.outputs:
        return found
    scene = frame.bare
    resolver = scene.resolver(scene.surroundings.with_contexts({"jobs": EndedJobs(live, None), "env": scene.env}))
    for name, text in frame.workflow.outputs.items():
        path = f"outputs.{name}"
        value = resolver.value(text, path)
        faults = [fault for fault in resolver.faults if fault.path == path]
        if faults:
            found.warnings.append(f"The output '{name}' cannot be evaluated: {faults[0].message}")
        elif path in resolver.open:
            found.warnings.append(f"The output '{name}' reads {', '.join(resolver.open[path])}, which is not known.")
        else:
            found.values[name] = text_of(freeze(value))
    return found


def end_of_call(node: LiveNode, live: LiveFrame) -> CallEnd:
    """How a node ends whose file has."""
    outputs = file_outputs(live)
    failed = [each for each in live.nodes() if each.ending is not None and each.ending.result is Result.FAILURE]
    published, warnings = outputs.values, tuple(outputs.warnings)
    if failed:
        return CallEnd(NodeEvent.FAIL, Outcome.FAILURE, published, warnings, _failure_of(failed))
    if any(each.ending is not None and each.ending.result is Result.CANCELLED for each in live.nodes()):
        reason = node.stop or live.stop or STOPPED
        return CallEnd(NodeEvent.CANCEL, Outcome.CANCELLED, published, warnings, reason=reason)
    return CallEnd(NodeEvent.SUCCEED, Outcome.SUCCESS, published, warnings)


def _failure_of(failed: list[LiveNode]) -> Failure:
    first = failed[0].failure
    kind = first.kind if first is not None else FailureKind.EXIT
    more = f" {len(failed) - 1} more failed." if len(failed) > 1 else ""
    said = f" {first.message}" if first is not None else ""
    return Failure(kind, f"{failed[0].id} failed.{said}{more}", first.hint if first is not None else "")

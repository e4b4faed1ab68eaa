"""From the job that ended to the end of its node: what others see of it, and whether it is tried again."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

from core.engine.keeping import steps_context
from core.engine.late import job_variables, late_secrets, service_facts
from core.engine.planning import StepStanding
from core.engine.reading import LogDesk, LogQuery
from core.engine.service_owner import masked_in_logs
from core.engine.workflow.retrying import decide_retry, failure_word
from core.errors import InvalidExpressionError
from core.frozen import quickly_made
from core.lifecycle.job import JobStatus
from core.lifecycle.workflow import NodeEvent, Outcome, Reason, Result
from core.plan.compile.definition import field_value
from core.plan.foresight import UnknownYetError
from core.plan.interpolate import interpolate_text
from core.plan.results import INTOLERANT, Ending, Tolerance
from core.records.job import Failure, FailureKind
from core.records.workflow_node import NodeReason
from core.redaction import Masking

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.engine.parts import Parts
    from core.engine.workflow.node_setting import NodeSetting
    from core.plan.expressions.surroundings import Surroundings
    from core.records.job import Job
    from core.store.workflow_rows import NodeFields

_TAIL: Final = 10
_TAIL_BYTES: Final = 4096

_ENDS: Final = {
    JobStatus.SUCCESS: (NodeEvent.SUCCEED, Outcome.SUCCESS),
    JobStatus.FAILED: (NodeEvent.FAIL, Outcome.FAILURE),
    JobStatus.TIMED_OUT: (NodeEvent.TIME_OUT, Outcome.TIMED_OUT),
    JobStatus.CANCELLED: (NodeEvent.CANCEL, Outcome.CANCELLED),
}


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class NodeEnd:
    """How a try at a node ended.

    Attributes:
        event: What moves the node, unless it is tried again.
        outcome: What happened.
        result: What others see: a tolerated failure is a success.
        failure: Why it did not succeed.
        exit_code: Of the job.
        outputs: What is published.
        artifacts: How many files were kept.
        tail: The last lines of a failure.
        warnings: What a reader should know.
        retry_in_s: Seconds until it is tried again; nothing of this try is published then. None for no further try.
        reason: Why it is tried again, or was stopped.
    """

    event: NodeEvent
    outcome: Outcome
    result: Result
    failure: Failure | None = None
    exit_code: int | None = None
    outputs: Mapping[str, str] = field(default_factory=dict[str, str])
    artifacts: int = 0
    tail: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    retry_in_s: float | None = None
    reason: NodeReason | None = None

    def fields(self) -> NodeFields:
        """What changes about the node with its end."""
        fields: NodeFields = {
            "outcome": self.outcome,
            "result": self.result,
            "failure": self.failure,
            "exit_code": self.exit_code,
            "outputs": self.outputs,
            "artifacts": self.artifacts,
            "tail": self.tail,
            "warnings": self.warnings,
        }
        if self.reason is not None:
            fields["reason"] = self.reason
        return fields

    def ending(self, number: int) -> Ending:
        """What expressions of other jobs are told.

        Args:
            number: How often it was tried.
        """
        reason = self.reason.code if self.reason is not None else None
        return Ending(self.result, self.outcome, reason, self.outputs, number, self.exit_code)


async def node_end(
    parts: Parts, setting: NodeSetting, job: Job, *, may_retry: bool, warnings: tuple[str, ...] = ()
) -> NodeEnd:
    """How the try ended whose job has ended.

    Args:
        parts: The engine's parts.
        setting: The node, with the number of this try.
        job: The record of its job; it has finished.
        may_retry: Whether another try may follow: not while somebody stops the node or the run.
        warnings: Of the making of the job.
    """
    event, outcome = _ENDS[job.status]
    view = _JobView(parts, setting, job)
    failure, outputs, said = view.published(job.failure)
    if failure is not None and outcome is Outcome.SUCCESS:
        event, outcome = NodeEvent.FAIL, Outcome.FAILURE
    warnings = tuple(dict.fromkeys((*warnings, *job.warnings, *said)))
    tail = await _tail(parts, job) if outcome.is_bad else ()
    if outcome.is_bad and failure is not None and may_retry:
        decision = decide_retry(
            setting.job.retry, setting.number, failure.kind, job.exit_code, lambda: view.surroundings(failure)
        )
        said = decision.warning or ("" if decision.delay_s is not None else decision.why)
        warnings = (*warnings, view.masking.masked(said)) if said else warnings
        if decision.delay_s is not None:
            reason = NodeReason(Reason.RETRY_WAIT, view.masking.masked(decision.why))
            return NodeEnd(
                event=NodeEvent.RETRY, outcome=outcome, result=Result.FAILURE, failure=failure,
                exit_code=job.exit_code, tail=tail, warnings=warnings, retry_in_s=decision.delay_s, reason=reason,
            )  # fmt: skip
    reason = None
    if outcome is Outcome.CANCELLED:
        reason = NodeReason(Reason.CANCELLED, job.cancel.reason if job.cancel else "")
    return NodeEnd(
        event=event,
        outcome=outcome,
        result=tolerance_of(setting).result(outcome, job.exit_code),
        failure=failure,
        exit_code=job.exit_code,
        outputs=outputs,
        artifacts=await _kept(parts, job),
        tail=tail,
        warnings=warnings,
        reason=reason,
    )


def fault_end(setting: NodeSetting, failure: Failure) -> NodeEnd:
    """The end of a node that could not be run at all."""
    result = tolerance_of(setting).result(Outcome.FAILURE, None)
    return NodeEnd(event=NodeEvent.FAIL, outcome=Outcome.FAILURE, result=result, failure=failure)


def tolerance_of(setting: NodeSetting) -> Tolerance:
    """Which failures of a node count as success; none by an expression that is at fault, which failed the node."""
    spec = setting.job.tolerance
    if spec.always is False and not spec.exit_codes:
        return INTOLERANT
    if isinstance(spec.always, bool):
        return Tolerance(spec.always, frozenset(spec.exit_codes))
    resolver, _ = setting.scene.node(setting.job, setting.facts)
    value = field_value("always", spec.always, resolver, "continue_on_error.always")
    return Tolerance(value is True, frozenset(spec.exit_codes))


class _JobView:
    """An ended job as the expressions of its outputs and retries see it."""

    def __init__(self, parts: Parts, setting: NodeSetting, job: Job) -> None:
        self._parts = parts
        self._settings = parts.settings
        self._setting = setting
        self._job = job

    @cached_property
    def masking(self) -> Masking:
        """Keeps secrets out of the node's record."""
        return Masking(masked_in_logs(self._parts, self._job))

    def published(self, failure: Failure | None) -> tuple[Failure | None, dict[str, str], list[str]]:
        """The failure, also for a promised output that is not there; the outputs; and warnings."""
        declared = self._setting.job.outputs
        if declared is None:
            return failure, dict(self._job.outputs), []
        outputs: dict[str, str] = {}
        warnings: list[str] = []
        missing: list[str] = []
        masking = self.masking
        around = self.surroundings(failure) if any(spec.value is not None for spec in declared.values()) else None
        for name, spec in declared.items():
            value = self._job.outputs.get(name)
            if spec.value is not None and around is not None:
                try:
                    value = interpolate_text(self._setting.scene.templates.read(spec.value), around)
                except InvalidExpressionError as error:
                    return self._fault(failure, name, error.message, error.hint), outputs, warnings
                except UnknownYetError as error:
                    return self._fault(failure, name, f"nobody knows {error}"), outputs, warnings
            if value and masking.has_secret(value):
                warnings.append(f"The output {name} holds a secret and is not published.")
            elif value is not None:
                outputs[name] = value
            if spec.required and not value:
                missing.append(name)
        if missing and failure is None and self._job.status is JobStatus.SUCCESS:
            failure = Failure(
                FailureKind.OUTPUT,
                f"Job {self._setting.job.id} did not write the outputs it promised: {', '.join(missing)}.",
                'Write lines name=value to "$ORCAOPS_OUTPUT", or take required from the declaration.',
            )
        return failure, outputs, warnings

    def surroundings(self, failure: Failure | None) -> Surroundings:
        """What the expressions of the job may name, now that it has ended."""
        setting, spec = self._setting, self._job.spec
        resolver, _ = setting.scene.node(setting.job, setting.facts)
        late = spec.node.late if spec.node is not None else None
        everything = late.model_copy(update={"secrets": dict(setting.secrets)}) if late is not None else None
        facts = {
            **setting.job_facts(resolver.surroundings),
            "status": _STATUS[self._job.status],
            "exit_code": self._job.exit_code,
            "failure_kind": failure_word(failure.kind) if failure is not None else "",
            "container": {"id": self._job.attempt.container_id if self._job.attempt else None},
        }
        services = {**setting.services, **service_facts(spec, self._settings)}
        around = resolver.surroundings.with_contexts(
            {
                "env": job_variables(spec, self._settings),
                "secrets": late_secrets(everything, self._settings) if everything is not None else {},
                "services": services,
                "steps": steps_context(spec, self._job.attempt.steps if self._job.attempt else ()),
                "job": {**facts, "services": services},
            }
        )
        around.standing = StepStanding(has_failed=failure is not None, is_stopped=self._job.cancel is not None)
        around.hash_files = None
        around.has_secret = self.masking.has_secret
        return around

    def _fault(self, failure: Failure | None, name: str, said: str, hint: str = "") -> Failure:
        """The failure of an output that cannot be evaluated, unless the job failed before."""
        message = f"Job {self._setting.job.id}, outputs.{name}: {said}"
        return failure or Failure(FailureKind.EXPRESSION, self.masking.masked(message), hint)


_STATUS: Final = {
    JobStatus.SUCCESS: "success",
    JobStatus.FAILED: "failure",
    JobStatus.TIMED_OUT: "failure",
    JobStatus.CANCELLED: "cancelled",
}


async def _tail(parts: Parts, job: Job) -> tuple[str, ...]:
    """The last lines of the log."""
    if job.attempt_number == 0:
        return ()
    page = await LogDesk(parts).read(job.job_id, LogQuery(tail=_TAIL, max_bytes=_TAIL_BYTES))
    return tuple(line.text for line in page.lines)


async def _kept(parts: Parts, job: Job) -> int:
    if not job.spec.keeps_files:
        return 0
    artifacts = await parts.artifacts.list(job.job_id)
    return sum(artifact.state == "kept" for artifact in artifacts)

"""One ended job, from how it went to what the store keeps of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from core.clock import to_microseconds
from core.engine.request import container_name
from core.ids import id_of
from core.lifecycle.job import JOB_LIFECYCLE, JobEvent, JobPhase, JobStatus
from core.records.job import Attempt, CancelRequest, Job, StatusChange, StepResult
from core.records.log import LogSummary
from core.store.past import PastJob

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from typing import Literal

    from core.records.job import Failure, Usage
    from core.records.template import TemplateUse
    from core.records.workflow_node import NodeRef
    from core.spec.job import JobSpec

_STARTS_MS: Final = (180, 900)
_PULLS_MS: Final = (1500, 24_000)
_PULLED: Final = 25
"""One start in so many has to pull its image first."""
_PAUSE: Final = timedelta(seconds=4)
"""From one attempt's begin to the next one's."""
_TO_HEXADECIMAL: Final = str.maketrans("ghjkmnpqrstvwxyz", "0123456789abcdef")


def past_id(prefix: Literal["job", "wf"], at: datetime, chance: random.Random) -> str:
    """The id of something that was accepted at a moment."""
    return id_of(prefix, to_microseconds(at) // 1000, chance.getrandbits(80))


def token_of(job_id: str) -> str:
    """What marks the steps in the log of a made-up job."""
    return job_id.removeprefix("job_").rjust(32, "0").translate(_TO_HEXADECIMAL)


@dataclass(frozen=True, slots=True)
class Story:
    """How a job went.

    Attributes:
        job_id: Its id.
        spec: As it was admitted.
        by: Who submitted it.
        created_at: When.
        began_at: When its last attempt took its slots; None if none ever did.
        ended_at: When it ended.
        event: How it ended.
        exit_code: Of its container.
        failure: Why it did not succeed.
        earlier: Failures of the attempts before the last.
        steps: Of the last attempt.
        usage: Of the last attempt.
        log: Of the last attempt.
        kept_bytes: Of log and artifacts.
        outputs: What it put out.
        rerun_of: The job that it repeats.
        template: The template that it was filled from.
        node: The node that it runs.
        start_up: From getting a slot to the container's start; None makes it up.
    """

    job_id: str
    spec: JobSpec
    by: str
    created_at: datetime
    began_at: datetime | None
    ended_at: datetime
    event: JobEvent
    exit_code: int | None = None
    failure: Failure | None = None
    earlier: tuple[Failure, ...] = ()
    steps: tuple[StepResult, ...] = ()
    usage: Usage | None = None
    log: LogSummary = field(default_factory=LogSummary)
    kept_bytes: int = 0
    outputs: Mapping[str, str] = field(default_factory=dict[str, str])
    rerun_of: str | None = None
    template: TemplateUse | None = None
    node: NodeRef | None = None
    start_up: timedelta | None = None

    def starts_after(self, at: datetime) -> timedelta:
        """From the begin of an attempt to its container's start: the same for the same job."""
        if self.start_up is not None:
            return self.start_up
        drawn = sum(map(ord, self.job_id)) * 7919 + len(self.spec.image) * 131
        least, most = _PULLS_MS if drawn % _PULLED == 0 else _STARTS_MS
        return min(timedelta(milliseconds=least + drawn % (most - least)), max(self.ended_at - at, timedelta(0)) / 3)

    @property
    def why(self) -> str:
        """How it ended, in the words of the audit trail."""
        return {
            JobEvent.CANCEL: "no longer needed",
            JobEvent.TIME_OUT: "time limit",
        }.get(self.event, f"exit code {self.exit_code}")

    def record(self, home_id: str) -> PastJob:
        """All that the store keeps of it."""
        attempts, changes = tuple(self._attempts(home_id)), tuple(self._history())
        cancel = None
        if self.event is JobEvent.CANCEL:
            cancel = CancelRequest(self.ended_at - timedelta(seconds=1), self.by, self.why, None)
        job = Job(
            job_id=self.job_id,
            spec=self.spec,
            status=changes[-1].after,
            version=len(changes) + len(attempts),
            created_at=self.created_at,
            queued_at=changes[-3].at if self.earlier else self.created_at,
            started_at=attempts[0].started_at if attempts else None,
            finished_at=self.ended_at,
            attempt=attempts[-1] if attempts else None,
            attempt_number=len(attempts),
            exit_code=self.exit_code,
            failure=self.failure,
            outputs=self.outputs,
            cancel=cancel,
            submitted_by=self.by,
            rerun_of=self.rerun_of,
            template=self.template,
            workflow=self.node,
        )
        return PastJob(job, attempts, changes, self.kept_bytes)

    def _begins(self) -> tuple[datetime, ...]:
        """When each attempt took its slots."""
        if self.began_at is None:
            return ()
        last = len(self.earlier)
        return tuple(self.began_at - _PAUSE * (last - number) for number in range(last + 1))

    def _history(self) -> Iterator[StatusChange]:
        status = JOB_LIFECYCLE.initial
        yield StatusChange(self.created_at, None, None, status, self.by, "", 0)
        told: list[tuple[datetime, JobEvent, str, int]] = []
        for number, at in enumerate(self._begins(), 1):
            told.append((at, JobEvent.START, "", number))
            if number <= len(self.earlier):
                told.append((at + _PAUSE / 2, JobEvent.REQUEUE, f"attempt {number}: exit code 1", number))
        told.append((self.ended_at, self.event, self.why, len(self.earlier) + (self.began_at is not None)))
        for at, event, why, number in told:
            after = JOB_LIFECYCLE.next_status(status, event)
            by = self.by if event is JobEvent.CANCEL else "engine"
            yield StatusChange(at, event, status, after, by, why, number)
            status = after

    def _attempts(self, home_id: str) -> Iterator[Attempt]:
        for number, at in enumerate(self._begins(), 1):
            is_last = number > len(self.earlier)
            yield Attempt(
                number=number,
                phase=JobPhase.DONE,
                container_name=container_name(home_id, self.job_id, number),
                token=token_of(self.job_id) if self.spec.has_steps else "",
                started_at=at + self.starts_after(at),
                finished_at=self.ended_at if is_last else at + _PAUSE / 2,
                exit_code=self.exit_code if is_last else 1,
                failure=self.failure if is_last else self.earlier[number - 1],
                steps=self.steps if is_last else self._pending(),
                usage=self.usage if is_last else None,
                log=self.log if is_last else LogSummary(),
            )

    def _pending(self) -> tuple[StepResult, ...]:
        return tuple(StepResult(index, step.title) for index, step in enumerate(self.spec.commands))


def waiting_job(story: Story) -> Job:
    """The same job before anything of it began."""
    return Job(
        job_id=story.job_id,
        spec=story.spec,
        status=JobStatus.QUEUED,
        version=1,
        created_at=story.created_at,
        queued_at=story.created_at,
        submitted_by=story.by,
        template=story.template,
        workflow=story.node,
    )

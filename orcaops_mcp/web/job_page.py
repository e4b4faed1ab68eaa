"""From a job to what its page shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from core import Attempt, InvalidArgumentError, Job, JobPhase, JobStatus
from orcaops_mcp.views.job import job_view
from orcaops_mcp.web.first_error import QUICK_LINES, first_error, went_wrong
from orcaops_mcp.web.log_words import waiting
from orcaops_mcp.web.words import look_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core import Artifact, Engine, StepResult
    from orcaops_mcp.web.first_error import FirstError
    from orcaops_mcp.web.log_ask import LogAsk

TABS: Final = (("logs", "Logs"), ("details", "Details"), ("artifacts", "Artifacts"), ("events", "Events"))


@dataclass(frozen=True, slots=True)
class JobFacts:
    """What is known of a job when its page is made.

    Attributes:
        job: The record.
        attempts: Every try, oldest first.
        attempt: The one that is looked at; None before the first.
        artifacts: What was kept of it, and what was not.
        error: Where it went wrong, if that is quickly found.
        progress: What it does right now.
        waits: Why it has not begun; empty unless it waits.
    """

    job: Job
    attempts: Sequence[Attempt]
    attempt: Attempt | None
    artifacts: Sequence[Artifact]
    error: FirstError | None
    progress: str
    waits: str


async def facts_of(engine: Engine, ask: LogAsk) -> JobFacts:
    """Look at a job.

    Raises:
        JobNotFoundError: There is none.
        InvalidArgumentError: It has had no such attempt.
    """
    job = await engine.get_job(ask.place.job_id)
    attempts = await engine.attempts(job.job_id) if job.attempt else ()
    number = ask.place.attempt or job.attempt_number
    attempt = next((one for one in attempts if one.number == number), None)
    if ask.place.attempt and attempt is None:
        raise InvalidArgumentError(
            f"attempt: the job has had {job.attempt_number} so far", hint="Leave it out for the last attempt."
        )
    is_quick = went_wrong(job) and job.attempt is not None and job.attempt.log.lines <= QUICK_LINES
    return JobFacts(
        job=job,
        attempts=attempts,
        attempt=attempt,
        artifacts=await engine.list_artifacts(job.job_id) if job.attempt and job.spec.keeps_files else (),
        error=await first_error(engine, job) if is_quick else None,
        progress=(engine.progress(job.job_id) or "") if not job.is_finished else "",
        waits=waiting(engine, job) if job.status == JobStatus.QUEUED else "",
    )


def shown_of(facts: JobFacts, ask: LogAsk) -> dict[str, Any]:
    """What every tab of the page shows of a job."""
    job, attempt = facts.job, facts.attempt
    is_last = attempt is None or attempt.number == job.attempt_number
    queued_until = job.started_at or job.finished_at
    return {
        "job": job_view(job, artifacts=facts.artifacts),
        "record": job,
        "title": job.spec.name or job.spec.image,
        "is_live": not job.is_finished,
        "is_cancelling": job.cancel is not None and not job.is_finished,
        "attempt": attempt,
        "attempt_count": max(len(facts.attempts), job.attempt_number),
        "is_last_attempt": is_last,
        "previous_attempt": attempt.number - 1 if attempt and attempt.number > 1 else None,
        "next_attempt": attempt.number + 1 if attempt and not is_last else None,
        "tries": 1 + job.spec.retries,
        "queued_s": (queued_until - job.created_at).total_seconds() if queued_until else None,
        "duration_s": _seconds(attempt),
        "exit_code": attempt.exit_code if attempt and not is_last else job.exit_code,
        "failure": attempt.failure if attempt and not is_last else job.failure,
        "error": facts.error if is_last else None,
        "may_have_error": went_wrong(job) and is_last and facts.error is None and _has_long_log(job),
        "progress": facts.progress,
        "waits": facts.waits,
        "phase": attempt.phase.value if attempt and attempt.phase is not JobPhase.DONE and not job.is_finished else "",
        "steps": [_step(step) for step in attempt.steps] if attempt else [],
        "services": [service.id for service in job.spec.services],
        "kept_count": sum(artifact.state == "kept" for artifact in facts.artifacts),
        "ask": ask,
        "favicon": look_of(job.status).favicon,
        "topics": "" if job.is_settled else f"job:{job.job_id},log:{job.job_id}",
        "prompt": _prompt(facts),
    }


def link_to(job_id: str, **asked: str | int | None) -> str:
    """The address of a job's page; what is None is left out."""
    pairs = "&".join(f"{name}={value}" for name, value in asked.items() if value is not None)
    return f"/jobs/{job_id}" + (f"?{pairs}" if pairs else "")


def _has_long_log(job: Job) -> bool:
    return job.attempt is not None and job.attempt.log.lines > QUICK_LINES


def _seconds(what: Attempt | StepResult | None) -> float | None:
    if what is None or what.started_at is None or what.finished_at is None:
        return None
    return (what.finished_at - what.started_at).total_seconds()


def _step(step: StepResult) -> Mapping[str, Any]:
    return {
        "index": step.index,
        "title": step.title,
        "status": step.status,
        "exit_code": step.exit_code,
        "first_line": step.first_line,
        "started_at": step.started_at,
        "seconds": _seconds(step),
        "tries": step.attempts,
        "reason": step.reason,
        "is_tolerated": step.status == "success" and step.outcome not in {None, "success"},
    }


def _prompt(facts: JobFacts) -> str:
    """What to tell an agent about a job that failed."""
    job, error = facts.job, facts.error
    if not job.is_finished or job.status == JobStatus.SUCCESS:
        return ""
    name = f" ({job.spec.name})" if job.spec.name else ""
    said = [f"The OrcaOps job {job.job_id}{name} on image {job.spec.image} ended {look_of(job.status).word.lower()}."]
    if job.failure:
        said.append(job.failure.message)
    if error:
        place = f" at line {error.line} of its log" if error.line else ""
        said.append(f"First error{place}: {error.headline}")
    said.append(
        "Find out why with orcaops_get_failure_summary and orcaops_stream_logs, mend it, and run it with orcaops_rerun."
    )
    return "\n".join(said)

"""After the container's end: what it left behind is fetched and the attempt judged."""

from __future__ import annotations

import io
import logging
import tarfile
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from core.engine.collect import Collector
from core.engine.request import wants_outputs, working_directory
from core.engine.results import MalformedOutputsError, ProgramNotes, read_notes, read_outputs, settle_steps
from core.engine.script import FOLDER
from core.engine.verdict import CLOCK_TOLERANCE, Verdict, judge
from core.errors import BackendError, BackendTimeoutError, BackendUnavailableError, ContainerLostError
from core.lifecycle.job import JobEvent
from core.records.job import Failure, FailureKind
from core.records.log import LogSummary

if TYPE_CHECKING:
    from datetime import datetime

    from core.backends.base import ContainerState, ImageInfo
    from core.engine.parts import Parts
    from core.records.artifact import Artifact
    from core.records.job import Job, StepResult, StepStatus, Usage

_log = logging.getLogger(__name__)

_NOTES_BYTES: Final = 64 * 1024
_NOT_STARTED: Final = frozenset({126, 127})

_BROKEN_OFF: Final[dict[JobEvent, StepStatus]] = {
    JobEvent.CANCEL: "cancelled",
    JobEvent.TIME_OUT: "timed_out",
}


@dataclass(frozen=True, slots=True)
class Settlement:
    """Everything known of an ended attempt.

    Attributes:
        verdict: How it ended.
        steps: The final account of its steps.
        outputs: What it put out.
        artifacts: What was kept.
        usage: What it used, as far as it was measured.
        log: What was kept of its output.
        started_at: By the container engine's clock.
        finished_at: The same.
        exit_code: Of the failing step or the container; None when the container is gone.
        warnings: What a reader should know beside it.
    """

    verdict: Verdict
    steps: tuple[StepResult, ...] = ()
    outputs: dict[str, str] = field(default_factory=dict[str, str])
    artifacts: tuple[Artifact, ...] = ()
    usage: Usage | None = None
    log: LogSummary = field(default_factory=LogSummary)
    started_at: datetime | None = None
    finished_at: datetime | None = None
    exit_code: int | None = None
    warnings: tuple[str, ...] = ()


async def settle(parts: Parts, job: Job, image: ImageInfo, state: ContainerState | None) -> Settlement:
    """Fetch what the container left and judge the attempt.

    Args:
        parts: The engine's parts.
        job: The record, with its steps as the log told them.
        image: What it ran.
        state: The container after its end; None when it is gone.
    """
    job = _with_passed_limit(job, state)
    if state is None:
        return Settlement(judge(job, None, None), steps=job.attempt.steps if job.attempt else ())
    left = await parts.insist(lambda: _fetch_folder(parts, state.container_id)) if wants_outputs(job) else {}
    notes = read_notes(left.get("steps", b"")) if job.spec.has_steps else None
    failed_step = _failed_step(job, notes)
    # with an init as process 1 a command that does not exist only shows in the exit code and the init's words
    not_started = state.error if state.exit_code in _NOT_STARTED else ""
    verdict = judge(job, state, notes, failed_step=failed_step, not_started=not_started)
    outputs, verdict = _outputs(job, left.get("output", b""), verdict, parts.settings.limits.output_bytes)
    artifacts = (
        await parts.insist(lambda: _collect(parts, job, image, state.container_id)) if job.spec.artifacts else ()
    )
    return Settlement(
        verdict,
        _steps(job, notes, state, verdict),
        outputs,
        artifacts,
        notes.usage if notes else None,
        exit_code=state.exit_code,
        warnings=tuple(f"artifact {item.path}: {item.note}" for item in artifacts if item.state != "kept"),
    )


def _with_passed_limit(job: Job, state: ContainerState | None) -> Job:
    """The record, with the time limit as passed if the container outlived it while no engine was there to see."""
    attempt, limit = job.attempt, job.spec.timeout_s
    if attempt is None or limit is None or state is None or state.started_at is None or state.finished_at is None:
        return job
    # by the container engine's clock alone, which may differ from ours
    if state.finished_at - state.started_at <= timedelta(seconds=limit) + CLOCK_TOLERANCE:
        return job
    passed_at = min(state.started_at + timedelta(seconds=limit), attempt.timeout_fired_at or state.finished_at)
    return replace(job, attempt=replace(attempt, timeout_fired_at=passed_at))


async def _fetch_folder(parts: Parts, container_id: str) -> dict[str, bytes]:
    """The files ``steps`` and ``output`` that the job wrote, each cut at its limit plus one byte."""
    limit = parts.settings.limits.output_bytes + 1
    held = bytearray()
    try:
        async with parts.backend.archive(container_id, FOLDER) as stream:
            async for chunk in stream:
                held += chunk
                if len(held) > 2 * limit + 16 * _NOTES_BYTES:
                    break
    except FileNotFoundError:
        return {}
    except (BackendUnavailableError, BackendTimeoutError, ContainerLostError):
        raise
    except BackendError as error:  # the job made something unreadable of its folder
        _log.info("nothing could be read of %s: %s", FOLDER, error)
        return {}
    files: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(held), mode="r:", errors="surrogateescape") as archive:
            for member in archive:
                name = member.name.rpartition("/")[2]
                if member.isreg() and name in {"steps", "output"}:
                    size = min(member.size, limit if name == "output" else _NOTES_BYTES)
                    files[name] = bytes(held[member.offset_data : member.offset_data + size])
    except (tarfile.TarError, EOFError, ValueError, OverflowError):
        return files
    return files


def _failed_step(job: Job, notes: ProgramNotes | None) -> int | None:
    """The step that ended the job: the last that began, unless it succeeded."""
    if notes is None or not notes.steps:
        return None
    index = max(notes.steps)
    track = notes.steps[index]
    succeeded = track.exit_code is not None and track.exit_code in job.spec.success_exit_codes
    return None if succeeded or index >= len(job.spec.commands) else index


def _steps(job: Job, notes: ProgramNotes | None, state: ContainerState, verdict: Verdict) -> tuple[StepResult, ...]:
    steps = job.attempt.steps if job.attempt else ()
    if notes is None or state.started_at is None or state.finished_at is None:
        return steps
    return settle_steps(
        steps,
        notes,
        container_started_at=state.started_at,
        container_finished_at=state.finished_at,
        exit_code=state.exit_code or 0,
        success_codes=job.spec.success_exit_codes,
        broken_off_as=_BROKEN_OFF.get(verdict.event, "failed"),
    )


def _outputs(job: Job, data: bytes, verdict: Verdict, limit: int) -> tuple[dict[str, str], Verdict]:
    """Read the outputs; a malformed file or a missing promise turns a success into a failure."""
    problem, outputs = "", dict[str, str]()
    try:
        outputs = read_outputs(data[:limit])
    except MalformedOutputsError as error:
        problem = str(error)
    if len(data) > limit:
        problem = f"the outputs file is larger than {limit} bytes"
    missing = [name for name in job.spec.outputs if name not in outputs]
    if missing and not problem:
        problem = f"the job did not write the outputs it promised: {', '.join(missing)}"
    if not problem or verdict.event is not JobEvent.SUCCEED:
        return outputs, verdict
    hint = 'Write them as lines name=value to "$ORCAOPS_OUTPUT".'
    failure = Failure(FailureKind.OUTPUT, problem[0].upper() + problem[1:] + ".", hint)
    return outputs, Verdict(JobEvent.FAIL, failure, "outputs")


async def _collect(parts: Parts, job: Job, image: ImageInfo, container_id: str) -> tuple[Artifact, ...]:
    blobs = parts.artifact_blobs(job.job_id)
    collector = Collector(
        parts.backend, parts.settings.limits, lambda pieces, size: blobs.put_pieces(pieces, size).sha256
    )
    return await collector.collect(container_id, working_directory(job, image), job.spec.artifacts, job.attempt_number)

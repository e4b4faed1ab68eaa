"""What is kept of an ended container: which files, by whose rules, and what it means that there are none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from core.engine.collect import Collector
from core.engine.late import job_variables, service_facts
from core.engine.planning import StepStanding, surroundings
from core.engine.request import granted_secrets, working_directory
from core.engine.verdict import Verdict
from core.errors import InvalidExpressionError
from core.frozen import replace
from core.lifecycle.job import JobEvent
from core.plan.compile import EVERYTHING
from core.plan.interpolate import interpolate_text, parse_template
from core.records.job import Failure, FailureKind
from core.spec.node import KeepSpec, check_patterns

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from core.backends.base import ImageInfo
    from core.engine.parts import Parts
    from core.plan.expressions.surroundings import Surroundings
    from core.records.artifact import Artifact
    from core.records.job import Job, StepResult
    from core.spec.job import JobSpec

_ENDS: Final = {
    "always": frozenset(JobEvent),
    "success": frozenset({JobEvent.SUCCEED}),
    "failure": frozenset({JobEvent.FAIL, JobEvent.TIME_OUT}),
}


@dataclass(frozen=True, slots=True)
class Kept:
    """What was kept.

    Attributes:
        artifacts: A record for each file, and for what is not there.
        verdict: The attempt's, where a file that has to be there is missing.
        warnings: What a reader should know.
    """

    artifacts: tuple[Artifact, ...]
    verdict: Verdict
    warnings: tuple[str, ...] = ()


async def keep_files(
    parts: Parts, job: Job, image: ImageInfo, container_id: str, verdict: Verdict, steps: Sequence[StepResult]
) -> Kept:
    """Copy out of a container what is to be kept of it.

    Args:
        parts: The engine's parts.
        job: The record.
        image: What it ran.
        container_id: The container; it has ended.
        verdict: How the attempt ended.
        steps: What became of its steps.

    Raises:
        BackendUnavailableError: The container engine does not answer; nothing is lost by asking again.
        BackendTimeoutError: The same.
    """
    rules = [rule for rule in _rules(job.spec) if verdict.event in _ENDS[rule.when]]
    if not rules:
        return Kept((), verdict)
    blobs = parts.artifact_blobs(job.job_id)
    collector = Collector(
        parts.backend, parts.settings.limits, lambda pieces, size: blobs.put_pieces(pieces, size).sha256
    )
    workdir = working_directory(job, image)
    found: dict[str, Artifact] = {}
    for rule in rules:
        try:
            filled = _filled(parts, job, rule, steps)
        except (InvalidExpressionError, ValueError) as error:
            verdict = _failed(verdict, FailureKind.EXPRESSION, f"artifacts: {error}", "Mend the paths of artifacts.")
            continue
        taken = await collector.collect(container_id, workdir, filled.paths, job.attempt_number, exclude=filled.exclude)
        is_missing = all(item.state == "missing" for item in taken)
        if is_missing and rule.if_missing == "error":
            verdict = _missing(verdict, taken)
        for item in _until(taken, rule, parts.clock.now()):
            if item.state != "missing" or rule.if_missing != "ignore":
                found.setdefault(item.path, item)
    artifacts = tuple(found.values())
    return Kept(
        artifacts, verdict, tuple(f"artifact {item.path}: {item.note}" for item in artifacts if item.state != "kept")
    )


def steps_context(spec: JobSpec, results: Sequence[StepResult]) -> dict[str, object]:
    """The context ``steps`` once all of them have ended."""
    return {
        step.id: {
            "outputs": dict(result.outputs),
            "outcome": _word(result.outcome or "skipped"),
            "conclusion": _word("success" if result.status == "success" else result.outcome or "skipped"),
        }
        for step, result in zip(spec.commands, results, strict=False)
        if step.id
    }


def _until(taken: Iterable[Artifact], rule: KeepSpec, now: datetime) -> Iterable[Artifact]:
    """The same, with when they are let go."""
    if rule.expires_s is None:
        return taken
    expires_at = now + timedelta(seconds=rule.expires_s)
    return [replace(item, expires_at=expires_at) if item.state == "kept" else item for item in taken]


def _rules(spec: JobSpec) -> Iterable[KeepSpec]:
    """What the job names, and what its workflow does."""
    if spec.artifacts:
        yield KeepSpec(paths=spec.artifacts)
    if spec.node is not None:
        yield from spec.node.keep


def _filled(parts: Parts, job: Job, rule: KeepSpec, steps: Sequence[StepResult]) -> KeepSpec:
    """The rule with its expressions filled in.

    Raises:
        InvalidExpressionError: One cannot be evaluated.
        ValueError: What it comes to is no pattern.
    """
    if not rule.is_late:
        return rule
    around = _surroundings(parts, job, steps)
    paths, exclude = _texts(rule.paths, around), _texts(rule.exclude, around)
    check_patterns((*paths, *exclude))
    return rule.model_copy(update={"paths": paths, "exclude": exclude})


def _texts(texts: Iterable[str], around: Surroundings) -> tuple[str, ...]:
    return tuple(interpolate_text(parse_template(text, EVERYTHING), around) for text in texts)


def _surroundings(parts: Parts, job: Job, steps: Sequence[StepResult]) -> Surroundings:
    settings = parts.settings
    failed = any(step.status not in {"success", "skipped"} for step in steps)
    return surroundings(
        job.spec,
        granted_secrets(job.spec, settings),
        StepStanding(has_failed=failed, is_stopped=job.cancel is not None),
        env=job_variables(job.spec, settings),
        steps=steps_context(job.spec, steps),
        services=service_facts(job.spec, settings),
    )


def _missing(verdict: Verdict, taken: Sequence[Artifact]) -> Verdict:
    said = "; ".join(f"{item.path}: {item.note}" for item in taken[:5])
    hint = "Look at the log for why the files were not made, or declare them with if_missing: warn."
    return _failed(verdict, FailureKind.ARTIFACT, f"Files that have to be kept are not there: {said}.", hint)


def _failed(verdict: Verdict, kind: FailureKind, message: str, hint: str) -> Verdict:
    """A failure, unless the attempt has ended worse."""
    if verdict.event is not JobEvent.SUCCEED:
        return verdict
    said = message[0].upper() + message[1:]
    return Verdict(JobEvent.FAIL, Failure(kind, said, hint), "artifacts", verdict.warnings)


def _word(word: str) -> str:
    """A step's end in the words of expressions, which know of no time limit."""
    return "failure" if word == "timed_out" else word

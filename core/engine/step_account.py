"""What the steps of an ended job put out: outputs, summaries and reasons, and what of it turns into a failure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from core.engine.step_files import MAX_SUMMARY, MalformedFileError, read_outputs, read_summary, read_variables
from core.engine.verdict import Verdict
from core.frozen import replace
from core.lifecycle.job import JobEvent
from core.records.job import Failure, FailureKind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.engine.planning import PlannedStep
    from core.engine.results import ProgramNotes
    from core.records.job import Job, StepResult
    from core.redaction import Masking

_HINT: Final = 'Write lines name=value, or name<<DELIMITER up to a line DELIMITER, to "$ORCAOPS_OUTPUT".'


@dataclass(slots=True)
class Account:
    """What a job put out.

    Attributes:
        by_step: Outputs by step.
        summaries: Summaries by step.
        problem: The first fault of its files; empty for none.
        blamed: The step the fault is in.
        warnings: What a reader should know beside it.
    """

    by_step: dict[int, dict[str, str]] = field(default_factory=dict[int, dict[str, str]])
    summaries: dict[int, str] = field(default_factory=dict[int, str])
    problem: str = ""
    blamed: int | None = None
    warnings: list[str] = field(default_factory=list[str])

    def blame(self, problem: str, step: int | None) -> None:
        """Note a fault, if it is the first."""
        if not self.problem:
            self.problem, self.blamed = problem, step

    def outputs(self, declared: Sequence[str]) -> dict[str, str]:
        """The job's own: those that are declared, or all, a later step's before an earlier one's."""
        merged = {name: value for index in sorted(self.by_step) for name, value in self.by_step[index].items()}
        return {name: merged[name] for name in declared if name in merged} if declared else merged


def read_account(job: Job, left: Mapping[str, bytes], limit: int, masking: Masking) -> Account:
    """Read what a job left in its files.

    Args:
        job: The record.
        left: The files by their names.
        limit: Bytes that its outputs may have in all.
        masking: Of the job's secrets.
    """
    account = Account()
    files = {0: "output"} if not job.spec.has_steps else {n: f"output-{n + 1}" for n in range(len(job.spec.commands))}
    sizes = dict[str, int]()
    for index, name in files.items():
        data = left.get(name)
        if not data:
            account.by_step[index] = {}
            continue
        place, verb = (f"the outputs of step {index + 1}", "are") if job.spec.has_steps else ("the outputs file", "is")
        try:
            outputs = read_outputs(data[:limit])
        except MalformedFileError as error:
            account.blame(f"{place}, {masking.masked(str(error))}", index)
            outputs = {}
        account.by_step[index] = _published(outputs, masking, account)
        sizes |= {f"{key} ({len(value.encode())} bytes)": len(value.encode()) for key, value in outputs.items()}
        if len(data) > limit:
            account.problem, account.blamed = f"{place} {verb} larger than {limit} bytes", index
    if sizes and sum(sizes.values()) > limit:
        account.blame(
            f"the outputs have more than {limit} bytes in all; the largest is {max(sizes, key=sizes.__getitem__)}", None
        )
    _read_variables(job, left, limit, masking, account)
    _read_summaries(job, left, masking, account)
    return account


def _published(outputs: Mapping[str, str], masking: Masking, account: Account) -> dict[str, str]:
    kept: dict[str, str] = {}
    for name, value in outputs.items():
        if masking.has_secret(value) or masking.has_secret(name):
            account.warnings.append(f"The output {masking.masked(name)} holds a secret and is not published.")
        else:
            kept[name] = value
    return kept


def _read_variables(job: Job, left: Mapping[str, bytes], limit: int, masking: Masking, account: Account) -> None:
    for index in range(len(job.spec.commands)):
        data = left.get(f"env-{index + 1}")
        if not data:
            continue
        place = f"the variables of step {index + 1}"
        if len(data) > limit:
            account.blame(f"{place} have more than {limit} bytes", index)
            continue
        try:
            read_variables(data)
        except MalformedFileError as error:
            account.blame(f"{place}, {masking.masked(str(error))}", index)


def _read_summaries(job: Job, left: Mapping[str, bytes], masking: Masking, account: Account) -> None:
    room = MAX_SUMMARY
    for index in range(len(job.spec.commands)):
        data = left.get(f"summary-{index + 1}")
        if not data:
            continue
        account.summaries[index] = masking.masked(read_summary(data, room))
        if len(data) > room:
            account.warnings.append(f"Of the summary of step {index + 1} the first {room} bytes are kept.")
        room = max(0, room - len(data))


def with_account(verdict: Verdict, job: Job, notes: ProgramNotes | None, account: Account) -> Verdict:
    """The verdict, with what the files say: a malformed one, or a promise not kept, is no success.

    Args:
        verdict: From how the container ended.
        job: The record.
        notes: What the step program noted.
        account: What the files say.
    """
    if verdict.event is JobEvent.FAIL:
        return _faulty_step(verdict, job, notes, account)
    problem, step = account.problem, account.blamed if job.spec.has_steps else None
    written = {name for outputs in account.by_step.values() for name in outputs}
    withheld = " ".join(account.warnings)
    missing = [name for name in job.spec.outputs if name not in written and f" {name} " not in withheld]
    if missing and not problem:
        problem, step = f"the job did not write the outputs it promised: {', '.join(missing)}", None
    if not problem or verdict.event is not JobEvent.SUCCEED:
        return verdict
    if step is not None and job.spec.commands[step].continue_on_error is True:
        return verdict
    return _failed(problem, step)


def _faulty_step(verdict: Verdict, job: Job, notes: ProgramNotes | None, account: Account) -> Verdict:
    """A failure that is a step's files or expression, and not the exit code that the program gave it for that."""
    index = verdict.failure.step if verdict.failure is not None else None
    track = notes.steps.get(index) if notes is not None and index is not None else None
    if index is None or track is None or not track.fault:
        return verdict
    steps = job.attempt.steps if job.attempt else ()
    if track.fault == "expression":
        said = steps[index].reason if index < len(steps) else ""
        failure = Failure(FailureKind.EXPRESSION, said or f"An expression of step {index + 1} is at fault.", step=index)
        return Verdict(JobEvent.FAIL, failure, "expression")
    fallback = f"what step {index + 1} wrote to ${'ORCAOPS_' + track.fault.upper()} is malformed or too long"
    return _failed(account.problem if account.blamed == index else fallback, index)


def _failed(problem: str, step: int | None) -> Verdict:
    failure = Failure(FailureKind.OUTPUT, problem[0].upper() + problem[1:] + ".", _HINT, step=step)
    return Verdict(JobEvent.FAIL, failure, "outputs")


def told(
    steps: Sequence[StepResult], plan: Sequence[PlannedStep], account: Account, notes: ProgramNotes | None
) -> tuple[StepResult, ...]:
    """The steps with their outputs and summaries, and why those were skipped that were."""
    found: list[StepResult] = []
    for step in steps:
        reason = step.reason
        if step.status == "skipped" and not reason and step.index < len(plan):
            reason = _why_skipped(plan[step.index], notes)
        outputs = account.by_step.get(step.index, {}) if notes is not None else {}
        summary, reason = account.summaries.get(step.index, ""), "" if step.status != "skipped" else reason
        is_told = (outputs, summary, reason) == (step.outputs, step.summary, step.reason)
        found.append(step if is_told else replace(step, outputs=outputs, summary=summary, reason=reason))
    return tuple(found)


def _why_skipped(step: PlannedStep, notes: ProgramNotes | None) -> str:
    if step.when == "never":
        return step.reason
    if notes is not None and notes.was_terminated:
        return "the job was stopped"
    if notes is not None and notes.ended_early is not None:
        return f"step {notes.ended_early + 1} ended the shell"
    return "no earlier step failed" if step.when == "failure" else "an earlier step failed"

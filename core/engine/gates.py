"""Steps that are decided when their turn comes: the program asks and waits, the engine answers.

The question stands in ``/orcaops/steps``, the answer is a file: whether to run, put there after the step's text. What
was decided is in the record before it is in the container, so that whoever asks again, after a crash too, hears the
same; an answer that lies there already is left alone.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

from core.backends.base import ArchiveEntry
from core.engine.late import job_variables, service_facts
from core.engine.leftovers import leftovers
from core.engine.planning import StepStanding, condition_of, resolve, surroundings
from core.engine.request import granted_secrets
from core.engine.results import ProgramNotes, read_notes, step_outcomes
from core.engine.script import FOLDER, go_name, step_texts
from core.engine.service_owner import masked_in_logs
from core.engine.step_files import MalformedFileError, read_outputs, read_variables
from core.errors import BackendError, InvalidExpressionError
from core.redaction import Masking

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.engine.parts import Parts
    from core.engine.planning import PlannedStep
    from core.engine.results import Ask
    from core.plan.expressions.surroundings import Surroundings
    from core.records.job import Job, StepResult

_log = logging.getLogger(__name__)

Word = Literal["run", "skip", "fault"]

_STOPPED: Final = frozenset({"c", "t"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What the program is told.

    Attributes:
        index: The step, from 0.
        standing: How things stood when it was asked.
        word: What to do; ``fault`` fails the step for an expression that cannot be evaluated.
        reason: Why not run.
        title: What the step is called, its expressions filled in.
        entries: What it runs.
    """

    index: int
    standing: str
    word: Word
    reason: str = ""
    title: str = ""
    entries: tuple[ArchiveEntry, ...] = ()

    @property
    def noted(self) -> str:
        """How the record has it."""
        return f"{self.standing} {self.word}"

    def files(self) -> tuple[ArchiveEntry, ...]:
        """What is put into `FOLDER`, the word last."""
        return *self.entries, ArchiveEntry(go_name(self.index, self.standing), f"{self.word}\n".encode())


class Gates:
    """Answers what one container's program asks.

    Args:
        parts: The engine's parts.
        plan: What is known of the steps.
        container_id: The container.
    """

    def __init__(self, parts: Parts, plan: Sequence[PlannedStep], container_id: str) -> None:
        self._parts = parts
        self._plan = plan
        self._container_id = container_id

    @property
    def are_needed(self) -> bool:
        """Whether any step asks."""
        return any(step.when == "asks" for step in self._plan)

    async def open_question(self, job_id: str) -> Answer | None:
        """The answer to what is asked now; None if nothing is, or the answer lies there already.

        Args:
            job_id: The job.

        Raises:
            BackendUnavailableError: The container engine does not answer.
            BackendTimeoutError: The same.
            ContainerLostError: The container is gone.
        """
        left = await leftovers(self._parts, self._container_id)
        notes = read_notes(left.get("steps", b""))
        ask = notes.ask
        if ask is None or ask.index >= len(self._plan) or left.get(go_name(ask.index, ask.standing)):
            return None
        # read after the question: what it was asked for, such as a cancel, is in the record by then
        job = await self._parts.jobs.get(job_id)
        return self._answer(job, ask, notes, left)

    async def put(self, answer: Answer) -> None:
        """Let the program hear an answer.

        Raises:
            BackendError: It could not be put there.
        """
        await self._parts.backend.put(self._container_id, FOLDER, answer.files())

    def _answer(self, job: Job, ask: Ask, notes: ProgramNotes, left: Mapping[str, bytes]) -> Answer:
        secrets = granted_secrets(job.spec, self._parts.settings)
        standing = _standing(job, ask)
        step = job.spec.commands[ask.index]
        around = surroundings(
            job.spec,
            secrets,
            standing,
            env=_environment(job, job_variables(job.spec, self._parts.settings), ask.index, left),
            steps=_earlier_steps(job, ask.index, notes, left),
            services=service_facts(job.spec, self._parts.settings),
        )
        masking = Masking(masked_in_logs(self._parts, job))
        around.has_secret = masking.has_secret
        before = job.attempt.steps[ask.index] if job.attempt else None
        try:
            word, reason = _decided(before, ask) or self._decide(ask, around, standing)
            if word != "run":
                return Answer(ask.index, ask.standing, word, masking.masked(reason))
            resolved = resolve(ask.index, step, around)
        except InvalidExpressionError as error:
            said = f"{error.message} {error.hint}".strip()
            return Answer(ask.index, ask.standing, "fault", masking.masked(said))
        title = masking.masked(resolved.title)
        return Answer(ask.index, ask.standing, "run", title=title, entries=step_texts(resolved))

    def _decide(self, ask: Ask, around: Surroundings, standing: StepStanding) -> tuple[Word, str]:
        planned = self._plan[ask.index]
        condition = condition_of(ask.index, planned.spec)
        try:
            decision = condition.decide(around)
        except InvalidExpressionError as error:
            message = f"Error when evaluating 'condition' of step {ask.index + 1}: {error.message}"
            values = f" (read: {', '.join(error.values)})" if error.values else ""
            raise InvalidExpressionError(message + values, hint=error.hint) from None
        if decision.runs:
            return "run", ""
        why = " (a step ended the shell)" if standing.is_over else ""
        return "skip", decision.evaluation.expanded + why


def with_answer(steps: Sequence[StepResult], answer: Answer) -> tuple[StepResult, ...]:
    """The steps of a record, with what was decided about one of them."""
    known = list(steps)
    step = known[answer.index]
    is_skipped = answer.word == "skip"
    known[answer.index] = replace(
        step,
        answer=answer.noted,
        reason=answer.reason,
        title=answer.title or step.title,
        status="skipped" if is_skipped else "pending",
        outcome="skipped" if is_skipped else None,
    )
    return tuple(known)


def with_titles(steps: tuple[StepResult, ...], plan: Sequence[PlannedStep], masking: Masking) -> tuple[StepResult, ...]:
    """The steps of a record under the names they have once expressions are filled in, as far as that is known."""
    return tuple(
        replace(step, title=title)
        if not step.answer and planned.when != "asks" and (title := masking.masked(planned.title)) != step.title
        else step
        for step, planned in zip(steps, plan, strict=True)
    )


def _decided(step: StepResult | None, ask: Ask) -> tuple[Word, str] | None:
    """What was decided before, when things stood as they do."""
    standing, _, word = (step.answer if step is not None else "").partition(" ")
    if standing != ask.standing or step is None:
        return None
    return ("run", "") if word == "run" else ("skip", step.reason) if word == "skip" else ("fault", step.reason)


def _standing(job: Job, ask: Ask) -> StepStanding:
    has_timed_out = job.attempt is not None and job.attempt.timeout_fired_at is not None
    is_stopped = ask.standing in _STOPPED
    return StepStanding(
        has_failed=ask.standing == "f" or (is_stopped and (has_timed_out or job.cancel is None)),
        is_over=ask.standing == "o",
        is_stopped=is_stopped and job.cancel is not None and not has_timed_out,
    )


def _environment(job: Job, known: Mapping[str, str], index: int, left: Mapping[str, bytes]) -> dict[str, str]:
    """Variables of the job, and on top what earlier steps set."""
    env = dict(known)
    for number in range(1, index + 1):
        try:
            env |= read_variables(left.get(f"env-{number}", b""))
        except MalformedFileError as error:
            _log.info("%s: the variables of step %d are passed over: %s", job.job_id, number, error)
    return env


def _earlier_steps(job: Job, index: int, notes: ProgramNotes, left: Mapping[str, bytes]) -> dict[str, object]:
    """The context ``steps``."""
    found: dict[str, object] = {}
    for number, (conclusion, outcome) in step_outcomes(notes, job.spec).items():
        step = job.spec.commands[number]
        if number >= index or not step.id:
            continue
        try:
            outputs = read_outputs(left.get(f"output-{number + 1}", b""))
        except MalformedFileError:
            outputs = {}
        found[step.id] = {"outputs": outputs, "outcome": outcome, "conclusion": conclusion}
    return found


async def put_stop(parts: Parts, container_id: str, why: str, grace_s: float) -> None:
    """Tell the program why it is about to be sent SIGTERM, and how long the running step has.

    Best effort: without it the program takes a stop for one from outside, and the job's own grace.
    """
    entry = ArchiveEntry("stop", f"{why} {int(-(-grace_s // 1))}\n".encode())
    try:
        await parts.backend.put(container_id, FOLDER, (entry,))
    except BackendError as error:
        _log.info("%s is stopped without being told why: %s", container_id, error)

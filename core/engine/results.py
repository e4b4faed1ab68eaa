"""What the step program noted in ``/orcaops/steps``: how the steps went, what the job used.

The files are the job's to forge, so they are read with a size limit and a strict grammar; a forged one can deceive
about its own job only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from core.frozen import replace
from core.records.job import StepOutcome, StepResult, StepStatus, Usage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from core.spec.job import JobSpec

_TIME: Final = r"([0-9]{1,9}\.[0-9]{2})"
_LINE: Final = re.compile(
    rf"^(?:(?P<mark>[stb]) (?:(?P<step>[0-9]{{1,3}}) )?{_TIME}"
    rf"|e (?P<ended>[0-9]{{1,3}}) (?P<code>[0-9]{{1,3}}) (?P<end_time>[0-9]{{1,9}}\.[0-9]{{2}})"
    r"|u (?P<measure>[a-z_]{1,16}) (?P<value>[0-9]{1,18})"
    r"|x (?P<exit>[0-9]{1,3})"
    r"|r (?P<again>[0-9]{1,3}) [0-9]{1,3} [0-9]{1,9}\.[0-9]{2}"
    r"|a (?P<asked>[0-9]{1,3}) (?P<standing>[sfoct]) [0-9]{1,9}\.[0-9]{2}"
    r"|f (?P<faulty>[0-9]{1,3}) (?P<what>output|env|expression) [0-9]{1,9}"
    r"|q (?P<over>[0-9]{1,3}))$",
    re.MULTILINE,
)

_LARGEST: Final = 2**63 - 1
"""What the store can hold."""


@dataclass(slots=True)
class StepTrack:
    """One step as the program noted it: uptimes in seconds.

    Attributes:
        began: When.
        ended: When; None while it runs, or if it took its own shell away.
        exit_code: Of the last try.
        tries: How many there were.
        fault: What of it is at fault beside its exit code: ``output``, ``env`` or ``expression``; empty for nothing.
    """

    began: float
    ended: float | None = None
    exit_code: int | None = None
    tries: int = 1
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """A step that the program asked about.

    Attributes:
        index: From 0.
        standing: How things stood, as one letter.
    """

    index: int
    standing: str


@dataclass(slots=True)
class ProgramNotes:
    """What ``/orcaops/steps`` says.

    Attributes:
        began: Uptime when the supervisor began.
        steps: By index.
        exit_code: Of the job's shell; None when the supervisor was killed before it could note it.
        usage: Measured at the end, in the container.
        terminated: Uptime when SIGTERM reached the supervisor.
        interrupted: The step that ran then.
        ask: What was asked last, unless it was seen to be answered.
        ended_early: The step that ended the shared shell with success before the other steps.
    """

    began: float | None = None
    steps: dict[int, StepTrack] = field(default_factory=dict[int, StepTrack])
    exit_code: int | None = None
    usage: Usage | None = None
    terminated: float | None = None
    interrupted: int | None = None
    ask: Ask | None = None
    ended_early: int | None = None

    @property
    def was_terminated(self) -> bool:
        """Whether SIGTERM reached the supervisor."""
        return self.terminated is not None


def read_notes(data: bytes) -> ProgramNotes:
    """Read ``/orcaops/steps``; lines that are not in its grammar are passed over."""
    notes = ProgramNotes()
    measures: dict[str, int] = {}
    for match in _LINE.finditer(data.decode("ascii", "replace")):
        if name := match["measure"]:
            # several network devices, one of everything else
            before = measures.get(name, 0) if name in {"rx", "tx"} else 0
            measures[name] = min(before + int(match["value"]), _LARGEST)
        elif match["mark"]:
            _take_time(notes, match)
        else:
            _take_fact(notes, match)
    notes.usage = _usage(measures)
    return notes


def _take_time(notes: ProgramNotes, match: re.Match[str]) -> None:
    """The supervisor or a step began, or SIGTERM came."""
    time = float(match[3])
    if match["mark"] == "b" and match["step"]:
        notes.steps[int(match["step"])] = StepTrack(time)
        notes.ask = None
    elif match["mark"] == "s":
        notes.began = time
    elif match["mark"] == "t":
        notes.terminated = time
        running = [index for index, track in notes.steps.items() if track.ended is None]
        notes.interrupted = max(running, default=None)


def _take_fact(notes: ProgramNotes, match: re.Match[str]) -> None:
    """Something became of a step, of all steps, or is asked."""
    if match["exit"]:
        notes.exit_code, notes.ask = int(match["exit"]), None
    elif match["asked"]:
        notes.ask = Ask(int(match["asked"]), match["standing"])
    elif match["over"]:
        notes.ended_early = int(match["over"])
    elif (track := notes.steps.get(int(match["ended"] or match["again"] or match["faulty"]))) is not None:
        if match["ended"]:
            track.ended, track.exit_code = float(match["end_time"]), int(match["code"])
        elif match["again"]:
            track.tries += 1
        else:
            track.fault = match["what"]


def _usage(measures: Mapping[str, int]) -> Usage | None:
    if not measures:
        return None
    cpu = (
        measures["cpu_ns"] / 1e9 if "cpu_ns" in measures else measures["cpu_us"] / 1e6 if "cpu_us" in measures else None
    )
    return Usage(cpu, measures.get("memory"), measures.get("rx"), measures.get("tx"), exact=True)


def first_failure(notes: ProgramNotes, spec: JobSpec) -> int | None:
    """The first step that failed and was not tolerated; one without an end may have, if nothing came after it."""
    for index, track in sorted(notes.steps.items()):
        if index >= len(spec.commands):
            return None
        if track.exit_code is None:
            if index == max(notes.steps):
                return index
        elif not _is_fine(track, spec, index):
            return index
    # the last one's exit code is the job's, for which 0 may be no success
    return max(notes.steps) if notes.steps and 0 not in spec.success_exit_codes else None


def broken_off(notes: ProgramNotes, spec: JobSpec) -> int | None:
    """The step that ran when the job was stopped; without a note of that, the first that failed."""
    if notes.terminated is None:
        return first_failure(notes, spec)
    return notes.interrupted if notes.interrupted is None or notes.interrupted < len(spec.commands) else None


def step_outcomes(notes: ProgramNotes, spec: JobSpec) -> dict[int, tuple[StepOutcome, StepOutcome]]:
    """Conclusion and outcome of every step, as expressions ask; one that has not begun was skipped."""
    found: dict[int, tuple[StepOutcome, StepOutcome]] = {}
    for index in range(len(spec.commands)):
        track = notes.steps.get(index)
        if track is None:
            found[index] = ("skipped", "skipped")
            continue
        code = track.exit_code or 0
        outcome: StepOutcome = "success" if code == 0 or code in spec.success_exit_codes else "failure"
        found[index] = ("success" if _is_fine(track, spec, index) else "failure", outcome)
    return found


def settle_steps(
    steps: Sequence[StepResult],
    notes: ProgramNotes,
    spec: JobSpec,
    *,
    container_started_at: datetime,
    container_finished_at: datetime,
    exit_code: int,
    broken_off_as: StepStatus,
) -> tuple[StepResult, ...]:
    """The final account of the steps.

    Args:
        steps: As known from the log, with their line ranges.
        notes: What the program noted.
        spec: What was asked of them.
        container_started_at: Docker's time of the start, which the program's first uptime is set equal to.
        container_finished_at: Docker's time of the end, for a step that has no end of its own.
        exit_code: The container's, for the same.
        broken_off_as: The status of the step that ran when the whole job was stopped, unless it succeeded.

    Returns:
        Every step with its end; those that never began are ``skipped``.
    """

    def moment(uptime: float) -> datetime:
        return container_started_at + timedelta(seconds=uptime - (notes.began or uptime))

    stopped = broken_off(notes, spec)
    settled: list[StepResult] = []
    for step in steps:
        track = notes.steps.get(step.index)
        if track is None:
            settled.append(replace(step, status="skipped", outcome="skipped"))
            continue
        following = notes.steps.get(step.index + 1)
        if track.ended is not None and track.exit_code is not None:
            ended = moment(track.ended)
        elif following is not None:
            # its own text kept its end from being noted; the shell went on as after a success
            track.exit_code, ended = 0, moment(following.began)
        else:
            track.exit_code, ended = exit_code, max(container_finished_at, moment(track.began))
        failed_as = broken_off_as if step.index == stopped else "failed"
        ending = _ending(track, spec, step.index, failed_as, is_last=following is None)
        settled.append(_ended(step, track, ending, moment(track.began), ended))
    return tuple(settled)


def _ended(
    step: StepResult, track: StepTrack, ending: tuple[StepStatus, StepOutcome], began: datetime, ended: datetime
) -> StepResult:
    """A step with how it ended, and when."""
    return replace(
        step,
        status=ending[0],
        outcome=ending[1],
        exit_code=track.exit_code,
        attempts=track.tries,
        started_at=began,
        finished_at=ended,
    )


def _ending(
    track: StepTrack, spec: JobSpec, index: int, failed_as: StepStatus, *, is_last: bool
) -> tuple[StepStatus, StepOutcome]:
    """Status and outcome of a step that ended."""
    code = track.exit_code or 0
    if code in spec.success_exit_codes or (code == 0 and not is_last):
        return "success", "success"
    outcome: StepOutcome = failed_as if failed_as == "cancelled" or failed_as == "timed_out" else "failure"  # noqa: PLR1714 -- narrows
    if failed_as == "failed" and _is_fine(track, spec, index):
        return "success", outcome
    return failed_as, outcome


def _is_fine(track: StepTrack, spec: JobSpec, index: int) -> bool:
    """Whether the job goes on after a step as after a success."""
    code = track.exit_code or 0
    return code == 0 or code in spec.success_exit_codes or spec.commands[index].tolerates(code)

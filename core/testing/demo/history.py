"""Thirty days of ended jobs, the same for the same seed."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from core.lifecycle.job import JobEvent
from core.records.job import Failure, FailureKind, StepResult, Usage
from core.settings import MIB
from core.spec.job import JobSpec
from core.spec.step import StepSpec
from core.testing.demo.catalogue import BRANCHES, CALLERS, HOURS, KINDS, LAST_LINES, OTHER_LAST_LINES, WEEKEND
from core.testing.demo.story import Story, past_id

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from datetime import datetime

    from core.testing.demo.catalogue import Kind

DAYS: Final = 30
_HOUR: Final = timedelta(hours=1)
_SATURDAY: Final = 5
_REPEATED: Final = 0.4
"""Of failed jobs, how many are run again unchanged."""
_TIMED_OUT: Final = 0.026
_CANCELLED: Final = 0.039
_COMMIT_OF: Final = 24
"""Jobs of a kind on a branch that share a commit, and so a spec."""


class History:
    """Makes up ended jobs.

    Args:
        chance: Decides everything.
        now: All of them ended before it.
        admit: Fills the defaults of a spec in.
    """

    def __init__(self, chance: random.Random, now: datetime, admit: Callable[[JobSpec], JobSpec]) -> None:
        self._chance = chance
        self._now = now
        self._admit = admit
        self._specs: dict[tuple[str, str, int], JobSpec] = {}
        self._runs: dict[tuple[str, str], int] = {}

    def stories(self, count: int) -> tuple[Story, ...]:
        """That many jobs, in the order in which they were accepted."""
        told: list[Story] = []
        for at in self._times(count - count // 20):
            told.append(self._story(at))
            again = self._again(told[-1])
            if again is not None:
                told.append(again)
        told += (self._story(at) for at in self._times(max(0, count - len(told))))
        told.sort(key=lambda story: story.created_at)
        return tuple(told[len(told) - count :])

    def _times(self, count: int) -> list[datetime]:
        """Moments of the last thirty days, more of them when people work."""
        chance, hours = self._chance, range(DAYS * 24)
        begins = [self._now - _HOUR * (hour + 1) for hour in hours]
        weights = [HOURS[at.hour] * (WEEKEND if at.weekday() >= _SATURDAY else 1.0) for at in begins]
        chosen = chance.choices(begins, cum_weights=tuple(itertools.accumulate(weights)), k=count)
        return sorted(at + _HOUR * chance.random() * 0.97 for at in chosen)

    def _story(self, at: datetime) -> Story:
        chance = self._chance
        kind = chance.choices(KINDS, weights=[kind.share for kind in KINDS])[0]
        by = chance.choices([name for name, _ in CALLERS], weights=[weight for _, weight in CALLERS])[0]
        return self._ended(kind, self._spec(kind), by, at, _event(chance.random(), kind.failing / 1000))

    def _again(self, failed: Story) -> Story | None:
        """The same once more, if somebody did not believe that it fails."""
        chance = self._chance
        if failed.event is not JobEvent.FAIL or chance.random() > _REPEATED:
            return None
        at = failed.ended_at + timedelta(seconds=chance.uniform(5, 400))
        if at > self._now - _HOUR:
            return None
        kind = next(kind for kind in KINDS if kind.name == failed.spec.name)
        is_steady = chance.random() < 0.45
        event = JobEvent.FAIL if is_steady else JobEvent.SUCCEED
        return replace(self._ended(kind, failed.spec, failed.by, at, event), rerun_of=failed.job_id)

    def _spec(self, kind: Kind) -> JobSpec:
        branch = self._chance.choice(BRANCHES)
        number = self._runs.get((kind.name, branch), 0)
        self._runs[kind.name, branch] = number + 1
        key = (kind.name, branch, number // _COMMIT_OF)
        if key not in self._specs:
            spec = JobSpec(
                image=kind.image,
                commands=tuple(StepSpec(run=step) for step in kind.steps),
                env={"BRANCH": branch, "COMMIT": f"{self._chance.getrandbits(28):07x}"},
                name=kind.name,
                tags=(*kind.tags, f"branch:{branch}"),
                retries=1 if "nightly" in kind.tags else 0,
            )
            self._specs[key] = self._admit(spec)
        return self._specs[key]

    def _ended(self, kind: Kind, spec: JobSpec, by: str, at: datetime, event: JobEvent) -> Story:
        chance = self._chance
        waited = chance.expovariate(1 / 0.9) if chance.random() < 0.8 else chance.expovariate(1 / 25)
        seconds = kind.seconds * chance.lognormvariate(0, 0.32) * (0.6 if event is JobEvent.FAIL else 1)
        if event is JobEvent.TIME_OUT:
            seconds = spec.timeout_s or seconds
        left = (self._now - at).total_seconds() - 20
        waited, seconds = min(waited, max(0.05, left / 3)), min(seconds, max(0.5, left / 2))
        began = at + timedelta(seconds=waited)
        ended = began + timedelta(seconds=seconds)
        story = Story(past_id("job", at, chance), spec, by, at, began, ended, event)
        if event is JobEvent.CANCEL:
            is_early = chance.random() < 0.3
            return replace(story, began_at=None if is_early else began, exit_code=None if is_early else 143)
        failing = chance.randrange(len(spec.commands)) if event is not JobEvent.SUCCEED else None
        story = replace(story, failure=self._failure(spec, event, failing))
        is_repeated = event is JobEvent.SUCCEED and bool(spec.retries) and chance.random() < 0.2
        return replace(
            story,
            earlier=(_exit(spec, 0),) if is_repeated else (),
            exit_code={JobEvent.SUCCEED: 0, JobEvent.TIME_OUT: 143}.get(event, 1),
            steps=_steps(story, failing),
            usage=self._usage(kind, seconds),
        )

    def _failure(self, spec: JobSpec, event: JobEvent, step: int | None) -> Failure | None:
        if event is JobEvent.TIME_OUT:
            message = f"The job ran longer than its limit of {spec.timeout_s:g} s."
            return Failure(FailureKind.TIMEOUT, message, "Raise timeout_s, or find what takes so long in the log.")
        if step is None:
            return None
        if self._chance.random() < 0.06:
            message = f"The job used more than its {spec.memory_mb} MiB of memory and was killed."
            return Failure(FailureKind.OOM, message, "Raise memory_mb, or use less memory.", step=step)
        return _exit(spec, step)

    def _usage(self, kind: Kind, seconds: float) -> Usage:
        chance = self._chance
        return Usage(
            cpu_seconds=round(seconds * chance.uniform(0.4, 1.7), 2),
            peak_memory_bytes=int(kind.memory_mb * chance.uniform(0.7, 1.3) * MIB),
            network_rx_bytes=chance.randrange(20_000, 90_000_000),
            network_tx_bytes=chance.randrange(2_000, 900_000),
            exact=True,
        )


def last_lines(story: Story) -> tuple[str, ...]:
    """What a failed job printed last; the same for the same job."""
    program = story.spec.image.partition(":")[0]
    choice = LAST_LINES.get(program, OTHER_LAST_LINES)
    return choice[sum(story.job_id.encode()) % len(choice)]


def _event(drawn: float, failing: float) -> JobEvent:
    for event, share in (
        (JobEvent.TIME_OUT, _TIMED_OUT),
        (JobEvent.CANCEL, _CANCELLED),
        (JobEvent.FAIL, failing),
    ):
        if drawn < share:
            return event
        drawn -= share
    return JobEvent.SUCCEED


def _exit(spec: JobSpec, step: int) -> Failure:
    message = f"Step {step + 1} ({spec.commands[step].title}) ended with exit code 1."
    return Failure(FailureKind.EXIT, message, step=step)


def _steps(story: Story, failing: int | None) -> tuple[StepResult, ...]:
    """Its steps, of the same length each; those behind the failing one were skipped."""
    count = len(story.spec.commands)
    began = story.began_at or story.created_at
    span = (story.ended_at - began) / (count if failing is None else failing + 1)
    told: list[StepResult] = []
    for index, step in enumerate(story.spec.commands):
        if failing is not None and index > failing:
            told.append(StepResult(index, step.title, "skipped", reason="an earlier step failed"))
            continue
        has_failed = index == failing
        is_late = has_failed and story.event is JobEvent.TIME_OUT
        told.append(
            StepResult(
                index,
                step.title,
                "timed_out" if is_late else "failed" if has_failed else "success",
                143 if is_late else int(has_failed),
                began + span * index,
                began + span * (index + 1),
                outcome="timed_out" if is_late else "failure" if has_failed else "success",
                attempts=1,
            )
        )
    return tuple(told)

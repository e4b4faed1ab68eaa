"""Who starts next, and why the others wait."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from core.engine.slots import JOBS, Line, Slots, SlotUse, Waiting
from core.testing.clock import START

LATER = START + timedelta(seconds=30)


def a_line(*, jobs: int = 1, gpus: int = 0, max_overtakes: int = 20) -> Line:
    return Line(Slots({JOBS: jobs, "gpus": gpus}), max_overtakes)


def waiting(
    job_id: str, *, priority: int = 0, queued_us: int = 0, gpus: int = 0, not_before: datetime | None = None
) -> Waiting:
    needs = {JOBS: 1, "gpus": gpus} if gpus else {JOBS: 1}
    return Waiting(job_id, priority, queued_us, needs, not_before)


def started(line: Line, now: datetime = START) -> list[str]:
    """Ids of all that start now, in order."""
    found: list[str] = []
    while (entry := line.take_next(now)) is not None:
        found.append(entry.job_id)
    return found


def reason(line: Line, job_id: str, now: datetime = START) -> str:
    place = line.place(job_id, now)
    assert place is not None
    return place.reason


def test_the_higher_priority_starts_first_and_among_equals_the_older() -> None:
    line = a_line(jobs=9)
    for entry in (
        waiting("young", queued_us=2),
        waiting("old", queued_us=1),
        waiting("urgent", priority=5, queued_us=3),
        waiting("idle", priority=-5),
        waiting("also-old", queued_us=1),
    ):
        line.join(entry)
    assert started(line) == ["urgent", "also-old", "old", "young", "idle"]
    assert len(line) == 0


def test_no_more_start_than_there_are_slots() -> None:
    line = a_line(jobs=2)
    for number in range(5):
        line.join(waiting(f"j{number}", queued_us=number))
    assert started(line) == ["j0", "j1"]
    line.slots.give_back({JOBS: 1})
    assert started(line) == ["j2"]
    assert line.slots.use()[JOBS] == SlotUse(2, 2)


def test_a_job_that_does_not_fit_yet_lets_others_pass() -> None:
    line = a_line(jobs=4, gpus=1)
    line.join(waiting("first", gpus=1, queued_us=1))
    line.join(waiting("second", gpus=1, queued_us=2))
    line.join(waiting("plain", queued_us=3))
    assert started(line) == ["first", "plain"]


def test_a_large_job_is_overtaken_a_bounded_number_of_times_and_then_starts_before_the_rest() -> None:
    line = a_line(jobs=2, gpus=2, max_overtakes=3)
    line.slots.take({JOBS: 1, "gpus": 1})
    line.join(waiting("large", gpus=2, queued_us=0))
    for number in range(10):
        line.join(waiting(f"small{number}", queued_us=1 + number))
    passed: list[str] = []
    while entry := line.take_next(START):
        passed.append(entry.job_id)
        line.slots.give_back(entry.needs)
    assert passed == ["small0", "small1", "small2"]
    assert reason(line, "small3") == "waiting for an earlier job that needs more room"
    line.slots.give_back({JOBS: 1, "gpus": 1})
    assert started(line)[0] == "large"


def test_with_no_overtaking_allowed_the_line_is_strict() -> None:
    line = a_line(jobs=4, gpus=1, max_overtakes=0)
    line.slots.take({"gpus": 1})
    line.join(waiting("gpu", gpus=1, queued_us=0))
    line.join(waiting("plain", queued_us=1))
    assert started(line) == []


def test_a_job_that_needs_more_than_there_is_holds_nobody_up_and_says_so() -> None:
    line = a_line(jobs=1, max_overtakes=0)
    line.join(Waiting("stuck", 9, 0, {JOBS: 1, "tpus": 2}))
    line.join(waiting("plain", queued_us=1))
    assert started(line) == ["plain"]
    assert reason(line, "stuck") == "cannot start: needs 2 tpus, this engine has 0"


def test_a_retry_waits_for_its_time_without_being_overtaken() -> None:
    line = a_line(jobs=2, max_overtakes=0)
    line.join(waiting("retry", priority=9, not_before=LATER))
    line.join(waiting("plain"))
    assert reason(line, "retry") == "waiting 30 s before the next attempt"
    assert started(line) == ["plain"]
    assert line.next_due(START) == LATER
    assert started(line, LATER) == ["retry"]
    assert line.next_due(START) is None


def test_a_job_can_leave_the_line_once() -> None:
    line = a_line()
    line.join(waiting("a", not_before=LATER))
    assert "a" in line
    assert line.leave("a")
    assert not line.leave("a")
    assert "a" not in line
    assert line.next_due(START) is None
    assert line.place("a", START) is None


def test_a_job_that_joins_again_takes_its_new_place() -> None:
    line = a_line(jobs=3)
    line.join(waiting("a", queued_us=1, not_before=LATER))
    line.join(waiting("b", queued_us=2))
    line.join(waiting("a", queued_us=3))
    assert len(line) == 2
    assert started(line) == ["b", "a"]


def test_a_jobs_place_comes_with_the_reason_in_words() -> None:
    line = a_line(jobs=1, gpus=2)
    for number in range(3):
        line.join(waiting(f"j{number}", queued_us=number))
    assert reason(line, "j0") == "starting"
    line.slots.take({JOBS: 1})
    assert reason(line, "j0") == "waiting for a free slot (1 of 1 jobs running)"
    assert reason(line, "j2") == "waiting for a free slot (1 of 1 jobs running, 2 ahead in the queue)"
    place = line.place("j1", START)
    assert place is not None
    assert place.position == 2


def test_a_job_that_lacks_a_named_slot_says_which() -> None:
    line = a_line(jobs=4, gpus=2)
    line.slots.take({"gpus": 1})
    line.join(waiting("a", gpus=2))
    assert reason(line, "a") == "waiting for 2 of gpus (1 of 2 in use)"
    line.join(waiting("b", gpus=2, priority=-1))
    assert reason(line, "b") == "waiting for 2 of gpus (1 of 2 in use, 1 ahead in the queue)"


@pytest.mark.parametrize(
    ("needs", "lacks"), [({"gpus": 2}, None), ({"gpus": 3}, "gpus"), ({"tpus": 1}, "tpus"), ({}, None)]
)
def test_what_never_fits_is_known_beforehand(needs: dict[str, int], lacks: str | None) -> None:
    slots = Slots({"gpus": 2})
    slots.take({"gpus": 2})
    assert slots.never_fits(needs) == lacks


def test_a_job_that_ran_before_the_engine_started_is_counted_even_beyond_the_limit() -> None:
    line = a_line(jobs=1)
    line.slots.take({JOBS: 1})
    line.slots.take({JOBS: 1, "old": 1})
    line.join(waiting("a"))
    assert line.slots.use()[JOBS] == SlotUse(2, 1)
    line.slots.give_back({JOBS: 1, "old": 1})
    assert started(line) == []
    line.slots.give_back({JOBS: 1})
    assert started(line) == ["a"]


class LineMachine(RuleBasedStateMachine):
    """Any order of joins, starts, ends and withdrawals."""

    def __init__(self) -> None:
        super().__init__()
        self.line = a_line(jobs=3, gpus=2, max_overtakes=2)
        self.queued: dict[str, Waiting] = {}
        self.running: list[Waiting] = []
        self.count = 0

    @rule(priority=st.integers(-1, 1), gpus=st.integers(0, 3))
    def join(self, priority: int, gpus: int) -> None:
        entry = waiting(f"j{self.count:04}", priority=priority, queued_us=self.count, gpus=gpus)
        self.count += 1
        self.queued[entry.job_id] = entry
        self.line.join(entry)

    @rule()
    def start(self) -> None:
        before = {job_id: entry.overtaken for job_id, entry in self.queued.items()}
        entry = self.line.take_next(START)
        possible = [one for one in self.queued.values() if self.line.slots.never_fits(one.needs) is None]
        if entry is None:
            best = min(possible, key=lambda one: one.rank, default=None)
            assert best is None or self.line.slots.lacking(best.needs) is not None
            return
        del self.queued[entry.job_id]
        self.running.append(entry)
        for one in possible:
            if one.rank < entry.rank:
                assert before[one.job_id] < 2
                assert one.overtaken == before[one.job_id] + 1

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        entry = data.draw(st.sampled_from(self.running))
        self.running.remove(entry)
        self.line.slots.give_back(entry.needs)

    @precondition(lambda self: self.queued)
    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        job_id = data.draw(st.sampled_from(sorted(self.queued)))
        del self.queued[job_id]
        assert self.line.leave(job_id)

    @invariant()
    def slots_are_never_overdrawn(self) -> None:
        for used, total in self.line.slots.use().values():
            assert 0 <= used <= total

    @invariant()
    def the_line_holds_who_waits_and_says_why(self) -> None:
        assert len(self.line) == len(self.queued)
        for place, entry in enumerate(sorted(self.queued.values(), key=lambda one: one.rank), start=1):
            found = self.line.place(entry.job_id, START)
            assert found is not None
            assert found.position == place
            assert found.reason


LineMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestLine = LineMachine.TestCase

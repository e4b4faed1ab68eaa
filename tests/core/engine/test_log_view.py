"""Logs for people who look at them, through the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core import InvalidArgumentError, JobNotFoundError, LineChoice, LogPlace, Sought
from core.backends.simulated.backend import SimulatedBackend
from core.compose import open_engine
from core.testing.factories import a_job_spec
from tests.core.engine.breaking import end_of, submit

if TYPE_CHECKING:
    from core import Engine, EngineSettings

PRINTS = a_job_spec(command=("sh", "-c", "for n in 1 2 3 4 5; do echo out $n; echo err $n >&2; done"))


async def test_rows_are_shown_by_number_and_by_place_in_a_view(engine: Engine) -> None:
    job_id = await submit(engine, PRINTS)
    await end_of(engine, job_id)
    whole = await engine.view_log(LogPlace(job_id), first=2, limit=2)
    assert ([line.number for line in whole.lines], whole.rows, whole.total_lines) == ([2, 3], 10, 10)
    assert (whole.attempt, whole.first, whole.is_whole, whole.is_over) == (1, 2, True, True)
    errors = LineChoice(streams=frozenset({"stderr"}))
    view = await engine.view_log(LogPlace(job_id), errors, first=2, limit=2)
    assert ([line.text for line in view.lines], view.rows, view.total_lines) == (["err 2", "err 3"], 5, 10)
    from_line = await engine.view_log(LogPlace(job_id), errors, line=view.lines[0].number, limit=1)
    assert (from_line.first, from_line.lines) == (2, view.lines[:1])


async def test_a_search_tells_how_many_and_which_come_next(engine: Engine) -> None:
    job_id = await submit(engine, PRINTS)
    await end_of(engine, job_id)
    hits = await engine.search_log(LogPlace(job_id), Sought("OUT"))
    assert (hits.total, hits.is_whole, hits.place, hits.is_hit, hits.previous) == (5, True, 1, False, None)
    assert hits.first == hits.following
    at_last = await engine.search_log(LogPlace(job_id), Sought("OUT"), line=hits.last or 0)
    assert (at_last.place, at_last.is_hit, at_last.following) == (5, True, None)
    none = await engine.search_log(LogPlace(job_id), Sought("OUT"), choice=LineChoice(streams=frozenset({"stderr"})))
    assert (none.total, none.first, none.last) == (0, None, None)


async def test_a_job_that_never_ran_has_nothing_to_show(settings: EngineSettings) -> None:
    backend = SimulatedBackend()
    backend.go_away()
    async with open_engine(settings, backend=backend) as engine:
        job_id = await submit(engine, a_job_spec())
        window = await engine.view_log(LogPlace(job_id))
        hits = await engine.search_log(LogPlace(job_id), Sought("x"))
        assert (window.attempt, window.rows, window.is_over, hits.total) == (0, 0, False, 0)


async def test_what_cannot_be_shown_is_refused(engine: Engine) -> None:
    job_id = await submit(engine, PRINTS)
    await end_of(engine, job_id)
    for place in (LogPlace(job_id, attempt=2), LogPlace(job_id, attempt=0), LogPlace(job_id, service="db")):
        with pytest.raises(InvalidArgumentError):
            await engine.view_log(place)
        with pytest.raises(InvalidArgumentError):
            await engine.search_log(place, Sought("x"))
    with pytest.raises(InvalidArgumentError, match="limit"):
        await engine.view_log(LogPlace(job_id), limit=2001)
    with pytest.raises(InvalidArgumentError, match="counted from 1"):
        await engine.view_log(LogPlace(job_id), first=0)
    with pytest.raises(JobNotFoundError):
        await engine.view_log(LogPlace("nothing"))

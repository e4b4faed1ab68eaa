"""What a soak finds wrong, and what not: its judgement on figures that are made up, and on a process that is real."""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from benchmarks.soak.guest import Guest, Unexpected, a_guest
from benchmarks.soak.judging import Findings, Sample, faults_of, sample, table
from benchmarks.soak.mix import KINDS, Kind
from benchmarks.soak.server import serve
from benchmarks.soak.soaking import MOST_AT_ONCE, Soak, moments, plan, unfinished

if TYPE_CHECKING:
    from pathlib import Path

WARM = Sample(30, 100_000, 20, 8, 18, 18, is_quiet=True, kinds=Counter(socket=10, pipe=10))
BUSY = Sample(60, 180_000, 90, 30, 200, 190)
END = replace(WARM, at_s=300, begun=500, ended=500)
SOUND = Findings("simulated", [WARM, BUSY, END])


def test_a_process_that_is_at_the_end_what_it_was_after_the_warm_up_has_no_fault_whatever_it_needed_between() -> None:
    assert faults_of(SOUND) == []
    assert faults_of(replace(SOUND, samples=[WARM, BUSY, replace(END, rss_kib=109_000, descriptors=22)])) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"rss_kib": 111_000}, "memory grew by 11 %: 97.7 MiB after the warm-up, 108.4 MiB at the end"),
        (
            {"descriptors": 28, "kinds": Counter(socket=18, pipe=10)},
            "descriptors grew from 20 to 28: 8 socket",
        ),
        ({"threads": 25}, "threads grew from 8 to 25"),
    ],
)
def test_what_grew_is_named_with_both_figures(change: dict[str, Any], said: str) -> None:
    assert faults_of(replace(SOUND, samples=[WARM, BUSY, replace(END, **change)])) == [said]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"wrong": ["steps: the end is 'failed', not 'success'"]}, "steps: the end is 'failed', not 'success'"),
        ({"left": ["network abc"]}, "left over: network abc"),
        ({"said": ["Traceback"]}, "the server logged: Traceback"),
        ({"exit_code": -9}, "the server ended with -9"),
        ({"samples": [WARM, BUSY]}, "there are no figures after the warm-up and at the end"),
    ],
)
def test_each_other_thing_that_must_not_be_is_a_fault(change: dict[str, Any], said: str) -> None:
    assert faults_of(replace(SOUND, **change)) == [said]


def test_the_table_is_short_and_has_the_quiet_moments_in_it() -> None:
    told = table(replace(SOUND, samples=[WARM, *[replace(BUSY, at_s=60 + at) for at in range(400)], END]))
    assert len(told.splitlines()) < 30
    assert re.findall(r"\| (\S+) \| \S+ \| \S+ \| \S+ \| \S+ \| \S+ \| quiet", told) == ["0.5", "5.0"]


@pytest.mark.parametrize("jobs", [1, 200, 2000])
def test_warm_up_and_rest_have_each_kind_of_work_and_as_many_jobs_as_asked_for(jobs: int) -> None:
    warm, rest = plan(jobs)
    assert {kind.name for kind in warm} == {kind.name for kind in rest} == {kind.name for kind in KINDS}
    made = sum(kind.jobs for kind in [*warm, *rest])
    assert jobs <= made < max(jobs, 60) + 4
    assert len(warm) >= len(rest) // 10


def test_work_begins_with_as_many_guests_as_there_may_be_and_goes_on_evenly() -> None:
    begun = moments(MOST_AT_ONCE + 3, 60)
    assert begun == [0] * MOST_AT_ONCE + [15, 30, 45]
    assert moments(3, 60) == [0] * 3


def test_the_figures_of_a_process_are_those_that_the_kernel_tells(tmp_path: Path) -> None:
    before = sample(os.getpid(), 1, 0, 0)
    with (tmp_path / "a").open("w"), (tmp_path / "b").open("w"):
        after = sample(os.getpid(), 2, 0, 0)
    assert after.descriptors - before.descriptors == 2
    assert after.rss_kib > 10_000
    assert after.threads >= 1


@pytest.mark.slow
async def test_work_that_ends_otherwise_than_it_should_and_work_that_never_ends_are_found() -> None:
    async def lie(guest: Guest) -> None:
        raise Unexpected(f"{(await guest.job(await guest.submit('false')))['name']} is not well")

    async def begin(guest: Guest) -> None:
        await guest.submit("sleep", "600", name="forgotten")

    async with serve("simulated", max_running=4) as server:
        soak = Soak(server, settle_s=0)
        with anyio.fail_after(60):
            await soak.work([Kind("a lie", lie), Kind("no end", begin), KINDS[0]], 0)
        assert [line.partition(":")[0] for line in soak.wrong] == ["a lie"]
        assert [(each.begun, each.ended, each.is_quiet) for each in soak.samples] == [(3, 3, True)]
        async with a_guest(server) as guest:
            found = await unfinished(guest)
        assert len([line for line in found if line.endswith(("is queued", "is running"))]) == 1
        assert found[-1] == "1 containers are left"
    assert server.exit_code == 0

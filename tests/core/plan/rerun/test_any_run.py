"""What holds of the rerun of any run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from core.plan.rerun import Selection, Wish
from tests.core.plan.rerun.playing import CANCELLED, FAILED, TIMED_OUT, TOLERATED, Played, jobs, played, wrote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.plan.rerun import Fate
    from core.plan.results import Ending

_ENDS = st.sampled_from((wrote(x="1"), wrote(x="2"), FAILED, TIMED_OUT, CANCELLED, TOLERATED))
_CONDITIONS = st.sampled_from(("", "always()", "failure()", "!cancelled()", "needs.*.outputs.x"))


@st.composite
def runs(draw: st.DrawFn) -> tuple[Played, Mapping[str, list[str]]]:
    """A run of up to seven jobs that has ended, with what each job needs."""
    names = [f"job{number}" for number in range(draw(st.integers(1, 7)))]
    needs: dict[str, list[str]] = {}
    spec: dict[str, object] = {}
    for place, name in enumerate(names):
        needs[name] = draw(st.lists(st.sampled_from(names[:place]), unique=True, max_size=3)) if place else []
        told: dict[str, object] = {"image": "alpine", "commands": [name]}
        if needs[name]:
            told |= {"needs": needs[name], "env": {"X": f"${{{{ needs.{needs[name][0]}.outputs.x }}}}"}}
        condition = draw(_CONDITIONS)
        spec[name] = told | ({"if": condition} if condition and needs[name] else {})
    ends: dict[str, Ending] = draw(st.dictionaries(st.sampled_from(names), _ENDS))
    return played(json.dumps({"jobs": spec}), ends), needs


_WISHES = st.tuples(
    st.sampled_from(("failed", "jobs", "from")), st.lists(st.integers(0, 6), min_size=1, max_size=2), st.booleans()
)


@settings(max_examples=40, deadline=None)
@given(runs(), _WISHES)
def test_what_is_kept_depends_on_nothing_that_runs_again(
    run: tuple[Played, Mapping[str, list[str]]], asked: tuple[str, list[int], bool]
) -> None:
    ended, needs = run
    selection, numbers, tolerated = asked
    names = tuple(list(needs)[number % len(needs)] for number in numbers) if selection != "failed" else ()
    fates = ended.again(Wish(selection=Selection(selection), names=names, include_tolerated=tolerated))
    assert list(fates) == list(needs)
    assert all(fates[need].keeps for job, fate in fates.items() if fate.keeps for need in needs[job])
    assert not any(fates[name].keeps for name in names)
    assert all(fate.why for fate in fates.values())
    assert all(fate.ending == ended.earlier[job].ending for job, fate in fates.items() if fate.keeps)


@settings(max_examples=40, deadline=None)
@given(runs())
def test_after_failed_nothing_that_ended_badly_is_kept(run: tuple[Played, Mapping[str, list[str]]]) -> None:
    ended, _ = run
    for job, fate in ended.again().items():
        assert not (fate.keeps and ended.earlier[job].ending in (FAILED, TIMED_OUT, CANCELLED))


@settings(max_examples=40, deadline=None)
@given(runs())
def test_all_keeps_nothing_and_a_success_keeps_everything(run: tuple[Played, Mapping[str, list[str]]]) -> None:
    ended, needs = run
    assert ended.kept(Wish(selection=Selection.ALL)) == set()
    well = played(ended.text)
    assert well.kept() == set(needs)


@settings(max_examples=40, deadline=None)
@given(runs(), st.integers(0, 6))
def test_only_runs_exactly_one(run: tuple[Played, Mapping[str, list[str]]], number: int) -> None:
    ended, needs = run
    name = list(needs)[number % len(needs)]
    assert _again(ended.again(jobs(name, only=True))) == [name]


@settings(max_examples=40, deadline=None)
@given(runs(), st.integers(0, 6))
def test_a_changed_command_runs_again_only_with_what_depends_on_it(
    run: tuple[Played, Mapping[str, list[str]]], number: int
) -> None:
    ended, needs = run
    well = played(ended.text)
    name = list(needs)[number % len(needs)]
    fates = well.again(text=well.text.replace(f'"commands": ["{name}"]', '"commands": ["other"]'))
    below = {name} if well.earlier[name].ending.result != "skipped" else set[str]()
    for job, above in needs.items():
        if below & set(above):
            below.add(job)
    assert set(_again(fates)) == below


def _again(fates: Mapping[str, Fate]) -> list[str]:
    return [job for job, fate in fates.items() if not fate.keeps]

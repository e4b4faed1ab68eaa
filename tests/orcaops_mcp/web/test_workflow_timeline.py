"""Where bars of a run stand on its time axis, and how its graph is told to the browser."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from core import CriticalNode, KeptFrom, NodeCondition, NodeJob, NodeStatus, NodeTry, NodeVariant, Outcome, Result
from core.testing.clock import START
from core.testing.factories import a_node, a_workflow_run
from orcaops_mcp.web.run_drawing import drawing
from orcaops_mcp.web.run_timeline import MOST_ROWS, timeline

if TYPE_CHECKING:
    from datetime import datetime

    from core import WorkflowNode
    from orcaops_mcp.web.run_timeline import Row, Timeline


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def a_try(number: int, job_id: str, start: float, end: float | None, outcome: Outcome | None) -> NodeTry:
    return NodeTry(number, job_id, at(start), None if end is None else at(end), outcome, exit_code=0)


def a_job(job_id: str, node_id: str, start: float | None, end: float | None) -> NodeJob:
    return NodeJob(
        1,
        job_id,
        node_id,
        1,
        1,
        is_finished=end is not None,
        started_at=None if start is None else at(start),
        finished_at=None if end is None else at(end),
        has_service=False,
    )


def ran(node_id: str, start: float, end: float, **changes: Any) -> WorkflowNode:
    fields: dict[str, Any] = {
        "status": NodeStatus.SUCCESS,
        "outcome": Outcome.SUCCESS,
        "result": Result.SUCCESS,
        "job_id": f"job_{node_id}",
        "tries": (a_try(1, f"job_{node_id}", start, end, Outcome.SUCCESS),),
        "started_at": at(start),
        "finished_at": at(end),
    }
    return a_node(node_id, **(fields | changes))


def of(*nodes: WorkflowNode, jobs: tuple[NodeJob, ...] = (), now: float | None = None) -> Timeline:
    return timeline("wf_x", nodes, jobs, START, now=None if now is None else at(now))


def row(line: Timeline, node_id: str) -> Row:
    return next(row for row in line.rows if row.node_id == node_id)


# --- the time axis


def test_rows_stand_in_the_order_of_their_starts_and_those_that_did_not_start_come_last() -> None:
    skipped = a_node("skipped", status=NodeStatus.SKIPPED, outcome=Outcome.SKIPPED, result=Result.SKIPPED)
    line = of(skipped, ran("late", 10, 20), ran("early", 0, 10))
    assert [row.node_id for row in line.rows] == ["early", "late", "skipped"]
    assert (row(line, "skipped").bars, row(line, "skipped").note) == ((), "skipped")


def test_bars_stand_where_their_jobs_ran_in_shares_of_the_whole() -> None:
    line = of(ran("build", 0, 25), ran("test", 25, 100, needs=("build",)))
    first, second = row(line, "build").bars[0], row(line, "test").bars[0]
    assert (first.place.at, first.place.width, first.text) == (0, 25, "25s")
    assert (second.place.at, second.place.width, second.side) == (25, 75, "inside")
    assert (line.span_s, line.elapsed_s) == (100, None)


def test_what_was_ready_and_did_not_run_yet_is_a_wait() -> None:
    jobs = (a_job("job_build", "build", 0, 20), a_job("job_test", "test", 50, 100))
    line = of(ran("build", 0, 20), ran("test", 21, 100, needs=("build",)), jobs=jobs)
    assert row(line, "build").waits == ()
    waited = row(line, "test").waits[0]
    assert (waited.at, waited.width) == (20, 30)
    assert row(line, "test").bars[0].said == "test: Succeeded, began after 50s, waited 30s, ran 50s, exit code 0"


def test_a_finally_job_waited_for_the_last_of_all_others() -> None:
    line = of(ran("one", 0, 10), ran("two", 0, 90), ran("clean", 95, 100, is_finally=True))
    assert [(wait.at, wait.width) for wait in row(line, "clean").waits] == [(90, 5)]


def test_each_try_is_a_bar_of_its_own_with_the_pause_between_them() -> None:
    tries = (a_try(1, "job_a", 0, 10, Outcome.FAILURE), a_try(2, "job_b", 30, 50, Outcome.SUCCESS))
    line = of(ran("flaky", 0, 50, tries=tries), ran("other", 0, 100))
    bars = row(line, "flaky").bars
    assert [(bar.status, bar.address) for bar in bars] == [("failed", "/jobs/job_a"), ("success", "/jobs/job_b")]
    assert [(wait.at, wait.width) for wait in row(line, "flaky").waits] == [(10, 20)]
    assert "try 2" in bars[1].said


def test_what_runs_reaches_to_the_present_moment_and_has_room_to_grow() -> None:
    node = a_node(
        "build",
        status=NodeStatus.RUNNING,
        job_id="job_build",
        started_at=START,
        tries=(a_try(1, "job_build", 0, None, None),),
    )
    line = of(node, jobs=(a_job("job_build", "build", 10, None),), now=100)
    bar = row(line, "build").bars[0]
    assert (bar.is_open, bar.status, bar.text) == (True, "running", "1m 30s")
    assert bar.place.at + bar.place.width < 100
    assert line.elapsed_s == 100


def test_a_job_in_the_line_only_waits() -> None:
    node = a_node("build", status=NodeStatus.RUNNING, started_at=START, tries=(a_try(1, "job_build", 0, None, None),))
    line = of(node, jobs=(a_job("job_build", "build", None, None),), now=10)
    assert row(line, "build").bars == ()
    assert row(line, "build").waits[0].at == 0


@pytest.mark.parametrize(
    ("kept", "note"),
    [
        (KeptFrom(2, "job_x", "unchanged"), "kept from attempt 2"),
        (KeptFrom(0, by="ada"), "given by ada"),
        (KeptFrom(0), "given by hand"),
    ],
)
def test_a_kept_result_has_no_bar_and_says_where_it_is_from(kept: KeptFrom, note: str) -> None:
    line = of(ran("build", -50, -10, kept_from=kept), ran("test", 0, 10, needs=("build",)))
    assert (row(line, "build").bars, row(line, "build").note) == ((), note)
    assert row(line, "test").waits == ()


@pytest.mark.parametrize("seconds", [0.04, 0.7, 3, 59, 61, 3599, 86_000, 9_000_000])
def test_there_are_never_more_lines_than_nine_and_the_first_is_zero(seconds: float) -> None:
    ticks = of(ran("build", 0, seconds)).ticks
    assert 1 < len(ticks) < 10
    assert (ticks[0].at, ticks[0].text) == (0, "0s")
    assert all(tick.at <= 100 for tick in ticks)


def test_of_very_many_nodes_the_first_are_drawn_and_the_rest_counted() -> None:
    line = of(*(ran(f"job-{index}", index, index + 1) for index in range(MOST_ROWS + 7)))
    assert (len(line.rows), line.left_out) == (MOST_ROWS, 7)


def test_labels_find_room_behind_before_or_in_their_bars() -> None:
    line = of(ran("first", 0, 10), ran("short", 97, 100), ran("long", 10, 100))
    assert [row(line, name).bars[0].side for name in ("first", "short", "long")] == ["behind", "before", "inside"]


# --- the graph


def edges(told: dict[str, Any]) -> list[tuple[str, str]]:
    return [(edge["from"], edge["to"]) for edge in told["edges"]]


def test_the_graph_has_every_node_with_its_needs_and_a_sentence() -> None:
    nodes = [
        ran("build", 0, 62),
        ran("scan", 62, 122, needs=("build",), status=NodeStatus.TIMED_OUT, result=Result.FAILURE),
    ]
    told = drawing(a_workflow_run(), nodes, attempt=1)
    assert edges(told) == [("build", "scan")]
    scan = told["nodes"][1]
    assert scan["said"] == "scan: Timed out, 1m 00s, needs build"
    assert (scan["href"], scan["status"], scan["icon"]) == ("/jobs/job_scan", "timed_out", "hourglass")


def test_a_node_without_a_job_leads_to_its_own_page() -> None:
    told = drawing(a_workflow_run(workflow_id="wf_1"), [a_node("caller / in it")], attempt=1)
    assert told["nodes"][0]["href"] == "/workflows/wf_1/nodes/caller%20%2F%20in%20it"


def test_a_finally_job_comes_behind_whatever_comes_last() -> None:
    nodes = [a_node("build"), a_node("test", needs=("build",)), a_node("clean", is_finally=True)]
    told = drawing(a_workflow_run(), nodes, attempt=1)
    assert edges(told) == [("build", "test"), ("test", "clean")]
    assert [edge["last"] for edge in told["edges"]] == [False, True]


def test_conditions_that_bear_failures_are_written_at_the_edge() -> None:
    nodes = [
        a_node("build"),
        a_node("report", needs=("build",), condition=NodeCondition("always()")),
        a_node("mend", needs=("build",), condition=NodeCondition("failure() && true")),
        a_node("ship", needs=("build",), condition=NodeCondition("!failure()")),
    ]
    told = drawing(a_workflow_run(), nodes, attempt=1)
    assert [edge["label"] for edge in told["edges"]] == ["always", "on failure", ""]


def test_edges_to_what_was_skipped_and_along_the_critical_path_are_told() -> None:
    nodes = [
        ran("build", 0, 1),
        a_node("unit (1)", job="unit", needs=("build",), variant=NodeVariant(0, 1)),
        a_node("ship", needs=("unit",), status=NodeStatus.SKIPPED),
    ]
    path = (CriticalNode("build", 1), CriticalNode("unit (1)", 2))
    told = drawing(a_workflow_run(critical_path=path), nodes, attempt=1)
    assert [(edge["critical"], edge["skipped"]) for edge in told["edges"]] == [(True, False), (False, True)]
    assert [node["critical"] for node in told["nodes"]] == [True, True, False]
    assert told["nodes"][1]["is_variant"] is True


def test_control_characters_of_names_are_written_out_in_the_graph() -> None:
    told = drawing(a_workflow_run(), [a_node("x", name="a\u202eb\x07")], attempt=1)
    assert told["nodes"][0]["name"] == "a⟨U+202E⟩b␇"

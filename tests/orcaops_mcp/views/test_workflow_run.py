"""Runs as doors show them: what failed in front, bounded, and JSON whatever a matrix holds."""

from __future__ import annotations

import json
import math

from core import NodeReason, NodeStatus, NodeVariant, Outcome, Reason, Result
from core.testing.factories import a_node, a_workflow_run
from orcaops_mcp.views.compact import compact_json
from orcaops_mcp.views.workflow_run import node_row, run_record, run_row

FAILED = {"status": NodeStatus.FAILED, "result": Result.FAILURE, "outcome": Outcome.FAILURE}


def test_what_failed_stands_in_front_with_what_did_not_run_for_it() -> None:
    skipped = NodeReason(Reason.NEEDS, "", ("b",))
    nodes = [
        a_node("a"),
        a_node("b", **FAILED),
        a_node("c", status=NodeStatus.SKIPPED, result=Result.SKIPPED, outcome=Outcome.SKIPPED, reason=skipped),
    ]
    record = run_record(a_workflow_run(), nodes)
    assert [(job["id"], job["blocked"]) for job in record["jobs"]] == [("b", ["c"]), ("a", []), ("c", [])]


def test_more_nodes_than_are_told_are_counted() -> None:
    record = run_record(a_workflow_run(), [a_node(f"n{number}") for number in range(30)], most=10)
    assert (len(record["jobs"]), record["jobs_left_out"]) == (10, 20)


def test_of_very_many_variants_only_the_sum_is_told() -> None:
    nodes = [
        a_node(f"{job}-{number}", job=job, variant=NodeVariant(number, 800, {"n": number}))
        for job in ("few", "many")
        for number in range(800)
    ]
    matrix = run_record(a_workflow_run(), nodes)["matrix"]
    assert (len(matrix["few"]["variants"]), matrix["many"]["variants"], matrix["many"]["results"]) == (800, [], {})
    assert matrix["many"]["summary"] == "0/800 passed"


def test_a_part_of_the_nodes_says_nothing_of_matrices() -> None:
    node = a_node("t-1", job="t", variant=NodeVariant(0, 2))
    assert run_record(a_workflow_run(), [node], has_all=False)["matrix"] == {}


def test_numbers_that_json_does_not_have_are_written_as_expressions_write_them() -> None:
    node = a_node("t", variant=NodeVariant(0, 1, {"x": math.inf, "y": [math.nan]}))
    told = json.loads(compact_json(run_record(a_workflow_run(inputs={"n": -math.inf}), [node])))
    assert (told["inputs"], told["jobs"][0]["matrix"]) == ({"n": "-Infinity"}, {"x": "Infinity", "y": ["NaN"]})
    assert node_row(node)["matrix"] == {"x": "Infinity", "y": ["NaN"]}


def test_a_row_leaves_out_what_was_given_and_what_came_out() -> None:
    row = run_row(a_workflow_run(inputs={"a": 1}, outputs={"b": "2"}))
    assert not {"inputs", "outputs", "context", "warnings"} & row.keys()

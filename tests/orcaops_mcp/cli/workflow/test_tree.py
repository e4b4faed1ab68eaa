"""A run in words: what each job's line says, what is folded, and what the end tells."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from core import (
    Failure,
    FailureKind,
    NodeReason,
    NodeStatus,
    Outcome,
    Reason,
    Result,
    WorkflowStatus,
    workflow_document,
)
from core.records.workflow_node import KeptFrom, NodeTry, NodeVariant
from core.testing.factories import START, a_node, a_workflow_run
from orcaops_mcp.cli.output import Output
from orcaops_mcp.cli.screen import ScreenLine
from orcaops_mcp.cli.workflow.ending import end_lines
from orcaops_mcp.cli.workflow.following import RunState
from orcaops_mcp.cli.workflow.showing import Objects, Teller, folded, tree_lines
from orcaops_mcp.cli.workflow.tree import branches

if TYPE_CHECKING:
    from core import WorkflowNode, WorkflowRun

NOW = START + timedelta(seconds=90)


def ended(node_id: str, status: NodeStatus = NodeStatus.SUCCESS, **changes: Any) -> WorkflowNode:
    """A node that ran for twelve seconds."""
    results = {
        NodeStatus.SUCCESS: (Outcome.SUCCESS, Result.SUCCESS),
        NodeStatus.FAILED: (Outcome.FAILURE, Result.FAILURE),
        NodeStatus.TIMED_OUT: (Outcome.TIMED_OUT, Result.FAILURE),
    }
    outcome, result = results[status]
    facts: dict[str, Any] = {"started_at": START, "finished_at": START + timedelta(seconds=12), "job_id": "job_1"}
    return a_node(node_id, **{**facts, "status": status, "outcome": outcome, "result": result, **changes})


def variant(index: int, version: str, *, total: int = 3, **changes: Any) -> WorkflowNode:
    shape = NodeVariant(index, total, {"python": version})
    more: dict[str, Any] = {"job": "test", "name": f"test ({version})", "variant": shape, "position": 1, **changes}
    return ended(f"test[python={version}]", **more)


def document(*nodes: WorkflowNode, run: WorkflowRun | None = None) -> dict[str, Any]:
    return workflow_document(run or a_workflow_run(), nodes)


def lines_of(*nodes: WorkflowNode) -> list[str]:
    found = branches(document(*nodes)["jobs"])
    return [f"{'  ' * line.depth}{line.status}: {line.text}" for line in tree_lines(found, NOW)]


def plain_output(*, fields: tuple[str, ...] | None = None) -> Output:
    return Output(fields=fields, color="never", is_quiet=False, is_verbose=False)


@pytest.mark.parametrize(
    ("node", "line"),
    [
        (ended("a"), "success: a  12.0s"),
        (a_node("a", needs=("b", "c")), "waiting: a  waits for b, c"),
        (a_node("a"), "waiting: a"),
        (a_node("a", is_finally=True), "waiting: a  waits for all other jobs"),
        (
            a_node("a", reason=NodeReason(Reason.CONCURRENCY, "waits for the group deploy, held by wf_1")),
            "waiting: a  waits for the group deploy, held by wf_1",
        ),
        (a_node("a", reason=NodeReason(Reason.NEEDS, "waits", ("b",))), "waiting: a  waits for b"),
        (
            a_node("a", reason=NodeReason(Reason.RETRY_WAIT), retry_at=NOW + timedelta(seconds=30)),
            "waiting: a  next try in 30.0s",
        ),
        (a_node("a", status=NodeStatus.RUNNING, started_at=START), "running: a  1m 30s"),
        (
            a_node(
                "a", status=NodeStatus.RUNNING, started_at=START, tries=(NodeTry(1, "j1", START), NodeTry(2, "j2", NOW))
            ),
            "running: a  try 2; 1m 30s",
        ),
        (
            ended("a", NodeStatus.FAILED, exit_code=3, failure=Failure(FailureKind.EXIT, "It ended with 3.")),
            "failed: a  exit 3 after 12.0s",
        ),
        (
            ended("a", NodeStatus.TIMED_OUT, failure=Failure(FailureKind.TIMEOUT, "Too long.")),
            "timed_out: a  timeout after 12.0s",
        ),
        (
            ended("a", NodeStatus.FAILED, exit_code=3, result=Result.SUCCESS),
            "partial: a  tolerated; exit 3 after 12.0s",
        ),
        (
            a_node("a", status=NodeStatus.SKIPPED, reason=NodeReason(Reason.CONDITION, "'main' == 'dev' is false")),
            "skipped: a  'main' == 'dev' is false",
        ),
        (
            a_node("a", status=NodeStatus.CANCELLED, reason=NodeReason(Reason.FAIL_FAST, "", ("test[python=3.12]",))),
            "cancelled: a  fail-fast: test[python=3.12]",
        ),
        (
            a_node("a", status=NodeStatus.SUCCESS, kept_from=KeptFrom(1, "job_1", "unchanged")),
            "success: a  kept from attempt 1",
        ),
        (
            a_node("a", status=NodeStatus.SUCCESS, kept_from=KeptFrom(0, None, by="ada")),
            "success: a  given by ada",
        ),
        (a_node("a", name="\x1b[2Jodd\nname"), "waiting: odd name"),
    ],
)
def test_a_jobs_line_says_how_it_stands_and_why(node: WorkflowNode, line: str) -> None:
    assert lines_of(node) == [line]


def test_variants_stand_below_their_job_which_counts_them() -> None:
    failed = variant(2, "3.13", status=NodeStatus.FAILED, exit_code=1)
    nodes = (ended("build"), variant(0, "3.11"), variant(1, "3.12"), failed)
    assert sorted(lines_of(*nodes)) == sorted(
        [
            "success: build  12.0s",
            "failed: test   2/3 passed, 1 failed",
            "  success: test (3.11)  12.0s",
            "  success: test (3.12)  12.0s",
            "  failed: test (3.13)  exit 1 after 12.0s",
        ]
    )


def test_a_matrix_that_is_under_way_and_has_a_failure_shows_it() -> None:
    failed = variant(0, "3.11", status=NodeStatus.FAILED, exit_code=1)
    waiting = a_node("test[python=3.13]", job="test", variant=NodeVariant(2, 3, {"python": "3.13"}))
    running = a_node("test[python=3.12]", job="test", status=NodeStatus.RUNNING, started_at=START)
    assert lines_of(failed, running, waiting)[0] == "failed: test  0/3 passed, 1 running, 1 waiting, 1 failed"


def test_jobs_that_have_no_room_are_counted_and_those_in_trouble_are_shown() -> None:
    many = [ended(f"done-{number:03}") for number in range(500)]
    trouble = ended("broken", NodeStatus.FAILED, exit_code=1)
    running = a_node("busy", status=NodeStatus.RUNNING, started_at=START)
    waiting = [a_node(f"later-{number}") for number in range(20)]
    shown = list(folded(branches(document(*many, trouble, running, *waiting)["jobs"]), 6, NOW))
    assert len(shown) <= 6
    assert {line.text.split()[0] for line in shown[:-1]} == {"broken", "busy"}
    assert shown[-1] == ScreenLine("", "and 500 ok, 20 waiting")


def test_where_even_the_jobs_in_trouble_are_too_many_the_rest_of_them_is_counted() -> None:
    many = [ended(f"broken-{number}", NodeStatus.FAILED, exit_code=1) for number in range(50)]
    shown = list(folded(branches(document(*many)["jobs"]), 5, NOW))
    assert len(shown) == 5
    assert shown[-1] == ScreenLine("", "and 46 failed")


def test_each_change_is_told_once_and_what_waits_is_told_only_after_a_try() -> None:
    told: list[str] = []
    teller = Teller(plain_output(), told.append)
    run = a_workflow_run(status=WorkflowStatus.RUNNING, workflow_id="wf_1")
    retried = a_node("test", reason=NodeReason(Reason.RETRY_WAIT), retry_at=NOW)
    steps = (
        (a_node("test"), a_node("deploy")),
        (a_node("test", status=NodeStatus.RUNNING, started_at=START),),
        (a_node("test", status=NodeStatus.RUNNING, started_at=START, version=3),),
        (retried,),
        (a_node("test", status=NodeStatus.RUNNING, started_at=START),),
        (ended("test", NodeStatus.FAILED, exit_code=2),),
    )
    for nodes in steps:
        found = document(*nodes, run=run)
        teller.update(RunState(found, {}, tuple(found["jobs"])))
    cells = [line.split("\t")[1:] for line in told]
    assert [each[:2] for each in cells] == [
        ["wf_1", "running"],
        ["test", "running"],
        ["test", "waiting"],
        ["test", "running"],
        ["test", "failed"],
    ]
    assert cells[-1][2] == "exit 2 after 12.0s"


def test_objects_are_nodes_and_the_runs_states(capsys: pytest.CaptureFixture[str]) -> None:
    shown = Objects(plain_output(fields=()))
    found = document(ended("build"), run=a_workflow_run(status=WorkflowStatus.RUNNING))
    shown.update(RunState(found, {}, tuple(found["jobs"])))
    shown.update(RunState(found, {}, ()))
    kinds = [line.partition(",")[0] for line in capsys.readouterr().out.splitlines()]
    assert kinds == ['{"type":"node"', '{"type":"state"']


def test_the_end_tells_what_failed_first_what_it_blocked_and_what_to_do_next() -> None:
    failure = Failure(FailureKind.EXIT, "The command ended with exit code 1.", "Look at the last lines.")
    broken = variant(2, "3.13", status=NodeStatus.FAILED, exit_code=1, failure=failure, tail=("one", "\x1b[31mtwo"))
    skipped = a_node(
        "deploy", status=NodeStatus.SKIPPED, result=Result.SKIPPED, reason=NodeReason(Reason.NEEDS, "", ("test",))
    )
    run = a_workflow_run(
        workflow_id="wf_1",
        status=WorkflowStatus.PARTIAL,
        outputs={"version": "1.2"},
        warnings=({"message": "An output was empty."}, {"message": "Twice."}, {"message": "Twice."}),
    )
    assert list(
        end_lines(document(ended("build"), variant(0, "3.11"), variant(1, "3.12"), broken, skipped, run=run))
    ) == [
        "test (3.13): The command ended with exit code 1.",
        "    one",
        "    two",
        "  hint: Look at the last lines.",
        "  not run because of it: deploy",
        "test: 2/3 passed",
        "warning: An output was empty.",
        "warning: Twice. (2 times)",
        "output version=1.2",
        "logs: `orcaops workflow logs --job 'test[python=3.13]' wf_1`",
        "again: `orcaops workflow resume wf_1` keeps what succeeded",
    ]


def test_of_many_failures_the_first_are_told_and_the_others_counted() -> None:
    nodes = [ended(f"broken-{number}", NodeStatus.FAILED, exit_code=1) for number in range(12)]
    told = list(end_lines(document(*nodes, run=a_workflow_run(status=WorkflowStatus.FAILED))))
    assert "and 7 more that failed" in told


def test_a_run_that_could_not_begin_says_why() -> None:
    failure = Failure(FailureKind.EXPRESSION, "The group's name is empty.", "Give it a name.")
    told = list(end_lines(document(run=a_workflow_run(status=WorkflowStatus.FAILED, failure=failure))))
    assert told[:2] == ["The group's name is empty.", "  hint: Give it a name."]


def test_a_success_says_its_outputs_and_where_the_logs_are() -> None:
    run = a_workflow_run(workflow_id="wf_1", status=WorkflowStatus.SUCCESS, outputs={"a": "1\n2"})
    assert list(end_lines(document(ended("build"), run=run))) == [
        "output a=1 2",
        "logs: `orcaops workflow logs wf_1`",
    ]


def test_a_long_output_is_cut_and_its_length_told() -> None:
    run = a_workflow_run(workflow_id="wf_1", status=WorkflowStatus.SUCCESS, outputs={"a": "x" * 100_000})
    first = next(end_lines(document(run=run)))
    assert len(first) < 600
    assert first.endswith("… (100000 characters; --json has all)")

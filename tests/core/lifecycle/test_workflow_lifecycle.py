"""The life of a workflow's run and of its nodes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import IllegalMoveError
from core.lifecycle.workflow import (
    NODE_LIFECYCLE,
    WORKFLOW_LIFECYCLE,
    NodeEvent,
    NodeStatus,
    Outcome,
    WorkflowEvent,
    WorkflowStatus,
)

_RUN_MOVES = {
    ("pending", "start"): "running",
    ("pending", "fail"): "failed",
    ("pending", "cancel"): "cancelled",
    ("running", "succeed"): "success",
    ("running", "fail"): "failed",
    ("running", "succeed_partly"): "partial",
    ("running", "cancel"): "cancelled",
}
_NODE_MOVES = {
    ("waiting", "start"): "running",
    ("waiting", "keep"): "success",
    ("waiting", "skip"): "skipped",
    ("waiting", "fail"): "failed",
    ("waiting", "time_out"): "timed_out",
    ("waiting", "cancel"): "cancelled",
    ("running", "succeed"): "success",
    ("running", "fail"): "failed",
    ("running", "time_out"): "timed_out",
    ("running", "cancel"): "cancelled",
    ("running", "retry"): "waiting",
}


@pytest.mark.parametrize("event", WorkflowEvent)
@pytest.mark.parametrize("status", WorkflowStatus)
def test_each_event_in_each_status_moves_the_run_as_written_down_or_is_refused(
    status: WorkflowStatus, event: WorkflowEvent
) -> None:
    expected = _RUN_MOVES.get((status.value, event.value))
    if expected is not None:
        assert WORKFLOW_LIFECYCLE.next_status(status, event) == expected
    else:
        with pytest.raises(IllegalMoveError, match=f"A workflow that is {status} cannot {event}"):
            WORKFLOW_LIFECYCLE.next_status(status, event)


@pytest.mark.parametrize("event", NodeEvent)
@pytest.mark.parametrize("status", NodeStatus)
def test_each_event_in_each_status_moves_the_node_as_written_down_or_is_refused(
    status: NodeStatus, event: NodeEvent
) -> None:
    expected = _NODE_MOVES.get((status.value, event.value))
    if expected is not None:
        assert NODE_LIFECYCLE.next_status(status, event) == expected
    else:
        with pytest.raises(IllegalMoveError, match=f"A node that is {status} cannot {event}"):
            NODE_LIFECYCLE.next_status(status, event)


def test_runs_begin_pending_and_nodes_waiting() -> None:
    assert WORKFLOW_LIFECYCLE.initial is WorkflowStatus.PENDING
    assert NODE_LIFECYCLE.initial is NodeStatus.WAITING


@pytest.mark.parametrize("status", WorkflowStatus)
def test_only_the_four_ends_of_a_run_are_terminal(status: WorkflowStatus) -> None:
    assert status.is_terminal is (status in {"success", "failed", "partial", "cancelled"})


@pytest.mark.parametrize("status", NodeStatus)
def test_a_node_has_ended_unless_it_waits_or_runs(status: NodeStatus) -> None:
    assert status.is_terminal is (status not in {"waiting", "running"})


def test_every_status_of_runs_and_nodes_can_be_reached() -> None:
    assert {WORKFLOW_LIFECYCLE.initial, *WORKFLOW_LIFECYCLE.moves.values()} == set(WorkflowStatus)
    assert {NODE_LIFECYCLE.initial, *NODE_LIFECYCLE.moves.values()} == set(NodeStatus)


@given(st.lists(st.sampled_from(NodeEvent), max_size=30))
def test_however_it_is_pushed_a_node_never_leaves_its_end(events: list[NodeEvent]) -> None:
    status, ended = NODE_LIFECYCLE.initial, False
    for event in events:
        if status in NODE_LIFECYCLE.sources(event):
            assert not ended
            status = NODE_LIFECYCLE.next_status(status, event)
            ended = status.is_terminal


def test_failures_and_timeouts_are_what_may_be_tolerated() -> None:
    assert {outcome for outcome in Outcome if outcome.is_bad} == {Outcome.FAILURE, Outcome.TIMED_OUT}

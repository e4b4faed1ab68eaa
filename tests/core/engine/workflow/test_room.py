"""How many jobs of a run run at once, and which come first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest

from core import EngineSettings, QueueSettings, WorkflowNode, WorkflowStatus, open_engine
from tests.core.engine.workflow.runs import Ended, conduct, ended, start

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from core import Engine


@pytest.fixture
async def wide(settings: EngineSettings) -> AsyncGenerator[Engine]:
    """An engine with room for many jobs."""
    async with open_engine(settings.model_copy(update={"queue": QueueSettings(max_running=16)})) as engine:
        yield engine


def in_order(over: Ended) -> list[str]:
    """The nodes in the order in which they started."""
    started = [(node.started_at, node.position, node.node_id) for node in over.nodes if node.started_at is not None]
    return [node_id for _, _, node_id in sorted(started)]


def most_at_once(nodes: list[WorkflowNode]) -> int:
    """How many of some nodes were running at the same time."""
    times = sorted(
        [(node.started_at, 1) for node in nodes if node.started_at is not None]
        + [(node.finished_at, -1) for node in nodes if node.finished_at is not None]
    )
    running = most = 0
    for _, change in times:
        running += change
        most = max(most, running)
    return most


async def test_no_more_jobs_of_a_run_run_at_once_than_it_says_and_the_others_say_why_they_wait(wide: Engine) -> None:
    workflow_id = await start(
        wide,
        """
        max_parallel: 2
        jobs:
          work: {image: busybox:1, matrix: {part: [1, 2, 3, 4, 5, 6]}, commands: [sleep 0.2]}
        """,
    )
    with anyio.fail_after(60), wide.subscribe([workflow_id]) as news:
        while (waiting := await wide.workflow_node(workflow_id, "work-6")).reason is None:
            await news.wait()
            news.take()
    over = await ended(wide, workflow_id)
    assert most_at_once(list(over.nodes)) == 2
    assert in_order(over) == [f"work-{part}" for part in range(1, 7)]
    assert (waiting.reason.code, waiting.reason.text) == (
        "max-parallel",
        "waits for room: as many jobs of the run are running as may",
    )
    assert over.node("work-6").reason is None


async def test_what_the_request_says_takes_the_place_of_what_the_file_says(wide: Engine) -> None:
    over = await conduct(
        wide,
        "max_parallel: 3\njobs: {work: {image: 'busybox:1', matrix: {part: [1, 2, 3]}, commands: [sleep 0.1]}}",
        max_parallel=1,
    )
    assert most_at_once(list(over.nodes)) == 1


async def test_a_matrix_may_have_less_room_than_its_run(wide: Engine) -> None:
    over = await conduct(
        wide,
        """
        jobs:
          narrow: {image: busybox:1, matrix: {part: [1, 2, 3, 4]}, max_parallel: 1, commands: [sleep 0.1]}
          broad: {image: busybox:1, matrix: {part: [1, 2, 3, 4]}, commands: [sleep 0.3]}
        """,
    )
    assert over.run.status is WorkflowStatus.SUCCESS
    assert most_at_once([node for node in over.nodes if node.job == "narrow"]) == 1
    assert most_at_once([node for node in over.nodes if node.job == "broad"]) == 4
    assert in_order(over)[-1] == "narrow-4"


async def test_a_called_file_takes_no_room_but_its_jobs_do(wide: Engine) -> None:
    with anyio.fail_after(30):
        over = await conduct(
            wide,
            "max_parallel: 1\njobs: {outer: {uses: ./called.yaml, matrix: {part: [1, 2]}}}",
            file_name="main.yaml",
            files={"called.yaml": "jobs: {one: {image: 'busybox:1', commands: [sleep 0.1]}}"},
        )
    assert over.run.status is WorkflowStatus.SUCCESS
    assert most_at_once([node for node in over.nodes if node.node_id.endswith("/ one")]) == 1


async def test_jobs_that_want_to_run_beside_each_other_come_before_others_once_both_are_ready(wide: Engine) -> None:
    over = await conduct(
        wide,
        """
        max_parallel: 1
        jobs:
          first: {image: busybox:1, commands: ["true"]}
          alone: {image: busybox:1, needs: first, commands: ["true"]}
          left: {image: busybox:1, needs: first, parallel_with: right, commands: ["true"]}
          other: {image: busybox:1, needs: first, commands: ["true"]}
          right: {image: busybox:1, needs: first, commands: ["true"]}
        """,
    )
    assert in_order(over) == ["first", "left", "right", "alone", "other"]

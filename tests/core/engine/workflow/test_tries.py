"""Nodes that are tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from core import NodeEvent, NodeStatus, WorkflowStatus
from tests.core.engine.workflow.runs import conduct, ended, start

if TYPE_CHECKING:
    from core import Engine


async def test_a_node_is_tried_again_by_a_job_of_its_own_and_publishes_the_last_try_alone(engine: Engine) -> None:
    over = await conduct(
        engine,
        """
        jobs:
          flaky:
            image: busybox:1
            retry: 2
            commands:
              - echo "try=$ORCAOPS_ATTEMPT" >> "$ORCAOPS_OUTPUT"
              - '[ "$ORCAOPS_ATTEMPT" = 3 ]'
          last: {image: busybox:1, needs: flaky, if: needs.flaky.attempts == 3, commands: [echo last]}
        """,
    )
    flaky = over.node("flaky")
    assert flaky.outputs == {"try": "3"}
    assert [(each.number, str(each.outcome), each.exit_code) for each in flaky.tries] == [
        (1, "failure", 1),
        (2, "failure", 1),
        (3, "success", 0),
    ]
    assert len({each.job_id for each in flaky.tries}) == 3
    assert over.results["last"] == "success"
    events = [change.event for change in await engine.workflow_history(over.run.workflow_id, node_id="flaky")]
    assert events == [
        NodeEvent.START, NodeEvent.RETRY, NodeEvent.START, NodeEvent.RETRY, NodeEvent.START, NodeEvent.SUCCEED,
    ]  # fmt: skip


async def test_when_all_tries_have_failed_the_node_has(engine: Engine) -> None:
    over = await conduct(engine, "jobs: {bad: {image: 'busybox:1', retry: 1, commands: [exit 9]}}")
    assert (over.results["bad"], over.node("bad").exit_code, len(over.node("bad").tries)) == ("failure", 9, 2)
    assert over.run.status is WorkflowStatus.FAILED


async def test_what_the_retry_is_not_about_is_not_tried_again(engine: Engine) -> None:
    over = await conduct(
        engine, "jobs: {bad: {image: 'busybox:1', retry: {max: 3, exit_codes: [75]}, commands: [exit 1]}}"
    )
    assert len(over.node("bad").tries) == 1


async def test_while_a_node_waits_for_its_next_try_others_have_its_room(engine: Engine) -> None:
    workflow_id = await start(
        engine,
        """
        max_parallel: 1
        jobs:
          bad: {image: busybox:1, retry: {max: 1, backoff: 1h}, commands: [exit 1]}
          good: {image: busybox:1, commands: [echo good]}
        """,
    )
    with anyio.fail_after(60), engine.subscribe([workflow_id]) as news:
        while (await engine.workflow_node(workflow_id, "good")).status is not NodeStatus.SUCCESS:
            await news.wait()
            news.take()
    bad = await engine.workflow_node(workflow_id, "bad")
    assert bad.reason is not None
    assert (bad.status, bad.reason.code) == (NodeStatus.WAITING, "retry-wait")
    assert bad.retry_at is not None
    await engine.cancel_workflow(workflow_id)
    over = await ended(engine, workflow_id)
    assert over.results == {"bad": "cancelled", "good": "success"}


async def test_failing_fast_waits_for_the_last_try(engine: Engine) -> None:
    over = await conduct(
        engine,
        """
        max_parallel: 1
        jobs:
          test:
            image: busybox:1
            retry: 1
            matrix: {part: [odd, even]}
            commands: ['[ "$ORCAOPS_ATTEMPT" = 2 ]']
        """,
    )
    assert over.results == {"test-odd": "success", "test-even": "success"}

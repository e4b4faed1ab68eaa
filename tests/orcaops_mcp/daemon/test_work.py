"""What keeps an engine: jobs, and runs of workflows although no job of theirs runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from core import WorkflowRequest
from orcaops_mcp.daemon.life import has_work

if TYPE_CHECKING:
    from core import Engine

WAITS = """
jobs:
  one: {image: busybox:1, retry: {max: 1, backoff: 1h}, commands: [exit 1]}
"""


async def test_a_run_that_waits_for_its_next_try_keeps_the_engine(engine: Engine) -> None:
    assert not await has_work(engine)
    workflow_id = (await engine.run_workflow(WorkflowRequest(text=WAITS))).run.workflow_id
    with anyio.fail_after(20), engine.subscribe([workflow_id]) as news:
        while (await engine.workflow_node(workflow_id, "one")).retry_at is None:
            assert await has_work(engine)
            await news.wait()
            news.take()
    assert await has_work(engine)
    await engine.cancel_workflow(workflow_id)
    with anyio.fail_after(20), engine.subscribe([workflow_id]) as news:
        while not (await engine.get_workflow(workflow_id)).is_finished:
            await news.wait()
            news.take()
    assert not await has_work(engine)

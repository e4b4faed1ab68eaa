"""The state of workflow runs: ten thousand nodes at once, a node's move, a page out of ten thousand runs."""

from __future__ import annotations

import statistics
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Final

import anyio

from benchmarks.report import Row
from core.clock import SystemClock
from core.ids import new_workflow_id
from core.lifecycle.workflow import NodeEvent, WorkflowEvent, WorkflowStatus
from core.records.workflow import WorkflowRun, WorkflowSource
from core.records.workflow_node import WorkflowNode
from core.store.database import open_database
from core.store.node_changes import NodeMove
from core.store.workflow_listing import WorkflowFilter
from core.store.workflows import WorkflowStore

NODES: Final = 10_000
MOVES: Final = 2_000
TOGETHER: Final = 64
RUNS: Final = 10_000
PAGES: Final = 200
SUBMIT_LIMIT_S: Final = 1.0
MOVE_LIMIT_MS: Final = 1.0
PAGE_LIMIT_MS: Final = 5.0

_CLOCK: Final = SystemClock()
_SOURCE: Final = WorkflowSource("ci.yaml", "jobs: {}", "0" * 64)


async def measure() -> list[Row]:
    """Seconds to accept a large run, milliseconds of a move and of a page of twenty."""
    with tempfile.TemporaryDirectory() as name:
        async with open_database(Path(name) / "orcaops.db") as database:
            workflows = WorkflowStore(database, _CLOCK)
            return [*await _large_run(workflows), await _page(workflows)]


def _run() -> WorkflowRun:
    return WorkflowRun(new_workflow_id(), "benchmark", WorkflowStatus.PENDING, 1, _CLOCK.now(), tags=("benchmark",))


async def _large_run(workflows: WorkflowStore) -> list[Row]:
    run = _run()
    nodes = [
        WorkflowNode(run.workflow_id, 1, f"layer-{number // 100}-job-{number % 100}", f"job-{number}", position=number)
        for number in range(NODES)
    ]
    began = perf_counter()
    await workflows.submit(run, _SOURCE, nodes)
    submit_s = perf_counter() - began
    await workflows.move(run.workflow_id, WorkflowEvent.START, by="benchmark")
    waiting = iter(nodes)

    async def start() -> None:
        for _ in range(MOVES // TOGETHER):
            moves = [NodeMove(next(waiting).node_id, NodeEvent.START, fields={"job_id": "job"})]
            await workflows.move_nodes(run.workflow_id, moves, by="benchmark")

    began = perf_counter()
    async with anyio.create_task_group() as tasks:
        for _ in range(TOGETHER):
            tasks.start_soon(start)
    move_ms = 1000 * (perf_counter() - began) / (MOVES // TOGETHER * TOGETHER)
    accepted, moved = f"a run of {NODES:,} nodes accepted", f"a node's move, {TOGETHER} at a time"
    return [_row(accepted, submit_s, SUBMIT_LIMIT_S, "s"), _row(moved, move_ms, MOVE_LIMIT_MS, "ms")]


async def _page(workflows: WorkflowStore) -> Row:
    async def submit() -> None:
        for _ in range(RUNS // 100):
            await workflows.submit(_run(), _SOURCE)

    async with anyio.create_task_group() as tasks:
        for _ in range(100):
            tasks.start_soon(submit)
    times: list[float] = []
    cursor: str | None = None
    for _ in range(PAGES):
        began = perf_counter()
        page = await workflows.list(WorkflowFilter(name="benchmark"), limit=20, cursor=cursor)
        times.append(1000 * (perf_counter() - began))
        cursor = page.next_cursor
    return _row(f"page of 20 out of {RUNS:,} workflow runs", statistics.median(times), PAGE_LIMIT_MS, "ms")


def _row(what: str, took: float, limit: float, unit: str) -> Row:
    return Row(what, f"{took:.2f} {unit}", "promise", f"{limit:.0f} {unit}", took / limit, 1.0)

"""What is accepted is what is stored: a conductor may begin with the one or with the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from core import EngineSettings, WorkflowRequest
from core.engine.workflow.acceptance import accept
from core.store.database import open_database
from core.store.workflows import WorkflowStore
from core.testing.clock import MovingClock

if TYPE_CHECKING:
    from pathlib import Path

FILE = r"""
jobs:
  first: {image: "alpine:3.20", commands: [echo 1]}
  zoe-job_2:
    image: alpine:3.20
    name: Try ${{ matrix.number }} of ${{ matrix.text }}
    needs: [first]
    matrix:
      number: [1, 2.5, 1.0e+3, -0.0]
      text: ["3.10", "\ud800 é 🐳", "", null, true]
      nested: [{a: [1, {b: 2}], c: null}]
    commands: [echo 2]
  late:
    image: alpine:3.20
    needs: [first, zoe-job_2]
    matrix: {part: "${{ fromJSON(needs.first.outputs.parts) }}"}
    commands: [echo 3]
  last: {image: "alpine:3.20", finally: true, commands: [echo 4]}
"""


async def test_the_nodes_of_an_accepted_run_are_those_that_the_store_reads(tmp_path: Path) -> None:
    clock = MovingClock()
    settings = EngineSettings(home=tmp_path)
    accepted = await accept(
        WorkflowRequest(text=FILE), settings, at=clock.now(), by="test", folder=None, threads=anyio.CapacityLimiter(1)
    )
    async with open_database(tmp_path / "orcaops.db") as database:
        store = WorkflowStore(database, clock)
        submitted = await store.submit(accepted.run, accepted.source, accepted.nodes)
        run, nodes = await store.state(submitted.run.workflow_id)
    assert len(nodes) == 23
    assert (run, nodes) == (submitted.run, submitted.nodes)

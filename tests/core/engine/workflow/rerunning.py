"""Reruns for tests: ask, wait, look."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING, Any

from core import RerunRequest, RerunSource
from tests.core.engine.workflow.runs import ended

if TYPE_CHECKING:
    from core import Engine, Rerun
    from tests.core.engine.workflow.runs import Ended

CALLING = """
jobs:
  prepare: {image: busybox:1, commands: ['echo "tag=7" >> "$ORCAOPS_OUTPUT"']}
  release: {uses: ./release.yaml, with: {tag: "${{ needs.prepare.outputs.tag }}"}, needs: prepare}
  tell: {image: busybox:1, commands: ['echo "${{ needs.release.outputs.digest }}"'], needs: release}
"""
CALLED = """
inputs: {tag: {type: string, default: x}}
outputs: {digest: "${{ jobs.pack.outputs.digest }}"}
jobs:
  pack: {image: busybox:1, commands: ['echo "digest=d$TAG" >> "$ORCAOPS_OUTPUT"'], env: {TAG: "${{ inputs.tag }}"}}
  sign: {image: busybox:1, commands: ["COMMAND"], needs: pack}
"""


async def rerun(engine: Engine, workflow_id: str, **fields: Any) -> tuple[Rerun, Ended]:
    """Run again, and wait for the end."""
    found = await engine.rerun_workflow(workflow_id, RerunRequest(**fields))
    return found, await ended(engine, found.run.workflow_id)


def source(text: str) -> RerunSource:
    """A changed file."""
    return RerunSource(text=dedent(text))

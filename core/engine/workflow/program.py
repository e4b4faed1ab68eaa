"""The workflow of a stored run, read again from its text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from core.errors import InvalidSpecError
from core.plan.check import loader
from core.plan.reading import read_workflow

if TYPE_CHECKING:
    from core.records.workflow import WorkflowSource
    from core.spec.workflow import WorkflowSpec


async def read_program(source: WorkflowSource, threads: anyio.CapacityLimiter | None = None) -> WorkflowSpec:
    """The workflow with the files it calls, read in a thread.

    Args:
        source: What was stored.
        threads: Whose thread; None takes one of the loop's own.

    Raises:
        InvalidSpecError: This engine cannot read what an earlier one accepted.
    """
    reading = await anyio.to_thread.run_sync(
        lambda: read_workflow(source.text, source.file_name, loader(source.files)), limiter=threads
    )
    if reading.spec is None:
        raise InvalidSpecError("The workflow of this run cannot be read any more.", hint="start it anew")
    return reading.spec

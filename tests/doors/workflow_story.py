"""One story of a workflow, told through any door: run, wait, read, find the cause, resume, cancel, list, err."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

UNKNOWN_RUN: Final = "wf_" + "0" * 25

FLOW: Final = """\
name: story
jobs:
  build:
    image: busybox
    commands: ['echo built', 'echo "version=7" >> "$ORCAOPS_OUTPUT"']
  test:
    image: busybox
    needs: build
    matrix: {n: [1, 2]}
    fail_fast: false
    commands: ['echo "${{ needs.build.outputs.version }}/${{ matrix.n }}"', 'exit ${{ matrix.n }}']
    continue_on_error: {exit_codes: [1]}
  deploy: {image: busybox, needs: test, commands: [echo never]}
  last: {image: busybox, on_complete: always, commands: [echo bye]}
outputs: {version: '${{ jobs.build.outputs.version }}'}
"""
ENDLESS: Final = "name: endless\njobs: {sleeper: {image: busybox, commands: [sleep 600]}}\n"
FAULTY: Final = "jobs: {a: {image: busybox, commands: [ls], needs: b}}\n"

Node = tuple[str, str]
"""Id and status."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended, as a door shows it."""

    status: str
    outputs: Mapping[str, str]
    nodes: frozenset[Node]


class RunDoor(Protocol):
    """What the story asks of a door."""

    async def run(self, text: str, tag: str) -> str:
        """The id of the run that was begun."""
        ...

    async def ended(self, workflow_id: str) -> Ended:
        """The run once it has ended."""
        ...

    async def lines(self, workflow_id: str) -> Sequence[tuple[str, str]]:
        """Node and text of every line."""
        ...

    async def cause(self, workflow_id: str) -> tuple[str, int]:
        """The node that failed first, and its exit code."""
        ...

    async def resume(self, workflow_id: str) -> Sequence[str]:
        """Go on from where it failed; the nodes that are kept."""
        ...

    async def stop(self, workflow_id: str) -> None:
        """Ask for its end."""
        ...

    async def listed(self, tag: str) -> Sequence[tuple[str, str]]:
        """Name and status of a run a row, newest first."""
        ...

    async def refused(self, text: str) -> Sequence[str]:
        """The codes of what is wrong with a file that may not run."""
        ...

    async def missing(self) -> str:
        """The code of the error for a run that is not there."""
        ...


@dataclass(frozen=True, slots=True)
class RunStory:
    """What a door told."""

    ended: Ended
    lines: Sequence[tuple[str, str]]
    cause: tuple[str, int]
    kept: Sequence[str]
    again: Ended
    stopped: Ended
    listed: Sequence[tuple[str, str]]
    faults: Sequence[str]
    missing: str


async def tell_of_runs(door: RunDoor, tag: str) -> RunStory:
    """Act the story out and note what the door said."""
    flow = await door.run(FLOW, tag)
    ended = await door.ended(flow)
    lines = sorted(await door.lines(flow))
    cause = await door.cause(flow)
    kept = sorted(await door.resume(flow))
    again = await door.ended(flow)
    endless = await door.run(ENDLESS, tag)
    await door.stop(endless)
    return RunStory(
        ended=ended,
        lines=lines,
        cause=cause,
        kept=kept,
        again=again,
        stopped=await door.ended(endless),
        listed=await door.listed(tag),
        faults=await door.refused(FAULTY),
        missing=await door.missing(),
    )

"""What changed, for everybody who listens over HTTP: one subscription to the engine, and no queue for a listener.

For each job, workflow run and node the latest change of a kind is kept with its number, the oldest forgotten first. A
listener reads from the last number it has seen; one that was away longer than is remembered is told to begin anew.

Most changes are followed by another of the same thing, so that nobody who listens now needs an old one. What is told of
an old one is therefore kept and not the record it is told from, which holds all that was asked for.
"""

from __future__ import annotations

import secrets
from collections import OrderedDict, deque
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal

import anyio

from core import JobChanged, LogGrew, NodeChanged, ProgressChanged, WorkflowChanged
from orcaops_mcp.api.change_content import content_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from core import Engine, EngineEvent

ChangeKind = Literal["job", "log", "progress", "workflow", "node"]

_REMEMBERED: Final = 1000
_RECENT: Final = 100


@dataclass(frozen=True, slots=True)
class Change:
    """Something that changed.

    Attributes:
        number: Grows with every change.
        kind: What changed.
        run_id: Of which job or workflow run.
        node_id: Of which node of it; empty if it is about no node.
        part_of: The workflow run whose job it is about; empty if it is about no such job.
        event: The engine's own news of it; None if it is no recent one.
        told: What is told of one that is no recent one.
    """

    number: int
    kind: ChangeKind
    run_id: str
    node_id: str
    part_of: str
    event: EngineEvent | None
    told: dict[str, Any] | None = None

    @property
    def content(self) -> dict[str, Any]:
        """What is told of it."""
        return self.told or (content_of(self.event) if self.event else {})


class ChangeFeed:
    """The latest changes of an engine.

    Args:
        tell: Called with every piece of news, before listeners wake.
    """

    def __init__(self, tell: Callable[[EngineEvent], None] | None = None) -> None:
        self._era = secrets.token_hex(4)  # numbers of an earlier engine mean nothing here
        self._tell = tell
        self._latest: OrderedDict[tuple[str, str, str], Change] = OrderedDict()
        self._recent: deque[Change] = deque()
        self._number = 0
        self._forgotten = 0
        self._changed = anyio.Event()

    @asynccontextmanager
    async def run(self, engine: Engine) -> AsyncGenerator[None]:
        """Listen to the engine while the context lasts."""
        async with anyio.create_task_group() as tasks:
            with engine.subscribe() as news:

                async def collect() -> None:
                    async for happened in news:
                        self.take(happened)

                tasks.start_soon(collect)
                yield
                tasks.cancel_scope.cancel()

    @property
    def number(self) -> int:
        """Of the latest change."""
        return self._number

    def place(self, number: int) -> str:
        """A change's number as an event id."""
        return f"{self._era}-{number}"

    def number_of(self, event_id: str) -> int | None:
        """The number in an event id; None if what followed it is not remembered."""
        era, _, digits = event_id.partition("-")
        if era != self._era or not (digits.isascii() and digits.isdecimal() and len(digits) < 19):
            return None
        number = int(digits)
        return number if self._forgotten <= number <= self._number else None

    def since(self, number: int) -> list[Change]:
        """The latest changes after a number, in order."""
        fresh: list[Change] = []
        for change in reversed(self._latest.values()):
            if change.number <= number:
                break
            fresh.append(change)
        return fresh[::-1]

    async def wait(self, number: int) -> None:
        """Return once there is a change after a number."""
        while self._number <= number:
            await self._changed.wait()

    def take(self, happened: EngineEvent) -> None:
        """Take notice of news and wake whoever waits for some."""
        if self._tell is not None:
            self._tell(happened)
        self._number += 1
        change = Change(self._number, *_named(happened), happened)
        key = _key(change)
        self._latest.pop(key, None)
        self._latest[key] = change
        if len(self._latest) > _REMEMBERED:
            self._forgotten = self._latest.popitem(last=False)[1].number
        self._recent.append(change)
        if len(self._recent) > _RECENT:
            self._shorten(self._recent.popleft())
        changed, self._changed = self._changed, anyio.Event()
        changed.set()

    def _shorten(self, change: Change) -> None:
        key = _key(change)
        if self._latest.get(key) is change:
            self._latest[key] = replace(change, event=None, told=change.content)


def _key(change: Change) -> tuple[str, str, str]:
    return change.kind, change.run_id, change.node_id


def _named(happened: EngineEvent) -> tuple[ChangeKind, str, str, str]:
    """Kind, run, node, and the run whose job it is."""
    match happened:
        case JobChanged(job=job):
            return "job", job.job_id, "", job.workflow.workflow_id if job.workflow else ""
        case WorkflowChanged(run=run):
            return "workflow", run.workflow_id, "", ""
        case NodeChanged(node=node):
            return "node", node.workflow_id, node.node_id, ""
        case LogGrew(job_id=job_id):
            return "log", job_id, "", ""
        case ProgressChanged(job_id=job_id):
            return "progress", job_id, "", ""

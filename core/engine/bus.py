"""In-process news: what changed, told after the commit that made it true.

Nobody waits for a listener. A subscription keeps one event of a kind per job, run and node, the latest; a listener that
is slow finds fewer events, never stale ones, and costs no more memory than there are changed things.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

import anyio

from core.frozen import replace
from core.records.event import JobChanged, LogGrew, NodeChanged, ProgressChanged, WorkflowChanged

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from core.records.event import EngineEvent

_Key = tuple[type, str, str]
"""Kind, what it is about, and the node if it is about one."""

_KINDS: Final = (JobChanged, LogGrew, ProgressChanged, WorkflowChanged, NodeChanged)


def _key(event: EngineEvent) -> _Key:
    match event:
        case JobChanged(job=job):
            return JobChanged, job.job_id, ""
        case WorkflowChanged(run=run):
            return WorkflowChanged, run.workflow_id, ""
        case NodeChanged(node=node):
            return NodeChanged, node.workflow_id, node.node_id
        case LogGrew(job_id=job_id) | ProgressChanged(job_id=job_id):
            return type(event), job_id, ""


def jobs_of(workflow_id: str) -> str:
    """What to listen to for the records of a run's jobs, those to come among them."""
    return f"{workflow_id}/jobs"


def _with_status(event: EngineEvent, earlier: EngineEvent | None) -> EngineEvent:
    """The event, which tells of a moved status also if only the one whose place it takes did."""
    if earlier is None or not isinstance(event, JobChanged | WorkflowChanged | NodeChanged) or event.status_changed:
        return event
    return replace(event, status_changed=True) if isinstance(earlier, type(event)) and earlier.status_changed else event


class Subscription:
    """What one listener has not yet taken. Use it inside ``with``; iterate, or `take` what is there."""

    def __init__(
        self,
        bus: Bus,
        ids: Collection[str] | None,
        kinds: Collection[type[EngineEvent]],
        wants: Callable[[EngineEvent], bool] | None,
    ) -> None:
        self._bus = bus
        self._wants = wants
        self.ids = None if ids is None else frozenset(ids)
        self.kinds = kinds
        self._pending: dict[_Key, EngineEvent] = {}
        self._arrived = anyio.Event()

    def __enter__(self) -> Self:
        """Begin to listen."""
        self._bus.attach(self, self.ids)
        return self

    def __exit__(self, *exc_info: object) -> None:
        """Stop listening."""
        self._bus.detach(self)

    def __aiter__(self) -> Subscription:
        """Iterate over events for ever."""
        return self

    async def __anext__(self) -> EngineEvent:
        """The oldest event not yet taken."""
        await self.wait()
        key = next(iter(self._pending))
        return self._pending.pop(key)

    def widen(self, ids: Collection[str]) -> None:
        """Listen to these as well; of what happened to them before nothing is told."""
        if self.ids is not None:
            self._bus.attach(self, fresh := frozenset(ids) - self.ids)
            self.ids |= fresh

    def deliver(self, event: EngineEvent) -> None:
        """Note an event; called by the bus."""
        if self._wants is not None and not self._wants(event):
            return
        key = _key(event)
        self._pending[key] = _with_status(event, self._pending.pop(key, None))
        self._arrived.set()

    async def wait(self) -> None:
        """Return once there is something to take."""
        while not self._pending:
            self._arrived = anyio.Event()
            await self._arrived.wait()

    def take(self) -> tuple[EngineEvent, ...]:
        """Everything not yet taken, oldest first."""
        events = tuple(self._pending.values())
        self._pending.clear()
        return events


class Bus:
    """Hands every event to everyone who listens for it. Used on the event loop only."""

    def __init__(self) -> None:
        self._to_all: dict[type, set[Subscription]] = {kind: set() for kind in _KINDS}
        self._by_id: dict[type, dict[str, set[Subscription]]] = {kind: {} for kind in _KINDS}

    def subscribe(
        self,
        ids: Collection[str] | None = None,
        *,
        kinds: Collection[type[EngineEvent]] = _KINDS,
        wants: Callable[[EngineEvent], bool] | None = None,
    ) -> Subscription:
        """Listen to some jobs and runs, or to everything. Who listens to a run hears of its nodes.

        Args:
            ids: The jobs and runs; None for all.
            kinds: The sorts of events to hear of.
            wants: Whether an event of theirs is worth waking the listener; None for every event.
        """
        return Subscription(self, ids, kinds, wants)

    def publish(self, event: EngineEvent) -> None:
        """Tell everyone who listens."""
        for subscription in self._to_all[type(event)]:
            subscription.deliver(event)
        self._tell_those_who_asked(event)

    def _tell_those_who_asked(self, event: EngineEvent) -> None:
        by_id = self._by_id[type(event)]
        if not by_id:
            return
        for subscription in by_id.get(_key(event)[1], ()):
            subscription.deliver(event)
        if isinstance(event, JobChanged) and event.job.workflow is not None:
            for subscription in by_id.get(jobs_of(event.job.workflow.workflow_id), ()):
                subscription.deliver(event)

    def log_grew(self, job_id: str, attempt: int, lines: int) -> None:
        """Tell that a log has ``lines`` lines now."""
        self.publish(LogGrew(job_id, attempt, lines))

    def service_log_grew(self, log_id: str, attempt: int, lines: int) -> None:
        """Tell those who asked for the log of a service by its id; who listens to all jobs hears of jobs only."""
        self._tell_those_who_asked(LogGrew(log_id, attempt, lines))

    def progress(self, job_id: str, text: str | None) -> None:
        """Tell what a job does right now; an empty text when there is nothing to say any more."""
        self.publish(ProgressChanged(job_id, text or ""))

    def attach(self, subscription: Subscription, ids: frozenset[str] | None) -> None:
        """Begin delivering what is about some jobs and runs, or everything, to ``subscription``."""
        for kind in subscription.kinds:
            if ids is None:
                self._to_all[kind].add(subscription)
            else:
                for each in ids:
                    self._by_id[kind].setdefault(each, set()).add(subscription)

    def detach(self, subscription: Subscription) -> None:
        """Deliver no more to ``subscription``."""
        for kind in subscription.kinds:
            self._to_all[kind].discard(subscription)
            by_id = self._by_id[kind]
            for each in subscription.ids or ():
                listeners = by_id.get(each, set())
                listeners.discard(subscription)
                if not listeners:
                    by_id.pop(each, None)

"""How far a run has come and how long it will take yet, from how long its jobs took before; and how sure that is."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum
from heapq import heappop, heappush
from statistics import median
from typing import TYPE_CHECKING, Final

from core.lifecycle.workflow import NodeStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from core.records.workflow_node import WorkflowNode
    from core.records.workflow_past import NodeSample

_ENOUGH_RUNS: Final = 5
_SOME_RUNS: Final = 2
_MOST_KNOWN: Final = 0.8
_NARROW: Final = 0.5
"""A likely span is told well if its bounds are not farther apart than this share of it."""
_ALMOST: Final = 0.95
"""What runs longer than ever is not done for that."""


class Sureness(StrEnum):
    """How far an estimate can be trusted."""

    GOOD = "good"
    """Five earlier runs or more, every open job is known from them, and they took about the same time."""
    FAIR = "fair"
    """Two earlier runs or more, and most open jobs are known from them."""
    POOR = "poor"
    """Little is known: what is not counts as the others do."""


@dataclass(frozen=True, slots=True)
class Usual:
    """How long a node usually takes.

    Attributes:
        least_s: A quarter of the samples took less.
        likely_s: The middle of the samples.
        most_s: A quarter of the samples took more.
    """

    least_s: float
    likely_s: float
    most_s: float


@dataclass(frozen=True, slots=True)
class RunEstimate:
    """How far a run has come, and how long it will take yet.

    Attributes:
        progress: From 0 to 1: the share of the work that is done, weighed by how long jobs usually take; by their
            number where nothing is known of that.
        remaining_s: Until its likely end; None if no open node ran before, or if all have ended.
        least_s: The same if all goes quickly.
        most_s: The same if all goes slowly.
        sureness: How far that can be trusted; None where there is no estimate.
        runs: Earlier runs that it is told from.
        open_nodes: Nodes that have not ended.
        known_nodes: Those of them that ran before.
        usual: How long nodes usually take, by their ids.
    """

    progress: float
    remaining_s: float | None = None
    least_s: float | None = None
    most_s: float | None = None
    sureness: Sureness | None = None
    runs: int = 0
    open_nodes: int = 0
    known_nodes: int = 0
    usual: Mapping[str, Usual] = field(default_factory=dict[str, Usual])


def estimate(
    nodes: Sequence[WorkflowNode], samples: Iterable[NodeSample], now: datetime, *, runs: int, room: int
) -> RunEstimate:
    """The estimate of an attempt of a run. Takes a while for thousands of nodes: call it in a thread.

    Args:
        nodes: Of the attempt, in the run's order.
        samples: Of earlier runs, and of this one as far as it has come.
        now: The present moment.
        runs: How many earlier runs the samples are from.
        room: How many nodes run at once.
    """
    usual = _usual(nodes, samples)
    open_nodes = [node for node in nodes if not node.is_finished]
    known = sum(node.node_id in usual for node in open_nodes)
    told = RunEstimate(
        _progress(nodes, usual, now), runs=runs, open_nodes=len(open_nodes), known_nodes=known, usual=usual
    )
    if not known:
        return told
    average = median(each.likely_s for each in usual.values())
    spans = [
        _Schedule(nodes, {name: _of(each, which) for name, each in usual.items()}, average, now).length(max(1, room))
        for which in range(3)
    ]
    least, likely, most = sorted(spans)
    return RunEstimate(
        told.progress,
        likely,
        least,
        most,
        _sureness(runs, known / len(open_nodes), (most - least) / likely if likely else 0.0),
        runs,
        len(open_nodes),
        known,
        usual,
    )


def _of(usual: Usual, which: int) -> float:
    return (usual.least_s, usual.likely_s, usual.most_s)[which]


def _usual(nodes: Iterable[WorkflowNode], samples: Iterable[NodeSample]) -> dict[str, Usual]:
    """By node id: of the node itself, else of other variants of its job."""
    of_node: dict[str, list[float]] = {}
    of_job: dict[str, list[float]] = {}
    for sample in samples:
        of_node.setdefault(sample.node_id, []).append(sample.duration_s)
        of_job.setdefault(sample.job, []).append(sample.duration_s)
    jobs = {job: _quarters(found) for job, found in of_job.items()}
    return {
        node.node_id: _quarters(of_node[node.node_id]) if node.node_id in of_node else jobs[node.job]
        for node in nodes
        if node.node_id in of_node or node.job in jobs
    }


def _quarters(durations: list[float]) -> Usual:
    ordered = sorted(durations)
    last = len(ordered) - 1
    return Usual(ordered[last // 4], median(ordered), ordered[last - last // 4])


def _progress(nodes: Sequence[WorkflowNode], usual: Mapping[str, Usual], now: datetime) -> float:
    likely = {name: each.likely_s for name, each in usual.items()}
    otherwise = (median(likely.values()) if likely else 0.0) or 1.0
    done = whole = 0.0
    for node in nodes:
        weight = likely.get(node.node_id, otherwise)
        if node.is_finished:
            weight = weight if node.started_at is not None or node.kept_from is not None else 0.0
            done += weight
        elif node.status is NodeStatus.RUNNING and node.started_at is not None:
            done += min((now - node.started_at).total_seconds(), weight * _ALMOST)
        whole += weight
    if not whole:
        return 1.0 if nodes and all(node.is_finished for node in nodes) else 0.0
    return max(0.0, min(1.0, done / whole))


def _sureness(runs: int, known: float, width: float) -> Sureness:
    if runs >= _ENOUGH_RUNS and known >= 1 and width <= _NARROW:
        return Sureness.GOOD
    return Sureness.FAIR if runs >= _SOME_RUNS and known >= _MOST_KNOWN else Sureness.POOR


class _Schedule:
    """The rest of a run played through: what is ready starts in the run's order, as far as there is room.

    Args:
        nodes: In the run's order.
        durations_s: How long each takes, by its id.
        otherwise_s: How long others take.
        now: The present moment.
    """

    def __init__(
        self, nodes: Sequence[WorkflowNode], durations_s: Mapping[str, float], otherwise_s: float, now: datetime
    ) -> None:
        self._durations, self._otherwise, self._now = durations_s, otherwise_s, now
        self._open = [node for node in nodes if not node.is_finished]
        self._of_job: dict[str, int] = {}
        for node in self._open:
            self._of_job[node.job] = self._of_job.get(node.job, 0) + 1
        self._ordinary = sum(not node.is_finally for node in self._open)
        self._waiters: dict[str, list[WorkflowNode]] = {}
        self._lacks: dict[str, int] = {}
        self._last: list[WorkflowNode] = []
        self._ready: deque[WorkflowNode] = deque()

    def length(self, room: int) -> float:
        """Seconds from now to the end of the last node."""
        ends: list[tuple[float, int, WorkflowNode]] = []
        self._line_up()
        for place, node in enumerate(self._open):
            if node.status is NodeStatus.RUNNING:
                heappush(ends, (self._left(node), place, node))
        at, place = 0.0, len(self._open)
        while ends or self._ready:
            while self._ready and len(ends) < room:
                node, place = self._ready.popleft(), place + 1
                heappush(ends, (at + self._durations.get(node.node_id, self._otherwise), place, node))
            at, _, ended = heappop(ends)
            self._end(ended)
        return at

    def _line_up(self) -> None:
        """Note who waits for whom; names of needs are those of jobs or of nodes."""
        opened = {node.node_id for node in self._open} | self._of_job.keys()
        for node in self._open:
            if node.status is NodeStatus.RUNNING:
                continue
            needs = {need for need in node.needs if need in opened}
            self._lacks[node.node_id] = len(needs)
            for need in needs:
                self._waiters.setdefault(need, []).append(node)
            if node.is_finally and self._ordinary:
                self._last.append(node)
                self._lacks[node.node_id] += 1
            elif not needs:
                self._ready.append(node)

    def _left(self, node: WorkflowNode) -> float:
        ran = (self._now - node.started_at).total_seconds() if node.started_at is not None else 0.0
        return max(0.0, self._durations.get(node.node_id, self._otherwise) - ran)

    def _end(self, node: WorkflowNode) -> None:
        self._of_job[node.job] -= 1
        if node.node_id != node.job:
            self._release(self._waiters.pop(node.node_id, ()))
        if not self._of_job[node.job]:
            self._release(self._waiters.pop(node.job, ()))
        if not node.is_finally:
            self._ordinary -= 1
            if not self._ordinary:
                self._release(self._last)

    def _release(self, waiting: Iterable[WorkflowNode]) -> None:
        for node in waiting:
            self._lacks[node.node_id] -= 1
            if not self._lacks[node.node_id]:
                self._ready.append(node)

"""How many nodes of a run run at once, and which of those that are ready come first."""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from core.engine.workflow.live import Stage

if TYPE_CHECKING:
    from core.engine.workflow.live import LiveJob, LiveNode

_Rank = tuple[int, int, int, int, int]
"""Whether no companion is ready, the place of the first of them, the node's own, its variant, its arrival."""


class Room:
    """Nodes that are ready, and the room there is for them.

    Nodes come in the order of the file, and of a matrix in that of its expansion. Jobs that want to run beside each
    other (``parallel_with``) come first, one after the other, once two of them are ready. A node whose file runs in
    its place takes no room of the run's.

    Args:
        most: As many jobs of the run run at once.

    Attributes:
        running: How many do.
        unplaced: Nodes that came and did not start yet, since somebody last asked.
    """

    def __init__(self, most: int) -> None:
        self.running = 0
        self.unplaced: list[LiveNode] = []
        self._most = most
        self._line: list[tuple[_Rank, LiveNode]] = []
        self._calls: deque[LiveNode] = deque()
        self._ready: dict[LiveJob, int] = {}
        self._arrivals = 0

    def add(self, node: LiveNode) -> None:
        """A node is ready."""
        companions = [job for job in node.job.companions if self._ready.get(job)]
        if companions and not self._ready.get(node.job):
            for job in companions:
                for other in job.nodes:
                    self._push(other, [node.job])
        self._ready[node.job] = self._ready.get(node.job, 0) + 1
        self._push(node, companions)
        self.unplaced.append(node)

    @property
    def has_jobs(self) -> bool:
        """Whether a node is ready for which a job would be made."""
        while self._line and (self._line[0][1].stage is not Stage.READY or self._line[0][1].has_room):
            heappop(self._line)
        return bool(self._line)

    def take(self, *, only_callers: bool = False) -> LiveNode | None:
        """The next node that may start, which has its room then; None if none may.

        Args:
            only_callers: Only one in whose place a file runs.
        """
        while self._calls:
            node = self._calls.popleft()
            if self._fits(node):
                return self._enter(node)
        while not only_callers and self._line and self.running < self._most:
            _, node = heappop(self._line)
            if self._fits(node):
                return self._enter(node)
        return None

    def stay(self, node: LiveNode) -> None:
        """A node runs already, as after a restart."""
        if not node.has_room:
            node.has_room = True
            node.job.running += 1
            self.running += not node.is_caller

    def leave(self, node: LiveNode) -> None:
        """A node's try has ended, or it did not come to one. Repeatable."""
        if not node.has_room:
            return
        node.has_room = False
        node.job.running -= 1
        self.running -= not node.is_caller
        while node.job.held:
            other = node.job.held.popleft()
            if other.stage is Stage.READY:
                self._push(other, [])
                break

    def _fits(self, node: LiveNode) -> bool:
        """Whether a node may start as far as its own job is concerned; if it has to wait, its job keeps it."""
        if node.stage is not Stage.READY or node.has_room:
            return False
        if node.job.most is not None and node.job.running >= node.job.most:
            node.job.held.append(node)
            return False
        return True

    def _enter(self, node: LiveNode) -> LiveNode:
        self._ready[node.job] = max(0, self._ready.get(node.job, 0) - 1)
        self.stay(node)
        return node

    def _push(self, node: LiveNode, companions: list[LiveJob]) -> None:
        if node.is_caller:
            self._calls.append(node)
            return
        place = node.record.position
        lead = min([place, *(job.position for job in companions)])
        self._arrivals += 1
        index = node.variant.index if node.variant is not None else 0
        heappush(self._line, ((0 if companions else 1, lead, place, index, self._arrivals), node))

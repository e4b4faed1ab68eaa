"""All that a conductor has in hand of one run."""

from __future__ import annotations

from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, cast

from core.engine.secret_book import mask_of
from core.engine.workflow.expanding import live_node
from core.engine.workflow.frame import BETWEEN, called_frame, nodes_of, root_frame
from core.engine.workflow.live import LiveFrame, LiveJob, LiveNode, Stage
from core.engine.workflow.outbox import Outbox
from core.engine.workflow.progress import Progress
from core.engine.workflow.room import Room
from core.errors import InvalidExpressionError
from core.plan.compile import MOST_CALLED_NODES
from core.spec.job import InputFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from core.engine.parts import Parts
    from core.plan.graph import Graph
    from core.records.workflow import WorkflowRun
    from core.records.workflow_node import JsonObject, WorkflowNode
    from core.spec.workflow import WorkflowSpec


@dataclass(slots=True)
class Retries:
    """Nodes between two tries, by the time of the next one."""

    _line: list[tuple[datetime, int, LiveNode]] = field(default_factory=list[tuple["datetime", int, LiveNode]])
    _order: Iterator[int] = field(default_factory=count)

    def add(self, node: LiveNode, due: datetime) -> None:
        """A node is tried again at a time."""
        heappush(self._line, (due, next(self._order), node))

    @property
    def next_due(self) -> datetime | None:
        """When the next one is due."""
        while self._line and self._line[0][2].stage is not Stage.PAUSED:
            heappop(self._line)
        return self._line[0][0] if self._line else None

    def take(self, now: datetime) -> Iterator[LiveNode]:
        """Those whose time has come."""
        while (due := self.next_due) is not None and due <= now:
            yield heappop(self._line)[2]


class LiveRun:
    """A run while its conductor works on it.

    Args:
        parts: The engine's parts.
        run: The record; it has started.
        workflow: Its file.
        records: All its nodes.
        most: As many of its jobs run at once.
        graph: The order of its jobs, if it is known.

    Attributes:
        run: The record, as it was last heard of.
        file: Its own file.
        adopted: Nodes that were running before this conductor began, and were not looked at yet.
        by_job: The nodes that run, by their jobs.
        services: The context ``services``, as far as services of the run fill it.
        warnings: What a reader of the run should know.
        workspace: Files put into the working directory of every job.
        folder: The caller's own, below which volumes may lie.
    """

    def __init__(
        self,
        parts: Parts,
        run: WorkflowRun,
        workflow: WorkflowSpec,
        records: Iterable[WorkflowNode],
        most: int,
        graph: Graph | None = None,
    ) -> None:
        self.parts = parts
        self.run = run
        self.outbox = Outbox(parts.workflow_ledger, run.workflow_id)
        self.progress = Progress(self.outbox, mask_of(parts.settings))
        self.room = Room(most)
        self.retries = Retries()
        self.adopted: list[LiveNode] = []
        self.by_job: dict[str, LiveNode] = {}
        self.workspace, self.folder = _brought_along(run)
        self.services: Mapping[str, JsonObject] = {}
        self.warnings: tuple[str, ...] = ()
        self._called = 0
        self._stored: dict[str, list[WorkflowNode]] = {}
        for record in records:
            self._stored.setdefault(record.job, []).append(record)
        self.file = LiveFrame(root_frame(run, workflow, parts.settings, graph))

    def begin(self) -> None:
        """Put all nodes of its own file into their places, and begin to watch them."""
        self._fill(self.file, None)

    def call(self, node: LiveNode) -> None:
        """Have the file begin, or go on, that runs in the place of a node.

        Raises:
            InvalidExpressionError: The file cannot be called so.
        """
        outer = node.frame
        facts = node.facts or outer.facts(node.job, node.edges)
        frame = called_frame(outer.frame, node.job.spec, facts, node.id)
        self._called += len(frame.graph)
        if self._called > MOST_CALLED_NODES:
            message = f"called files have more than {MOST_CALLED_NODES} jobs in all"
            raise InvalidExpressionError(message, hint="shorten the caller's matrix, or split the workflow")
        node.callee = LiveFrame(frame, node)
        self._fill(node.callee, node.record.position)
        if node.stop is not None:
            self.progress.stopping.stop_file(node.callee, node.stop, forced=outer.is_forced)

    def files(self) -> Iterator[LiveFrame]:
        """Its own file, and all that nodes call and that have begun."""
        waiting = [self.file]
        while waiting:
            file = waiting.pop()
            yield file
            waiting.extend(node.callee for node in file.nodes() if node.callee is not None)

    def find(self, node_id: str) -> LiveNode | None:
        """A node by its id."""
        for file in self.files():
            if node_id.startswith(file.frame.prefix):
                found = file.by_local.get(node_id.removeprefix(file.frame.prefix))
                if found is not None:
                    return found
        return None

    def records_below(self, caller: LiveNode) -> Iterator[WorkflowNode]:
        """The nodes of the file that a node called, and of those that they called; also of an earlier attempt."""
        if caller.callee is None:
            beginning = f"{caller.id}{BETWEEN}"
            yield from (record for record in self._unseated() if record.node_id.startswith(beginning))
            return
        for node in caller.callee.nodes():
            if node.is_caller:
                yield from self.records_below(node)
            else:
                yield node.record

    def leftovers(self) -> list[WorkflowNode]:
        """Nodes of files that were never called in this attempt, and that have not ended."""
        return [record for record in self._unseated() if not record.is_finished]

    def _unseated(self) -> Iterator[WorkflowNode]:
        for records in self._stored.values():
            yield from records

    def _fill(self, file: LiveFrame, position: int | None) -> None:
        frame = file.frame
        for job in frame.graph.order:
            for record in self._stored.get(frame.id_of(job), ()):
                frame.take(record.node_id.removeprefix(frame.prefix))
        for place, name in enumerate(frame.graph.order):
            spec = frame.workflow.jobs[name]
            is_narrow = any(need.matrix is not None for need in spec.needs)
            job = LiveJob(file, spec, frame.edges(spec), is_narrow)
            records = self._stored.pop(frame.id_of(name), None)
            if records is None:
                records = list(nodes_of(frame, spec, place if position is None else position))
                self.outbox.add(records)
            job.nodes = [live_node(job, record) for record in records]
            job.unended = len(job.nodes)
            file.jobs[name] = job
        _befriend(file)
        self.progress.watch(file)
        for node in tuple(file.nodes()):
            self._take_up(node)

    def _take_up(self, node: LiveNode) -> None:
        """Go on with a node that had come further than waiting."""
        if node.stage is Stage.RUNNING:
            self.room.stay(node)
            if not node.is_caller:
                self.adopted.append(node)
        elif node.stage is Stage.PAUSED and node.record.retry_at is not None:
            self.retries.add(node, node.record.retry_at)


def _befriend(file: LiveFrame) -> None:
    """Tell jobs of those that want to run beside them; the wish counts both ways."""
    for job in file.jobs.values():
        for name in job.spec.parallel_with:
            other = file.jobs.get(file.frame.names.find(name) or "")
            if other is not None and other is not job and other not in job.companions:
                job.companions.append(other)
                other.companions.append(job)


def _brought_along(run: WorkflowRun) -> tuple[tuple[InputFile, ...], Path | None]:
    """Files for every job, and the caller's folder, as they were kept beside the contexts."""
    found = run.context.get("caller")
    kept = cast("dict[str, object]", found) if isinstance(found, dict) else {}
    workspace = kept.get("workspace")
    files = cast("list[object]", workspace) if isinstance(workspace, list) else []
    folder = kept.get("folder")
    place = Path(folder) if isinstance(folder, str) and folder else None
    return tuple(map(InputFile.model_validate, files)), place

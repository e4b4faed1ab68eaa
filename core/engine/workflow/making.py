"""From nodes to the jobs that run them, and from the ends of those back: what is wrong with one is no other's fault."""

from __future__ import annotations

import logging
import secrets
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

import anyio.lowlevel

from core.engine.racing import all_at_once
from core.engine.verdict import failure_kind_of
from core.engine.workflow.frame import BETWEEN
from core.engine.workflow.moulds import Moulds
from core.engine.workflow.node_end import NodeEnd, fault_end, node_end
from core.engine.workflow.node_job import make_node_job
from core.engine.workflow.node_setting import NodeFaultError, NodeSetting, Producer
from core.errors import (
    BackendError,
    BackendTimeoutError,
    BackendUnavailableError,
    EngineClosedError,
    OrcaOpsError,
    StoreBusyError,
    StoreError,
)
from core.lifecycle.workflow import NodeEvent, Outcome, Result
from core.records.job import Failure, FailureKind

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Sequence

    from core.engine.workflow.live import LiveNode
    from core.engine.workflow.live_run import LiveRun
    from core.engine.workflow.node_job import Admit, NodeJob
    from core.records.job import Job
    from core.records.workflow_node import WorkflowNode

Found = TypeVar("Found")
_Work: TypeAlias = "tuple[LiveNode, Callable[[], Awaitable[Found]], bool]"
"""A node, what is to be done for it, and whether that may wait for somebody."""

_log = logging.getLogger(__name__)

_SLICE: Final = 8
"""Nodes that are seen to in one go."""


class Making:
    """Makes the jobs of nodes of one run, and reads their ends.

    Args:
        live: The run.
        admit: The engine's admission of specs.
    """

    def __init__(self, live: LiveRun, admit: Admit) -> None:
        self._live = live
        self._admit = admit
        self._moulds = Moulds()

    async def jobs(self, tries: Sequence[tuple[LiveNode, int]]) -> list[NodeJob | NodeEnd]:
        """The jobs for some tries, in their order; the end of those nodes that cannot run.

        Args:
            tries: Nodes with the numbers of the tries.

        Raises:
            StoreError: The disk is full or failing.
            StoreBusyError: The database is locked by another process.
        """
        works: list[_Work[NodeJob | NodeEnd]] = []
        for node, number in tries:
            given = tuple(self._producers(node)) if node.job.spec.needs else None
            waits = bool(given or self._live.workspace) or _asks(node)
            works.append((node, partial(self._job, node, number, given), waits))
        return await _each(works)

    async def ends(self, ended: Sequence[tuple[LiveNode, Job]]) -> list[NodeEnd]:
        """How tries ended whose jobs have, in their order.

        Args:
            ended: Nodes with the jobs of their last tries.

        Raises:
            StoreError: The disk is full or failing.
            StoreBusyError: The database is locked by another process.
        """
        return await _each([(node, partial(self._end, node, job), _leaves(job)) for node, job in ended])

    def setting(
        self, node: LiveNode, number: int | None = None, producers: tuple[Producer, ...] | None = None
    ) -> NodeSetting:
        """A node with everything that its definition may read.

        Args:
            node: The node.
            number: Of the try; None for the present one.
            producers: The jobs whose files it is given; None if it takes none.
        """
        live, frame = self._live, node.frame.frame
        return NodeSetting(
            run=live.run,
            workflow=frame.workflow,
            job=node.job.spec,
            node_id=node.id,
            scene=frame.bare,
            facts=node.facts or node.frame.facts(node.job, node.edges),
            name=node.record.name,
            variant=node.local if node.variant is not None else "",
            number=max(1, node.tries) if number is None else number,
            secrets=frame.secrets,
            producers=producers,
            services=live.services,
            workspace=live.workspace,
            folder=live.folder,
        )

    async def _job(self, node: LiveNode, number: int, producers: tuple[Producer, ...] | None) -> NodeJob | NodeEnd:
        setting = self.setting(node, number, producers)
        if (alike := self._moulds.cast(setting)) is not None:
            return alike
        try:
            made = await make_node_job(self._live.parts, setting, self._admit)
        except NodeFaultError as error:
            return fault_end(setting, error.failure)
        self._moulds.keep(setting, made)
        return made

    async def _end(self, node: LiveNode, job: Job) -> NodeEnd:
        may_retry = node.stop is None and (node.frame.stop is None or not node.frame.is_forced)
        return await node_end(self._live.parts, self.setting(node), job, may_retry=may_retry, warnings=node.warnings)

    def _producers(self, node: LiveNode) -> Iterator[Producer]:
        """The jobs that kept files for a node."""
        needs = node.job.spec.needs
        for place, edge in enumerate(node.edges):
            if not edge.artifacts or place >= len(needs):
                continue
            producer = node.frame.jobs[edge.job]
            nodes = producer.nodes if edge.nodes is None else [node.frame.by_local[local] for local in edge.nodes]
            for each in nodes:
                has_own_folder = each.variant is not None and needs[place].matrix != "same"
                folder = f"{edge.job}/{each.local}" if has_own_folder else edge.job
                if each.is_caller:
                    for record in self._live.records_below(each):
                        inner = record.node_id.removeprefix(each.id + BETWEEN).replace(BETWEEN, "/")
                        yield from _kept_of(record, f"{folder}/{inner}")
                else:
                    yield from _kept_of(each.record, folder)


async def _each(works: Sequence[_Work[Found]]) -> list[Found | NodeEnd]:
    """Do the work for each node; those that wait for somebody do so beside each other."""
    found: dict[int, Found | NodeEnd] = {}
    waiting: list[int] = []
    for place, (node, work, waits) in enumerate(works):
        if waits:
            waiting.append(place)
            continue
        found[place] = await _kept_apart(node, work)
        if place % _SLICE == _SLICE - 1:
            await anyio.lowlevel.checkpoint()  # the engine has more to do than this run
    if waiting:
        others = await all_at_once(partial(_kept_apart, *works[place][:2]) for place in waiting)
        found.update(zip(waiting, others, strict=True))
    return [found[place] for place in range(len(works))]


async def _kept_apart(node: LiveNode, work: Callable[[], Awaitable[Found]]) -> Found | NodeEnd:
    """Do something for one node; a fault in it is the end of that node."""
    try:
        return await work()
    except (StoreError, StoreBusyError, EngineClosedError):
        raise
    except Exception as error:  # noqa: BLE001 -- the edge of a node: whatever went wrong ends this node, not its run
        return _broken_end(node, error)


def _broken_end(node: LiveNode, error: Exception) -> NodeEnd:
    """The end of a node that the engine could not see to."""
    reference = secrets.token_hex(4)
    _log.error("%s failed inside OrcaOps (%s)", node.id, reference, exc_info=error)
    if isinstance(error, OrcaOpsError):
        failure = Failure(_kind_of(error), f"Job {node.job.spec.id}: {error.message}", error.hint, error.retryable)
    else:
        said = f"Job {node.job.spec.id}: OrcaOps itself failed; the engine's log has the details under {reference}."
        failure = Failure(FailureKind.INTERNAL, said, "Rerun from this job.", retryable=True)
    result = Result.SUCCESS if node.job.spec.tolerance.always is True else Result.FAILURE
    return NodeEnd(event=NodeEvent.FAIL, outcome=Outcome.FAILURE, result=result, failure=failure)


def _kind_of(error: OrcaOpsError) -> FailureKind:
    if isinstance(error, BackendUnavailableError | BackendTimeoutError):
        return FailureKind.ENGINE_UNAVAILABLE
    return failure_kind_of(error) if isinstance(error, BackendError) else FailureKind.INTERNAL


def _asks(node: LiveNode) -> bool:
    """Whether the making of a node's job may wait for the store, the disk or the container engine."""
    spec = node.job.spec
    return bool(spec.volumes or (spec.image is not None and spec.image.platform))


def _leaves(job: Job) -> bool:
    """Whether the store is asked for what a job has left."""
    return job.spec.keeps_files or job.failure is not None


def _kept_of(record: WorkflowNode, folder: str) -> Iterator[Producer]:
    if record.artifacts and record.job_id is not None:
        yield Producer(folder, record.job_id)

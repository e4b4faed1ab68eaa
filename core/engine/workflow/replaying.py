"""The frames of a run as the planning of a rerun takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.engine.workflow.frame import called_frame, first_nodes
from core.plan.rerun import File, Replay

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.engine.workflow.frame import Frame
    from core.plan.compile import NodeFacts
    from core.plan.rerun import Earlier, Wish
    from core.records.workflow_node import WorkflowNode
    from core.spec.workflow import WorkflowJobSpec


class FrameReplays:
    """Makes the parts of a rerun's planning, one for each file of the run.

    Args:
        earlier: The nodes of the attempt before, by their ids.
        wish: What is to run again.

    Attributes:
        rows: The nodes that a further attempt begins with, as far as they are known without any other, by their ids; in
            the order of the files. A matrix that is not known stands as one.
    """

    def __init__(self, earlier: Mapping[str, Earlier], wish: Wish) -> None:
        self.rows: dict[str, WorkflowNode] = {}
        self._earlier = earlier
        self._wish = wish

    def of(self, frame: Frame, *, alias: str = "", position: int | None = None) -> Replay:
        """The part of one file.

        Args:
            frame: The file.
            alias: What its jobs are called behind, by the ids of the jobs that call it.
            position: The place of its nodes in the run's order, if not each its own.
        """
        rows = {node.node_id: node for node in first_nodes(frame, position)}
        self.rows |= rows
        ids: dict[str, tuple[str, ...]] = {}
        for node in rows.values():
            if node.variant is not None:
                job = node.job.removeprefix(frame.prefix)
                ids[job] = (*ids.get(job, ()), node.node_id.removeprefix(frame.prefix))

        def follow(job: WorkflowJobSpec, facts: NodeFacts, node: str) -> Replay:
            inner = called_frame(frame, job, facts, node)
            place = self.place_of(frame.id_of(job.id), node)
            return self.of(inner, alias=f"{alias}{job.id} / ", position=place)

        return Replay(_file(frame), self._wish, self._earlier, ids, follow, alias)

    def place_of(self, job: str, node: str) -> int:
        """The place of a node in the run's order, or that of the node that stands for its matrix."""
        return self.rows[node if node in self.rows else job].position


def _file(frame: Frame) -> File:
    return File(
        prefix=frame.prefix,
        workflow=frame.workflow,
        graph=frame.graph,
        names=frame.names,
        ancestry=frame.ancestry,
        scene=frame.scene,
        fingerprints=frame.fingerprints,
        edges=frame.edges,
        condition=frame.condition,
        claim=frame.claim,
    )

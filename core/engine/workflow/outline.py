"""From how a run ended to what a rerun writes; computed in one go, without the store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.engine.secret_book import mask_of
from core.engine.workflow.frame import root_frame
from core.engine.workflow.replaying import FrameReplays
from core.engine.workflow.rerun_sheet import Sheet
from core.errors import InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.plan.rerun import Earlier, Fate, Wish
    from core.records.workflow import WorkflowRun
    from core.records.workflow_node import WorkflowNode
    from core.settings import EngineSettings
    from core.spec.workflow import WorkflowSpec


@dataclass(frozen=True, slots=True)
class Outline:
    """What a rerun is planned from.

    Attributes:
        run: As it will be.
        workflow: Its file.
        nodes: Of the attempt before.
        earlier: How they ended, and what is left of that.
        actor: Who gives results by hand.
    """

    run: WorkflowRun
    workflow: WorkflowSpec
    nodes: Sequence[WorkflowNode]
    earlier: Mapping[str, Earlier]
    actor: str

    def sheet(self, wish: Wish, settings: EngineSettings) -> Sheet:
        """What is written.

        Raises:
            InvalidArgumentError: A name means no job, or nothing would run again.
        """
        replays = FrameReplays(self.earlier, wish)
        tops = replays.of(root_frame(self.run, self.workflow, settings)).fates()
        mask = mask_of(settings)
        sheet = Sheet(replays.rows, {node.node_id: node for node in self.nodes}, self.actor, mask)
        for fate in tops:
            sheet.take(fate)
        wish.check(name for row in (*sheet.nodes, *self.nodes) for name in (row.node_id, row.job))
        _check_use(
            self.nodes[0].workflow_id if self.nodes else self.run.workflow_id,
            [each for fate in tops for each in fate.with_called()],
        )
        return sheet


def _check_use(workflow_id: str, fates: Sequence[Fate]) -> None:
    """Refuse a rerun that would run nothing.

    Raises:
        InvalidArgumentError: It would.
    """
    if any(fate.is_manual for fate in fates):
        return
    again = [fate for fate in fates if not fate.keeps and not fate.is_routine]
    if not again:
        raise InvalidArgumentError(
            f"Nothing of {workflow_id} would run again: every result stands.",
            hint="Take the selection all, name jobs with the selection jobs, or change the file or an input.",
        )
    idle = next((fate for fate in again if fate.is_idle), None)
    if idle is not None and not any(fate.is_named and not fate.is_idle for fate in again):
        raise InvalidArgumentError(
            f"'{idle.node}' would not run: {idle.why}.",
            hint="Name what it needs as well, or take the selection from or failed.",
        )

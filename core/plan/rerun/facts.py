"""What kept nodes tell those that need them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.plan.compile import NodeFacts
from core.plan.compile.environment import Deferred, JobsContext
from core.plan.expressions.values import Keyed, freeze
from core.plan.foresight import Unknown
from core.plan.results import Ending
from core.plan.rollup import job_ending, job_facts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.plan.expressions.values import Value
    from core.plan.rerun.parts import File
    from core.plan.results import VariantEnding
    from core.plan.standing import Edge
    from core.spec.workflow import WorkflowJobSpec


class KeptFacts:
    """What the contexts ``needs`` and ``jobs`` hold of jobs that are kept; of others, nothing is known.

    Args:
        file: The file that the jobs are of.
    """

    def __init__(self, file: File) -> None:
        self._file = file
        self._endings: dict[str, Ending] = {}
        self._variants: dict[str, tuple[VariantEnding, ...]] = {}
        self._nodes: dict[str, VariantEnding] = {}
        self._needs: dict[str, Value] = {}
        self._jobs: dict[str, Value] = {}

    def note_variant(self, local: str, kept: VariantEnding) -> None:
        """Note how a variant ended that is kept, by its id within the file."""
        self._nodes[local] = kept

    def note(self, job: str, kept: Ending | Sequence[VariantEnding]) -> Ending:
        """Note that a job is kept as a whole, as one node or as all its variants; the ending of the job."""
        ending = kept if isinstance(kept, Ending) else job_ending(kept)
        self._endings[job] = ending
        self._variants[job] = () if isinstance(kept, Ending) else tuple(kept)
        return ending

    def of(self, job: WorkflowJobSpec, edges: tuple[Edge, ...]) -> NodeFacts:
        """What a node of a job is given that waits for these edges."""

        def direct() -> Keyed:
            return Keyed((edge.job, self._need(edge)) for edge in edges)

        return NodeFacts(
            needs=Deferred(direct), jobs=JobsContext(self._file.ancestry, self._file.names, job.id, self._told)
        )

    def _need(self, edge: Edge) -> Value:
        if edge.nodes is None:
            if edge.job not in self._needs:
                self._needs[edge.job] = self._entry(edge.job, has_status=False)
            return self._needs[edge.job]
        kept = [self._nodes[node] for node in edge.nodes if node in self._nodes]
        if len(kept) < len(edge.nodes):
            return Unknown(f"needs.{edge.job}")
        return freeze(job_facts(kept[0].ending) if len(kept) == 1 else job_facts(job_ending(kept), kept))

    def _told(self, job: str) -> Value:
        if job not in self._jobs:
            self._jobs[job] = self._entry(job, has_status=True)
        return self._jobs[job]

    def _entry(self, job: str, *, has_status: bool) -> Value:
        ending = self._endings.get(job)
        if ending is None:
            return Unknown(f"{'jobs' if has_status else 'needs'}.{job}")
        has_matrix = self._file.workflow.jobs[job].matrix is not None
        return freeze(job_facts(ending, self._variants[job] if has_matrix else None, has_status=has_status))

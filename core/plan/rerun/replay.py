"""The nodes of a file one after another, each behind those it waits for, with what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from core.errors import InvalidExpressionError, InvalidMatrixError
from core.plan.compile import Producers, expand_job, strategy_facts
from core.plan.conditions import Act
from core.plan.foresight import Unknown, UnknownYetError
from core.plan.rerun.facts import KeptFacts
from core.plan.rerun.judging import Judge
from core.plan.rerun.parts import Draft, Fate, listed
from core.plan.rerun.wish import NodeName, Selection
from core.plan.results import SUCCEEDED, Result, VariantEnding
from core.plan.standing import Course

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from core.plan.compile import NodeFacts
    from core.plan.matrix import Expansion, Variant
    from core.plan.rerun.parts import Earlier, File
    from core.plan.rerun.wish import Wish
    from core.plan.standing import Edge
    from core.spec.workflow import WorkflowJobSpec

_BAD: Final = frozenset({Result.FAILURE, Result.CANCELLED})


@dataclass(frozen=True, slots=True)
class Replay:
    """One file's part in the planning of a rerun.

    Attributes:
        file: The file.
        wish: What is to run again.
        earlier: The nodes of the attempt before, by their ids in the run.
        ids: The ids, within the file, of the variants whose matrix depends on no other job, by their jobs.
        follow: Gives the part of the file that a node calls, by its job, its facts and its id; raises
            InvalidExpressionError.
        alias: What its jobs are called behind, by the ids of the jobs that call it.
    """

    file: File
    wish: Wish
    earlier: Mapping[str, Earlier]
    ids: Mapping[str, tuple[str, ...]]
    follow: Callable[[WorkflowJobSpec, NodeFacts, str], Replay]
    alias: str = ""

    def fates(self) -> tuple[Fate, ...]:
        """What becomes of the file's nodes, in the order in which they would start.

        Raises:
            InvalidArgumentError: A name is a selector that cannot be read, or has a key that no variant has.
        """
        walk = Walk(self)
        jobs = self.file.workflow.jobs
        return tuple(fate for job in self.file.graph.order for fate in walk.take(jobs[job]))


class Walk:
    """Takes the jobs of a file, each behind those it waits for."""

    def __init__(self, replay: Replay) -> None:
        self._replay = replay
        self._file = replay.file
        self._wish = replay.wish
        self._course = Course(replay.file.graph.vertices, replay.file.graph.ordinary)
        self._known = KeptFacts(replay.file)
        self._producers = Producers(replay.file.names)
        self._judge = Judge(replay.file, replay.wish, self._course)

    def take(self, job: WorkflowJobSpec) -> tuple[Fate, ...]:
        """The fates of a job's nodes; noted for those behind it."""
        edges = self._file.edges(job)
        expansion, drafts = self._drafts(job, edges)
        fates = tuple(self._fate(job, draft, expansion) for draft in drafts)
        self._note(job, edges, drafts, fates)
        return fates

    def _drafts(self, job: WorkflowJobSpec, edges: tuple[Edge, ...]) -> tuple[Expansion | None, tuple[Draft, ...]]:
        facts = self._known.of(job, edges)
        if job.matrix is None:
            own = self._producers.edges(job)
            return None, (Draft(job.id, own, self._known.of(job, own)),)
        unknown = replace(facts, matrix=Unknown("matrix"), strategy=Unknown("strategy"))
        whole = Draft(job.id, edges, unknown)
        if job.id not in self._replay.ids and self._skips_whole(job, whole):
            return None, (whole,)
        resolver = self._file.scene.resolver(self._file.scene.condition(job, facts))
        expansion = expand_job(job, resolver)
        if expansion is None or not expansion.variants:
            fault = resolver.faults[0].message if resolver.faults else ""
            return expansion, (replace(whole, fault=fault),)
        ids = self._replay.ids.get(job.id) or tuple(self._file.claim(each.id) for each in expansion.variants)
        self._producers.add(job.id, expansion, ids)
        pairs = zip(ids, expansion.variants, strict=True)
        return expansion, tuple(self._variant(job, local, variant, expansion) for local, variant in pairs)

    def _variant(self, job: WorkflowJobSpec, local: str, variant: Variant, expansion: Expansion) -> Draft:
        edges, fault = self._file.edges(job), ""
        try:
            edges = self._producers.edges(job, variant, expansion)
        except InvalidMatrixError as error:
            fault = error.message
        facts = replace(self._known.of(job, edges), matrix=variant.values)
        resolver = self._file.scene.resolver(self._file.scene.condition(job, facts))
        if job.matrix is not None:
            strategy = strategy_facts(job.matrix, resolver, variant, len(expansion.variants))
            facts = replace(facts, strategy=strategy)
        return Draft(local, edges, facts, variant, fault)

    def _skips_whole(self, job: WorkflowJobSpec, draft: Draft) -> bool:
        """Whether a matrix job is skipped before its matrix is looked at."""
        try:
            return not self._file.condition(job).reads_matrix and bool(self._idle(job, draft))
        except InvalidExpressionError:
            return False

    def _fate(self, job: WorkflowJobSpec, draft: Draft, expansion: Expansion | None) -> Fate:
        prefix, alias = self._file.prefix, self._replay.alias
        name = NodeName(prefix + job.id, alias + job.id, prefix + draft.local, draft.variant, expansion)
        total = len(expansion.variants) if expansion is not None else 0
        earlier = self._replay.earlier.get(name.node)
        title = earlier.name if earlier is not None else draft.variant.name if draft.variant is not None else job.id
        fate = Fate(node=name.node, job=name.job, name=title, keeps=False, why="", variant=draft.variant, total=total)
        outputs = self._wish.outputs_of(name)
        is_named = self._wish.is_named(name)
        if outputs is not None:
            ending = replace(SUCCEEDED, outputs=dict(outputs), attempts=0, exit_code=None)
            return replace(fate, keeps=True, why="it counts as done, by hand", ending=ending, is_manual=True)
        if job.call is not None and (is_named or self._wish.selection is Selection.ALL):
            self._notice(f"{fate.node} / ")
        if self._wish.selection is Selection.ALL:
            return replace(fate, why="everything runs again")
        if is_named:
            idle = self._idle(job, draft)
            told = f"it was asked for, but it is skipped again: {idle}" if idle else "it was asked for"
            return replace(fate, why=told, is_named=True, is_idle=bool(idle))
        return self._judged(job, draft, fate)

    def _idle(self, job: WorkflowJobSpec, draft: Draft) -> str:
        """Why a node would not run although it was asked for, as things are; empty if it would, or nobody knows."""
        if self._course.pending(draft.edges, is_finally=job.is_finally):
            return ""
        try:
            decision = self._judge.decision(job, draft)
        except (InvalidExpressionError, UnknownYetError):
            return ""
        return "" if decision.act is Act.RUN else decision.explanation

    def _judged(self, job: WorkflowJobSpec, draft: Draft, fate: Fate) -> Fate:
        """The fate of a node that nobody named."""
        earlier = self._replay.earlier.get(fate.node)
        blocked = self._course.pending(draft.edges, is_finally=job.is_finally)
        if job.call is not None and (blocked or earlier is None):
            self._notice(f"{fate.node} / ")
        if earlier is not None and job.call is not None and not blocked and earlier.ending.result is not Result.SKIPPED:
            fate = self._with_called(job, draft, fate)
        if self._wish.only and earlier is not None and not fate.why:
            return replace(fate, keeps=True, why="only what was asked for runs again", ending=earlier.ending)
        if job.is_finally:
            is_routine = earlier is not None and earlier.ending.result not in _BAD
            return replace(fate, why="a finally job runs again every time", is_routine=is_routine)
        if blocked or earlier is None:
            told = f"it waits for {listed(blocked)}, which {_runs(blocked)} again"
            return replace(fate, why=told if blocked else "the attempt before had no such node")
        if fate.why:
            return fate
        keeps, why = self._judge.standing(job, draft, earlier)
        return replace(fate, keeps=keeps, why=why, ending=earlier.ending if keeps else None)

    def _with_called(self, job: WorkflowJobSpec, draft: Draft, fate: Fate) -> Fate:
        """A node's fate with those of the file that it calls: if one of them runs again, so does the node."""
        try:
            called = self._replay.follow(job, draft.facts, fate.node).fates()
        except InvalidExpressionError as error:
            return replace(fate, why=error.message)
        again = [each.node for each in called if not each.keeps and not each.is_routine]
        if again:
            return replace(fate, why=f"{listed(again)} of its file {_runs(again)} again", called=called)
        if done := [each.node for each in called if each.is_manual]:
            return replace(fate, why=f"{listed(done)} of its file {_counts(done)} as done, by hand", called=called)
        return replace(fate, called=tuple(each if each.keeps else self._kept_with_file(each) for each in called))

    def _kept_with_file(self, fate: Fate) -> Fate:
        """The fate of a finally job of a file of which nothing else runs again."""
        ending = self._replay.earlier[fate.node].ending
        why = "nothing of its file runs again"
        return replace(fate, keeps=True, is_routine=False, why=why, ending=ending)

    def _notice(self, prefix: str) -> None:
        """Names below a node whose file cannot be looked at mean something all the same."""
        for node, earlier in self._replay.earlier.items():
            if node.startswith(prefix):
                self._wish.is_named(NodeName(earlier.job, earlier.job, node))

    def _note(
        self, job: WorkflowJobSpec, edges: tuple[Edge, ...], drafts: tuple[Draft, ...], fates: tuple[Fate, ...]
    ) -> None:
        """Let those behind it see what is kept of a job."""
        variants: list[VariantEnding] = []
        for draft, fate in zip(drafts, fates, strict=True):
            if draft.variant is not None and fate.ending is not None:
                told = VariantEnding(fate.node, fate.name, draft.variant.index, draft.variant.values, fate.ending)
                self._known.note_variant(draft.local, told)
                self._course.note(draft.local, fate.ending.result, draft.edges)
                variants.append(told)
        first = fates[0].ending
        if any(fate.ending is None for fate in fates) or first is None:
            return
        ending = self._known.note(job.id, variants or first)
        everything = tuple(dict.fromkeys(edge for draft in drafts for edge in draft.edges)) or edges
        self._course.note(job.id, ending.result, everything)


def _runs(names: Sequence[str]) -> str:
    return "runs" if len(names) == 1 else "run"


def _counts(names: Sequence[str]) -> str:
    return "counts" if len(names) == 1 else "count"

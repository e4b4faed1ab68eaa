"""Runs of workflows as they would go, for planning the reruns after them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from core.engine.workflow.frame import root_frame
from core.engine.workflow.replaying import FrameReplays
from core.plan.conditions import Act
from core.plan.reading import read_workflow
from core.plan.rerun import Earlier, Fate, Selection, Wish
from core.plan.rerun.replay import Walk
from core.plan.results import SUCCEEDED, Ending, Outcome, Reason, Result, skipped
from core.settings import EngineSettings
from core.testing.factories import a_workflow_run

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from core.engine.workflow.frame import Frame
    from core.plan.matrix import Expansion
    from core.plan.rerun import Replay
    from core.plan.rerun.parts import Draft
    from core.spec.workflow import WorkflowJobSpec

FAILED: Final = Ending(Result.FAILURE, Outcome.FAILURE, attempts=1, exit_code=1)
TOLERATED: Final = Ending(Result.SUCCESS, Outcome.FAILURE, attempts=1, exit_code=1)
TIMED_OUT: Final = Ending(Result.FAILURE, Outcome.TIMED_OUT, attempts=1)
CANCELLED: Final = Ending(Result.CANCELLED, Outcome.CANCELLED, Reason.CANCELLED)


def wrote(**outputs: str) -> Ending:
    """A success with outputs."""
    return replace(SUCCEEDED, outputs=outputs)


def skipped_for(reason: str) -> Ending:
    """Not run, for a reason."""
    return skipped(Reason(reason))


def a_frame(text: str, files: Mapping[str, str] | None = None, **inputs: object) -> Frame:
    """The frame of a run of a file."""
    known = dict(files or {})
    reading = read_workflow(text, "ci.yaml", known.__getitem__)
    assert reading.spec is not None
    assert not [finding for finding in reading.findings if finding.severity == "error"], reading.findings
    return root_frame(a_workflow_run(inputs=inputs), reading.spec, EngineSettings(home=Path("home")))


class Play(Walk):
    """Runs a file: jobs end as they are told to, if their conditions let them start."""

    def __init__(self, replay: Replay, ends: Mapping[str, Ending], ended: dict[str, Earlier]) -> None:
        super().__init__(replay)
        self._ends = ends
        self._ended = ended

    def _fate(self, job: WorkflowJobSpec, draft: Draft, expansion: Expansion | None) -> Fate:
        node = self._file.prefix + draft.local
        title = draft.variant.name if draft.variant is not None else job.id
        decision = self._judge.decision(job, draft)
        ending = skipped(decision.reason or Reason.CONDITION)
        printed = None
        if decision.act is Act.RUN and job.matrix is not None and expansion is not None and not expansion.variants:
            ending = skipped(Reason.EMPTY_MATRIX)
        elif decision.act is Act.RUN:
            ending = self._ends.get(node, SUCCEEDED)
            printed = self._file.fingerprints.of(job, draft.facts)
            if job.call is not None:
                inner = self._replay.follow(job, draft.facts, node)
                fates = tuple(Play(inner, self._ends, self._ended).everything())
                ending = FAILED if any(each.ending == FAILED for each in fates) else SUCCEEDED
        self._ended[node] = Earlier(self._file.prefix + job.id, title, ending, printed)
        total = len(expansion.variants) if expansion is not None else 0
        return Fate(
            node=node, job=job.id, name=title, keeps=True, why="", ending=ending, variant=draft.variant, total=total
        )

    def everything(self) -> Iterator[Fate]:
        """All jobs of the file, one after another."""
        for job in self._file.graph.order:
            yield from self.take(self._file.workflow.jobs[job])


@dataclass(frozen=True)
class Played:
    """A run that has ended.

    Attributes:
        earlier: Its nodes.
    """

    text: str
    files: Mapping[str, str]
    inputs: Mapping[str, object]
    earlier: Mapping[str, Earlier] = field(default_factory=dict[str, Earlier])

    def again(self, wish: Wish | None = None, text: str = "", **inputs: object) -> dict[str, Fate]:
        """What becomes of the nodes in a further attempt, possibly with another file or other inputs."""
        frame = a_frame(text or self.text, self.files, **{**self.inputs, **inputs})
        replay = FrameReplays(self.earlier, wish or Wish()).of(frame)
        return {each.node: each for fate in replay.fates() for each in fate.with_called()}

    def kept(self, wish: Wish | None = None, text: str = "", **inputs: object) -> set[str]:
        """The nodes that are kept then."""
        return {node for node, fate in self.again(wish, text, **inputs).items() if fate.keeps}

    def with_change(self, node: str, **changes: object) -> Played:
        """The same with something else about a node that has ended."""
        return replace(self, earlier={**self.earlier, node: replace(self.earlier[node], **changes)})


def played(
    text: str, ends: Mapping[str, Ending] | None = None, files: Mapping[str, str] | None = None, **inputs: object
) -> Played:
    """A run of a file; nodes end with success unless told otherwise."""
    ended: dict[str, Earlier] = {}
    replay = FrameReplays({}, Wish()).of(a_frame(text, files, **inputs))
    list(Play(replay, ends or {}, ended).everything())
    return Played(text, files or {}, inputs, ended)


def jobs(*names: str, only: bool = False) -> Wish:
    """Jobs by their names."""
    return Wish(selection=Selection.JOBS, names=names, only=only)

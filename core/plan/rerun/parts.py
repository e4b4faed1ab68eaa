"""What the planning of a rerun works with: a file of a run, how its nodes ended before, what becomes of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from core.plan.ancestry import Ancestry
    from core.plan.compile import Fingerprints, NodeFacts, Scene
    from core.plan.conditions import JobCondition
    from core.plan.fingerprint import Fingerprint
    from core.plan.graph import Graph
    from core.plan.jobs import JobNames
    from core.plan.matrix import Variant
    from core.plan.results import Ending
    from core.plan.standing import Edge
    from core.spec.workflow import WorkflowJobSpec, WorkflowSpec

_MOST_NAMED: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A workflow file of a run: the run's own, or one that a node calls.

    Attributes:
        prefix: What the ids of its nodes begin with.
        workflow: The file.
        graph: The order of its jobs.
        names: The names of its jobs.
        ancestry: Which jobs are above which.
        scene: What its conditions are given.
        fingerprints: What the successes of its nodes are of.
        edges: What a job waits for before its variants are known.
        condition: What decides whether a job runs; raises InvalidExpressionError.
        claim: Makes an id that no other node of the file has.
    """

    prefix: str
    workflow: WorkflowSpec
    graph: Graph
    names: JobNames
    ancestry: Ancestry
    scene: Scene
    fingerprints: Fingerprints
    edges: Callable[[WorkflowJobSpec], tuple[Edge, ...]]
    condition: Callable[[WorkflowJobSpec], JobCondition]
    claim: Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Earlier:
    """A node of the attempt before.

    Attributes:
        job: Its job's id in the run.
        name: For people.
        ending: How it ended.
        fingerprint: What its success is of; none if that was not noted.
        gone: What is not there any more of what it left, in words.
        stale: What else has changed under it, in words, such as its image.
        is_manual: Whether somebody gave its result by hand.
    """

    job: str
    name: str
    ending: Ending
    fingerprint: Fingerprint | None = None
    gone: str = ""
    stale: str = ""
    is_manual: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What becomes of a node in a further attempt.

    Attributes:
        node: Its id in the run.
        job: Its job's id in the run.
        name: For people.
        keeps: Whether a result stands without its running.
        why: In words.
        ending: The result that stands.
        variant: Its variant, if the matrix is known.
        total: How many variants its job has.
        is_manual: Whether the result is one that somebody gives by hand now.
        is_routine: Whether it runs since such nodes always do, and not since something asks for it.
        is_named: Whether it was asked for by its name.
        is_idle: Whether it would be skipped all the same, then.
        called: What becomes of the nodes of the file that it calls, as far as they are known.
    """

    node: str
    job: str
    name: str
    keeps: bool
    why: str
    ending: Ending | None = None
    variant: Variant | None = None
    total: int = 0
    is_manual: bool = False
    is_routine: bool = False
    is_named: bool = False
    is_idle: bool = False
    called: tuple[Fate, ...] = ()

    def with_called(self) -> Iterator[Fate]:
        """This node's fate, and those of the nodes of the file that it calls."""
        yield self
        for fate in self.called:
            yield from fate.with_called()


@dataclass(frozen=True, slots=True)
class Draft:
    """A node whose fate is looked for.

    Attributes:
        local: Its id within the file.
        edges: What it waits for.
        facts: What its expressions are given, as far as it is known.
        variant: Its variant, if the matrix is known.
        fault: Why it cannot run at all.
    """

    local: str
    edges: tuple[Edge, ...]
    facts: NodeFacts
    variant: Variant | None = None
    fault: str = ""


def listed(names: Sequence[str]) -> str:
    """Names in a row; of many, the first few."""
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")

"""How a run's jobs stand, as the status functions of conditions ask.

Results count after tolerance. A failure counts from any ancestor; a job that was skipped counts for those that need it
directly, and is forgotten below a job that ran nevertheless. While a plan is made, a job may still end in several ways:
what depends on that is not known yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.errors import InvalidExpressionError
from core.frozen import quickly_made
from core.plan.expressions.letters import fold
from core.plan.foresight import unknown_call
from core.plan.nearness import did_you_mean
from core.plan.results import Result

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_STOPPED: Final = frozenset({Result.FAILURE, Result.CANCELLED})
_FAILED: Final = frozenset({Result.FAILURE})
_FINE: Final = frozenset({Result.SUCCESS})
_ALONE: Final = {result: frozenset((result,)) for result in Result}
_SPARED: Final = frozenset({Result.SUCCESS, Result.SKIPPED})


@quickly_made
@dataclass(frozen=True, slots=True)
class Edge:
    """What a node waits for.

    Attributes:
        job: The job that must end first.
        nodes: The variants of it that must, if not the whole job.
        counts: Whether its result counts for the node: that of ``needs`` does, that of ``after`` does not.
        optional: Whether it may have been skipped.
        artifacts: Whether the node is given its artifacts.
    """

    job: str
    nodes: tuple[str, ...] | None = None
    counts: bool = True
    optional: bool = False
    artifacts: bool = True

    @property
    def ends(self) -> tuple[str, ...]:
        """The job or the nodes, whose endings are waited for."""
        return (self.job,) if self.nodes is None else self.nodes


@dataclass(frozen=True, slots=True)
class _Noted:
    """How a job or node may have ended, and whether it or one above it did so badly; none means not known."""

    results: frozenset[Result]
    has_failure: bool | None
    has_stop: bool | None


_WELL: Final = _Noted(_FINE, has_failure=False, has_stop=False)
"""It has succeeded, and so has all above it: what most come to, and what needs no second look."""


class Course:
    """What has ended in a run so far. A job or node is noted after those it needs; each costs its own edges.

    Args:
        jobs: The ids of all jobs.
        ordinary: Those that are no finally jobs.

    Attributes:
        is_cancelling: Whether the run is being cancelled; none if that is not known.
    """

    def __init__(self, jobs: Iterable[str], ordinary: Iterable[str]) -> None:
        self.is_cancelling: bool | None = False
        self._noted: dict[str, _Noted] = {}
        self._jobs = {fold(job): job for job in jobs}
        self._ordinary = tuple(ordinary)

    def note(self, name: str, results: Result | Iterable[Result], edges: Sequence[Edge]) -> None:
        """Note that a job or node has ended.

        Args:
            name: The job, or a node of a matrix job, whose job is noted as well once all its nodes have ended.
            results: Its result, or all that are possible while a plan is made.
            edges: What it waited for; of a matrix job, what any of its variants did.
        """
        if results is Result.SUCCESS and self._are_well(edges):
            self._noted[name] = _WELL
            return
        possible = _ALONE[results] if isinstance(results, Result) else frozenset(results)
        above = [self._noted[end] for edge in edges if edge.counts for end in edge.ends if end in self._noted]
        failed, stopped = _among(possible, _FAILED), _among(possible, _STOPPED)
        self._noted[name] = _Noted(possible, _any([failed, _has_failure(above)]), _any([stopped, _has_stop(above)]))

    def has_ended(self, name: str) -> bool:
        """Whether a job or node was noted."""
        return name in self._noted

    def results(self, name: str) -> frozenset[Result]:
        """The results that a job or node has, or may have; empty if it was not noted."""
        noted = self._noted.get(name)
        return noted.results if noted is not None else frozenset()

    def pending(self, edges: Iterable[Edge], *, is_finally: bool = False) -> tuple[str, ...]:
        """The jobs and nodes that have not ended and that a node with these edges waits for."""
        names = [end for edge in edges for end in edge.ends]
        names += self._ordinary if is_finally else ()
        return tuple(dict.fromkeys(name for name in names if name not in self._noted))

    def standing(self, edges: Sequence[Edge], *, is_finally: bool = False) -> NodeStanding:
        """What the status functions of one node answer."""
        return NodeStanding(self, edges, is_finally=is_finally)

    def named(self, name: str) -> frozenset[Result]:
        """The results of a job that a condition names, whatever its case.

        Raises:
            InvalidExpressionError: No such job has ended.
        """
        found = self._jobs.get(fold(name), name)
        if found not in self._noted:
            message = f"'{name}' is no job that has ended before this one"
            raise InvalidExpressionError(message, hint=did_you_mean(name, self._jobs.values()) or "name a job it needs")
        return self._noted[found].results

    def went_well(self, edges: Sequence[Edge]) -> bool:
        """Whether all that a node waits for has succeeded, and all above it, and the run goes on: `success` is true.

        It may be true without that; then `standing` tells.
        """
        return self.is_cancelling is False and self._are_well(edges)

    def _are_well(self, edges: Sequence[Edge]) -> bool:
        noted = self._noted
        for edge in edges:
            for end in (edge.job,) if edge.nodes is None else edge.nodes:
                if noted.get(end) is not _WELL:
                    return False
        return True

    def failed_above(self, edges: Sequence[Edge], *, is_finally: bool) -> bool | None:
        """Whether an ancestor has failed; none if that is not known."""
        return _has_failure(self._above(edges, is_finally=is_finally))

    def stopped_above(self, edges: Sequence[Edge], *, is_finally: bool) -> bool | None:
        """Whether an ancestor has failed or was cancelled; none if that is not known."""
        return _has_stop(self._above(edges, is_finally=is_finally))

    def _above(self, edges: Sequence[Edge], *, is_finally: bool) -> list[_Noted]:
        names = [end for edge in edges if edge.counts for end in edge.ends]
        names += self._ordinary if is_finally else ()
        return [self._noted[name] for name in names if name in self._noted]


class NodeStanding:
    """The answers of the status functions for one node."""

    def __init__(self, course: Course, edges: Sequence[Edge], *, is_finally: bool) -> None:
        self._course = course
        self._edges = edges
        self._is_finally = is_finally

    def is_success(self, jobs: Sequence[str]) -> bool:
        """Whether all went well, or did for the named jobs."""
        return _known("success", self.success(jobs))

    def is_failure(self, jobs: Sequence[str]) -> bool:
        """Whether an ancestor failed, or one of the named jobs did."""
        return _known("failure", self.failure(jobs))

    def is_cancelled(self) -> bool:
        """Whether the run is being cancelled."""
        return _known("cancelled", self._course.is_cancelling)

    def success(self, jobs: Sequence[str] = ()) -> bool | None:
        """As `is_success`; none if that is not known."""
        goes_on = _opposite(self._course.is_cancelling)
        if jobs:
            return _all([goes_on, *(_among(self._course.named(job), _FINE) for job in jobs)])
        stopped = self._course.stopped_above(self._edges, is_finally=self._is_finally)
        return _all([goes_on, _opposite(stopped), *(_among(results, fine) for _, results, fine in self._direct())])

    def failure(self, jobs: Sequence[str] = ()) -> bool | None:
        """As `is_failure`; none if that is not known."""
        if jobs:
            failed = _any([_among(self._course.named(job), _FAILED) for job in jobs])
        else:
            failed = self._course.failed_above(self._edges, is_finally=self._is_finally)
        return _all([_opposite(self._course.is_cancelling), failed])

    def unmet(self) -> tuple[tuple[str, Result], ...]:
        """The direct needs that keep ``success()`` from being true, with their results."""
        return tuple((name, next(iter(results))) for name, results, fine in self._direct() if not results & fine)

    def _direct(self) -> list[tuple[str, frozenset[Result], frozenset[Result]]]:
        """What it needs directly: name, results, and the results that are fine."""
        return [
            (end, self._course.results(end), _SPARED if edge.optional else _FINE)
            for edge in self._edges
            if edge.counts
            for end in edge.ends
        ]


def _among(results: frozenset[Result], wanted: frozenset[Result]) -> bool | None:
    """Whether a result is one of those wanted; none if it may be."""
    return False if not results & wanted else True if results <= wanted else None


def _any(found: Sequence[bool | None]) -> bool | None:
    return True if True in found else None if None in found else False


def _all(found: Sequence[bool | None]) -> bool | None:
    return False if False in found else None if None in found else True


def _has_failure(above: Iterable[_Noted]) -> bool | None:
    return _any([each.has_failure for each in above])


def _has_stop(above: Iterable[_Noted]) -> bool | None:
    return _any([each.has_stop for each in above])


def _opposite(found: bool | None) -> bool | None:  # noqa: FBT001 - a truth of three values
    return None if found is None else not found


def _known(function: str, found: bool | None) -> bool:  # noqa: FBT001 - a truth of three values
    return unknown_call(function) if found is None else found

"""A run on its time axis: when each node waited, ran and was tried again, in shares of the whole width."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import quote

from orcaops_mcp.web.filters import duration
from orcaops_mcp.web.words import look_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from core import NodeJob, NodeTry, WorkflowNode

MOST_ROWS: Final = 300
"""More are not drawn: the table of jobs has them."""

_STEPS_S: Final = (
    *(0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30),
    *(60, 120, 300, 600, 1800, 3600, 7200, 14_400, 43_200, 86_400),
)
_MOST_TICKS: Final = 8
_LEAST_SPAN_S: Final = 0.1
_HEADROOM: Final = 0.1
_LEAST_HEADROOM_S: Final = 5.0
"""What still runs has room to grow before the axis is drawn anew."""
_LABEL_FITS: Final = 84.0
"""Behind this share of the width there is no room for a label behind its bar."""
_LABEL_WIDTH: Final = 14.0
"""A bar of this share has room for its label."""
_SEEN_S: Final = 0.05
"""Nobody sees a shorter wait."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the grid.

    Attributes:
        at: Its place, in percent of the width.
        text: What stands there.
    """

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a row.

    Attributes:
        at: Where it begins, in percent.
        width: How long it is, in percent.
    """

    at: float
    width: float


@dataclass(frozen=True, slots=True)
class Bar:
    """A try at a node.

    Attributes:
        place: Where it is drawn.
        status: How it ended, or ``running``.
        start_s: Where it begins, in seconds.
        is_open: Whether it goes on.
        text: Its length in words.
        side: Where that stands, so that it has room: behind the bar, before it, or inside of it.
        said: All of it in a sentence.
        address: The page of its job.
    """

    place: Stretch
    status: str
    start_s: float
    is_open: bool
    text: str
    side: Literal["behind", "before", "inside"]
    said: str
    address: str


@dataclass(frozen=True, slots=True)
class Row:
    """A node.

    Attributes:
        node_id: The node.
        name: What it is called.
        status: Where it stands.
        address: Of its page.
        bars: Its tries.
        waits: When it was ready and did not run.
        note: What there is to say of a node without a bar.
    """

    node_id: str
    name: str
    status: str
    address: str
    bars: tuple[Bar, ...]
    waits: tuple[Stretch, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """An attempt of a run.

    Attributes:
        rows: In the order in which the nodes started; those that did not behind them.
        ticks: Lines of the grid.
        span_s: What the whole width stands for.
        elapsed_s: Where the present moment is; None once all has ended.
        left_out: Nodes that are not drawn.
    """

    rows: tuple[Row, ...]
    ticks: tuple[Tick, ...]
    span_s: float
    elapsed_s: float | None
    left_out: int


def timeline(
    workflow_id: str,
    nodes: Sequence[WorkflowNode],
    jobs: Iterable[NodeJob],
    began_at: datetime,
    *,
    now: datetime | None = None,
) -> Timeline:
    """The time axis of an attempt.

    Args:
        workflow_id: The run.
        nodes: Of the attempt.
        jobs: That ran them.
        began_at: Where the axis begins.
        now: The present moment, where something may still run; None once the attempt has ended.
    """
    ended = [node.finished_at for node in nodes if node.finished_at is not None and node.kept_from is None]
    end = now or max(ended, default=began_at)
    passed_s = max(_LEAST_SPAN_S, (end - began_at).total_seconds())
    span_s = passed_s + (max(_LEAST_HEADROOM_S, passed_s * _HEADROOM) if now else 0)
    of_job = {job.job_id: job for job in jobs}
    axis = _Axis(workflow_id, began_at, span_s, now, of_job, _ends(nodes), _last_end(nodes, began_at))
    ordered = sorted(nodes, key=_by_start)
    return Timeline(
        tuple(map(axis.row, ordered[:MOST_ROWS])),
        tuple(_ticks(span_s)),
        span_s,
        None if now is None else (now - began_at).total_seconds(),
        max(0, len(ordered) - MOST_ROWS),
    )


def node_address(workflow_id: str, node_id: str, attempt: int | None = None) -> str:
    """Of a node's own page."""
    chosen = f"?attempt={attempt}" if attempt is not None else ""
    return f"/workflows/{workflow_id}/nodes/{quote(node_id, safe='')}{chosen}"


@dataclass(frozen=True, slots=True)
class _Axis:
    """Where moments stand."""

    workflow_id: str
    began_at: datetime
    span_s: float
    now: datetime | None
    jobs: Mapping[str, NodeJob]
    ends: Mapping[str, datetime]
    last_end: datetime
    """Of the jobs that are no finally jobs."""

    def row(self, node: WorkflowNode) -> Row:
        own = node_address(self.workflow_id, node.node_id)
        bars: list[Bar] = []
        waits: list[Stretch] = []
        awaited = [self.last_end] if node.is_finally else [self.ends[need] for need in node.needs if need in self.ends]
        ready = max([self.began_at, *awaited])
        for each in node.tries if node.kept_from is None else ():
            job = self.jobs.get(each.job_id)
            start = job.started_at if job is not None else each.started_at
            end = each.finished_at or (job.finished_at if job is not None else None)
            until = start or end or self.now
            if until is not None and (until - ready).total_seconds() > _SEEN_S:
                waits.append(self._stretch(ready, until))
            if start is not None:
                bars.append(self._bar(node, each, start, end, waited_s=(start - ready).total_seconds()))
            ready = end or ready
        return Row(
            node.node_id, node.name or node.node_id, node.status.value, own, tuple(bars), tuple(waits), _note(node)
        )

    def _bar(self, node: WorkflowNode, each: NodeTry, start: datetime, end: datetime | None, *, waited_s: float) -> Bar:
        place = self._stretch(start, end or self.now or start)
        status = _status_of(each)
        took = ((end or self.now or start) - start).total_seconds()
        facts = [
            f"{node.name or node.node_id}: {look_of(status).word}",
            f"try {each.number}" if len(node.tries) > 1 else "",
            f"began after {duration((start - self.began_at).total_seconds())}",
            f"waited {duration(waited_s)}" if waited_s > _SEEN_S else "",
            f"{'has run' if end is None else 'ran'} {duration(took)}",
            f"exit code {each.exit_code}" if each.exit_code is not None else "",
        ]
        return Bar(
            place,
            status,
            (start - self.began_at).total_seconds(),
            end is None and self.now is not None,
            duration(took),
            _side(place),
            ", ".join(filter(None, facts)),
            f"/jobs/{each.job_id}",
        )

    def _stretch(self, start: datetime, end: datetime) -> Stretch:
        at = min(100.0, max(0.0, (start - self.began_at).total_seconds() / self.span_s * 100))
        width = max(0.0, (end - start).total_seconds() / self.span_s * 100)
        return Stretch(round(at, 3), round(min(width, 100 - at), 3))


def _side(place: Stretch) -> Literal["behind", "before", "inside"]:
    if place.at + place.width <= _LABEL_FITS:
        return "behind"
    return "inside" if place.width >= _LABEL_WIDTH else "before"


def _ends(nodes: Iterable[WorkflowNode]) -> dict[str, datetime]:
    """When nodes and whole jobs ended, by their ids; those kept of an earlier attempt had ended before this began."""
    found: dict[str, datetime] = {}
    for node in nodes:
        if node.finished_at is not None and node.kept_from is None:
            for name in (node.node_id, node.job):
                found[name] = max(node.finished_at, found.get(name, node.finished_at))
    return found


def _last_end(nodes: Iterable[WorkflowNode], began_at: datetime) -> datetime:
    """When the last of the jobs ended that are no finally jobs."""
    ends = (node.finished_at for node in nodes if not node.is_finally and node.kept_from is None)
    return max(filter(None, ends), default=began_at)


def _by_start(node: WorkflowNode) -> tuple[bool, datetime, int]:
    has_run = node.started_at is not None and node.kept_from is None
    return not has_run, (node.started_at if has_run else None) or datetime.max.replace(tzinfo=UTC), node.position


def _status_of(each: NodeTry) -> str:
    if each.outcome is None:
        return "running"
    return "failed" if each.outcome == "failure" else each.outcome.value


def _note(node: WorkflowNode) -> str:
    if node.kept_from is not None:
        given = f"given by {node.kept_from.by}" if node.kept_from.by else "given by hand"
        return f"kept from attempt {node.kept_from.attempt}" if node.kept_from.attempt else given
    return "" if node.tries else look_of(node.status).word.lower()


def _ticks(span_s: float) -> Iterator[Tick]:
    step = next((each for each in _STEPS_S if span_s / each <= _MOST_TICKS), span_s / _MOST_TICKS)
    for number in range(int(span_s / step) + 1):
        seconds = round(number * step, 3)
        yield Tick(round(seconds / span_s * 100, 3), "0s" if not number else duration(seconds))

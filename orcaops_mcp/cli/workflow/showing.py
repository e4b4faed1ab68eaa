"""A run as people and scripts watch it: a tree that is drawn over itself, a line a change, or objects of JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Protocol

from orcaops_mcp.cli.screen import Screen, ScreenLine
from orcaops_mcp.cli.text import shown, span_text
from orcaops_mcp.cli.workflow.following import UNWATCHED_S
from orcaops_mcp.cli.workflow.tree import Branch, branches, counts_text, present, remark_of, seconds_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from orcaops_mcp.cli.output import Output
    from orcaops_mcp.cli.workflow.following import RunState
    from orcaops_mcp.cli.workflow.tree import Node

Run = dict[str, Any]

_CLOCK_S: Final = 1.0
_PAUSE_S: Final = 0.1
_WIDEST: Final = 40
_UNDER_WAY: Final = frozenset({"running", "failed", "timed_out", "cancelled"})
_LATER: Final = ("waiting", "success", "skipped")
"""What is left out where there is no room for all, the first first."""


class Show(Protocol):
    """Shows a run while it goes on."""

    beat_s: float
    """How often to show it although nothing changed."""
    pause_s: float
    """How long to leave it alone after it was shown."""

    def update(self, state: RunState) -> None:
        """Show how it stands now."""
        ...

    def note(self, text: str) -> None:
        """Say something that concerns the watching, from wherever a signal came."""
        ...


def show_of(out: Output, tell: Callable[[str], None] | None = None) -> Show:
    """What fits the reader of standard output.

    Args:
        out: Where to.
        tell: Where a line goes that tells a change; standard output if None.
    """
    if out.is_json:
        return Objects(out)
    return Picture(out) if out.has_terminal else Teller(out, tell or out.text)


class Picture:
    """The run as a tree on a terminal, never higher than it; matrix jobs are folded.

    Args:
        out: Where to.
    """

    beat_s = _CLOCK_S
    pause_s = _PAUSE_S

    def __init__(self, out: Output) -> None:
        self._screen = Screen(out)
        self._notice = ""

    def note(self, text: str) -> None:
        """Say something below the tree."""
        self._notice = shown(text)

    def update(self, state: RunState) -> None:
        """Draw how it stands now."""
        now = present()
        body = list(folded(branches(state.nodes.values()), max(1, self._screen.room - 3), now))
        notice = [ScreenLine("", self._notice)] if self._notice and not state.has_ended else []
        self._screen.draw([ScreenLine(str(state.run["status"]), head_text(state.run, now)), *body, *notice])


class Teller:
    """Tells each change on a line of its own: time, job, state and why, with tabs between them.

    Args:
        out: Where notes go.
        tell: Where the lines go.
    """

    beat_s = UNWATCHED_S
    pause_s = 0.0

    def __init__(self, out: Output, tell: Callable[[str], None]) -> None:
        self._out = out
        self._tell = tell
        self._told: dict[str, tuple[str, str]] = {}

    def note(self, text: str) -> None:
        """Say something on standard error."""
        self._out.remark_at_once(text)

    def update(self, state: RunState) -> None:
        """Say what has not been said yet; what waits is not told before it has begun."""
        now = present()
        for node in state.changed:
            if node["status"] != "waiting" or node["id"] in self._told:
                why = "" if node["status"] == "running" else remark_of(node, now)
                self._once(str(node["id"]), str(node["status"]), why, is_timed=node["status"] == "waiting")
        self._once(str(state.run["workflow_id"]), str(state.run["status"]), "")
        self._out.flush()

    def _once(self, name: str, status: str, why: str, *, is_timed: bool = False) -> None:
        told = (status, "" if is_timed else why)
        if self._told.get(name) == told:
            return
        self._told[name] = told
        at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        self._tell("\t".join([at, *map(shown, (name, status, why))]).rstrip("\t"))


class Objects:
    """Prints each change as an object of JSON on a line of its own.

    Args:
        out: Where to.
    """

    beat_s = UNWATCHED_S
    pause_s = 0.0

    def __init__(self, out: Output) -> None:
        self._out = out
        self._status = ""

    def note(self, text: str) -> None:
        """Say something on standard error."""
        self._out.remark_at_once(text)

    def update(self, state: RunState) -> None:
        """Print the nodes that changed, and the run's status if it did."""
        for node in state.changed:
            self._out.event({"type": "node", **node})
        if state.run["status"] != self._status:
            self._status = str(state.run["status"])
            names = ("workflow_id", "name", "attempt", "status")
            self._out.event({"type": "state", **{name: state.run[name] for name in names}})


def head_text(run: Run, now: datetime) -> str:
    """What a run is called, which it is, how long it takes, and who asked for it."""
    took = seconds_of(run, now)
    clock = f"waits {span_text(max(0.0, _age(run, now)))}" if took is None else span_text(took)
    again = f" · attempt {run['attempt']}" if run["attempt"] > 1 else ""
    return f"{shown(run['run_name'])}  {run['workflow_id']} · {clock}{again} · by {shown(run['trigger'])}"


def tree_lines(found: Sequence[Branch], now: datetime) -> Iterator[ScreenLine]:
    """Every job with its variants below it."""
    width = min(_WIDEST, max((len(branch.title()) for branch in found), default=0))
    for branch in found:
        yield _line(branch, width, now)
        if branch.has_variants:
            inner = min(_WIDEST, max(len(shown(node["name"])) for node in branch.nodes))
            for node in branch.nodes:
                text = f"{shown(node['name']):<{inner}}  {remark_of(node, now)}".rstrip()
                yield ScreenLine(_shape(node), text, 1)


def folded(found: Sequence[Branch], room: int, now: datetime) -> Iterator[ScreenLine]:
    """The jobs without their variants; where there is no room for all, those that wait or went well are counted.

    Args:
        found: All jobs.
        room: At most so many lines.
        now: The present moment.
    """
    chosen = list(found)
    for status in _LATER:
        if len(chosen) <= room:
            break
        chosen = [branch for branch in chosen if branch.status != status or branch.is_in_trouble]
    chosen = chosen[: room - 1] if len(chosen) > room or len(chosen) < len(found) else chosen
    width = min(_WIDEST, max((len(branch.title()) for branch in chosen), default=0))
    yield from (_line(branch, width, now) for branch in chosen)
    left_out = [node for branch in found if branch not in chosen for node in branch.nodes]
    if left_out:
        yield ScreenLine("", f"and {counts_text(left_out)}")


def _line(branch: Branch, width: int, now: datetime) -> ScreenLine:
    status = branch.status if branch.has_variants else _shape(branch.nodes[0])
    if branch.has_variants and branch.is_in_trouble and status == "running":
        status = next(_shape(node) for node in branch.nodes if _shape(node) in _UNDER_WAY - {"running"})
    return ScreenLine(status, f"{branch.title():<{width}}  {branch.remark(now)}".rstrip())


def _shape(node: Node) -> str:
    """The shape of a node; one whose failure is tolerated looks like a warning, not like a failure."""
    return "partial" if node["tolerated"] else str(node["status"])


def _age(run: Run, now: datetime) -> float:
    return (now - datetime.fromisoformat(str(run["created_at"]))).total_seconds()

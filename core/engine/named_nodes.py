"""Nodes of a run by the names that people give them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from core.errors import NodeNotFoundError
from core.plan.expressions.letters import fold
from core.plan.findings import shown
from core.plan.matrix import Variant, parse_selector
from core.plan.nearness import did_you_mean
from core.plan.rerun.wish import tidy_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from core.plan.matrix import Selector
    from core.records.workflow_node import WorkflowNode

_PICKS: Final = re.compile(r"[\[#]")
_LISTED: Final = 20


class _Name(NamedTuple):
    """A name as it was written, without regard to case, and what it picks among the variants of that job."""

    written: str
    folded: str
    picks: Selector | None


class NamedNodes:
    """What some names mean, without regard to case.

    A name is the id of a node, of a job for all its variants, of a caller for all that it calls, or a selector such as
    ``test[python=3.12]`` or ``test#3``.

    Args:
        names: As they were written.

    Raises:
        InvalidArgumentError: One of them is a selector that cannot be read.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = [_name_of(name) for name in names]

    def __bool__(self) -> bool:
        return bool(self._names)

    def means(self, node: WorkflowNode) -> bool:
        """Whether one of the names means a node."""
        return any(_is_meant(name, node) for name in self._names)

    def insist(self, workflow_id: str, nodes: Iterable[WorkflowNode]) -> None:
        """Refuse names that mean none of a run's nodes.

        Raises:
            NodeNotFoundError: One of them does, with the names that there are.
        """
        every = tuple(nodes)
        for name in self._names:
            if not any(_is_meant(name, node) or _may_be_meant(name, node) for node in every):
                known = list(dict.fromkeys(each for node in every for each in (node.job, node.node_id)))
                near = did_you_mean(_PICKS.split(name.written)[0], known)
                hint = near or f"there are {', '.join(list(dict.fromkeys(node.job for node in every))[:_LISTED])}"
                raise NodeNotFoundError(f"{workflow_id} has no node '{shown(name.written)}'.", hint=hint)


def _name_of(written: str) -> _Name:
    found = _PICKS.search(written)
    if found is None:
        return _Name(written, fold(tidy_name(written)), None)
    head = tidy_name(written[: found.start()])
    picks = parse_selector(head.rpartition("/")[2].strip() + written[found.start() :])
    return _Name(written, fold(head), picks)


def _is_meant(name: _Name, node: WorkflowNode) -> bool:
    node_id = fold(node.node_id)
    if name.picks is None:
        return name.folded in {node_id, fold(node.job)} or node_id.startswith(f"{name.folded} / ")
    variant = node.variant
    if variant is None or fold(node.job) != name.folded:
        return False
    return name.picks.selects(Variant(node.node_id, node.name, variant.index, variant.values))


def _may_be_meant(name: _Name, node: WorkflowNode) -> bool:
    """Whether a selector picks among the variants of a matrix that is not known yet."""
    is_open = node.variant is None and not node.is_finished
    return name.picks is not None and is_open and fold(node.job) == name.folded

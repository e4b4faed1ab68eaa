"""What jobs of runs find beside them: the services that all jobs of an attempt at a run share.

Whoever carries those services puts up what their jobs need to know; an attempt at a job looks here. Nothing of this is
stored: it is made again from the run's record, secrets included.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from core.backends.base import ContainerState
    from core.records.service import ServiceResult
    from core.records.workflow_node import NodeRef


class SharedEnd(NamedTuple):
    """A shared service that ended by itself, or is gone."""

    result: ServiceResult
    state: ContainerState | None


@dataclass(frozen=True, slots=True)
class SharedPlace:
    """What a job of a run is given.

    Attributes:
        run_id: The run.
        network: The network in which the services stand.
        names: Ids and aliases of the services, in lower case.
        variables: What the job is told of them.
        masked: What its log must not show.
        is_internal: Whether nothing in the network reaches out.
        ends: Those of them that ended by themselves so far.
    """

    run_id: str
    network: str
    names: frozenset[str]
    variables: Mapping[str, str]
    masked: tuple[str, ...]
    ends: Callable[[], tuple[SharedEnd, ...]]
    is_internal: bool = False


class SharedBoard:
    """The places by run and attempt."""

    def __init__(self) -> None:
        self._places: dict[tuple[str, int], SharedPlace] = {}

    def put_up(self, attempt: int, place: SharedPlace) -> None:
        """Let the jobs of a run's attempt find it."""
        self._places[place.run_id, attempt] = place

    def take_off(self, run_id: str, attempt: int) -> None:
        """Jobs find it no more; nothing if they did not."""
        self._places.pop((run_id, attempt), None)

    def of(self, node: NodeRef | None) -> SharedPlace | None:
        """What the job of a node finds; None for a job of its own, or a run without services."""
        return None if node is None else self._places.get((node.workflow_id, node.attempt))

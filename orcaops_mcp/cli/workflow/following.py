"""A run as it goes on, from the engine to whoever shows it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from orcaops_mcp.client.errors import UNREACHABLE, ClientError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orcaops_mcp.client.workflows import WorkflowClient

Run = dict[str, Any]
Node = dict[str, Any]

UNWATCHED_S: Final = 25.0
"""How long the engine is let wait for a change where nobody sees a clock run."""

_MOST_IN_FULL: Final = 200
_PAUSE_S: Final = 0.1
_PATIENCE: Final = 8
"""How often an engine that is away is asked again."""


@dataclass
class RunState:
    """What is known of a run.

    Attributes:
        run: Its document, without nodes.
        nodes: Its nodes by id, in the run's order.
        changed: Those that changed with the last answer.
    """

    run: Run
    nodes: dict[str, Node] = field(default_factory=dict[str, Node])
    changed: tuple[Node, ...] = ()

    @property
    def has_ended(self) -> bool:
        """Whether nothing follows in this attempt."""
        return bool(self.run["finished_at"])


def read_run(client: WorkflowClient, workflow_id: str) -> RunState:
    """A run with all its nodes."""
    run = client.get(workflow_id, nodes="none")
    return RunState(run, _nodes(client, run))


def follow_run(
    client: WorkflowClient, workflow_id: str, *, beat_s: float = UNWATCHED_S, pause_s: float = 0.0
) -> Iterator[RunState]:
    """A run, at once and again with each change, the last time when it has ended.

    An engine that went away is asked again, and started if need be: the run goes on with it.

    Args:
        client: The engine.
        workflow_id: The run.
        beat_s: After so long the state is given again even if nothing changed.
        pause_s: Nothing is asked again sooner than after this; of a large run never at once. What changes meanwhile
            comes together.

    Raises:
        ClientError: The engine refused, or stays away.
    """
    state = read_run(client, workflow_id)
    state.changed = tuple(state.nodes.values())
    yield state
    failures = 0
    if len(state.nodes) > _MOST_IN_FULL:
        pause_s = max(pause_s, _PAUSE_S)
    while not state.has_ended:
        time.sleep(pause_s)
        try:
            _go_on(client, workflow_id, state, beat_s)
        except ClientError as error:
            failures += 1
            if error.code != UNREACHABLE or failures > _PATIENCE:
                raise
            time.sleep(min(2.0, 0.1 * 2**failures))
            continue
        failures = 0
        yield state


def _go_on(client: WorkflowClient, workflow_id: str, state: RunState, beat_s: float) -> None:
    """Wait for a change and take it over."""
    version, attempt = state.run["version"], state.run["attempt"]
    run = client.wait(workflow_id, timeout_s=beat_s, since_version=version)["workflow"]
    changed = run.pop("jobs")
    if run["attempt"] != attempt:  # it was begun again meanwhile: its nodes are others
        changed = list(_nodes(client, run).values())
        state.nodes.clear()
    elif run.get("jobs_left_out"):
        changed = list(client.nodes(workflow_id, since_version=version))
    state.run, state.changed = run, tuple(changed)
    if any(node["id"] not in state.nodes for node in changed) and state.nodes:  # a matrix was expanded in the middle
        state.nodes = _nodes(client, run)
    state.nodes |= {str(node["id"]): node for node in changed}


def _nodes(client: WorkflowClient, run: Run) -> dict[str, Node]:
    """The nodes of a run in its order; with everything about them where they are not too many."""
    detail = "full" if run["summary"]["total"] <= _MOST_IN_FULL else "short"
    return {str(node["id"]): node for node in client.nodes(str(run["workflow_id"]), detail=detail)}

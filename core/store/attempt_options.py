"""What a caller says about a further attempt of a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Required, TypedDict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.records.workflow import WorkflowSource
    from core.records.workflow_node import JsonObject
    from core.store.node_changes import NodeMove
    from core.store.workflow_rows import RunFields


class AttemptOptions(TypedDict, total=False):
    """What is different about a further attempt of a run; what is not given is as in the attempt before."""

    by: Required[str]
    """The door that asks."""
    actor: str
    """Who asks, as far as is known."""
    selection: str
    """What is to run again, in words, such as ``failed``."""
    source: WorkflowSource | None
    """What it is made from."""
    inputs: JsonObject | None
    context: JsonObject | None
    """What expressions see of the surroundings."""
    secrets: tuple[str, ...] | None
    """Names of the secrets it may use."""
    run: RunFields
    """What else changes about the run."""
    idempotency_key: str | None
    """As in `WorkflowStore.submit`."""
    request_digest: str
    """As in `WorkflowStore.submit`."""
    moves: Sequence[NodeMove]
    """As in `WorkflowStore.submit`."""

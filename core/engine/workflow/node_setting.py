"""What is known of a node when its job is made, and again when that job has ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.frozen import quickly_made

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from core.plan.compile import NodeFacts, Scene
    from core.plan.expressions.surroundings import Surroundings
    from core.records.job import Failure
    from core.records.workflow import WorkflowRun
    from core.records.workflow_node import JsonObject
    from core.spec.job import InputFile
    from core.spec.workflow import WorkflowJobSpec, WorkflowSpec


class NodeFaultError(Exception):
    """A node cannot run: its definition does not come to a job that may be run here.

    Attributes:
        failure: Why, as the node's record tells it.
    """

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


@dataclass(frozen=True, slots=True)
class Producer:
    """A job that kept files for another.

    Attributes:
        folder: Below ``$ORCAOPS_NEEDS_DIR``: the job's id in the file, with the variant's id behind it where there are
            several.
        job_id: The job.
    """

    folder: str
    job_id: str


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSetting:
    """A node with everything that its definition may read.

    Attributes:
        run: The run.
        workflow: Of the file the job stands in.
        job: The job in the file.
        node_id: The node.
        scene: Evaluates the file's texts; it knows no secret.
        facts: What is known of the node: services, steps and job are left out.
        name: Of the node, for people.
        variant: The variant's id; empty without a matrix.
        number: Of the try, from 1.
        secrets: What expressions of this file call a secret, and which of the engine's that is.
        producers: The jobs whose files are put in; None if the node takes none.
        services: The context ``services`` as far as the run's own services fill it.
        workspace: Files put into the working directory.
        folder: The caller's own, below which volumes may lie; None for none.
    """

    run: WorkflowRun
    workflow: WorkflowSpec
    job: WorkflowJobSpec
    node_id: str
    scene: Scene
    facts: NodeFacts
    name: str = ""
    variant: str = ""
    number: int = 1
    secrets: Mapping[str, str] = field(default_factory=dict[str, str])
    producers: tuple[Producer, ...] | None = None
    services: Mapping[str, JsonObject] = field(default_factory=dict[str, "JsonObject"])
    workspace: tuple[InputFile, ...] = ()
    folder: Path | None = None

    def job_facts(self, surroundings: Surroundings) -> dict[str, object]:
        """The context ``job`` before the job has begun.

        Args:
            surroundings: Of the node's texts; the job's name may be one with expressions.
        """
        resolver = self.scene.resolver(surroundings)
        name = resolver.text(self.job.name, "name") if self.job.name else ""
        known = "" if resolver.open or resolver.faults else name
        return {"id": self.job.id, "name": known or self.name or self.node_id, "attempt": self.number}

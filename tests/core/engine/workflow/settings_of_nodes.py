"""Nodes of files written in a test, ready to be made jobs of."""

from __future__ import annotations

from typing import Any

from core.engine.workflow.node_setting import NodeSetting
from core.plan.compile import NodeFacts, RunFacts, Scene
from core.plan.reading import read_workflow
from core.testing.factories import a_workflow_run


def a_setting(text: str, job: str = "build", *, inputs: dict[str, Any] | None = None, **changes: Any) -> NodeSetting:
    """A node of a file.

    Args:
        text: The file.
        job: Whose node it is.
        inputs: Of the run.
        changes: Fields of `NodeSetting`; `needs`, `jobs`, `matrix` and `github` are contexts.
    """
    reading = read_workflow(text, "ci.yaml")
    assert reading.spec is not None
    assert [found for found in reading.findings if found.severity == "error"] == []
    facts = NodeFacts(needs=changes.pop("needs", {}), jobs=changes.pop("jobs", {}), matrix=changes.pop("matrix", None))
    run = RunFacts(inputs=inputs or {}, variables={"REGION": "eu"}, run={"number": 7}, github=changes.pop("github", {}))
    return NodeSetting(
        run=changes.pop("run", a_workflow_run(run_number=7)),
        workflow=reading.spec,
        job=reading.spec.jobs[job],
        node_id=changes.pop("node_id", job),
        scene=Scene(reading.spec, run),
        facts=facts,
        **changes,
    )

"""Plans of workflow texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from core.plan.compile import WorkflowPlan, compile_workflow
from core.plan.findings import has_errors
from core.plan.lint import lint_workflow
from core.plan.reading import read_workflow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from core.plan.compile import Assumption
    from core.spec.workflow import WorkflowSpec

SEED = """\
name: ci-pipeline
env: {APP_VERSION: "1.0.0", REGISTRY: "ghcr.io/myorg"}
jobs:
  build:
    image: "docker:24-dind"
    commands: ["docker build -t $REGISTRY/myapp:$APP_VERSION ."]
    artifacts: [/build/image-digest.txt]
    timeout: 600
  test-unit: {image: "python:3.11-slim", requires: [build], commands: ["pip install -r r.txt", "pytest tests/unit -v"]}
  test-integration:
    image: "python:3.11-slim"
    requires: [build]
    parallel_with: [test-unit]
    services: ["postgres:15", "redis:7"]
    commands: ["pytest tests/integration -v"]
  deploy-staging:
    image: "kubectl:latest"
    requires: [test-unit, test-integration]
    if: "${{ github.ref == 'refs/heads/main' }}"
    commands: ["kubectl apply -f k8s/staging/"]
  notify: {image: "alpine:latest", on_complete: always, commands: ["./scripts/notify-slack.sh"]}
"""


def spec(text: str, files: Mapping[str, str] | None = None) -> WorkflowSpec:
    """What a workflow text says.

    Raises:
        AssertionError: It has errors.
    """
    load: Callable[[str], str] | None = files.__getitem__ if files is not None else None
    reading = read_workflow(text, "ci.yaml", load)
    findings = [*reading.findings, *lint_workflow(reading)]
    assert not has_errors(findings), [str(finding) for finding in findings]
    assert reading.spec is not None
    return reading.spec


def plan(
    text: str,
    inputs: Mapping[str, object] | None = None,
    *,
    files: Mapping[str, str] | None = None,
    assume: Mapping[str, str | Assumption] | None = None,
    **more: Any,
) -> WorkflowPlan:
    """The plan of a workflow text without errors."""
    return compile_workflow(spec(text, files), inputs, assume=assume, **more)


def fates(found: WorkflowPlan) -> dict[str, str]:
    """What becomes of each node, with the reason."""
    return {
        node.id: f"{node.decision.act}{f' {node.decision.reason}' if node.decision.reason else ''}"
        for node in found.nodes
    }

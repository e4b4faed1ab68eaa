"""How tests of workflow files ask."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Final

from core.plan.findings import has_errors
from core.plan.reading import Reading, read_workflow

if TYPE_CHECKING:
    from core.plan.findings import SourceFinding
    from core.spec.workflow import WorkflowJobSpec, WorkflowSpec

PIPELINE: Final = """\
name: ci-pipeline
env: {APP_VERSION: "1.0.0", REGISTRY: "ghcr.io/myorg"}
jobs:
  build: {image: "docker:24-dind", commands: ["docker build -t $REGISTRY/myapp:$APP_VERSION ."], artifacts: [/build/image-digest.txt], timeout: 600}
  test-unit: {image: "python:3.11-slim", requires: [build], commands: ["pip install -r requirements-test.txt", "pytest tests/unit -v"]}
  test-integration: {image: "python:3.11-slim", requires: [build], parallel_with: [test-unit], services: ["postgres:15", "redis:7"], commands: ["pytest tests/integration -v"]}
  deploy-staging: {image: "kubectl:latest", requires: [test-unit, test-integration], if: "${{ github.ref == 'refs/heads/main' }}", commands: ["kubectl apply -f k8s/staging/"]}
  notify: {image: "alpine:latest", on_complete: always, commands: ["./scripts/notify-slack.sh"]}
"""  # noqa: E501 - a job a line, as people send them
_IMAGE: Final = re.compile(r"^    (?:image|container|uses):", re.MULTILINE)
_COMMANDS: Final = re.compile(r"^    (?:commands|run|steps|script|uses):", re.MULTILINE)


def reading(text: str, **files: str) -> Reading:
    """What was read of a text; called files by their names without ``.yaml``."""
    named = {f"{name}.yaml": textwrap.dedent(content) for name, content in files.items()}

    def load(path: str) -> str:
        if path not in named:
            raise FileNotFoundError(path)
        return named[path]

    return read_workflow(textwrap.dedent(text), "ci.yaml", load)


def spec(text: str, **files: str) -> WorkflowSpec:
    """The specification of a text without errors."""
    found = reading(text, **files)
    assert not has_errors(found.findings), told(found)
    assert found.spec is not None
    return found.spec


def job(body: str, *, name: str = "a", beside: str = "") -> WorkflowJobSpec:
    """The specification of a job, by the keys that it has beside image and commands."""
    return spec(job_text(body, beside=beside)).jobs[name]


def job_text(body: str, *, beside: str = "") -> str:
    """A workflow of one job."""
    keys = textwrap.indent(textwrap.dedent(body).strip("\n"), "    ")
    image = "" if _IMAGE.search(keys) else "    image: alpine:3.20\n"
    commands = "" if _COMMANDS.search(keys) else "    commands: [x]\n"
    return f"{textwrap.dedent(beside)}jobs:\n  a:\n{image}{commands}{keys}\n"


def told(found: Reading) -> str:
    """All findings, rendered."""
    return "\n".join(finding.render(found.source.text.lines) for finding in found.findings)


def only(found: Reading) -> SourceFinding:
    """The only finding."""
    assert len(found.findings) == 1, told(found)
    return found.findings[0]

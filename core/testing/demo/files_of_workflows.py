"""The workflow files of the demo home, and how their jobs usually go."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from core.lifecycle.workflow import NodeEvent

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class WorkflowFile:
    """A workflow file.

    Attributes:
        text: The file.
        seconds: How long its nodes take, by node or by job.
        failing: What becomes of some nodes when a run goes wrong.
    """

    text: str
    seconds: Mapping[str, float]
    failing: Mapping[str, NodeEvent] = field(default_factory=dict[str, NodeEvent])


_CI: Final = """\
name: ci-pipeline
description: Build, test and deploy the application

jobs:
  lint:
    image: python:3.12-slim
    commands: [ruff check .]

  build:
    image: docker:27-cli
    commands:
      - docker build -t app .
      - echo "tag=app:1.4.2" >> "$ORCAOPS_OUTPUT"

  test-unit:
    image: python:${{ matrix.python }}-slim
    needs: build
    matrix:
      python: ["3.11", "3.12", "3.13", "3.14"]
    fail_fast: false
    commands: [pytest tests/unit -q]

  test-integration:
    image: python:3.12-slim
    needs: build
    commands: [pytest tests/integration -q]

  scan:
    image: aquasec/trivy:0.56.2
    needs: build
    timeout: 60s
    commands: [trivy image app]

  package:
    image: alpine:3.20
    needs: [lint, build]
    commands: [./package.sh]

  deploy-staging:
    image: alpine/k8s:1.31.0
    needs: [test-unit, test-integration, package]
    commands: [./deploy.sh staging]

  smoke:
    image: curlimages/curl:8.10.1
    needs: deploy-staging
    commands: ["curl -fsS https://staging.example.invalid/healthz"]

  notify:
    image: alpine:3.20
    on_complete: always
    commands: [./notify.sh]
"""

_NIGHTLY: Final = """\
name: nightly
description: What is too slow for every push

jobs:
  fuzz:
    image: rust:1.81-slim
    commands: [cargo fuzz run parser]
  bench:
    image: rust:1.81-slim
    commands: [cargo bench]
  report:
    image: python:3.12-slim
    needs: [fuzz, bench]
    commands: [python report.py]
"""

_RELEASE: Final = """\
name: release
description: Roll a version out, watching it
timeout: 24h

jobs:
  prepare:
    image: alpine:3.20
    commands: [echo "release 1.4.2 is prepared"]
  canary:
    image: alpine:3.20
    needs: prepare
    timeout: 12h
    commands:
      - echo "watching the canary"
      - sleep 40000
  roll-out:
    image: alpine:3.20
    needs: canary
    commands: [echo "rolled out"]
  announce:
    image: alpine:3.20
    needs: roll-out
    commands: [echo "announced"]
"""

FILES: Final[Mapping[str, WorkflowFile]] = {
    "ci-pipeline": WorkflowFile(
        _CI,
        {
            "lint": 14,
            "build": 62,
            "test-unit-3.11": 48,
            "test-unit-3.12": 57,
            "test-unit-3.13": 66,
            "test-unit-3.14": 75,
            "test-integration": 121,
            "scan": 41,
            "package": 35,
            "deploy-staging": 28,
            "smoke": 6,
            "notify": 3,
        },
        {"test-unit-3.14": NodeEvent.FAIL, "scan": NodeEvent.TIME_OUT},
    ),
    "nightly": WorkflowFile(_NIGHTLY, {"fuzz": 320, "bench": 96, "report": 8}, {"fuzz": NodeEvent.FAIL}),
    "release": WorkflowFile(
        _RELEASE, {"prepare": 9, "canary": 600, "roll-out": 45, "announce": 4}, {"canary": NodeEvent.FAIL}
    ),
}
"""By the names of the workflows."""

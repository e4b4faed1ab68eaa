"""Task: "Write a workflow that builds, tests what was built in two variants, and always says goodbye."."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

import pytest
import yaml

if TYPE_CHECKING:
    from tests.agent_tasks.conftest import Agent

pytestmark = pytest.mark.slow

WRITTEN = """\
name: first
inputs:
  version: {type: string, default: "1.0"}
env: {VERSION: "${{ inputs.version }}"}
defaults: {image: "busybox:1.36", timeout: 10m}
jobs:
  build:
    commands:
      - echo "package $VERSION" > package.txt
      - echo "tag=v$VERSION" >> "$ORCAOPS_OUTPUT"
    outputs: {tag: {required: true}}
    artifacts: [package.txt]
  test:
    needs: build
    matrix: {level: [low, high]}
    env: {TAG: "${{ needs.build.outputs.tag }}"}
    commands: ['test "$TAG" = "v$VERSION"']
  goodbye:
    on_complete: always
    commands: [echo goodbye]
outputs: {tag: "${{ jobs.build.outputs.tag }}"}
"""
_VALUES = {"version", "tag", "level", "build", "test", "goodbye", "VERSION", "TAG", "type", "default", "required"}


async def test_an_agent_writes_a_workflow_from_the_reference_that_is_right_at_once(agent: Agent) -> None:
    page = await agent.read("orcaops://reference/authoring")
    described = set(re.findall(r"[A-Za-z_]+", page))
    assert _keys(yaml.safe_load(WRITTEN)) - _VALUES <= described

    checked = await agent.use("orcaops_validate_workflow", spec=WRITTEN)
    assert (checked["valid"], checked["counts"]) == (True, {"error": 0, "warning": 0, "info": 0})
    assert checked["plan"]["order"] == [["build"], ["test"], ["goodbye"]]

    done = await agent.use("orcaops_run_workflow", spec=WRITTEN, inputs={"version": "2.1"}, wait_s=50)
    assert (done["status"], done["outputs"], done["matrix"]) == ("success", {"tag": "v2.1"}, {"test": "2/2 passed"})
    assert agent.calls == 3


def _keys(value: object) -> set[str]:
    """Every key of the file, however deep."""
    if isinstance(value, dict):
        pairs = cast("dict[str, object]", value)
        return {*pairs, *(key for item in pairs.values() for key in _keys(item))}
    return {key for item in cast("list[object]", value) for key in _keys(item)} if isinstance(value, list) else set()

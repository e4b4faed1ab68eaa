"""Jobs of nodes that are alike: what comes out of a mould is what the long way makes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from core.engine.workflow.moulds import Moulds
from core.engine.workflow.node_job import make_node_job
from tests.core.engine.workflow.settings_of_nodes import a_setting

if TYPE_CHECKING:
    from core import Engine
    from core.engine.parts import Parts
    from core.engine.workflow.node_setting import NodeSetting

PLAIN = "jobs: {a: {image: busybox:1, run: make}, b: {image: busybox:1, run: make, needs: a}}"
WITH_VARIABLES = """
env: {CI_LEVEL: '3'}
jobs:
  a: {image: busybox:1, run: make, env: {CC: gcc}, timeout: 5m, artifacts: [out]}
  b: {image: busybox:1, run: make, env: {CC: gcc}, timeout: 5m, artifacts: [out]}
"""

OTHER_COMMAND = "jobs: {a: {image: busybox:1, run: make}, b: {image: busybox:1, run: make test}}"
OTHER_IMAGE = "jobs: {a: {image: busybox:1, run: make}, b: {image: busybox:2, run: make}}"
WITH_EXPRESSION = """
jobs:
  a: {image: busybox:1, run: 'echo ${{ job.id }}'}
  b: {image: busybox:1, run: 'echo ${{ job.id }}'}
"""
EXPRESSION_ABOVE = """
env: {ID: '${{ run.number }}'}
jobs: {a: {image: busybox:1, run: make}, b: {image: busybox:1, run: make}}
"""
WITH_CONDITION = """
jobs:
  a: {image: busybox:1, steps: [{run: make, if: 'success()'}]}
  b: {image: busybox:1, steps: [{run: make, if: 'success()'}]}
"""
OVER_OURS = """
jobs:
  a: {image: busybox:1, run: make, env: {ORCAOPS_VARIANT: a}}
  b: {image: busybox:1, run: make, env: {ORCAOPS_VARIANT: a}}
"""


def parts_of(engine: Engine) -> Parts:
    return engine._parts  # pyright: ignore[reportPrivateUsage] -- the seam stands below the front door


def _beside(setting: NodeSetting, job: str) -> NodeSetting:
    """Another node of the same file."""
    return replace(setting, job=setting.workflow.jobs[job], node_id=job)


@pytest.mark.parametrize("text", [PLAIN, WITH_VARIABLES])
async def test_a_node_like_another_gets_the_job_that_the_long_way_makes(engine: Engine, text: str) -> None:
    first, moulds = a_setting(text, "a", producers=()), Moulds()
    second = _beside(first, "b")
    moulds.keep(first, await make_node_job(parts_of(engine), first, engine.admit))
    made, expected = moulds.cast(second), await make_node_job(parts_of(engine), second, engine.admit)
    assert made is not None
    assert made.spec == expected.spec
    assert made.definition == expected.definition
    assert made.spec.env["ORCAOPS_JOB"] == "b"
    again = replace(second, number=2)
    assert (other := moulds.cast(again)) is not None
    assert other.spec == (await make_node_job(parts_of(engine), again, engine.admit)).spec


@pytest.mark.parametrize(
    "text", [OTHER_COMMAND, OTHER_IMAGE, WITH_EXPRESSION, EXPRESSION_ABOVE, WITH_CONDITION, OVER_OURS]
)
async def test_a_node_that_says_something_else_or_reads_something_is_made_the_long_way(
    engine: Engine, text: str
) -> None:
    first, moulds = a_setting(text, "a"), Moulds()
    moulds.keep(first, await make_node_job(parts_of(engine), first, engine.admit))
    assert moulds.cast(_beside(first, "b")) is None


async def test_what_a_node_is_given_beside_its_words_takes_the_long_way(engine: Engine) -> None:
    first, moulds = a_setting(PLAIN, "a"), Moulds()
    moulds.keep(first, await make_node_job(parts_of(engine), first, engine.admit))
    second = _beside(first, "b")
    assert moulds.cast(second) is not None
    assert moulds.cast(replace(second, producers=())) is None
    assert moulds.cast(replace(second, variant="b-1")) is None
    assert moulds.cast(replace(second, services={"db": {"host": "db"}})) is None
    assert moulds.cast(a_setting(PLAIN, "b")) is None  # of another file, though it says the same

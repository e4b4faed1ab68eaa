"""An engine that conducts a run is killed with SIGKILL; the next one sees the run through as if nothing had been."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from core import Engine, EngineSettings, JobFilter, WorkflowLogQuery, WorkflowStatus, open_engine
from tests.end_to_end.conftest import everything_is_settled
from tests.end_to_end.crashing import engine_process
from tests.end_to_end.flowing import ended, everything_has_ended, left, nodes_of, told

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from tests.end_to_end.operator import Operator

pytestmark = pytest.mark.docker

PROGRAM = """
import json, sys
from pathlib import Path
import anyio
from core import EngineSettings, JobChanged, NodeChanged, WorkflowChanged, WorkflowRequest, open_engine

async def main():
    async with open_engine(EngineSettings(home=Path(sys.argv[1]))) as engine:
        say = lambda **facts: print(json.dumps(facts), flush=True)
        with engine.subscribe() as news:
            order = json.loads(await anyio.wrap_file(sys.stdin).readline())
            run = (await engine.run_workflow(WorkflowRequest(text=order["text"]))).run
            say(what="submitted", workflow_id=run.workflow_id)
            async for event in news:
                if isinstance(event, WorkflowChanged):
                    services = [service.result.status for service in event.run.services]
                    say(what="run", status=event.run.status, services=services)
                elif isinstance(event, NodeChanged):
                    say(what="node", id=event.node.node_id, status=event.node.status)
                elif isinstance(event, JobChanged):
                    phase = event.job.attempt and event.job.attempt.phase
                    say(what="job", status=event.job.status, phase=phase)

anyio.run(main)
"""

SEED = 11
HIT = "wget -q -O /dev/null http://web:8080/$ORCAOPS_VARIANT$ORCAOPS_JOB"
WORKFLOW = f"""
services:
  web:
    image: busybox
    command: [sh, -c, "mkdir /www; cd /www; echo up > up; exec httpd -f -vv -p 8080"]
    ready: {{http: 8080/up}}
  second:
    image: busybox
    command: [sh, -c, "trap 'exit 0' TERM; echo here; sleep 600 & wait"]
    ready: {{log: here}}
    depends_on: [web]
max_parallel: 4
defaults: {{image: busybox}}
jobs:
  prepare:
    outputs: {{tag: {{required: true}}}}
    artifacts: made.txt
    commands: ["{HIT} || true", "echo tag=7 >> $ORCAOPS_OUTPUT", "echo made > made.txt"]
  build:
    needs: prepare
    matrix: {{part: [a, b, c]}}
    env: {{PART: "${{{{ matrix.part }}}}", TAG: "${{{{ needs.prepare.outputs.tag }}}}"}}
    artifacts: out.txt
    commands:
      - {HIT} || true
      - cat $ORCAOPS_NEEDS_DIR/prepare/made.txt
      - echo $PART$TAG > out.txt
      - echo name=$PART$TAG >> $ORCAOPS_OUTPUT
  flaky:
    needs: prepare
    retry: {{max: 2, backoff: 0.5s}}
    commands: ["{HIT} || true", "test $ORCAOPS_ATTEMPT -ge 2"]
  try:
    needs: [{{job: build, matrix: same}}]
    matrix: {{part: [a, b, c]}}
    env: {{PART: "${{{{ matrix.part }}}}"}}
    commands: ["{HIT} || true", "grep -q $PART $ORCAOPS_NEEDS_DIR/build/out.txt"]
  advice:
    needs: prepare
    continue_on_error: true
    commands: ["{HIT} || true", "exit 3"]
  gather:
    needs: [try, flaky, advice]
    env: {{NAMES: "${{{{ join(jobs.build.variants.*.outputs.name, ' ') }}}}"}}
    commands: ["{HIT} || true", "echo names=$NAMES >> $ORCAOPS_OUTPUT"]
  never:
    needs: gather
    if: "false"
    commands: ["exit 9"]
  last:
    finally: true
    commands: ["{HIT} || true"]
outputs:
  names: ${{{{ jobs.gather.outputs.names }}}}
"""
"""Twelve nodes: each that runs asks the run's server once, by its name, before it does anything else."""


@dataclass(frozen=True)
class Ended:
    """What became of a run, as far as it must not depend on what happened to the engine.

    Attributes:
        status: Of the run.
        outputs: Of the run.
        nodes: By id: status, outcome, result, exit code, outputs, and how each try ended.
        artifacts: Node, path and digest of every file that was kept.
        jobs: How many jobs there are of each node.
        asked: How many times the server was asked for each name.
    """

    status: WorkflowStatus
    outputs: dict[str, str]
    nodes: dict[str, tuple[Any, ...]]
    artifacts: frozenset[tuple[str, str, str | None]]
    jobs: Counter[str]
    asked: Counter[str]


@pytest.fixture(autouse=True)
async def nothing_is_left(docker_settings: EngineSettings, operator: Operator) -> AsyncGenerator[None]:
    """After every test: nothing with the label of a home that it used."""
    yield
    for home in sorted(docker_settings.home.parent.glob("home*")):
        async with open_engine(docker_settings.model_copy(update={"home": home})) as engine:
            await everything_has_ended(engine)
            await everything_is_settled(engine)
        assert await left(operator, engine.home_id) == []


async def end_of(engine: Engine, workflow_id: str) -> Ended:
    """What became of a run, once it has ended."""
    run = await ended(engine, workflow_id)
    nodes = await nodes_of(engine, workflow_id)
    jobs = (await engine.list_jobs(JobFilter(workflow_id=workflow_id), limit=200)).items
    artifacts = (await engine.workflow_artifacts(workflow_id)).items
    log = await engine.read_workflow_log(workflow_id, WorkflowLogQuery(service="web", max_bytes=1 << 20))
    asked = [each.line.text.partition("url:/")[2] for each in log.lines if "url:/" in each.line.text]
    assert run.status is WorkflowStatus.SUCCESS, await told(engine, run, nodes)
    return Ended(
        status=run.status,
        outputs=dict(run.outputs),
        nodes={
            node.node_id: (
                node.status,
                node.outcome,
                node.result,
                node.exit_code,
                dict(node.outputs),
                [(each.outcome, each.exit_code) for each in node.tries],
            )
            for node in nodes.values()
        },
        artifacts=frozenset((each.node_id, each.artifact.path, each.artifact.sha256) for each in artifacts),
        jobs=Counter(job.workflow.node_id for job in jobs if job.workflow is not None),
        asked=Counter(name for name in asked if name != "up"),
    )


async def killed_after(home: Path, news: int) -> tuple[str, int]:
    """Have an engine begin a run, and kill it when it has said so much of it, or the run has ended.

    Returns:
        The run, and how much was said.
    """
    heard = 0

    def is_time(said: dict[str, Any]) -> bool:
        nonlocal heard
        heard += 1
        return heard >= news or (said["what"] == "run" and said["status"] not in {"pending", "running"})

    async with engine_process(home, PROGRAM) as engine:
        await engine.order(text=WORKFLOW)
        workflow_id = (await engine.until(lambda said: said["what"] == "submitted"))["workflow_id"]
        await engine.until(is_time, within_s=300)
        await engine.kill()
    return workflow_id, heard


@pytest.mark.fault("F57")
@pytest.mark.timeout(900)  # eleven runs, two at a time
async def test_a_run_ends_the_same_whenever_its_engine_is_killed(docker_settings: EngineSettings) -> None:
    async def ended_after(news: int, name: str) -> tuple[Ended, int]:
        home = docker_settings.home.with_name(f"home-{name}")
        workflow_id, heard = await killed_after(home, news)
        async with open_engine(docker_settings.model_copy(update={"home": home})) as engine:
            found = await end_of(engine, workflow_id)
            await everything_is_settled(engine)
        return found, heard

    undisturbed, news_in_all = await ended_after(10_000, "undisturbed")
    assert len(undisturbed.nodes) == 12
    assert undisturbed.outputs == {"names": "a7 b7 c7"}
    assert undisturbed.asked.total() == undisturbed.jobs.total() == 12  # one was tried twice, one did not run
    moments = random.Random(SEED).sample(range(1, news_in_all), 10)  # noqa: S311 - moments, no secret
    found: dict[int, Ended] = {}

    async def try_some(some: list[int]) -> None:
        for news in some:
            found[news], _ = await ended_after(news, str(news))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(try_some, moments[::2])
        tasks.start_soon(try_some, moments[1::2])
    assert found == dict.fromkeys(moments, undisturbed)

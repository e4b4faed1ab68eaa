"""Steps of their own, their files and their questions on a real Docker Engine, over an engine that dies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest

from core import Engine, EngineSettings, FailureKind, Job, JobStatus, StepResult, open_engine, parse_job
from tests.end_to_end.conftest import whole_log
from tests.end_to_end.crashing import engine_process
from tests.end_to_end.test_crash import assert_nothing_is_left, settled_end

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.end_to_end.crashing import EngineProcess
    from tests.end_to_end.operator import Operator

pytestmark = pytest.mark.docker


def steps_of(job: Job) -> tuple[StepResult, ...]:
    assert job.attempt is not None
    return job.attempt.steps


async def test_shells_variables_tries_and_files_work_together(
    docker_engine: Engine, run: Callable[..., Awaitable[Job]]
) -> None:
    job = await run(
        image="python:3.11-slim",
        commands=[
            "echo LEVEL=debug >> $ORCAOPS_ENV",
            {"run": "import os\nprint(os.environ['LEVEL'])", "shell": "python"},
            {"run": "false | true\necho never", "shell": "bash", "continue_on_error": True, "name": "Tolerated"},
            {"run": "echo x >> /tmp/n; test $(wc -l < /tmp/n) = 2", "retries": 2, "retry_delay_s": 0.1},
            "echo version=7 >> $GITHUB_OUTPUT; echo '# Done' >> $GITHUB_STEP_SUMMARY",
            {"run": "echo never", "when": "failure"},
            {"run": "echo cleaned", "when": "always"},
        ],
    )
    assert (job.status, job.outputs, job.warnings) == (JobStatus.SUCCESS, {"version": "7"}, ())
    assert await whole_log(docker_engine, job.job_id) == ["debug", "cleaned"]
    found = [(step.status, step.outcome, step.attempts) for step in steps_of(job)]
    assert found == [
        ("success", "success", 1),
        ("success", "success", 1),
        ("success", "failure", 1),
        ("success", "success", 2),
        ("success", "success", 1),
        ("skipped", "skipped", 0),
        ("success", "success", 1),
    ]
    assert steps_of(job)[4].summary == "# Done\n"


async def test_a_huge_file_of_outputs_fails_its_step_and_the_others_are_still_known(
    run: Callable[..., Awaitable[Job]],
) -> None:
    job = await run(commands=["true", "head -c 30000000 /dev/zero | tr '\\0' 'a' > $ORCAOPS_OUTPUT", "echo never"])
    assert job.failure is not None
    assert (job.failure.kind, job.failure.step) == (FailureKind.OUTPUT, 1)
    assert [step.status for step in steps_of(job)] == ["success", "failed", "skipped"]


async def test_a_job_that_takes_its_notes_away_is_told_of_by_its_log(run: Callable[..., Awaitable[Job]]) -> None:
    job = await run(commands=["echo one", "rm -rf /orcaops"])
    assert (job.status, [step.status for step in steps_of(job)]) == (JobStatus.SUCCESS, ["success", "success"])


async def test_a_cancel_leaves_time_for_what_runs_always(docker_engine: Engine) -> None:
    steps = ["echo ready; sleep 600", {"run": "sleep 1; echo cleaned", "when": "always"}]
    spec = parse_job({"image": "busybox:latest", "commands": steps, "cancel_grace_s": 1})
    job_id = (await docker_engine.submit_job(spec)).job.job_id
    with anyio.fail_after(60), docker_engine.subscribe([job_id]) as news:
        while "ready" not in await whole_log(docker_engine, job_id):
            await news.wait()
            news.take()
        await docker_engine.cancel_job(job_id)
        job = await docker_engine.wait_for_job(job_id)
    assert job.status is JobStatus.CANCELLED
    assert (await whole_log(docker_engine, job_id))[-1] == "cleaned"
    assert [step.status for step in steps_of(job)] == ["cancelled", "success"]


# --- an engine that dies at a question

_GATED: list[dict[str, Any]] = [
    {"run": "cat /proc/sys/kernel/random/uuid > /tmp/id; echo id=$(cat /tmp/id) >> $ORCAOPS_OUTPUT", "id": "a"},
    {"run": "echo ${{ steps.a.outputs.id }} >> /tmp/ran; cat /tmp/ran", "id": "b", "name": "${{ steps.a.conclusion }}"},
    {"run": "echo never", "condition": "steps.a.outputs.id == 'x'", "id": "c"},
    {
        "run": "test ${{ steps.a.outputs.id }} = $(cat /tmp/id); wc -l < /tmp/ran",
        "condition": "steps.c.outcome == 'skipped'",
    },
    {"run": "echo ${{ job.status }}", "when": "always"},
]

_PROGRAM = """
import json, os, sys
from pathlib import Path
import anyio
from core import EngineSettings, JobChanged, open_engine, parse_job

async def main():
    async with open_engine(EngineSettings(home=Path(sys.argv[1]))) as engine:
        say = lambda **facts: print(json.dumps(facts), flush=True)
        with engine.subscribe() as news:
            say(what="ready", home_id=engine.home_id)
            order = json.loads(await anyio.wrap_file(sys.stdin).readline())
            if order["what"] == "submit":
                request = order["request"]
                context = request.pop("context")
                job = (await engine.submit_job(parse_job(request, context=context))).job
                say(what="submitted", job_id=job.job_id)
            async for event in news:
                if isinstance(event, JobChanged) and event.job.attempt:
                    steps = [[step.status, step.answer] for step in event.job.attempt.steps]
                    say(what="job", status=event.job.status, phase=event.job.attempt.phase, steps=steps)

anyio.run(main)
"""

Moment = dict[str, Any]


def answered(index: int) -> Callable[[Moment], bool]:
    return lambda said: said["what"] == "job" and bool(said["steps"][index][1])


def began(index: int) -> Callable[[Moment], bool]:
    return lambda said: said["what"] == "job" and said["steps"][index][0] in {"running", "success"}


def running(said: Moment) -> bool:
    return said["what"] == "job" and said["phase"] == "running"


async def submit_gated(engine: EngineProcess) -> str:
    return await engine.submit(commands=_GATED, context={"inputs": {}}, timeout_s=300)


def assert_undisturbed(job: Job, lines: list[str]) -> None:
    identity, *rest = lines
    assert (job.status, job.attempt_number, len(identity), rest) == (JobStatus.SUCCESS, 1, 36, ["1", "success"])
    assert [step.status for step in steps_of(job)] == ["success", "success", "skipped", "success", "success"]
    assert [step.answer for step in steps_of(job)] == ["", "s run", "s skip", "s run", "s run"]
    assert steps_of(job)[1].title == "success"
    assert steps_of(job)[2].reason == f"success() && '{identity}' == 'x' → false"
    assert job.outputs == {"id": identity}


@pytest.mark.parametrize(
    "moment",
    [running, began(0), answered(1), began(1), answered(2), answered(3), began(3), answered(4), began(4)],
    ids=["running", "began 0", "answered 1", "began 1", "answered 2", "answered 3", "began 3", "answered 4", "began 4"],
)
async def test_a_question_is_answered_once_whenever_the_engine_is_killed(
    docker_settings: EngineSettings, operator: Operator, moment: Callable[[Moment], bool]
) -> None:
    async with engine_process(docker_settings.home, _PROGRAM) as first:
        job_id = await submit_gated(first)
        await first.until(moment)
        await first.kill()
    async with open_engine(docker_settings) as engine:
        job = await settled_end(engine, job_id)
        assert_undisturbed(job, await whole_log(engine, job_id))
    await assert_nothing_is_left(operator, engine.home_id)


async def test_an_engine_killed_at_every_question_decides_each_as_if_it_had_lived(
    docker_settings: EngineSettings, operator: Operator
) -> None:
    async with engine_process(docker_settings.home, _PROGRAM) as engine:
        job_id = await submit_gated(engine)
        await engine.until(answered(1))
        await engine.kill()
    for index in (2, 3, 4):
        async with engine_process(docker_settings.home, _PROGRAM) as engine:
            await engine.order(what="look")
            await engine.until(answered(index))
            await engine.kill()
    async with open_engine(docker_settings) as last:
        job = await settled_end(last, job_id)
        assert_undisturbed(job, await whole_log(last, job_id))
    await assert_nothing_is_left(operator, last.home_id)

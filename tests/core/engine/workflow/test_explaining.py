"""Why a node stands where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest

from core import NodeNotFoundError, QueueSettings, RerunRequest, WorkflowNotFoundError, new_workflow_id, open_engine
from tests.core.engine.workflow.runs import conduct, ended, start, until

if TYPE_CHECKING:
    from core import Engine, EngineSettings

TEXT = """
inputs: {deploy: {type: boolean, default: false}}
jobs:
  build: {image: busybox:1, commands: [exit 3]}
  lint: {image: busybox:1, commands: [exit 1], allow_failure: true}
  test: {image: busybox:1, needs: build, commands: [echo test]}
  ship: {image: busybox:1, needs: [test, lint], commands: [echo ship]}
  deploy: {image: busybox:1, needs: lint, if: inputs.deploy, commands: [echo deploy]}
  matrix: {image: busybox:1, matrix: {os: [a, b]}, fail_fast: false, commands: ['test "${{ matrix.os }}" = a']}
  report: {image: busybox:1, needs: matrix, commands: [echo report], if: "!cancelled()"}
  tidy: {image: busybox:1, commands: [echo tidy], on_complete: always}
"""


async def facts(engine: Engine, workflow_id: str, node_id: str, attempt: int | None = None) -> str:
    """All facts in one text."""
    return "\n".join((await engine.explain_node(workflow_id, node_id, attempt=attempt)).facts)


async def test_a_failed_node_is_explained_by_its_tries_and_what_did_not_run_because_of_it(engine: Engine) -> None:
    run = await conduct(engine, TEXT)
    found = await engine.explain_node(run.run.workflow_id, "build")
    job_id = run.node("build").job_id
    assert (found.node_id, found.status) == ("build", "failed")
    what, condition, expanded, tried, standing, followers = found.facts
    assert what == f"build is a job in attempt 1 of {run.run.workflow_id}."
    assert condition == "Its condition is success()"
    assert expanded == "With the values it met: success() → true"
    assert tried.startswith(f"Try 1 was job {job_id}, from ")
    assert tried.endswith(", and ended with failure (exit), exit code 3.")
    assert standing.startswith("It failed (exit): ")
    assert followers == "Because of it, these did not run: test, ship."


async def test_a_skip_is_followed_up_to_what_went_wrong_at_first(engine: Engine) -> None:
    run = await conduct(engine, TEXT)
    found = (await engine.explain_node(run.run.workflow_id, "ship")).facts
    assert found[1:3] == ("It waits for test, which was skipped.", "It waits for lint, which failed and is tolerated.")
    assert "It was skipped (needs): needs test (skipped)." in found
    hops = found[found.index("It was skipped (needs): needs test (skipped).") + 1 :]
    assert hops[0] == "test was skipped (needs): needs build (failure)."
    assert hops[1].startswith("build failed (exit): ")


async def test_a_condition_is_told_as_it_stands_and_with_its_values(engine: Engine) -> None:
    run = await conduct(engine, TEXT)
    told = await facts(engine, run.run.workflow_id, "deploy")
    assert "Its condition is success() && inputs.deploy\n" in told
    assert "With the values it met: success() && false → false\n" in told
    assert "It was skipped (condition): " in told


async def test_variants_finally_jobs_and_tolerated_failures_are_told_as_such(engine: Engine) -> None:
    run = await conduct(engine, TEXT)
    workflow_id = run.run.workflow_id
    assert f"matrix-b is variant 2 of 2 of matrix (os=b) in attempt 1 of {workflow_id}." in await facts(
        engine, workflow_id, "matrix[os=b]"
    )
    assert (await engine.explain_node(workflow_id, "matrix#0")).node_id == "matrix-a"
    assert "It waits for matrix, which has 2 variants: 1/2 passed; matrix-b failed." in await facts(
        engine, workflow_id, "report"
    )
    assert "It is a finally job: it waits for all jobs that are none." in await facts(engine, workflow_id, "tidy")
    assert "Its failure is tolerated: others see a success." in await facts(engine, workflow_id, "LINT")


async def test_a_kept_node_says_from_where_and_why(engine: Engine) -> None:
    run = await conduct(engine, TEXT)
    workflow_id = run.run.workflow_id
    await engine.rerun_workflow(workflow_id, RerunRequest(skip={"build": {}}, actor="ann"))
    again = await ended(engine, workflow_id)
    told = await facts(engine, workflow_id, "lint")
    job_id = run.node("lint").job_id
    assert (
        f"It did not run in this attempt; its result is that of attempt 1, job {job_id}: its failure is tolerated"
        in told
    )
    assert "ann said that it counts as done." in await facts(engine, workflow_id, "build")
    assert "It waits for build, which succeeded (by hand)." in await facts(engine, workflow_id, "test")
    assert again.node("ship").status == "success"
    assert "It was skipped (needs)" in await facts(engine, workflow_id, "ship", attempt=1)
    with pytest.raises(WorkflowNotFoundError, match="no attempt 9"):
        await facts(engine, workflow_id, "ship", attempt=9)


async def test_a_node_that_waits_or_runs_says_for_what_and_a_cancelled_one_by_whom(engine: Engine) -> None:
    text = """
    jobs:
      long: {image: busybox:1, commands: [sleep 1000]}
      next: {image: busybox:1, needs: long, commands: [echo next]}
      call: {uses: ./other.yaml, needs: long}
    """
    files = {"other.yaml": "jobs: {inner: {image: 'busybox:1', commands: [echo inner]}}"}
    workflow_id = await start(engine, text, files=files)
    await until(engine, workflow_id, "long", "running")
    told = (await engine.explain_node(workflow_id, "next")).facts
    assert told[1:] == ("It waits for long, which is running.", "It waits (needs): waits for long.")
    running = await facts(engine, workflow_id, "long")
    assert f"Its job {(await engine.workflow_node(workflow_id, 'long')).job_id} is " in running
    assert running.endswith("It is running.")
    with pytest.raises(NodeNotFoundError, match="has no node 'call / inner'") as caught:
        await facts(engine, workflow_id, "call / inner")
    assert caught.value.hint == "The nodes of the file that call calls are known once it runs."
    await engine.cancel_workflow(workflow_id, actor="bob", reason="enough", force=True)
    await ended(engine, workflow_id)
    assert "bob asked for the run to stop at " in await facts(engine, workflow_id, "next")
    assert "It was cancelled: the run was cancelled by bob: enough." in await facts(engine, workflow_id, "next")


async def test_a_node_that_calls_a_file_says_how_that_stands(engine: Engine) -> None:
    files = {
        "other.yaml": "jobs: {a: {image: 'busybox:1', commands: [exit 1]}, b: {image: b, commands: [b], needs: a}}"
    }
    run = await conduct(engine, "jobs: {call: {uses: ./other.yaml}}", files=files)
    workflow_id = run.run.workflow_id
    assert "It calls a file: 2 of its 2 nodes have ended; call / a failed.\n" in await facts(
        engine, workflow_id, "call"
    )
    inner = await engine.explain_node(workflow_id, "call / b")
    assert inner.facts[0] == f"call / b is a job in attempt 1 of {workflow_id}, in the file that call calls."
    assert inner.facts[1] == "It waits for call / a, which failed."


async def test_a_job_in_the_line_says_at_which_place(settings: EngineSettings) -> None:
    narrow = settings.model_copy(update={"queue": QueueSettings(max_running=1)})
    async with open_engine(narrow) as engine:
        workflow_id = await start(engine, "jobs: {a: {image: 'busybox:1', commands: [sleep 1000]}}")
        await until_told(engine, workflow_id, "a", "is running (running)")
        other = await start(engine, "jobs: {b: {image: 'busybox:1', commands: [echo b]}}")
        await until_told(engine, other, "b", "is queued, at place 1 of the line: ")
        for each in (other, workflow_id):
            await engine.cancel_workflow(each, force=True)
            await ended(engine, each)


async def until_told(engine: Engine, workflow_id: str, node_id: str, told: str) -> None:
    """Wait until the explanation of a node says something."""
    with anyio.fail_after(30), engine.subscribe() as news:
        while told not in await facts(engine, workflow_id, node_id):
            await news.wait()
            news.take()


async def test_a_name_that_means_no_node_or_several_is_refused_with_what_there_is(engine: Engine) -> None:
    run = await conduct(engine, TEXT)
    cases = {"biuld": "did you mean 'build'?", "matrix": "Take one of matrix-a, matrix-b.", "test[os=": "There are "}
    for name, hint in cases.items():
        with pytest.raises(NodeNotFoundError) as caught:
            await engine.explain_node(run.run.workflow_id, name)
        assert caught.value.hint.startswith(hint)
    with pytest.raises(WorkflowNotFoundError):
        await engine.explain_node(new_workflow_id(), "build")

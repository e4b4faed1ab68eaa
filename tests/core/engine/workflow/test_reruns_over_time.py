"""Reruns over deaths of the engine, changed secrets and what else happens between two attempts."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

import anyio
import pytest
from pydantic import SecretStr

from core import (
    EngineClosedError,
    EngineSettings,
    InputFile,
    RerunRequest,
    RerunSource,
    UnknownSecretError,
    WorkflowNotFinishedError,
    WorkflowStatus,
    open_engine,
)
from tests.core.engine.workflow.runs import conduct, ended, start

if TYPE_CHECKING:
    from core import Engine

FLAKY = """
jobs:
  build: {image: busybox:1, commands: ['echo "app=built" >> "$ORCAOPS_OUTPUT"']}
  matrix: {image: busybox:1, needs: build, matrix: {part: [a, b, c]}, commands: [echo part]}
  test: {image: busybox:1, needs: matrix, commands: ["COMMAND"], retry: 1}
  ship: {image: busybox:1, needs: test, commands: [echo ship]}
  tidy: {image: busybox:1, commands: [echo tidy], on_complete: always}
"""
BROKEN = FLAKY.replace("COMMAND", "exit 3")
MENDED = RerunSource(text=dedent(FLAKY.replace("COMMAND", "echo fine")))


async def test_a_rerun_that_was_accepted_goes_on_in_the_next_engine_with_what_it_kept(
    settings: EngineSettings,
) -> None:
    async with open_engine(settings) as engine:
        first = await conduct(engine, BROKEN)
        workflow_id = first.run.workflow_id
        await engine.rerun_workflow(workflow_id, RerunRequest(source=MENDED))
    async with open_engine(settings) as engine:
        second = await ended(engine, workflow_id)
        assert (second.run.status, second.run.attempt) == (WorkflowStatus.SUCCESS, 2)
        for node_id in ("build", "matrix-a", "matrix-b", "matrix-c"):
            assert second.node(node_id).job_id == first.node(node_id).job_id
        assert second.node("tidy").job_id != first.node("tidy").job_id
        found = await engine.plan_rerun(workflow_id, RerunRequest(selection="from", jobs=("ship",)))
        assert [node.node_id for node in found.rerun] == ["ship", "tidy"]


async def test_of_two_reruns_at_once_one_begins_and_the_other_is_told_that_it_has(engine: Engine) -> None:
    first = await conduct(engine, BROKEN)
    refused: list[str] = []
    begun: list[int] = []

    async def again() -> None:
        try:
            found = await engine.rerun_workflow(first.run.workflow_id, RerunRequest(selection="all"))
        except WorkflowNotFinishedError as error:
            refused.append(error.message)
        else:
            begun.append(found.run.attempt)

    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(again)
    assert (begun, len(refused)) == ([2], 2)
    await ended(engine, first.run.workflow_id)


async def test_an_engine_that_closes_takes_no_rerun(settings: EngineSettings) -> None:
    async with open_engine(settings) as engine:
        first = await conduct(engine, BROKEN)
        engine.close()
        with pytest.raises(EngineClosedError):
            await engine.rerun_workflow(first.run.workflow_id, RerunRequest())


async def test_a_secret_is_read_anew_and_its_value_changes_no_fingerprint(settings: EngineSettings) -> None:
    text = """
    secrets: [TOKEN]
    jobs:
      build: {image: busybox:1, commands: [echo build], env: {T: "${{ secrets.TOKEN }}"}}
      test:
        image: busybox:1
        needs: build
        commands: ['test "$T" = new']
        env: {T: "${{ secrets.TOKEN }}"}
    """

    def with_token(value: str) -> EngineSettings:
        return settings.model_copy(update={"secrets": {"TOKEN": SecretStr(value)}})

    async with open_engine(with_token("old")) as engine:
        first = await conduct(engine, text)
        assert first.results == {"build": "success", "test": "failure"}
    async with open_engine(with_token("new")) as engine:
        found = await engine.rerun_workflow(first.run.workflow_id, RerunRequest())
        assert [node.node_id for node in found.plan.kept] == ["build"]
        assert (await ended(engine, first.run.workflow_id)).run.status is WorkflowStatus.SUCCESS
    async with open_engine(settings) as engine:
        with pytest.raises(UnknownSecretError, match="TOKEN"):
            await engine.plan_rerun(first.run.workflow_id, RerunRequest(selection="all"))


async def test_a_plan_shows_no_value_of_a_secret(settings: EngineSettings) -> None:
    text = """
    secrets: [TOKEN]
    env: {T: "${{ secrets.TOKEN }}"}
    jobs:
      never: {image: busybox:1, commands: [echo never], if: "env.T == 'nothing'"}
      bad: {image: busybox:1, commands: [exit 1]}
    """
    with_token = settings.model_copy(update={"secrets": {"TOKEN": SecretStr("sesame-open")}})
    async with open_engine(with_token) as engine:
        first = await conduct(engine, text)
        plan = await engine.plan_rerun(first.run.workflow_id, RerunRequest())
        await engine.rerun_workflow(first.run.workflow_id, RerunRequest())
        second = await ended(engine, first.run.workflow_id)
        assert plan.kept[0].why.startswith("it is skipped again: ")
        assert "sesame" not in str((plan, second, await engine.workflow_history(first.run.workflow_id)))


async def test_warnings_of_one_attempt_are_not_those_of_the_next(engine: Engine) -> None:
    text = """
    outputs: {level: "${{ fromJSON(jobs.bad.outputs.level) }}"}
    jobs:
      bad: {image: busybox:1, commands: [exit 1]}
    """
    first = await conduct(engine, text)
    await engine.rerun_workflow(first.run.workflow_id, RerunRequest())
    second = await ended(engine, first.run.workflow_id)
    assert first.run.warnings
    assert second.run.warnings == first.run.warnings


async def test_what_reads_the_attempts_number_is_kept_all_the_same(engine: Engine) -> None:
    text = """
    jobs:
      build: {image: busybox:1, commands: ['echo "n=${{ run.attempt }}" >> "$ORCAOPS_OUTPUT"']}
      test: {image: busybox:1, needs: build, commands: ['test "${{ run.attempt }}" = 2']}
    """
    first = await conduct(engine, text)
    found = await engine.rerun_workflow(first.run.workflow_id, RerunRequest())
    second = await ended(engine, first.run.workflow_id)
    assert [node.node_id for node in found.plan.kept] == ["build"]
    assert second.results == {"build": "success", "test": "success"}
    assert second.node("build").outputs == {"n": "1"}


async def test_a_condition_that_asks_for_the_attempt_is_asked_anew(engine: Engine) -> None:
    text = """
    jobs:
      once: {image: busybox:1, if: run.attempt == 1, commands: [echo once]}
      bad: {image: busybox:1, commands: [exit 1]}
    """
    first = await conduct(engine, text)
    found = await engine.rerun_workflow(first.run.workflow_id, RerunRequest())
    why = {node.node_id: node.why for node in found.plan.nodes}
    assert why["once"] == "its condition does not hold any more: success() && 2 == 1 → false"
    assert (await ended(engine, first.run.workflow_id)).results == {"once": "skipped", "bad": "failure"}


async def test_kept_outputs_and_artifacts_reach_the_jobs_that_run(engine: Engine) -> None:
    text = """
    jobs:
      build:
        image: busybox:1
        commands: ['echo "tag=7" >> "$ORCAOPS_OUTPUT"', echo app > app.txt]
        artifacts: [app.txt]
      test:
        image: busybox:1
        needs: build
        commands: ['test "${{ needs.build.outputs.tag }}" = 7', 'cat "$ORCAOPS_NEEDS_DIR/build/app.txt"', COMMAND]
    """
    first = await conduct(engine, text.replace("COMMAND", "exit 1"))
    mended = RerunSource(text=dedent(text.replace("COMMAND", "echo fine")))
    await engine.rerun_workflow(first.run.workflow_id, RerunRequest(source=mended))
    second = await ended(engine, first.run.workflow_id)
    assert second.results == {"build": "success", "test": "success"}
    assert second.node("build").artifacts == 1


async def test_files_that_came_with_the_request_are_there_again(engine: Engine) -> None:
    upload = await engine.upload_files({"app.txt": b"app"})
    sent: tuple[InputFile, ...] = upload.files
    text = "jobs: {read: {image: 'busybox:1', commands: [cat app.txt, COMMAND]}}"
    first = await conduct(engine, text.replace("COMMAND", "exit 1"), workspace=sent)
    mended = RerunSource(text=text.replace("COMMAND", "echo fine"))
    await engine.rerun_workflow(first.run.workflow_id, RerunRequest(source=mended))
    assert (await ended(engine, first.run.workflow_id)).results == {"read": "success"}


async def test_a_new_name_of_the_run_is_made_from_the_changed_inputs_unless_one_was_given(engine: Engine) -> None:
    text = """
    run_name: for ${{ inputs.to }}
    inputs: {to: {type: string, default: all}, only: {type: string, default: x}}
    jobs: {tell: {image: busybox:1, commands: ['echo "${{ inputs.to }}"']}}
    """
    first = await conduct(engine, text, inputs={"to": "ann"})
    found = await engine.rerun_workflow(first.run.workflow_id, RerunRequest(inputs={"TO": "bob"}))
    assert (found.run.run_name, found.run.inputs) == ("for bob", {"to": "bob", "only": "x"})
    await ended(engine, first.run.workflow_id)
    named = await conduct(engine, text, name="mine")
    found = await engine.rerun_workflow(named.run.workflow_id, RerunRequest(inputs={"to": "bob"}))
    assert found.run.run_name == "mine"
    await ended(engine, named.run.workflow_id)


async def test_a_run_of_its_own_is_called_by_its_own_number(engine: Engine) -> None:
    text = """
    run_name: run ${{ run.number }} try ${{ run.attempt }}
    jobs: {bad: {image: busybox:1, commands: [exit 1]}}
    """
    first = await conduct(engine, text)
    assert first.run.run_name == "run 1 try 1"
    found = await engine.rerun_workflow(first.run.workflow_id, RerunRequest())
    assert found.run.run_name == "run 1 try 2"
    await ended(engine, first.run.workflow_id)
    own = await engine.rerun_workflow(first.run.workflow_id, RerunRequest(new_run=True))
    assert own.run.run_name == "run 2 try 1"
    await ended(engine, own.run.workflow_id)


async def test_an_input_that_a_changed_file_does_not_declare_is_dropped(engine: Engine) -> None:
    text = """
    inputs: {a: {type: string, default: x}}
    jobs: {tell: {image: busybox:1, commands: ['echo "${{ inputs.a }}"']}}
    """
    first = await conduct(engine, text, inputs={"a": "one"})
    changed = RerunSource(text=dedent(text).replace("a: {type", "b: {type").replace("inputs.a", "inputs.b"))
    found = await engine.rerun_workflow(first.run.workflow_id, RerunRequest(source=changed))
    assert found.run.inputs == {"b": "x"}
    await ended(engine, first.run.workflow_id)


async def test_a_run_that_was_cancelled_goes_on_from_where_it_was(engine: Engine) -> None:
    text = """
    jobs:
      first: {image: busybox:1, commands: [echo first]}
      long: {image: busybox:1, needs: first, commands: [COMMAND]}
      last: {image: busybox:1, needs: long, commands: [echo last]}
    """
    workflow_id = await start(engine, text.replace("COMMAND", "sleep 1000"))
    with anyio.fail_after(30), engine.subscribe([workflow_id]) as news:
        while (await engine.workflow_node(workflow_id, "long")).status != "running":
            await news.wait()
            news.take()
    await engine.cancel_workflow(workflow_id, force=True)
    first = await ended(engine, workflow_id)
    assert first.run.status is WorkflowStatus.CANCELLED
    mended = RerunSource(text=dedent(text.replace("COMMAND", "echo short")))
    found = await engine.rerun_workflow(workflow_id, RerunRequest(source=mended))
    second = await ended(engine, workflow_id)
    assert {node.node_id: node.why for node in found.plan.rerun}["long"] == "it was cancelled"
    assert (second.run.status, second.run.cancel) == (WorkflowStatus.SUCCESS, None)
    assert second.node("first").job_id == first.node("first").job_id

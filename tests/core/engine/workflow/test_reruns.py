"""Runs of workflows run again, wholly or in part."""

from __future__ import annotations

from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from core import (
    IdempotencyConflictError,
    InvalidArgumentError,
    InvalidSpecError,
    KeptFrom,
    NodeStatus,
    RerunRequest,
    RerunSource,
    WorkflowNotFinishedError,
    WorkflowNotFoundError,
    WorkflowStatus,
    new_workflow_id,
)
from tests.core.engine.workflow.rerunning import CALLED, CALLING, rerun, source
from tests.core.engine.workflow.runs import Ended, conduct, ended, start, until

if TYPE_CHECKING:
    from core import Engine

CHAIN = """
inputs: {tag: {type: string, default: one}}
jobs:
  build: {image: busybox:1, commands: ['echo "app=built" >> "$ORCAOPS_OUTPUT"']}
  lint: {image: busybox:1, commands: [echo lint]}
  test: {image: busybox:1, needs: build, commands: ["COMMAND"], env: {APP: "${{ needs.build.outputs.app }}"}}
  ship: {image: busybox:1, needs: [test, lint], commands: ['echo "$TAG"'], env: {TAG: "${{ inputs.tag }}"}}
"""
BROKEN, MENDED = CHAIN.replace("COMMAND", "exit 3"), CHAIN.replace("COMMAND", "echo fine")


async def jobs_of(engine: Engine, run: Ended) -> int:
    """How many jobs there are in all."""
    return sum((await engine.count_jobs()).values())


async def test_failed_nodes_run_again_and_green_ones_are_kept_with_their_jobs(engine: Engine) -> None:
    first = await conduct(engine, BROKEN)
    assert first.run.status is WorkflowStatus.PARTIAL
    found, second = await rerun(engine, first.run.workflow_id)
    assert (second.run.attempt, second.run.workflow_id) == (2, first.run.workflow_id)
    assert [node.node_id for node in found.plan.kept] == ["build", "lint"]
    for node_id in ("build", "lint"):
        kept, before = second.node(node_id), first.node(node_id)
        assert kept.status is NodeStatus.SUCCESS
        assert kept.kept_from == KeptFrom(1, before.job_id, "its definition and everything it depends on are unchanged")
        assert (kept.job_id, kept.tries, kept.outputs) == (before.job_id, before.tries, before.outputs)
        assert kept.started_at is None
    again = second.node("test")
    assert again.job_id not in {None, first.node("test").job_id}
    assert (again.status, again.kept_from) == (NodeStatus.FAILED, None)
    one, two = await engine.workflow_attempts(first.run.workflow_id)
    assert (one.selection, two.selection) == ("", "failed")
    assert await engine.workflow_nodes(first.run.workflow_id, attempt=1) == first.nodes


async def test_a_mended_file_runs_the_changed_job_and_what_depends_on_it_and_nothing_else(engine: Engine) -> None:
    first = await conduct(engine, BROKEN)
    found, second = await rerun(engine, first.run.workflow_id, source=source(MENDED))
    assert second.run.status is WorkflowStatus.SUCCESS
    assert {node.node_id: node.why for node in found.plan.rerun} == {
        "test": "it failed (exit code 3)",
        "ship": "it waits for test, which runs again",
    }
    assert await jobs_of(engine, second) == 3 + 2
    assert (await engine.workflow_source(first.run.workflow_id)).text == dedent(MENDED)
    assert (await engine.workflow_source(first.run.workflow_id, attempt=1)).text == dedent(BROKEN)
    changed = MENDED.replace("echo lint", "echo style")
    found, third = await rerun(engine, first.run.workflow_id, source=source(changed))
    assert {node.node_id: node.why for node in found.plan.rerun} == {
        "lint": "its definition has changed: steps",
        "ship": "it waits for lint, which runs again",
    }
    kept = third.node("build").kept_from
    assert kept is not None
    assert (kept.attempt, kept.job_id) == (1, first.node("build").job_id)
    assert third.node("test").kept_from == KeptFrom(
        2, second.node("test").job_id, "its definition and everything it depends on are unchanged"
    )


async def test_a_changed_input_runs_what_reads_it(engine: Engine) -> None:
    first = await conduct(engine, MENDED)
    found, second = await rerun(engine, first.run.workflow_id, inputs={"tag": "two"})
    assert [node.node_id for node in found.plan.rerun] == ["ship"]
    assert found.plan.rerun[0].why == "its definition has changed: env.TAG, inputs.tag"
    assert second.run.inputs == {"tag": "two"}
    assert found.plan.selection == "failed with changed inputs"
    with pytest.raises(InvalidSpecError, match="tga"):
        await engine.rerun_workflow(first.run.workflow_id, RerunRequest(inputs={"tga": "x"}))


async def test_a_plan_says_the_same_and_writes_nothing(engine: Engine) -> None:
    first = await conduct(engine, BROKEN)
    request = RerunRequest(source=source(MENDED))
    plan = await engine.plan_rerun(first.run.workflow_id, request)
    assert (await engine.workflow_state(first.run.workflow_id)) == (first.run, first.nodes)
    assert (await engine.rerun_workflow(first.run.workflow_id, request)).plan == plan
    assert (plan.attempt, [node.from_attempt for node in plan.nodes]) == (2, [1, 1, None, None])


async def test_all_runs_everything_again(engine: Engine) -> None:
    first = await conduct(engine, MENDED)
    found, second = await rerun(engine, first.run.workflow_id, selection="all")
    assert found.plan.kept == ()
    assert {node.why for node in found.plan.nodes} == {"everything runs again"}
    assert {node.job_id for node in second.nodes}.isdisjoint({node.job_id for node in first.nodes})


async def test_a_success_has_nothing_to_run_again_unless_something_is_named(engine: Engine) -> None:
    first = await conduct(engine, MENDED)
    with pytest.raises(InvalidArgumentError, match=r"Nothing of .* would run again"):
        await engine.rerun_workflow(first.run.workflow_id, RerunRequest())
    found, second = await rerun(engine, first.run.workflow_id, selection="jobs", jobs=("test",))
    assert [node.node_id for node in found.plan.rerun] == ["test", "ship"]
    found, third = await rerun(engine, first.run.workflow_id, selection="jobs", jobs=("test",), only=True)
    assert [node.node_id for node in found.plan.rerun] == ["test"]
    assert third.node("ship").job_id == second.node("ship").job_id
    assert third.run.status is WorkflowStatus.SUCCESS


async def test_only_computes_the_status_of_the_run_again(engine: Engine) -> None:
    text = """
    jobs:
      good: {image: busybox:1, commands: [echo good]}
      bad: {image: busybox:1, commands: [exit 1]}
    """
    first = await conduct(engine, text)
    _, second = await rerun(engine, first.run.workflow_id, selection="jobs", jobs=("good",), only=True)
    assert second.run.status is WorkflowStatus.PARTIAL
    bad = second.node("bad")
    assert (bad.status, bad.exit_code, bad.job_id) == (NodeStatus.FAILED, 1, first.node("bad").job_id)
    assert bad.kept_from is not None


async def test_a_failed_job_that_counts_as_done_lets_the_others_run(engine: Engine) -> None:
    first = await conduct(engine, BROKEN)
    found, second = await rerun(engine, first.run.workflow_id, skip={"test": {"report": "by hand"}}, actor="ann")
    assert second.run.status is WorkflowStatus.SUCCESS
    test = second.node("test")
    assert (test.status, test.outputs) == (NodeStatus.SUCCESS, {"report": "by hand"})
    assert test.kept_from == KeptFrom(0, None, "it counts as done, by hand", "ann")
    assert found.plan.selection == "failed skip test"
    _, third = await rerun(engine, first.run.workflow_id, selection="jobs", jobs=("ship",))
    assert third.node("test").kept_from == KeptFrom(0, None, "it counted as done, by hand, and still does", "ann")


async def test_what_cannot_be_run_again_is_refused_with_what_to_do(engine: Engine) -> None:
    first = await conduct(engine, BROKEN)
    workflow_id = first.run.workflow_id
    cases = (
        (RerunRequest(selection="jobs"), "needs the names of jobs"),
        (RerunRequest(jobs=("test",)), "takes no names of jobs"),
        (RerunRequest(only=True), "'only' goes with"),
        (RerunRequest(selection="jobs", jobs=("tset",)), "'tset' is no job of this run"),
        (RerunRequest(skip={"tset": {}}), "'tset' is no job of this run"),
        (RerunRequest(selection="jobs", jobs=("ship",)), "'ship' would not run: .* needs test"),
    )
    for request, message in cases:
        with pytest.raises(InvalidArgumentError, match=message) as caught:
            await engine.plan_rerun(workflow_id, request)
        assert caught.value.hint
    with pytest.raises(InvalidSpecError, match="Unknown key 'imag'"):
        await engine.plan_rerun(workflow_id, RerunRequest(source=source("jobs: {a: {imag: x}}")))
    with pytest.raises(WorkflowNotFoundError):
        await engine.plan_rerun(new_workflow_id(), RerunRequest())
    with pytest.raises(WorkflowNotFoundError):
        await engine.rerun_workflow("no id", RerunRequest())


async def test_a_run_that_has_not_ended_is_not_run_again(engine: Engine) -> None:
    workflow_id = await start(engine, "jobs: {long: {image: 'busybox:1', commands: [sleep 1000]}}")
    await until(engine, workflow_id, "long", "running")
    with pytest.raises(WorkflowNotFinishedError, match="it is running"):
        await engine.rerun_workflow(workflow_id, RerunRequest())
    await engine.cancel_workflow(workflow_id, force=True)
    await ended(engine, workflow_id)


async def test_a_rerun_is_repeatable_by_its_key(engine: Engine) -> None:
    first = await conduct(engine, BROKEN)
    workflow_id = first.run.workflow_id
    request = RerunRequest(selection="all")
    one = await engine.rerun_workflow(workflow_id, request, idempotency_key="again")
    await ended(engine, workflow_id)
    two = await engine.rerun_workflow(workflow_id, request, idempotency_key="again")
    assert (one.replayed, two.replayed, two.run.attempt, two.plan.nodes) == (False, True, 2, ())
    with pytest.raises(IdempotencyConflictError):
        await engine.rerun_workflow(workflow_id, RerunRequest(), idempotency_key="again")


async def test_a_run_of_its_own_keeps_results_of_the_one_it_repeats(engine: Engine) -> None:
    first = await conduct(engine, BROKEN, tags=("nightly",))
    found, second = await rerun(engine, first.run.workflow_id, source=source(MENDED), new_run=True)
    assert second.run.workflow_id != first.run.workflow_id
    assert (second.run.attempt, second.run.rerun_of, second.run.tags) == (1, first.run.workflow_id, ("nightly",))
    assert second.run.run_number == first.run.run_number + 1
    assert second.run.status is WorkflowStatus.SUCCESS
    assert (found.plan.workflow_id, found.plan.attempt) == (first.run.workflow_id, 1)
    assert second.node("build").job_id == first.node("build").job_id
    assert (await engine.get_workflow(first.run.workflow_id)) == first.run


async def test_outputs_and_variants_of_a_matrix_are_matched_by_their_ids(engine: Engine) -> None:
    text = """
    inputs: {parts: {type: json, default: ["a", "b", "c"]}}
    jobs:
      list: {image: busybox:1, commands: ['echo ''parts=["a","b","c"]'' >> "$ORCAOPS_OUTPUT"']}
      test:
        image: busybox:1
        needs: list
        fail_fast: false
        matrix: {part: "${{ fromJSON(needs.list.outputs.parts) }}"}
        commands: ['test "${{ matrix.part }}" != b']
      merge: {image: busybox:1, needs: test, commands: [echo merge]}
    """
    first = await conduct(engine, text)
    assert first.results == {
        "list": "success", "test-a": "success", "test-b": "failure", "test-c": "success", "merge": "skipped",
    }  # fmt: skip
    found, second = await rerun(engine, first.run.workflow_id)
    assert [node.node_id for node in found.plan.rerun] == ["test-b", "merge"]
    assert second.results == first.results
    assert second.node("test-a").job_id == first.node("test-a").job_id
    assert second.node("test-c").variant == first.node("test-c").variant
    mended = source(text.replace("!= b", "!= z"))
    found, third = await rerun(engine, first.run.workflow_id, source=mended)
    assert [node.node_id for node in found.plan.kept] == ["list"]
    assert third.run.status is WorkflowStatus.SUCCESS


async def test_a_kept_failure_of_a_variant_stops_no_other_one(engine: Engine) -> None:
    text = """
    jobs:
      test:
        image: busybox:1
        matrix: {part: [a, b]}
        max_parallel: 1
        commands: ['test "${{ matrix.part }}" != a']
    """
    first = await conduct(engine, text)
    assert first.results == {"test-a": "failure", "test-b": "cancelled"}
    _, second = await rerun(engine, first.run.workflow_id, selection="jobs", jobs=("test[part=b]",))
    assert second.results == {"test-a": "failure", "test-b": "success"}


async def test_of_a_called_file_only_what_failed_runs_again(engine: Engine) -> None:
    files = {"release.yaml": CALLED.replace("COMMAND", "exit 1")}
    first = await conduct(engine, CALLING, files=files)
    assert first.results == {
        "prepare": "success", "release": "failure", "release / pack": "success", "release / sign": "failure",
        "tell": "skipped",
    }  # fmt: skip
    mended = RerunSource(text=CALLING, files={"release.yaml": CALLED.replace("COMMAND", "echo signed")})
    found, second = await rerun(engine, first.run.workflow_id, source=mended)
    assert [node.node_id for node in found.plan.kept] == ["prepare", "release / pack"]
    assert second.run.status is WorkflowStatus.SUCCESS
    assert second.node("release / pack").job_id == first.node("release / pack").job_id
    assert second.node("release").outputs == {"digest": "d7"}
    found, third = await rerun(engine, first.run.workflow_id, selection="jobs", jobs=("tell",))
    assert [node.node_id for node in found.plan.rerun] == ["tell"]
    assert third.run.status is WorkflowStatus.SUCCESS
    assert third.node("release / sign").job_id == second.node("release / sign").job_id


async def test_a_tolerated_failure_is_kept_as_one(engine: Engine) -> None:
    text = """
    jobs:
      shaky: {image: busybox:1, commands: [exit 1], allow_failure: true}
      bad: {image: busybox:1, commands: [exit 1]}
    """
    first = await conduct(engine, text)
    _, second = await rerun(engine, first.run.workflow_id)
    shaky = second.node("shaky")
    assert (shaky.is_tolerated, shaky.job_id) == (True, first.node("shaky").job_id)
    assert second.run.counts.tolerated == 1
    found, _ = await rerun(engine, first.run.workflow_id, include_tolerated=True)
    assert [node.node_id for node in found.plan.rerun] == ["shaky", "bad"]


async def test_a_success_whose_artifacts_are_gone_runs_again(engine: Engine) -> None:
    text = """
    jobs:
      build: {image: busybox:1, commands: [echo app > app.txt], artifacts: [app.txt]}
      bad: {image: busybox:1, commands: [exit 1], needs: build}
    """
    first = await conduct(engine, text)
    build = first.node("build")
    assert build.artifacts == 1
    assert [node.node_id for node in (await engine.plan_rerun(first.run.workflow_id, RerunRequest())).kept] == ["build"]
    assert build.job_id is not None
    stored = await engine.open_artifact(build.job_id, "app.txt")
    stored.file.unlink()
    plan = await engine.plan_rerun(first.run.workflow_id, RerunRequest())
    assert {node.node_id: node.why for node in plan.rerun} == {
        "build": "its artifact app.txt is not there any more",
        "bad": "it waits for build, which runs again",
    }

"""Reruns that take some nodes for done, or leave what depends on others alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import RerunRequest, WorkflowStatus
from tests.core.engine.workflow.rerunning import CALLED, CALLING, rerun, source
from tests.core.engine.workflow.runs import conduct

if TYPE_CHECKING:
    from core import Engine


async def test_only_leaves_a_called_file_as_it_was_though_its_caller_needs_what_runs(engine: Engine) -> None:
    first = await conduct(engine, CALLING, files={"release.yaml": CALLED.replace("COMMAND", "echo signed")})
    found, second = await rerun(engine, first.run.workflow_id, selection="jobs", jobs=("prepare",), only=True)
    assert [node.node_id for node in found.plan.rerun] == ["prepare"]
    assert len(found.plan.nodes) == len(second.nodes) == 5
    assert second.results == first.results
    for node_id in ("release / pack", "release / sign", "tell"):
        assert second.node(node_id).job_id == first.node(node_id).job_id
    assert second.node("release").outputs == {"digest": "d7"}


async def test_a_caller_or_a_job_of_its_file_may_count_as_done(engine: Engine) -> None:
    files = {"release.yaml": CALLED.replace("COMMAND", "exit 1")}
    first = await conduct(engine, CALLING, files=files)
    found, second = await rerun(engine, first.run.workflow_id, skip={"release / sign": {}})
    assert [node.node_id for node in found.plan.rerun] == ["release", "tell"]
    assert second.run.status is WorkflowStatus.SUCCESS
    found = await engine.plan_rerun(first.run.workflow_id, RerunRequest(skip={"release / pack": {"digest": "mine"}}))
    assert {node.node_id: node.why for node in found.rerun} == {
        "release": "release / pack of its file counts as done, by hand",
        "tell": "it waits for release, which runs again",
    }
    again = await conduct(engine, CALLING, files=files)
    _, third = await rerun(engine, again.run.workflow_id, skip={"release": {"digest": "mine"}})
    assert third.run.status is WorkflowStatus.SUCCESS
    assert third.node("release").outputs == {"digest": "mine"}
    assert "release / sign" not in third.results


async def test_a_matrix_that_was_never_known_may_count_as_done(engine: Engine) -> None:
    text = """
    jobs:
      list: {image: busybox:1, commands: [exit 1]}
      test:
        image: busybox:1
        needs: list
        matrix: {part: "${{ fromJSON(needs.list.outputs.parts) }}"}
        commands: [echo test]
      merge: {image: busybox:1, needs: [test], if: always(), commands: ['test "${{ needs.test.outputs.sum }}" = 3']}
    """
    first = await conduct(engine, text)
    assert first.results == {"list": "failure", "test": "skipped", "merge": "failure"}
    found, second = await rerun(engine, first.run.workflow_id, skip={"test": {"sum": "3"}})
    assert [node.node_id for node in found.plan.rerun] == ["list", "merge"]
    assert second.results == {"list": "failure", "test": "success", "merge": "success"}


async def test_variants_of_a_matrix_may_count_as_done(engine: Engine) -> None:
    text = """
    jobs:
      test:
        image: busybox:1
        matrix: {part: [a, b]}
        fail_fast: false
        commands: ['echo "x=1" >> "$ORCAOPS_OUTPUT"', 'test "${{ matrix.part }}" = a']
      merge:
        image: busybox:1
        needs: test
        commands: ['test "${{ join(needs.test.variants.*.outputs.x) }}" = 1,2']
    """
    first = await conduct(engine, text)
    _, second = await rerun(engine, first.run.workflow_id, skip={"test[part=b]": {"x": "2"}})
    assert second.run.status is WorkflowStatus.SUCCESS
    assert second.node("test-a").job_id == first.node("test-a").job_id


async def test_a_kept_failure_cancels_no_run_that_stops_at_failures(engine: Engine) -> None:
    text = """
    on_failure: cancel
    jobs:
      bad: {image: busybox:1, commands: [exit 1]}
      other: {image: busybox:1, needs: bad, if: always(), commands: [echo other]}
    """
    first = await conduct(engine, text)
    _, second = await rerun(engine, first.run.workflow_id, selection="jobs", jobs=("other",))
    assert second.results == {"bad": "failure", "other": "success"}


async def test_shared_services_stand_for_the_jobs_that_run_again(engine: Engine) -> None:
    text = """
    services: {db: {image: redis:7}}
    jobs:
      good: {image: busybox:1, commands: [echo good]}
      bad: {image: busybox:1, commands: ['test -n "$DB_HOST"', COMMAND]}
    """
    first = await conduct(engine, text.replace("COMMAND", "exit 1"))
    assert first.results == {"good": "success", "bad": "failure"}
    found, second = await rerun(
        engine, first.run.workflow_id, source=source(text.replace("COMMAND", "exit 0").replace("redis:7", "redis:8"))
    )
    assert {node.node_id: node.why for node in found.plan.rerun} == {
        "good": "its definition has changed: shared services",
        "bad": "it failed (exit code 1)",
    }
    assert second.run.status is WorkflowStatus.SUCCESS


async def test_one_job_of_another_file_runs_by_itself_with_what_a_run_left(engine: Engine) -> None:
    text = """
    jobs:
      build:
        image: busybox:1
        commands: ['echo "tag=7" >> "$ORCAOPS_OUTPUT"', echo app > app.txt]
        artifacts: [app.txt]
    """
    more = """
      try:
        image: busybox:1
        needs: build
        commands: ['test "${{ needs.build.outputs.tag }}" = 7', 'cat "$ORCAOPS_NEEDS_DIR/build/app.txt"']
      last: {image: busybox:1, needs: try, commands: [echo last]}
    """
    first = await conduct(engine, text)
    found, own = await rerun(
        engine, first.run.workflow_id, source=source(text.rstrip() + more), selection="jobs", jobs=("try",), only=True,
        new_run=True,
    )  # fmt: skip
    assert (own.run.status, own.run.rerun_of) == (WorkflowStatus.SUCCESS, first.run.workflow_id)
    assert {node.node_id: node.why for node in found.plan.nodes} == {
        "build": "only what was asked for runs again",
        "try": "it was asked for",
        "last": "it waits for try, which runs again",
    }
    assert own.node("build").job_id == first.node("build").job_id

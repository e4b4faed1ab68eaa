"""A run of a workflow from its first node to its end, on containers that are simulated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import NodeStatus, WorkflowStatus
from tests.core.engine.workflow.runs import conduct

if TYPE_CHECKING:
    from core import Engine

DIAMOND = """
jobs:
  plan: {image: busybox:1, commands: ['echo "level=3" >> "$ORCAOPS_OUTPUT"']}
  left: {image: busybox:1, needs: plan, commands: [echo left]}
  right: {image: busybox:1, needs: plan, if: needs.plan.outputs.level == '3', commands: [echo right]}
  last: {image: busybox:1, needs: [left, right], commands: [echo last]}
outputs:
  level: ${{ jobs.plan.outputs.level }}
"""


async def test_jobs_run_in_their_order_and_hand_outputs_on(engine: Engine) -> None:
    ended = await conduct(engine, DIAMOND)
    assert ended.run.status is WorkflowStatus.SUCCESS
    assert dict(ended.run.outputs) == {"level": "3"}
    assert set(ended.results.values()) == {"success"}
    plan, last = ended.node("plan"), ended.node("last")
    assert plan.finished_at is not None
    assert last.started_at is not None
    assert plan.finished_at <= last.started_at
    assert ended.node("right").condition is not None
    assert ended.run.counts.success == 4


async def test_each_try_of_a_node_is_an_ordinary_job_that_names_it(engine: Engine) -> None:
    ended = await conduct(engine, DIAMOND)
    node = ended.node("left")
    assert node.job_id is not None
    job = await engine.get_job(node.job_id)
    assert job.workflow is not None
    assert (job.workflow.workflow_id, job.workflow.node_id) == (ended.run.workflow_id, "left")
    assert [each.job_id for each in node.tries] == [job.job_id]


async def test_what_needs_a_failed_job_is_skipped_and_says_so(engine: Engine) -> None:
    ended = await conduct(
        engine,
        """
        jobs:
          build: {image: busybox:1, commands: [exit 3]}
          test: {image: busybox:1, needs: build, commands: [echo test]}
          ship: {image: busybox:1, needs: test, commands: [echo ship]}
          lint: {image: busybox:1, commands: [echo lint]}
          tell: {image: busybox:1, needs: build, if: failure(), commands: [echo told]}
        """,
    )
    assert ended.run.status is WorkflowStatus.PARTIAL
    assert ended.results == {
        "build": "failure", "test": "skipped", "ship": "skipped", "lint": "success", "tell": "success",
    }  # fmt: skip
    skipped = ended.node("test")
    assert skipped.reason is not None
    assert (skipped.reason.code, skipped.reason.text, skipped.reason.jobs) == (
        "needs",
        "needs build (failure)",
        ("build",),
    )
    assert ended.node("build").exit_code == 3


async def test_a_condition_that_does_not_hold_is_kept_with_its_values(engine: Engine) -> None:
    ended = await conduct(
        engine,
        """
        inputs: {level: {type: string, default: low}}
        jobs:
          deploy: {image: busybox:1, if: "inputs.level == 'high'", commands: [echo deploy]}
        """,
    )
    node = ended.node("deploy")
    assert node.status is NodeStatus.SKIPPED
    assert node.reason is not None
    assert (node.reason.code, node.reason.text) == ("condition", "success() && 'low' == 'high' → false")
    assert ended.run.status is WorkflowStatus.SUCCESS


async def test_a_matrix_runs_a_node_for_each_variant_with_its_values(engine: Engine) -> None:
    ended = await conduct(
        engine,
        """
        jobs:
          test:
            image: busybox:1
            matrix: {python: ["3.11", "3.12"], os: [alpine, debian]}
            env: {WHICH: "${{ matrix.python }}-${{ matrix.os }}"}
            commands: ['echo "which=$WHICH" >> "$ORCAOPS_OUTPUT"']
          merge:
            image: busybox:1
            needs: test
            env: {ALL: "${{ join(needs.test.variants.*.outputs.which, ' ') }}"}
            commands: ['echo "all=$ALL" >> "$ORCAOPS_OUTPUT"']
        """,
    )
    assert [node.node_id for node in ended.nodes] == [
        "test-3.11-alpine", "test-3.11-debian", "test-3.12-alpine", "test-3.12-debian", "merge",
    ]  # fmt: skip
    assert ended.node("merge").outputs == {"all": "3.11-alpine 3.11-debian 3.12-alpine 3.12-debian"}


async def test_a_computed_matrix_takes_the_place_of_the_node_that_stood_for_it(engine: Engine) -> None:
    ended = await conduct(
        engine,
        """
        jobs:
          plan: {image: busybox:1, commands: ['echo "list=[1, 2, 3]" >> "$ORCAOPS_OUTPUT"']}
          work:
            image: busybox:1
            needs: plan
            matrix: {part: "${{ fromJSON(needs.plan.outputs.list) }}"}
            commands: ["echo ${{ matrix.part }}"]
        """,
    )
    assert [node.node_id for node in ended.nodes] == ["plan", "work-1", "work-2", "work-3"]
    assert ended.run.status is WorkflowStatus.SUCCESS


async def test_an_empty_matrix_skips_the_job(engine: Engine) -> None:
    ended = await conduct(
        engine,
        """
        jobs:
          plan: {image: busybox:1, commands: ['echo "list=[]" >> "$ORCAOPS_OUTPUT"']}
          work:
            image: busybox:1
            needs: plan
            matrix: {part: "${{ fromJSON(needs.plan.outputs.list) }}"}
            commands: ["echo ${{ matrix.part }}"]
        """,
    )
    assert ended.results["work"] == "skipped"
    assert ended.reasons["work"] == "empty-matrix"
    assert ended.run.status is WorkflowStatus.SUCCESS


async def test_a_job_that_asks_for_the_same_variant_waits_for_that_one_alone(engine: Engine) -> None:
    ended = await conduct(
        engine,
        """
        jobs:
          build:
            image: busybox:1
            fail_fast: false
            matrix: {os: [alpine, debian]}
            commands: ['[ "${{ matrix.os }}" = alpine ] || exit 1', 'echo "os=${{ matrix.os }}" >> "$ORCAOPS_OUTPUT"']
          test:
            image: busybox:1
            needs: [{job: build, matrix: same}]
            fail_fast: false
            matrix: {os: [alpine, debian]}
            env: {OS: "${{ needs.build.outputs.os }}"}
            commands: ['echo "os=$OS" >> "$ORCAOPS_OUTPUT"']
        """,
    )
    assert ended.results == {
        "build-alpine": "success", "build-debian": "failure", "test-alpine": "success", "test-debian": "skipped",
    }  # fmt: skip
    assert ended.node("test-alpine").outputs == {"os": "alpine"}
    assert ended.node("test-debian").needs == ("build",)


async def test_a_finally_job_runs_behind_all_others_whatever_became_of_them(engine: Engine) -> None:
    ended = await conduct(
        engine,
        """
        jobs:
          build: {image: busybox:1, commands: [exit 1]}
          tell:
            image: busybox:1
            on_complete: always
            env: {RESULT: "${{ jobs.build.result }}"}
            commands: ['echo "result=$RESULT" >> "$ORCAOPS_OUTPUT"']
        """,
    )
    assert ended.node("tell").outputs == {"result": "failure"}
    assert ended.run.status is WorkflowStatus.FAILED


async def test_a_tolerated_failure_counts_as_success_for_others(engine: Engine) -> None:
    ended = await conduct(
        engine,
        """
        jobs:
          lint: {image: busybox:1, continue-on-error: true, commands: [exit 1]}
          odd: {image: busybox:1, continue-on-error: {exit_codes: [7]}, commands: [exit 7]}
          next: {image: busybox:1, needs: [lint, odd], commands: [echo next]}
        """,
    )
    assert ended.run.status is WorkflowStatus.SUCCESS
    assert (ended.node("lint").status, ended.results["lint"]) == (NodeStatus.FAILED, "success")
    assert ended.run.counts.tolerated == 2


async def test_an_expression_that_cannot_be_evaluated_fails_its_job_before_it_starts(engine: Engine) -> None:
    ended = await conduct(
        engine,
        """
        inputs: {dry: {type: string, default: "yes"}}
        jobs:
          deploy: {image: busybox:1, if: "case(inputs.dry, true, false)", commands: [echo deploy]}
          lint: {image: busybox:1, commands: [echo lint]}
        """,
    )
    failure = ended.node("deploy").failure
    assert failure is not None
    assert failure.kind == "expression"
    assert failure.message.startswith("Error when evaluating 'if' for job 'deploy': case predicate must evaluate")
    assert "inputs.dry = 'yes' (text)" in failure.message
    assert ended.node("deploy").job_id is None
    assert ended.run.status is WorkflowStatus.PARTIAL

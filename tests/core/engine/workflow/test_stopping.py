"""Runs and nodes that are stopped: by a request, a failed variant, a time limit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from core import EngineSettings, NodeStatus, WorkflowRequest, WorkflowStatus, open_engine
from core.engine.workflow.rooms import Known
from tests.core.engine.workflow.runs import conduct, ended, start, until

if TYPE_CHECKING:
    from core import Engine
    from core.testing.clock import MovingClock


async def test_a_cancelled_run_stops_what_runs_and_starts_only_what_runs_always(engine: Engine) -> None:
    workflow_id = await start(
        engine,
        """
        jobs:
          done: {image: busybox:1, commands: [echo done]}
          long: {image: busybox:1, needs: done, commands: [sleep 600]}
          behind: {image: busybox:1, needs: long, commands: [echo behind]}
          clean: {image: busybox:1, needs: long, if: always(), commands: [echo clean]}
          told: {image: busybox:1, needs: long, if: cancelled(), commands: [echo told]}
          last: {image: busybox:1, on_complete: always, commands: [echo last]}
          never: {image: busybox:1, on_complete: success, commands: [echo never]}
        """,
    )
    await until(engine, workflow_id, "long", NodeStatus.RUNNING)
    asked = await engine.cancel_workflow(workflow_id, by="cli", actor="ada", reason="wrong branch")
    assert asked.cancel is not None
    over = await ended(engine, workflow_id)
    assert over.run.status is WorkflowStatus.CANCELLED
    assert over.run.reason is not None
    assert over.run.reason.text == "the run was cancelled by ada: wrong branch"
    assert over.results == {
        "done": "success",
        "long": "cancelled",
        "behind": "cancelled",
        "clean": "success",
        "told": "success",
        "last": "success",
        "never": "cancelled",
    }
    long = over.node("long")
    assert long.reason is not None
    assert long.reason.text == "the run was cancelled by ada: wrong branch"


async def test_a_node_that_is_stopped_before_anybody_conducts_its_run_never_starts(engine: Engine) -> None:
    text = "jobs: {one: {image: 'busybox:1', commands: [echo one]}, two: {image: 'busybox:1', commands: [echo two]}}"
    accepted = await engine._conductors.accept(WorkflowRequest(text=text), by="python", folder=None)
    submitted = await engine._parts.workflow_ledger.submit(accepted.run, accepted.source, accepted.nodes)
    run = submitted.run
    await engine.cancel_workflow(run.workflow_id, node="one")
    await anyio.wait_all_tasks_blocked()  # whoever hears of it has heard, and there is nobody to be told
    engine._conductors.begin(run, Known(accepted.workflow, accepted.graph, submitted.nodes, run.version))
    over = await ended(engine, run.workflow_id)
    assert over.results == {"one": "cancelled", "two": "success"}
    assert [node.started_at is not None for node in over.nodes] == [False, True]


async def test_a_job_that_runs_always_goes_on_while_its_run_is_cancelled(engine: Engine) -> None:
    workflow_id = await start(
        engine,
        """
        jobs:
          long: {image: busybox:1, commands: [sleep 600]}
          tidy: {image: busybox:1, if: always(), commands: [sleep 1, echo tidy]}
        """,
    )
    await until(engine, workflow_id, "tidy", NodeStatus.RUNNING)
    await until(engine, workflow_id, "long", NodeStatus.RUNNING)
    await engine.cancel_workflow(workflow_id)
    over = await ended(engine, workflow_id)
    assert over.results == {"long": "cancelled", "tidy": "success"}


async def test_by_force_nothing_ends_in_peace_and_nothing_starts_any_more(engine: Engine) -> None:
    workflow_id = await start(
        engine,
        """
        jobs:
          tidy: {image: busybox:1, if: always(), commands: [sleep 600]}
          last: {image: busybox:1, on_complete: always, commands: [echo last]}
        """,
    )
    await until(engine, workflow_id, "tidy", NodeStatus.RUNNING)
    await engine.cancel_workflow(workflow_id)
    await engine.cancel_workflow(workflow_id, force=True)
    over = await ended(engine, workflow_id)
    assert over.results == {"tidy": "cancelled", "last": "cancelled"}


async def test_cancelling_a_run_that_has_ended_changes_nothing(engine: Engine) -> None:
    over = await conduct(engine, "jobs: {one: {image: 'busybox:1', commands: [echo one]}}")
    assert await engine.cancel_workflow(over.run.workflow_id) == over.run


async def test_one_node_is_cancelled_and_the_run_goes_on(engine: Engine) -> None:
    workflow_id = await start(
        engine,
        """
        jobs:
          long: {image: busybox:1, commands: [sleep 600]}
          behind: {image: busybox:1, needs: long, commands: [echo behind]}
          other: {image: busybox:1, after: long, commands: [echo other]}
        """,
    )
    await until(engine, workflow_id, "long", NodeStatus.RUNNING)
    await engine.cancel_workflow(workflow_id, node="long", by="cli", reason="hangs")
    over = await ended(engine, workflow_id)
    assert over.results == {"long": "cancelled", "behind": "skipped", "other": "success"}
    long = over.node("long")
    assert long.reason is not None
    assert (long.reason.code, long.reason.text) == ("cancelled", "cancelled by cli: hangs")
    assert over.run.status is WorkflowStatus.PARTIAL


async def test_a_waiting_node_is_cancelled_before_it_starts(engine: Engine) -> None:
    workflow_id = await start(
        engine,
        """
        jobs:
          long: {image: busybox:1, commands: [sleep 600]}
          behind: {image: busybox:1, needs: long, commands: [echo behind]}
        """,
    )
    await until(engine, workflow_id, "long", NodeStatus.RUNNING)
    await engine.cancel_workflow(workflow_id, node="behind")
    assert (await until(engine, workflow_id, "behind", NodeStatus.CANCELLED)).job_id is None
    await engine.cancel_workflow(workflow_id)
    await ended(engine, workflow_id)


async def test_a_failed_variant_stops_the_others_and_is_named(engine: Engine) -> None:
    over = await conduct(
        engine,
        """
        max_parallel: 2
        jobs:
          test:
            image: busybox:1
            matrix: {part: [bad, slow, waiting]}
            env: {PART: "${{ matrix.part }}"}
            commands: ['if [ "$PART" = bad ]; then exit 1; fi', sleep 600]
        """,
    )
    assert over.results == {"test-bad": "failure", "test-slow": "cancelled", "test-waiting": "cancelled"}
    for node_id in ("test-slow", "test-waiting"):
        reason = over.node(node_id).reason
        assert reason is not None
        assert (reason.code, reason.jobs) == ("fail-fast", ("test-bad",))
    assert over.run.status is WorkflowStatus.FAILED


async def test_a_tolerated_variant_stops_nobody(engine: Engine) -> None:
    over = await conduct(
        engine,
        """
        max_parallel: 1
        jobs:
          test:
            image: busybox:1
            matrix: {part: [bad, good]}
            env: {PART: "${{ matrix.part }}"}
            continue-on-error: ${{ matrix.part == 'bad' }}
            commands: ['[ "$PART" = good ]']
        """,
    )
    assert over.results == {"test-bad": "success", "test-good": "success"}
    assert over.node("test-bad").status is NodeStatus.FAILED
    assert over.run.status is WorkflowStatus.SUCCESS


async def test_on_failure_cancel_stops_the_rest_of_the_run_at_the_first_failure(engine: Engine) -> None:
    over = await conduct(
        engine,
        """
        on_failure: cancel
        jobs:
          bad: {image: busybox:1, commands: [exit 1]}
          long: {image: busybox:1, commands: [sleep 600]}
          behind: {image: busybox:1, needs: long, commands: [echo behind]}
          last: {image: busybox:1, on_complete: always, commands: [echo last]}
        """,
    )
    assert over.results == {"bad": "failure", "long": "cancelled", "behind": "cancelled", "last": "success"}
    assert over.run.status is WorkflowStatus.FAILED
    assert over.run.cancel is None
    reason = over.node("long").reason
    assert reason is not None
    assert (reason.text, reason.jobs) == ("on_failure: cancel, and bad failed", ("bad",))


async def test_a_run_that_takes_too_long_is_stopped_and_has_failed(
    settings: EngineSettings, moving_clock: MovingClock
) -> None:
    async with open_engine(settings, clock=moving_clock) as engine:
        workflow_id = await start(
            engine,
            """
            timeout: 10m
            jobs:
              first: {image: busybox:1, timeout: 9m, commands: [sleep 400]}
              second: {image: busybox:1, timeout: 9m, needs: first, commands: [sleep 500]}
              last: {image: busybox:1, on_complete: always, commands: ["true"]}
            """,
        )
        with anyio.fail_after(30), engine.subscribe([workflow_id]) as news:
            while not (await engine.get_workflow(workflow_id)).is_finished:
                moving_clock.advance(5)
                with anyio.move_on_after(0.02):
                    await news.wait()
                news.take()
        over = await ended(engine, workflow_id)
    assert over.run.status is WorkflowStatus.PARTIAL
    assert over.run.reason is not None
    assert (over.run.reason.code, over.run.reason.text) == ("timeout", "the run's time limit passed")
    assert over.results == {"first": "success", "second": "cancelled", "last": "success"}
    assert over.reasons["second"] == "timeout"


async def test_what_is_left_after_the_time_for_cleaning_up_is_killed(settings: EngineSettings) -> None:
    short = settings.model_copy(update={"limits": settings.limits.model_copy(update={"cleanup_timeout_s": 0.5})})
    async with open_engine(short) as engine:
        workflow_id = await start(
            engine,
            """
            jobs:
              tidy: {image: busybox:1, if: always(), commands: [sleep 600]}
              last: {image: busybox:1, on_complete: always, commands: [echo last]}
            """,
        )
        await until(engine, workflow_id, "tidy", NodeStatus.RUNNING)
        await engine.cancel_workflow(workflow_id)
        over = await ended(engine, workflow_id)
    assert over.results == {"tidy": "cancelled", "last": "cancelled"}


async def test_a_matrix_that_becomes_known_while_its_run_is_cancelled_is_cancelled_too(engine: Engine) -> None:
    workflow_id = await start(
        engine,
        """
        jobs:
          plan: {image: busybox:1, if: always(), commands: ['echo "list=[1, 2]" >> "$ORCAOPS_OUTPUT"', sleep 1]}
          work:
            image: busybox:1
            needs: plan
            if: matrix.part != 3
            matrix: {part: "${{ fromJSON(needs.plan.outputs.list) }}"}
            commands: [echo work]
          tidy:
            image: busybox:1
            needs: plan
            if: always() && matrix.part != 2
            matrix: {part: "${{ fromJSON(needs.plan.outputs.list) }}"}
            commands: [echo tidy]
        """,
    )
    await until(engine, workflow_id, "plan", NodeStatus.RUNNING)
    await engine.cancel_workflow(workflow_id)
    over = await ended(engine, workflow_id)
    assert over.results == {"plan": "success", "work": "cancelled", "tidy-1": "success", "tidy-2": "cancelled"}

"""From a job that ended to its node's end: results, outputs, tails, further tries; in simulated containers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest
from pydantic import SecretStr

from core import Engine, FailureKind, NodeEvent, Outcome, Reason, Result
from core.engine.workflow.node_end import NodeEnd, fault_end, node_end
from core.engine.workflow.node_job import make_node_job
from core.engine.workflow.node_setting import NodeFaultError
from tests.core.engine.workflow.settings_of_nodes import a_setting

if TYPE_CHECKING:
    from core import EngineSettings
    from core.engine.parts import Parts
    from core.engine.workflow.node_setting import NodeSetting

TOKEN = "sesame-open-sesame"


@pytest.fixture
def settings(settings: EngineSettings) -> EngineSettings:
    return settings.model_copy(update={"secrets": {"TOKEN": SecretStr(TOKEN)}})


def parts_of(engine: Engine) -> Parts:
    return engine._parts  # pyright: ignore[reportPrivateUsage] -- the seam stands below the front door


async def ended(engine: Engine, setting: NodeSetting | str, *, may_retry: bool = True, **changes: Any) -> NodeEnd:
    """The end of a node's one try."""
    node = a_setting(setting, **changes) if isinstance(setting, str) else setting
    parts = parts_of(engine)
    made = await make_node_job(parts, node, engine.admit)
    with anyio.fail_after(60):
        job_id = (await engine.submit_job(made.spec)).job.job_id
        job = await engine.wait_for_job(job_id)
    return await node_end(parts, node, job, may_retry=may_retry, warnings=made.warnings)


def job(*lines: str, image: str = "busybox") -> str:
    """A file with one job, of the lines of its definition."""
    return "\n".join(["jobs:", "  build:", f"    image: {image}", *(f"    {line}" for line in lines)])


# --- results


async def test_a_success_publishes_what_was_written(engine: Engine) -> None:
    end = await ended(engine, job('commands: ["echo a=1 >> $ORCAOPS_OUTPUT", "echo b=2 >> $ORCAOPS_OUTPUT"]'))
    assert (end.event, end.outcome, end.result, end.exit_code) == (
        NodeEvent.SUCCEED, Outcome.SUCCESS, Result.SUCCESS, 0,
    )  # fmt: skip
    assert (end.outputs, end.tail, end.retry_in_s) == ({"a": "1", "b": "2"}, (), None)


async def test_a_failure_has_its_last_lines_and_publishes_what_was_written_all_the_same(engine: Engine) -> None:
    end = await ended(engine, job('commands: ["echo a=1 >> $ORCAOPS_OUTPUT", echo broken, exit 3]'))
    assert (end.event, end.result, end.exit_code, end.outputs) == (NodeEvent.FAIL, Result.FAILURE, 3, {"a": "1"})
    assert end.tail == ("broken",)
    assert end.failure is not None
    assert end.failure.kind is FailureKind.EXIT


@pytest.mark.parametrize(
    ("tolerance", "result"),
    [
        ("continue_on_error: true", Result.SUCCESS),
        ("allow_failure: {exit_codes: [3, 4]}", Result.SUCCESS),
        ("allow_failure: {exit_codes: [4]}", Result.FAILURE),
        ("continue_on_error: ${{ vars.REGION == 'eu' }}", Result.SUCCESS),
        ("continue_on_error: ${{ vars.REGION == 'us' }}", Result.FAILURE),
    ],
)
async def test_a_tolerated_failure_counts_as_success_and_stays_one(
    engine: Engine, tolerance: str, result: Result
) -> None:
    end = await ended(engine, job("commands: [exit 3]", tolerance))
    assert (end.event, end.outcome, end.result) == (NodeEvent.FAIL, Outcome.FAILURE, result)
    assert end.ending(1).is_tolerated is (result is Result.SUCCESS)


async def test_a_job_that_ran_out_of_time_is_timed_out(engine: Engine) -> None:
    end = await ended(engine, job("commands: [sleep 30]", "timeout: 0.2", "retry: {max: 1, when: [failure]}"))
    assert (end.event, end.outcome, end.result, end.retry_in_s) == (
        NodeEvent.TIME_OUT, Outcome.TIMED_OUT, Result.FAILURE, None,
    )  # fmt: skip


async def test_a_node_that_cannot_run_fails_and_only_all_tolerance_covers_that(engine: Engine) -> None:
    for tolerance, result in (
        ("continue_on_error: true", Result.SUCCESS),
        ("allow_failure: {exit_codes: [1]}", Result.FAILURE),
    ):
        setting = a_setting(job("commands: [x]", "resources: {memory: 8000g}", tolerance))
        with pytest.raises(NodeFaultError) as caught:
            await make_node_job(parts_of(engine), setting, engine.admit)
        assert caught.value.failure.kind is FailureKind.POLICY
        assert caught.value.failure.message.startswith("Job build, resources.memory")
        end = fault_end(setting, caught.value.failure)
        assert (end.event, end.outcome, end.result) == (NodeEvent.FAIL, Outcome.FAILURE, result)


# --- outputs


async def test_declared_outputs_are_evaluated_after_the_last_step(engine: Engine) -> None:
    end = await ended(
        engine,
        """
        env: {WHERE: here}
        jobs:
          build:
            image: busybox
            services: {db: {image: postgres}}
            steps:
              - {id: one, run: "echo tag=1.0 >> $ORCAOPS_OUTPUT; echo extra=x >> $ORCAOPS_OUTPUT"}
              - {id: two, run: exit 1, continue_on_error: true}
            outputs:
              tag: ${{ steps.one.outputs.tag }}-${{ env.WHERE }}
              two: ${{ steps.two.outcome }}/${{ steps.two.conclusion }}
              port: ${{ services.db.port }}
              status: ${{ job.status }} ${{ job.exit_code }}
              extra: {required: true}
        """,
    )
    assert end.failure is None
    assert end.outputs == {
        "tag": "1.0-here", "two": "failure/success", "port": "5432", "status": "success 0", "extra": "x",
    }  # fmt: skip


async def test_a_promised_output_that_is_missing_makes_a_success_a_failure(engine: Engine) -> None:
    end = await ended(engine, job("commands: ['true']", "outputs: {digest: {required: true}, other: {}}"))
    assert (end.event, end.result, end.exit_code) == (NodeEvent.FAIL, Result.FAILURE, 0)
    assert end.failure is not None
    assert (end.failure.kind, end.failure.message) == (
        FailureKind.OUTPUT, "Job build did not write the outputs it promised: digest.",
    )  # fmt: skip


async def test_an_output_that_cannot_be_evaluated_fails_the_node_and_is_not_tried_again(engine: Engine) -> None:
    end = await ended(
        engine,
        job("steps: [{id: one, run: 'true'}]", "retry: 3", 'outputs: {x: "${{ fromJSON(steps.one.outputs.none) }}"}'),
    )
    assert end.failure is not None
    assert (end.failure.kind, end.retry_in_s) == (FailureKind.EXPRESSION, None)
    assert end.failure.message.startswith("Job build, outputs.x: ")


async def test_a_value_that_holds_a_secret_is_not_published(engine: Engine) -> None:
    end = await ended(
        engine,
        job(
            "env: {KEY: '${{ secrets.TOKEN }}'}",
            'steps: [{id: one, run: "echo a=1 >> $ORCAOPS_OUTPUT"}]',
            "outputs: {a: '${{ steps.one.outputs.a }}', b: 'key ${{ env.KEY }}', c: \"${{ secrets.TOKEN }}\"}",
        ),
        secrets={"TOKEN": "TOKEN"},
    )
    assert (end.outputs, end.failure) == ({"a": "1"}, None)
    assert end.warnings == (
        "The output b holds a secret and is not published.", "The output c holds a secret and is not published.",
    )  # fmt: skip


# --- secrets and variables in the container


async def test_late_variables_are_there_and_masked_in_the_log(engine: Engine) -> None:
    setting = a_setting(
        """
        env: {URL: "https://${{ secrets.NAME_HERE }}@host", LATER: "${{ env.URL }}/x"}
        jobs:
          build:
            image: busybox
            env: {HOST: "${{ services.db.host }}:${{ services.db.port }}"}
            services: {db: {image: redis}}
            commands: ["echo $LATER at $HOST", "echo ${{ env.HOST }} ${{ secrets.NAME_HERE }}", exit 1]
        """,
        secrets={"NAME_HERE": "TOKEN"},
    )
    end = await ended(engine, setting)
    assert end.tail == ("https://***@host/x at db:6379", "db:6379 ***")


# --- tries


async def test_a_try_that_is_followed_by_another_publishes_nothing(engine: Engine) -> None:
    text = job(
        'commands: ["echo a=1 >> $ORCAOPS_OUTPUT", exit 75]',
        "retry: {max: 1, exit_codes: [75], backoff: 4s}",
    )
    end = await ended(engine, text)
    assert (end.event, end.retry_in_s, end.outputs, end.artifacts) == (NodeEvent.RETRY, 4, {}, 0)
    assert end.reason is not None
    assert (end.reason.code, end.reason.text) == (Reason.RETRY_WAIT, "try 1 of 2 failed (exit)")
    last = await ended(engine, text, number=2)
    assert (last.event, last.retry_in_s, last.outputs) == (NodeEvent.FAIL, None, {"a": "1"})


async def test_nothing_is_tried_again_while_somebody_stops_the_run(engine: Engine) -> None:
    end = await ended(engine, job("commands: [exit 1]", "retry: 3"), may_retry=False)
    assert (end.event, end.retry_in_s) == (NodeEvent.FAIL, None)


async def test_the_rule_may_ask_how_the_job_ended(engine: Engine) -> None:
    text = job(
        "steps: [{id: one, run: 'echo again=yes >> $ORCAOPS_OUTPUT; exit 2'}]",
        "retry:",
        "  max: 9",
        "  if: ${{ job.failure_kind == 'exit' && steps.one.outputs.again == 'yes' && job.attempt < 2 }}",
    )
    assert (await ended(engine, text)).retry_in_s == 0
    assert (await ended(engine, text, number=2)).retry_in_s is None


async def test_the_rule_may_ask_how_things_stand(engine: Engine) -> None:
    text = job("commands: [exit 2]", "retry: {max: 9, if: '${{ failure() && !success() }}'}")
    assert (await ended(engine, text)).retry_in_s == 0


# --- what nobody can answer


HASH = "${{ hashFiles('x') }}"


@pytest.mark.parametrize(
    "lines",
    [
        (f'commands: ["echo {HASH}"]',),
        ("steps:", "  - run: 'true'", f"  - run: echo {HASH}"),
        ("commands: ['true']", f'outputs: {{x: "{HASH}"}}'),
        ("commands: ['true']", f'artifacts: ["{HASH}"]'),
    ],
    ids=["commands", "steps", "outputs", "artifacts"],
)
async def test_a_hash_of_files_that_nobody_sees_fails_the_node_in_clear_words(
    engine: Engine, lines: tuple[str, ...]
) -> None:
    end = await ended(engine, job(*lines))
    assert end.failure is not None
    assert end.failure.kind is FailureKind.EXPRESSION
    assert "hashFiles() cannot be answered here: nobody but the job sees its files" in end.failure.message


async def test_why_there_is_no_further_try_is_told(engine: Engine) -> None:
    end = await ended(engine, job("commands: [exit 2]", "retry: {max: 1, exit_codes: [75]}"))
    assert end.warnings == ("Not tried again: exit code 2 is not among retry.exit_codes",)


@pytest.mark.parametrize(
    "lines",
    [
        ("env: {KEY: '${{ secrets.TOKEN }}'}", 'commands: ["echo ${{ fromJSON(env.KEY) }}"]'),
        (
            "env: {KEY: '${{ secrets.TOKEN }}'}",
            "steps: [{run: 'true'}, {run: \"echo ${{ fromJSON(env.KEY) }}\"}]",
        ),
        ("steps: [{id: one, run: 'true'}]", 'artifacts: ["${{ secrets.TOKEN }}/../x"]', "env: {KEY: '1'}"),
        (
            "env: {KEY: '${{ secrets.TOKEN }}'}",
            "commands: [exit 1]",
            "retry: {max: 1, if: \"${{ env.KEY == 'no' }}\"}",
        ),
        (
            "env: {KEY: '${{ secrets.TOKEN }}'}",
            "steps: [{run: 'true'}, {run: 'true', if: \"${{ env.KEY == 'no' }}\"}, {run: exit 1}]",
        ),
    ],
    ids=["before the start", "at its turn", "paths", "retry", "skipped step"],
)
async def test_no_record_tells_a_secret_that_an_expression_met(engine: Engine, lines: tuple[str, ...]) -> None:
    end = await ended(engine, job(*lines), secrets={"TOKEN": "TOKEN"})
    assert end.failure is not None
    (record,) = (await engine.list_jobs()).items
    told = f"{end} {record}"
    assert TOKEN not in told
    assert "***" in told

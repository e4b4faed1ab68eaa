"""Steps through the engine's front door: of their own, after failures, with expressions; in simulated containers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest
from pydantic import SecretStr

from core import Engine, FailureKind, Job, JobStatus, LimitSettings, StepResult, open_engine, parse_job
from core.backends.simulated import SimulatedBackend
from core.testing.clock import MovingClock

if TYPE_CHECKING:
    from core import EngineSettings

TOKEN = "sesame-open-sesame"


@pytest.fixture
def settings(settings: EngineSettings) -> EngineSettings:
    return settings.model_copy(update={"secrets": {"TOKEN": SecretStr(TOKEN)}})


async def run(engine: Engine, *commands: Any, context: dict[str, Any] | None = None, **fields: Any) -> Job:
    spec = parse_job({"image": "busybox", "commands": list(commands), **fields}, context=context)
    job_id = (await engine.submit_job(spec)).job.job_id
    with anyio.fail_after(60):
        return await engine.wait_for_job(job_id)


def steps_of(job: Job) -> tuple[StepResult, ...]:
    assert job.attempt is not None
    return job.attempt.steps


def facts(job: Job) -> list[tuple[str, str | None, int | None]]:
    return [(step.status, step.outcome, step.exit_code) for step in steps_of(job)]


async def texts(engine: Engine, job: Job) -> list[str]:
    return [line.text for line in (await engine.read_logs(job.job_id)).lines]


# --- jobs without expressions


async def test_the_first_failure_that_is_not_tolerated_is_the_jobs(engine: Engine) -> None:
    job = await run(
        engine,
        {"run": "exit 2", "continue_on_error": True},
        "exit 3",
        "echo never",
        {"run": "exit 4", "when": "always", "name": "Clean up"},
        {"run": "echo sorry", "when": "failure"},
    )
    assert job.failure is not None
    assert (job.status, job.exit_code, job.failure.kind, job.failure.step) == (JobStatus.FAILED, 3, FailureKind.EXIT, 1)
    assert job.failure.message == "Step 2 (exit 3) ended with exit code 3."
    assert facts(job) == [
        ("success", "failure", 2),
        ("failed", "failure", 3),
        ("skipped", "skipped", None),
        ("failed", "failure", 4),
        ("success", "success", 0),
    ]
    assert steps_of(job)[2].reason == "an earlier step failed"


async def test_a_step_for_failures_is_skipped_after_a_success_without_a_warning(engine: Engine) -> None:
    job = await run(engine, "true", {"run": "echo never", "when": "failure"})
    assert (job.status, job.warnings, steps_of(job)[1].reason) == (JobStatus.SUCCESS, (), "no earlier step failed")


async def test_a_step_says_how_often_it_was_tried(engine: Engine) -> None:
    step = {"run": "echo x >> /tmp/n\ntest -e /tmp/b || { touch /tmp/b; exit 1; }", "retries": 3, "retry_delay_s": 0}
    job = await run(engine, step)
    assert (job.status, steps_of(job)[0].attempts, steps_of(job)[0].outcome) == (JobStatus.SUCCESS, 2, "success")


async def test_outputs_are_kept_by_step_and_merged_for_the_job(engine: Engine) -> None:
    job = await run(engine, "echo a=1 >> $ORCAOPS_OUTPUT; echo b=1 >> $ORCAOPS_OUTPUT", "echo a=2 > $GITHUB_OUTPUT")
    assert [step.outputs for step in steps_of(job)] == [{"a": "1", "b": "1"}, {"a": "2"}]
    assert job.outputs == {"a": "2", "b": "1"}


async def test_of_declared_outputs_only_those_are_the_jobs(engine: Engine) -> None:
    job = await run(engine, "echo a=1 >> $ORCAOPS_OUTPUT; echo b=1 >> $ORCAOPS_OUTPUT", outputs=["b"])
    assert (job.status, job.outputs) == (JobStatus.SUCCESS, {"b": "1"})


async def test_outputs_are_published_after_a_failure_too(engine: Engine) -> None:
    job = await run(engine, "echo a=1 >> $ORCAOPS_OUTPUT; exit 1")
    assert (job.status, job.outputs) == (JobStatus.FAILED, {"a": "1"})


async def test_an_output_that_holds_a_secret_is_not_published_and_breaks_no_promise(engine: Engine) -> None:
    job = await run(engine, 'echo "a=x-$TOKEN" > $ORCAOPS_OUTPUT', secrets=["TOKEN"], outputs=["a"])
    assert (job.status, job.outputs) == (JobStatus.SUCCESS, {})
    assert job.warnings == ("The output a holds a secret and is not published.",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("echo hello > $ORCAOPS_OUTPUT", "The outputs of step 1, line 1: Invalid format 'hello'."),
        ("echo > $ORCAOPS_OUTPUT; echo 'a<<E' >> $ORCAOPS_OUTPUT", "The outputs of step 1, line 2: Matching delimiter"),
        ("echo A-B=1 > $ORCAOPS_ENV", "The variables of step 1, line 1: 'A-B' is no name of a variable"),
        ('echo "x $TOKEN" > $ORCAOPS_OUTPUT', "The outputs of step 1, line 1: Invalid format 'x ***'."),
    ],
)
async def test_a_malformed_file_fails_its_step_and_names_the_line(engine: Engine, text: str, message: str) -> None:
    job = await run(engine, text, "echo never", secrets=["TOKEN"])
    assert job.failure is not None
    assert (job.status, job.failure.kind, job.failure.step) == (JobStatus.FAILED, FailureKind.OUTPUT, 0)
    assert job.failure.message.startswith(message)
    assert facts(job)[1][0] == "skipped"


async def test_too_many_outputs_are_a_failure_that_names_the_largest(settings: EngineSettings) -> None:
    limits = LimitSettings(output_bytes=40)
    async with open_engine(settings.model_copy(update={"limits": limits})) as engine:
        texts = ("a=0123456789012345678901234", "b=01234567890123456789")
        job = await run(engine, *(f"echo {text} > $ORCAOPS_OUTPUT" for text in texts))
    assert job.failure is not None
    assert "more than 40 bytes in all; the largest is a (25 bytes)" in job.failure.message


async def test_a_summary_is_kept_masked_and_bounded(engine: Engine) -> None:
    job = await run(
        engine,
        'echo "# Result $TOKEN" > $ORCAOPS_STEP_SUMMARY',
        "flood 9000 0123456789 > $GITHUB_STEP_SUMMARY",
        secrets=["TOKEN"],
    )
    first, second = steps_of(job)
    assert first.summary == "# Result ***\n"
    assert 60_000 < len(second.summary) < 65_536
    assert job.warnings[0].startswith("Of the summary of step 2 the first ")


async def test_braces_are_plain_text_in_a_job_without_contexts(engine: Engine) -> None:
    job = await run(engine, "echo '${{ steps.a }}'", {"run": "true", "name": "${{ x"})
    assert (await texts(engine, job), steps_of(job)[1].title) == (["${{ steps.a }}"], "${{ x")


# --- expressions


async def test_what_depends_on_no_step_is_filled_in_before_the_start(engine: Engine) -> None:
    job = await run(
        engine,
        "true",
        {
            "run": "echo ${{ matrix.n }} $WHO",
            "name": "Test ${{ matrix.n }}",
            "env": {"WHO": "${{ inputs.who }} of ${{ job.id }}"},
            "condition": "inputs.who == 'me'",
        },
        {"run": "echo never", "condition": "inputs.who == 'you'"},
        context={"inputs": {"who": "me"}, "matrix": {"n": 3}, "job": {"id": "test"}},
    )
    assert await texts(engine, job) == ["3 me of test"]
    assert [step.title for step in steps_of(job)] == ["true", "Test 3", "echo never"]
    assert [step.answer for step in steps_of(job)] == ["", "", ""]
    assert steps_of(job)[2].reason == "success() && 'me' == 'you' → false"


async def test_a_value_that_looks_like_an_expression_stays_a_value(engine: Engine) -> None:
    job = await run(
        engine,
        {"run": "echo x=1 > $ORCAOPS_OUTPUT", "id": "a"},
        {"run": 'echo "$A" "$B"', "env": {"A": "${{ inputs.t }}", "B": "${{ steps.a.outputs.x }}"}},
        context={"inputs": {"t": "${{ secrets.TOKEN }}"}},
        secrets=["TOKEN"],
    )
    assert await texts(engine, job) == ["${{ secrets.TOKEN }} 1"]


async def test_a_step_is_decided_by_what_earlier_steps_put_out(engine: Engine) -> None:
    job = await run(
        engine,
        {"run": "echo go=yes > $ORCAOPS_OUTPUT; echo LEVEL=3 > $ORCAOPS_ENV", "id": "plan"},
        {"run": "echo never", "condition": "steps.plan.outputs.go == 'no'", "id": "not"},
        {
            "run": "echo ${{ steps.plan.outputs.go }} $L",
            "env": {"L": "${{ env.LEVEL }}"},
            "name": "Go ${{ env.LEVEL }}",
        },
        {
            "run": "echo ${{ steps.not.outcome }} ${{ steps.plan.conclusion }} ${{ job.status }}",
            "condition": "always()",
        },
        context={},
    )
    assert job.status is JobStatus.SUCCESS
    assert await texts(engine, job) == ["yes 3", "skipped success success"]
    assert [(step.status, step.title) for step in steps_of(job)][1:3] == [
        ("skipped", "echo never"),
        ("success", "Go 3"),
    ]
    assert steps_of(job)[1].reason == "success() && 'yes' == 'no' → false"


async def test_after_a_failure_conditions_see_it(engine: Engine) -> None:
    job = await run(
        engine,
        {"run": "exit 3", "id": "bad", "continue_on_error": True},
        {"run": "exit 4", "id": "worse"},
        {"run": "echo one", "condition": "failure() && steps.bad.outcome == 'failure'"},
        {"run": "echo never", "condition": "steps.bad.conclusion == 'success'"},
        {"run": "echo ${{ job.status }} ${{ steps.bad.conclusion }}", "condition": "!cancelled()"},
        context={},
    )
    assert (job.exit_code, await texts(engine, job)) == (4, ["one", "failure success"])
    assert steps_of(job)[3].reason == "success() && steps.bad.conclusion == 'success' → false"


async def test_a_fault_before_the_start_ends_the_job_before_anything_is_pulled(engine: Engine) -> None:
    job = await run(engine, "true", {"run": "echo ${{ fromJSON('{') }}"}, context={}, image="missing/tool", retries=3)
    assert job.failure is not None
    assert (job.status, job.failure.kind, job.attempt_number) == (JobStatus.FAILED, FailureKind.EXPRESSION, 1)
    assert job.failure.message.startswith("Error when evaluating 'run' of step 2: Error parsing fromJson")


async def test_a_fault_at_a_steps_turn_fails_the_step_and_what_runs_always_still_runs(engine: Engine) -> None:
    job = await run(
        engine,
        {"run": "printf 'x=[' > $ORCAOPS_OUTPUT", "id": "a"},
        {"run": "echo never", "condition": "fromJSON(steps.a.outputs.x)"},
        {"run": "echo cleaned", "when": "always"},
        context={},
    )
    assert job.failure is not None
    assert (job.failure.kind, job.failure.step) == (FailureKind.EXPRESSION, 1)
    assert job.failure.message.startswith("Error when evaluating 'condition' of step 2: Error parsing fromJson")
    assert "steps.a.outputs.x = '['" in job.failure.message
    assert (facts(job)[1][0], await texts(engine, job)) == ("failed", ["cleaned"])


async def test_secrets_reach_the_step_and_nothing_that_is_recorded(engine: Engine) -> None:
    job = await run(
        engine,
        {"run": "echo t=$TOKEN > $ORCAOPS_OUTPUT", "id": "a"},
        {
            "run": "test ${{ secrets.TOKEN }} = $T && echo same",
            "env": {"T": "${{ steps.a.outputs.t }}"},
            "name": "With ${{ secrets.TOKEN }}",
        },
        {"run": "echo never", "condition": "secrets.TOKEN == steps.a.outputs.none"},
        context={},
        secrets=["TOKEN"],
    )
    assert (job.status, await texts(engine, job)) == (JobStatus.SUCCESS, ["same"])
    assert steps_of(job)[1].title == "With ***"
    assert TOKEN not in repr(job)


async def test_a_question_after_the_log_is_full_is_heard_too(engine: Engine) -> None:
    job = await run(
        engine,
        {"run": "seq 1 100; echo x=1 > $ORCAOPS_OUTPUT", "id": "a"},
        {"run": "true", "condition": "steps.a.outputs.x == 1"},
        context={},
        log_limit={"lines": 10},
    )
    assert (job.status, facts(job)[1][0]) == (JobStatus.SUCCESS, "success")


async def test_a_rerun_keeps_the_contexts(engine: Engine) -> None:
    job = await run(engine, "echo ${{ inputs.x }}", context={"inputs": {"x": 7}})
    again = (await engine.rerun_job(job.job_id)).job
    with anyio.fail_after(60):
        assert await texts(engine, await engine.wait_for_job(again.job_id)) == ["7"]


# --- stops and outages


async def until_asked(engine: Engine, job_id: str) -> None:
    """Return once a step runs that prints ``ready``."""
    with anyio.fail_after(60), engine.subscribe([job_id]) as news:
        while not any(line.text == "ready" for line in (await engine.read_logs(job_id)).lines):
            await news.wait()
            news.take()


@pytest.mark.parametrize(
    ("condition", "ran"), [("always()", True), ("cancelled()", True), ("failure()", False), ("success()", False)]
)
async def test_a_cancel_is_seen_by_the_conditions_of_later_steps(engine: Engine, condition: str, ran: bool) -> None:
    steps = ["echo ready; sleep 600", {"run": "echo cleaned", "condition": f"{condition} && job.status != 'x'"}]
    spec = parse_job({"image": "busybox", "commands": steps}, context={})
    job_id = (await engine.submit_job(spec)).job.job_id
    await until_asked(engine, job_id)
    await engine.cancel_job(job_id)
    with anyio.fail_after(60):
        job = await engine.wait_for_job(job_id)
    assert (job.status, facts(job)[0][0]) == (JobStatus.CANCELLED, "cancelled")
    assert ("cleaned" in await texts(engine, job)) is ran


async def test_a_cancel_without_grace_leaves_no_time_for_anything(engine: Engine) -> None:
    spec = parse_job(
        {"image": "busybox", "commands": ["echo ready; sleep 600", {"run": "sleep 600\necho no", "when": "always"}]}
    )
    job_id = (await engine.submit_job(spec)).job.job_id
    await until_asked(engine, job_id)
    await engine.cancel_job(job_id, grace_s=0)
    with anyio.fail_after(60):
        job = await engine.wait_for_job(job_id)
    assert (job.status, await texts(engine, job)) == (JobStatus.CANCELLED, ["ready"])


async def test_after_a_time_limit_steps_for_failures_run_and_the_job_has_timed_out(settings: EngineSettings) -> None:
    clock = MovingClock()
    backend = SimulatedBackend(clock=clock)
    async with open_engine(settings, backend=backend, clock=clock) as engine:
        steps = ["echo ready; sleep 600", "echo never", {"run": "echo failed", "when": "failure"}]
        spec = parse_job({"image": "busybox", "commands": steps, "timeout_s": 30})
        job_id = (await engine.submit_job(spec)).job.job_id
        await until_asked(engine, job_id)
        clock.advance(31)
        with anyio.fail_after(60):
            job = await engine.wait_for_job(job_id)
        assert (job.status, await texts(engine, job)) == (JobStatus.TIMED_OUT, ["ready", "failed"])
        assert facts(job) == [("timed_out", "timed_out", 143), ("skipped", "skipped", None), ("success", "success", 0)]


async def test_a_question_waits_for_the_container_engine(settings: EngineSettings) -> None:
    backend = SimulatedBackend()
    async with open_engine(settings, backend=backend) as engine:
        steps = ["echo ready; sleep 0.2", {"run": "echo ${{ job.status }}"}]
        spec = parse_job({"image": "busybox", "commands": steps}, context={})
        job_id = (await engine.submit_job(spec)).job.job_id
        await until_asked(engine, job_id)
        backend.go_away()
        await anyio.lowlevel.checkpoint()
        backend.come_back()
        with anyio.fail_after(30):
            job = await engine.wait_for_job(job_id)
        assert job.status is JobStatus.SUCCESS
        said = await texts(engine, job)
        assert said[:2] == ["ready", "success"]
        # whoever follows may have seen the connection break, and says so
        assert all("the connection to the container engine broke meanwhile" in line for line in said[2:])
        assert len(said) <= 3

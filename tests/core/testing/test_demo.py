from __future__ import annotations

import shutil
from collections import Counter
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import anyio
import pytest

from core import (
    Engine,
    InvalidArgumentError,
    Job,
    JobFilter,
    JobSpec,
    JobStatus,
    LogQuery,
    QueueSettings,
    RerunRequest,
    WorkflowFilter,
    WorkflowStatus,
    open_engine,
)
from core.testing.demo import SMALL, DemoSize, demo_settings, fill_demo_home

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

NOW = datetime(2026, 3, 4, 15, 0, tzinfo=UTC)
TINY = DemoSize(jobs=60, runs=2, log_lines=300, logs=5)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small demo home that no engine has opened."""
    home = tmp_path_factory.mktemp("demo") / "home"
    anyio.run(fill_demo_home, home, SMALL)
    return home


@pytest.fixture
def copied(filled: Path, tmp_path: Path) -> Path:
    return shutil.copytree(filled, tmp_path / "home")


@pytest.fixture
async def demo(copied: Path) -> AsyncGenerator[Engine]:
    async with open_engine(demo_settings(copied)) as engine:
        yield engine


async def all_jobs(engine: Engine, which: JobFilter) -> list[Job]:
    page = await engine.list_jobs(which, limit=200)
    jobs = list(page.items)
    while page.next_cursor:
        page = await engine.list_jobs(which, limit=200, cursor=page.next_cursor)
        jobs += page.items
    return jobs


async def found(engine: Engine, name: str) -> Job:
    return (await engine.list_jobs(JobFilter(name=name))).items[0]


async def test_a_demo_home_has_as_many_ended_jobs_as_were_asked_for_of_every_status(demo: Engine) -> None:
    ended = await all_jobs(demo, JobFilter(finished=True, of_workflows=False))
    assert len(ended) == SMALL.jobs + 4
    counts = Counter(job.status for job in ended)
    assert set(counts) == {status for status in JobStatus if status.is_terminal}
    assert counts[JobStatus.SUCCESS] > SMALL.jobs / 2
    assert {job.submitted_by for job in ended} == {"agent", "cli", "rest", "token ci", "token nightly"}


async def test_its_jobs_ended_over_thirty_days_before_now_each_after_it_was_accepted(demo: Engine) -> None:
    ended = await all_jobs(demo, JobFilter(finished=True))
    now = datetime.now(UTC)
    assert all(job.finished_at is not None and job.created_at < job.finished_at <= now for job in ended)
    assert timedelta(days=28) < now - min(job.created_at for job in ended) < timedelta(days=31)


async def test_an_engine_starts_the_jobs_that_are_to_run_and_leaves_in_line_what_does_not_fit(demo: Engine) -> None:
    growing = (await found(demo, "growing-log")).job_id
    lines = 0
    with anyio.fail_after(60):
        async with aclosing(demo.follow_log_parts(growing)) as parts:
            async for part in parts:
                lines += len(part.lines)
                if lines > 3:
                    break
    with anyio.fail_after(60):
        await demo.wait(
            [(await found(demo, name)).job_id for name in ("long-build", "train-tiny-model")], until="running"
        )
    assert [job.status for job in (await demo.list_jobs(JobFilter(name="needs-the-gpu"))).items] == ["queued"] * 2


async def test_the_long_log_is_as_long_as_it_says_with_errors_on_the_other_stream(demo: Engine) -> None:
    job = await found(demo, "million-lines")
    assert job.status is JobStatus.FAILED
    assert job.attempt is not None
    assert job.attempt.log.lines == SMALL.log_lines
    tail = (await demo.read_logs(job.job_id, LogQuery(tail=1))).lines
    assert [(line.number, line.stream) for line in tail] == [(SMALL.log_lines, "stderr")]
    errors = await demo.read_logs(job.job_id, LogQuery(pattern="ERROR", max_lines=3))
    assert [line.number for line in errors.lines] == [33, 83, 133]


async def test_a_failed_job_has_steps_that_know_their_lines_and_files_that_can_be_read(demo: Engine) -> None:
    job = await found(demo, "failing-tests")
    assert job.attempt is not None
    assert [(step.status, step.first_line) for step in job.attempt.steps] == [
        ("success", 1), ("failed", 5), ("skipped", None)
    ]  # fmt: skip
    assert [artifact.path for artifact in await demo.list_artifacts(job.job_id)] == [
        "out/report.txt",
        "out/results.json",
    ]
    assert (await demo.read_artifact(job.job_id, "out/report.txt")).data == b"1 failed, 41 passed in 2.31s\n"
    summary = await demo.explain_failure(job.job_id)
    assert summary.diagnosis.cause is not None
    assert "AssertionError" in summary.diagnosis.cause.headline


async def test_the_newest_pipeline_is_of_twelve_nodes_some_of_which_failed_or_were_skipped(demo: Engine) -> None:
    runs = (await demo.list_workflows(WorkflowFilter(name="ci-pipeline"))).items
    newest = runs[0]
    assert (newest.status, newest.counts.total) == (WorkflowStatus.PARTIAL, 12)
    assert (newest.counts.success, newest.counts.failed, newest.counts.timed_out, newest.counts.skipped) == (8, 1, 1, 2)
    assert [node.node_id for node in newest.critical_path] == ["build", "test-integration", "notify"]


async def test_a_rerun_of_the_newest_pipeline_keeps_what_succeeded(
    demo: Engine,
) -> None:
    newest = (await demo.list_workflows(WorkflowFilter(name="ci-pipeline"))).items[0]
    plan = await demo.plan_rerun(newest.workflow_id, RerunRequest())
    assert {node.node_id for node in plan.nodes if not node.keeps} == {
        "test-unit-3.14", "scan", "deploy-staging", "smoke", "notify"
    }  # fmt: skip


async def test_a_run_is_taken_up_and_stands_at_its_second_job(demo: Engine) -> None:
    live = frozenset({WorkflowStatus.RUNNING, WorkflowStatus.PENDING})
    run = (await demo.list_workflows(WorkflowFilter(statuses=live))).items[0]
    with anyio.fail_after(60):
        while run.counts.success < 1 or run.counts.running < 1:
            await demo.wait_for_runs([run.workflow_id], since_version=run.version)
            run = await demo.get_workflow(run.workflow_id)
    assert (run.name, run.counts.success, run.counts.running, run.counts.waiting) == ("release", 1, 1, 2)


async def test_jobs_that_wait_for_the_only_gpu_are_never_in_the_way_of_others(demo: Engine) -> None:
    with anyio.fail_after(60):
        for _ in range(QueueSettings().max_overtakes + 2):
            submitted = await demo.submit_job(JobSpec(image="busybox", command=("true",)))
            assert (await demo.wait_for_job(submitted.job.job_id)).status is JobStatus.SUCCESS


async def test_the_same_seed_and_moment_make_the_same_jobs(tmp_path: Path) -> None:
    told: list[list[tuple[str, str, datetime]]] = []
    for name in ("one", "two"):
        await fill_demo_home(tmp_path / name, TINY, now=NOW)
        async with open_engine(demo_settings(tmp_path / name)) as engine:
            page = await engine.list_jobs(JobFilter(finished=True, until=NOW), limit=200)
            told.append([(job.job_id, job.status, job.created_at) for job in page.items])
    assert told[0] == told[1]


async def test_a_home_that_holds_something_is_not_filled(tmp_path: Path) -> None:
    await fill_demo_home(tmp_path / "home", TINY, now=NOW)
    with pytest.raises(InvalidArgumentError, match="holds a home already"):
        await fill_demo_home(tmp_path / "home", TINY, now=NOW)


async def test_what_the_newest_pipeline_failed_of_is_what_its_logs_say(demo: Engine) -> None:
    (run, *_) = (await demo.list_workflows(WorkflowFilter(name="ci-pipeline"))).items
    summary = await demo.workflow_summary(run.workflow_id, attempt=1)
    causes = {failed.node.node_id: failed.job.diagnosis.cause for failed in summary.failures if failed.job}
    scan, unit = causes["scan"], causes["test-unit-3.14"]
    assert scan is not None
    assert unit is not None
    assert (scan.kind, scan.line) == ("terminated", 0)
    assert unit.line > 0
    (tail,) = (failed.node.tail for failed in summary.failures if failed.node.node_id == "test-unit-3.14")
    assert unit.headline.startswith(tail[-1])

"""Records of workflow runs in a running engine: announced, read, filed, deleted with their jobs."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from core import (
    CancelRequest,
    JobChanged,
    JobFilter,
    JobNotFoundError,
    JobOfWorkflowError,
    JobStatus,
    NodeChanged,
    NodeEvent,
    NodeNotFoundError,
    NodeRef,
    Result,
    RetentionSettings,
    WorkflowChanged,
    WorkflowEvent,
    WorkflowFilter,
    WorkflowNotFinishedError,
    WorkflowNotFoundError,
    WorkflowStatus,
    new_job_id,
    new_workflow_id,
    open_engine,
    workflow_document,
)
from core.backends.simulated.backend import SimulatedBackend
from core.engine.bus import Bus
from core.engine.retention import Retention
from core.store.node_changes import NodeMove
from core.testing.factories import a_job_spec, a_node, a_workflow_run, a_workflow_source
from tests.core.engine.breaking import a_job_that_stays, is_done, until
from tests.core.engine.test_runs import a_run, filed, files_of, until_true

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from core import Engine, EngineEvent, EngineSettings, Job, JobSpec
    from core.store.workflow_rows import NodeFields
    from core.testing.clock import MovingClock

_DAY = 86_400


def opened(settings: EngineSettings, clock: MovingClock, **retention: Any) -> AbstractAsyncContextManager[Engine]:
    chosen = settings.model_copy(update={"retention": RetentionSettings(**retention)})
    return open_engine(chosen, backend=SimulatedBackend(clock=clock), clock=clock)


async def a_workflow(engine: Engine, *node_ids: str) -> str:
    """A run that is under way."""
    ledger = engine._parts.workflow_ledger
    submitted = await ledger.submit(a_workflow_run(), a_workflow_source(), [a_node(each) for each in node_ids])
    await ledger.move(submitted.run.workflow_id, WorkflowEvent.START, by="engine")
    return submitted.run.workflow_id


async def a_node_job(engine: Engine, workflow_id: str, node_id: str, spec: JobSpec | None = None) -> str:
    """Start a node as whoever drives runs does: it names the job, then the job is submitted."""
    job_id = new_job_id()
    fields: NodeFields = {"job_id": job_id}
    parts = engine._parts
    await parts.workflow_ledger.move_nodes(
        workflow_id, [NodeMove(node_id, NodeEvent.START, fields=fields)], by="engine"
    )
    submitted = await parts.ledger.submit(
        job_id,
        await engine.admit(spec or a_job_spec()),
        by="engine",
        idempotency_key=None,
        request_digest="",
        rerun_of=None,
        template=None,
        max_queued=10_000,
        node=NodeRef(workflow_id, node_id),
    )
    engine._scheduler.enqueue(submitted.job)
    return job_id


async def an_ended_workflow(engine: Engine, *node_ids: str) -> tuple[str, list[Job]]:
    workflow_id = await a_workflow(engine, *node_ids)
    spec = a_job_spec(command=("sh", "-c", "echo hello; echo kept > out.txt"), artifacts=("out.txt",))
    job_ids = [await a_node_job(engine, workflow_id, node_id, spec) for node_id in node_ids]
    jobs = [await until(engine, job_id, is_done) for job_id in job_ids]
    moves = [NodeMove(node_id, NodeEvent.SUCCEED) for node_id in node_ids]
    await engine._parts.workflow_ledger.move_nodes(workflow_id, moves, by="engine")
    await engine._parts.workflow_ledger.move(workflow_id, WorkflowEvent.SUCCEED, by="engine")
    return workflow_id, jobs


def page(home: Path, workflow_id: str) -> Path:
    return home / "workflows" / f"{workflow_id}.json"


def read(home: Path, workflow_id: str) -> dict[str, Any]:
    return json.loads(page(home, workflow_id).read_text())


# --- announced


def of_kind(events: tuple[EngineEvent, ...]) -> list[tuple[str, str, bool]]:
    told: list[tuple[str, str, bool]] = []
    for event in events:
        if isinstance(event, WorkflowChanged):
            told.append(("run", event.run.status, event.status_changed))
        elif isinstance(event, NodeChanged):
            told.append((event.node.node_id, event.node.status, event.status_changed))
    return told


async def test_every_change_of_a_run_and_its_nodes_is_told_to_who_listens_to_the_run(engine: Engine) -> None:
    ledger = engine._parts.workflow_ledger
    run = a_workflow_run()
    with engine.subscribe([run.workflow_id]) as news:
        await ledger.submit(run, a_workflow_source(), [a_node("a"), a_node("b")], idempotency_key="k")
        assert of_kind(news.take()) == [("run", "pending", True), ("a", "waiting", True), ("b", "waiting", True)]
        await ledger.submit(a_workflow_run(), a_workflow_source(), idempotency_key="k")
        assert news.take() == ()
        await ledger.move(run.workflow_id, WorkflowEvent.START, by="engine")
        await ledger.move_nodes(run.workflow_id, [NodeMove("a", NodeEvent.START)], by="engine")
        await ledger.change_nodes(run.workflow_id, {"a": {"artifacts": 1}, "b": {"name": "B"}})
        await ledger.add_nodes(run.workflow_id, [a_node("c")])
        assert of_kind(news.take()) == [
            ("run", "running", True), ("a", "running", True), ("b", "waiting", False), ("c", "waiting", True)
        ]  # fmt: skip
        request = CancelRequest(run.created_at, "cli", "", None)
        await ledger.request_cancel(run.workflow_id, request)
        await ledger.request_node_cancel(run.workflow_id, "a", request)
        await ledger.change(run.workflow_id, {"max_parallel": 3})
        assert of_kind(news.take()) == [("a", "running", False), ("run", "running", False)]
        await ledger.move_nodes(run.workflow_id, [NodeMove(each, NodeEvent.CANCEL) for each in "abc"], by="engine")
        await ledger.move(run.workflow_id, WorkflowEvent.CANCEL, by="engine")
        news.take()
        await ledger.begin_attempt(run.workflow_id, [a_node("a")], by="cli")
        assert of_kind(news.take()) == [("run", "pending", True), ("a", "waiting", True)]


def test_a_slow_listener_finds_the_latest_of_each_node_and_is_told_that_its_status_moved() -> None:
    bus, node = Bus(), a_node("a", workflow_id="wf_1")
    with bus.subscribe(["wf_1"]) as news, bus.subscribe(["wf_2"]) as others:
        bus.publish(NodeChanged(node, status_changed=True))
        bus.publish(NodeChanged(a_node("b", workflow_id="wf_1"), status_changed=False))
        for version in range(100):
            bus.publish(NodeChanged(a_node("a", workflow_id="wf_1", version=version), status_changed=False))
            bus.publish(
                WorkflowChanged(a_workflow_run(workflow_id="wf_1", version=version), status_changed=not version)
            )
        b, a, run = news.take()
        assert others.take() == ()
    assert isinstance(a, NodeChanged)
    assert (a.node.version, a.status_changed) == (99, True)
    assert isinstance(b, NodeChanged)
    assert not b.status_changed
    assert isinstance(run, WorkflowChanged)
    assert (run.run.version, run.status_changed) == (99, True)


# --- read


async def test_a_run_is_read_by_verbs(engine: Engine) -> None:
    workflow_id, (job,) = await an_ended_workflow(engine, "build")
    run = await engine.get_workflow(workflow_id)
    assert run.status is WorkflowStatus.SUCCESS
    assert await engine.workflow_state(workflow_id) == (run, await engine.workflow_nodes(workflow_id))
    node = await engine.workflow_node(workflow_id, "build")
    assert (node.result, node.job_id) == (Result.SUCCESS, job.job_id)
    assert job.workflow == NodeRef(workflow_id, "build")
    assert await engine.workflow_nodes(workflow_id, since_version=run.version) == ()
    assert (await engine.workflow_source(workflow_id)).file_name == "ci.yaml"
    assert [row.event for row in await engine.workflow_history(workflow_id, node_id="build")] == ["start", "succeed"]
    assert [attempt.number for attempt in await engine.workflow_attempts(workflow_id)] == [1]
    assert (await engine.count_workflows())[WorkflowStatus.SUCCESS] == 1
    assert [each.workflow_id for each in (await engine.list_workflows(WorkflowFilter(name="ci"))).items] == [
        workflow_id
    ]
    assert await engine.find_workflow_ids("wf_") == (workflow_id,)
    listed = await engine.list_jobs(JobFilter(of_workflows=False))
    assert listed.items == ()


async def test_what_cannot_be_an_id_is_no_run(engine: Engine) -> None:
    for wrong in ("", "wf_1", new_job_id(), "../../etc"):
        for verb in (
            engine.get_workflow,
            engine.workflow_nodes,
            engine.workflow_state,
            engine.workflow_history,
            engine.workflow_attempts,
            engine.workflow_source,
            engine.delete_workflow,
        ):
            with pytest.raises(WorkflowNotFoundError):
                await verb(wrong)
        with pytest.raises(WorkflowNotFoundError):
            await engine.workflow_node(wrong, "a")
    with pytest.raises(WorkflowNotFoundError):
        await engine.get_workflow(new_workflow_id())
    with pytest.raises(NodeNotFoundError):
        await engine.workflow_node(await a_workflow(engine), "a")


# --- filed


async def test_an_ended_run_becomes_a_file_that_says_what_the_record_says(engine: Engine) -> None:
    workflow_id, _ = await an_ended_workflow(engine, "build", "test")
    home = engine.settings.home
    await until_true(page(home, workflow_id).exists)
    run, nodes = await engine.workflow_state(workflow_id)
    assert read(home, workflow_id) == workflow_document(run, nodes, await engine.workflow_attempts(workflow_id))
    running = await a_workflow(engine)
    await engine.export_runs()
    assert not page(home, running).exists()


async def test_a_rerun_writes_the_file_anew(engine: Engine) -> None:
    workflow_id, _ = await an_ended_workflow(engine, "build")
    home, ledger = engine.settings.home, engine._parts.workflow_ledger
    await until_true(page(home, workflow_id).exists)
    await ledger.begin_attempt(workflow_id, by="cli", selection="all")
    await ledger.move(workflow_id, WorkflowEvent.FAIL, by="engine")
    await until_true(lambda: read(home, workflow_id)["attempt"] == 2)
    assert [attempt["status"] for attempt in read(home, workflow_id)["attempts"]] == ["success", "failed"]


async def test_what_an_engine_did_not_get_to_write_is_written_by_the_next(settings: EngineSettings) -> None:
    async with open_engine(settings) as engine:
        workflow_id, _ = await an_ended_workflow(engine, "build")
    before = page(settings.home, workflow_id).read_text()
    page(settings.home, workflow_id).unlink()
    with closing(sqlite3.connect(settings.home / "orcaops.db", isolation_level=None)) as connection:
        connection.execute("UPDATE workflows SET filed_version = version - 1")
    async with open_engine(settings):
        await until_true(page(settings.home, workflow_id).exists)
    assert page(settings.home, workflow_id).read_text() == before


async def test_an_export_writes_the_files_of_runs_anew_and_removes_those_of_others(engine: Engine) -> None:
    workflow_id, _ = await an_ended_workflow(engine, "build")
    home, stray = engine.settings.home, new_workflow_id()
    await engine.export_runs()
    before = page(home, workflow_id).read_text()
    page(home, workflow_id).write_text("edited")
    page(home, stray).write_text("{}")
    (home / "workflows" / "notes.txt").write_text("mine")
    await engine.export_runs()
    assert page(home, workflow_id).read_text() == before
    assert sorted(path.name for path in (home / "workflows").iterdir()) == sorted(["notes.txt", f"{workflow_id}.json"])


# --- deleted


async def test_a_run_is_deleted_with_its_jobs_and_everything_of_them(engine: Engine) -> None:
    home = engine.settings.home
    workflow_id, jobs = await an_ended_workflow(engine, "build", "test")
    other = await a_run(engine)
    await engine.export_runs()
    assert files_of(home, jobs[0].job_id)
    removed = await engine.delete_workflow(workflow_id)
    assert (removed.deleted, removed.workflow_ids, removed.job_ids, removed.remaining) == (1, (workflow_id,), (), 1)
    assert removed.bytes > 0
    with pytest.raises(WorkflowNotFoundError):
        await engine.get_workflow(workflow_id)
    for job in jobs:
        with pytest.raises(JobNotFoundError):
            await engine.get_job(job.job_id)
        assert files_of(home, job.job_id) == []
    assert not page(home, workflow_id).exists()
    assert filed(home).keys() == {other.job_id}


async def test_a_run_that_goes_on_and_a_job_of_a_run_are_not_deleted(engine: Engine) -> None:
    workflow_id = await a_workflow(engine, "build")
    job_id = await a_node_job(engine, workflow_id, "build")
    await until(engine, job_id, is_done)
    with pytest.raises(WorkflowNotFinishedError, match="it is running"):
        await engine.delete_workflow(workflow_id)
    with pytest.raises(JobOfWorkflowError, match=workflow_id):
        await engine.delete_run(job_id)
    assert (await engine.clean_runs(older_than=timedelta())).deleted == 0
    assert (await engine.get_job(job_id)).status is JobStatus.SUCCESS


async def test_a_run_whose_job_has_not_ended_stays(engine: Engine) -> None:
    workflow_id = await a_workflow(engine, "build")
    job_id = await a_node_job(engine, workflow_id, "build", a_job_that_stays())
    ledger = engine._parts.workflow_ledger
    await ledger.move_nodes(workflow_id, [NodeMove("build", NodeEvent.CANCEL)], by="engine")
    await ledger.move(workflow_id, WorkflowEvent.CANCEL, by="engine")
    with pytest.raises(WorkflowNotFinishedError, match="A job of"):
        await engine.delete_workflow(workflow_id)
    assert (await engine.clean_runs(older_than=timedelta())).deleted == 0
    await engine.cancel_job(job_id)
    await until(engine, job_id, is_done)
    assert (await engine.delete_workflow(workflow_id)).deleted == 1


async def test_a_run_counts_as_one_and_goes_in_its_turn_among_jobs(
    settings: EngineSettings, moving_clock: MovingClock
) -> None:
    async with opened(settings, moving_clock, max_runs=2) as engine:
        first = (await a_run(engine)).job_id
        moving_clock.advance(60)
        workflow_id, jobs = await an_ended_workflow(engine, "a", "b", "c")
        moving_clock.advance(60)
        last = (await a_run(engine)).job_id
        await engine.export_runs()
        dry = await engine.clean_runs(keep=1, dry_run=True)
        assert (dry.deleted, dry.job_ids, dry.workflow_ids, dry.remaining) == (2, (first,), (workflow_id,), 1)
        await Retention(engine._parts).sweep()
        with pytest.raises(JobNotFoundError):
            await engine.get_job(first)
        assert (await engine.get_workflow(workflow_id)).is_finished
        assert len((await engine.list_jobs(JobFilter(workflow_id=workflow_id))).items) == len(jobs)
        removed = await engine.clean_runs(keep=1)
        assert (removed.deleted, removed.job_ids, removed.workflow_ids, removed.remaining) == (1, (), (workflow_id,), 1)
        assert (await engine.list_jobs()).items[0].job_id == last


async def test_a_run_goes_after_its_days_and_not_while_it_goes_on(
    settings: EngineSettings, moving_clock: MovingClock
) -> None:
    async with opened(settings, moving_clock, days=1) as engine:
        workflow_id, jobs = await an_ended_workflow(engine, "a")
        alive = await a_workflow(engine, "a")
        ended_job = await a_node_job(engine, alive, "a")
        await until(engine, ended_job, is_done)
        moving_clock.advance(2 * _DAY)
        await Retention(engine._parts).sweep()
        with pytest.raises(WorkflowNotFoundError):
            await engine.get_workflow(workflow_id)
        with pytest.raises(JobNotFoundError):
            await engine.get_job(jobs[0].job_id)
        assert (await engine.get_workflow(alive)).status is WorkflowStatus.RUNNING
        assert (await engine.get_job(ended_job)).is_finished


async def test_statuses_restrict_runs_as_they_restrict_jobs(engine: Engine) -> None:
    ledger = engine._parts.workflow_ledger
    ends = (WorkflowEvent.SUCCEED, WorkflowEvent.FAIL, WorkflowEvent.SUCCEED_PARTLY, WorkflowEvent.CANCEL)
    made: dict[WorkflowEvent, str] = {}
    for event in ends:
        made[event] = await a_workflow(engine)
        await ledger.move(made[event], event, by="engine")
    assert (await engine.clean_runs(statuses=[JobStatus.TIMED_OUT])).deleted == 0
    failed = await engine.clean_runs(statuses=[JobStatus.FAILED])
    assert set(failed.workflow_ids) == {made[WorkflowEvent.FAIL], made[WorkflowEvent.SUCCEED_PARTLY]}
    rest = await engine.clean_runs(statuses=[JobStatus.SUCCESS, JobStatus.CANCELLED])
    assert set(rest.workflow_ids) == {made[WorkflowEvent.SUCCEED], made[WorkflowEvent.CANCEL]}


async def test_what_an_engine_left_of_a_deleted_run_goes_with_the_next_ones_first_sweep(
    settings: EngineSettings, moving_clock: MovingClock
) -> None:
    async with opened(settings, moving_clock) as engine:
        workflow_id, jobs = await an_ended_workflow(engine, "a", "b")
        await engine.export_runs()
        assert await engine._parts.run_shelf.delete_workflow(workflow_id)  # and the engine dies
    async with opened(settings, moving_clock) as engine:
        await Retention(engine._parts).sweep()
        for job in jobs:
            with pytest.raises(JobNotFoundError):
                await engine.get_job(job.job_id)
            assert files_of(settings.home, job.job_id) == []
        assert not page(settings.home, workflow_id).exists()


async def test_a_node_job_is_told_of_as_any_other_job(engine: Engine) -> None:
    workflow_id = await a_workflow(engine, "build")
    with engine.subscribe() as news:
        job_id = await a_node_job(engine, workflow_id, "build")
        await until(engine, job_id, is_done)
        assert {event.job.job_id for event in news.take() if isinstance(event, JobChanged)} == {job_id}

"""Pages of workflow runs, and the jobs of their nodes among other jobs."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING, Any

import pytest

from core.errors import InvalidArgumentError
from core.ids import new_job_id
from core.lifecycle.job import JobEvent, JobStatus
from core.lifecycle.workflow import WorkflowEvent, WorkflowStatus
from core.records.workflow_node import NodeRef
from core.store import node_changes, workflow_export, workflow_listing
from core.store.listing import JobFilter
from core.store.workflow_listing import WorkflowFilter
from core.testing.factories import a_job_spec, a_workflow_run, a_workflow_source

if TYPE_CHECKING:
    import sqlite3

    from core.store.database import Database
    from core.store.jobs import JobStore
    from core.store.workflows import WorkflowStore
    from core.testing.clock import MovingClock

_ENDS = {
    WorkflowStatus.SUCCESS: WorkflowEvent.SUCCEED,
    WorkflowStatus.FAILED: WorkflowEvent.FAIL,
    WorkflowStatus.PARTIAL: WorkflowEvent.SUCCEED_PARTLY,
    WorkflowStatus.CANCELLED: WorkflowEvent.CANCEL,
}


async def a_run(workflows: WorkflowStore, status: WorkflowStatus = WorkflowStatus.PENDING, **changes: Any) -> str:
    workflow_id = (await workflows.submit(a_workflow_run(**changes), a_workflow_source())).run.workflow_id
    if status is not WorkflowStatus.PENDING:
        await workflows.move(workflow_id, WorkflowEvent.START, by="engine")
    if status in _ENDS:
        await workflows.move(workflow_id, _ENDS[status], by="engine")
    return workflow_id


async def a_job(jobs: JobStore, node: NodeRef | None = None, **spec: Any) -> str:
    submitted = await jobs.submit(
        new_job_id(),
        a_job_spec(**spec),
        by="engine",
        idempotency_key=None,
        request_digest="",
        node=node,
        max_queued=10_000,
    )
    return submitted.job.job_id


async def walk(workflows: WorkflowStore, which: WorkflowFilter, limit: int = 2) -> list[str]:
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = await workflows.list(which, limit=limit, cursor=cursor)
        assert len(page.items) <= limit
        seen += [run.workflow_id for run in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return seen


async def test_the_newest_runs_come_first_whatever_their_status(workflows: WorkflowStore, clock: MovingClock) -> None:
    made: list[str] = []
    for status in [*WorkflowStatus, *WorkflowStatus]:
        made.append(await a_run(workflows, status))
        clock.advance(1)
    assert await walk(workflows, WorkflowFilter()) == made[::-1]
    assert [run.workflow_id for run in (await workflows.list(limit=3)).items] == made[:-4:-1]


async def test_runs_are_found_by_any_mixture_of_what_is_known_of_them(
    workflows: WorkflowStore, clock: MovingClock
) -> None:
    chance = random.Random(7)  # noqa: S311 -- the same runs every time
    runs: dict[str, dict[str, Any]] = {}
    for _ in range(60):
        facts: dict[str, Any] = {
            "name": chance.choice(["ci", "release"]),
            "run_name": chance.choice(["", "Of Main"]),
            "tags": tuple(chance.sample(["a", "b"], chance.randint(0, 2))),
            "submitted_by": chance.choice(["cli", "mcp"]),
        }
        status = chance.choice(list(WorkflowStatus))
        runs[await a_run(workflows, status, **facts)] = {**facts, "status": status, "at": clock.now()}
        clock.advance(60)
    moments = [facts["at"] for facts in runs.values()]
    for _ in range(60):
        which = WorkflowFilter(
            statuses=frozenset(chance.sample(list(WorkflowStatus), chance.randint(0, 3))),
            finished=chance.choice([None, True, False]),
            name=chance.choice([None, "ci", "other"]),
            tag=chance.choice([None, "a", "c"]),
            since=chance.choice([None, moments[20]]),
            until=chance.choice([None, moments[40]]),
            text=chance.choice([None, "MAIN", "rel"]),
            submitted_by=chance.choice([None, "cli"]),
            workflow_id_prefix=chance.choice([None, "wf_", next(iter(runs))]),
        )
        expected = [workflow_id for workflow_id, facts in runs.items() if _passes(which, workflow_id, facts)]
        assert await walk(workflows, which, limit=7) == expected[::-1], which


def _passes(which: WorkflowFilter, workflow_id: str, facts: dict[str, Any]) -> bool:
    texts = (facts["name"], facts["run_name"].lower(), workflow_id)
    return (
        facts["status"] in which.wanted()
        and which.name in {None, facts["name"]}
        and (which.tag is None or which.tag in facts["tags"])
        and (which.since is None or facts["at"] >= which.since)
        and (which.until is None or facts["at"] < which.until)
        and (which.text is None or any(which.text.lower() in text for text in texts))
        and which.submitted_by in {None, facts["submitted_by"]}
        and workflow_id.startswith(which.workflow_id_prefix or "")
    )


async def test_limits_and_cursors_are_checked(workflows: WorkflowStore) -> None:
    for limit in (0, 201):
        with pytest.raises(InvalidArgumentError, match="limit"):
            await workflows.list(limit=limit)
    with pytest.raises(InvalidArgumentError, match="cursor"):
        await workflows.list(cursor="nonsense")


async def test_runs_are_counted_by_status_without_being_read(workflows: WorkflowStore) -> None:
    assert await workflows.counts() == dict.fromkeys(WorkflowStatus, 0)
    for status in (WorkflowStatus.RUNNING, WorkflowStatus.PARTIAL, WorkflowStatus.PARTIAL):
        await a_run(workflows, status)
    counts = await workflows.counts()
    assert (counts[WorkflowStatus.RUNNING], counts[WorkflowStatus.PARTIAL], counts[WorkflowStatus.PENDING]) == (1, 2, 0)


async def test_what_an_engine_has_to_take_up_is_what_has_not_ended(workflows: WorkflowStore) -> None:
    pending, running = await a_run(workflows), await a_run(workflows, WorkflowStatus.RUNNING)
    await a_run(workflows, WorkflowStatus.FAILED)
    assert [run.workflow_id for run in await workflows.live()] == sorted([pending, running])
    assert [run.workflow_id for run in await workflows.get_many([running, "wf_x", pending])] == [running, pending]


async def test_a_nodes_job_names_its_node_and_its_submit_may_be_repeated(
    jobs: JobStore, workflows: WorkflowStore
) -> None:
    node, job_id = NodeRef(await a_run(workflows), "test-é", 2), new_job_id()

    async def submit() -> Any:
        return await jobs.submit(
            job_id, a_job_spec(), by="engine", idempotency_key=None, request_digest="", node=node, max_queued=1
        )

    first = await submit()
    again = await submit()
    assert (first.replayed, again.replayed, again.job) == (False, True, first.job)
    await jobs.move(job_id, JobEvent.CANCEL, by="cli")
    assert (await jobs.get_many([job_id]))[0].workflow == node
    assert (await submit()).job.status is JobStatus.CANCELLED


async def test_jobs_of_nodes_are_listed_with_or_without_the_others_or_by_their_run(
    jobs: JobStore, workflows: WorkflowStore, clock: MovingClock
) -> None:
    one, two = await a_run(workflows), await a_run(workflows)
    alone: list[str] = []
    of_one: list[str] = []
    of_two: list[str] = []
    for number in range(4):
        alone.append(await a_job(jobs, name="build", tags=("x",)))
        of_one.append(await a_job(jobs, NodeRef(one, f"n{number}"), name="build", tags=("x", f"t{number}")))
        of_two.append(await a_job(jobs, NodeRef(two, f"n{number}")))
        clock.advance(1)

    async def found(**which: Any) -> list[str]:
        return sorted(job.job_id for job in (await jobs.list(JobFilter(**which), limit=200)).items)

    assert await found() == sorted([*alone, *of_one, *of_two])
    assert await found(of_workflows=False) == sorted(alone)
    assert await found(of_workflows=True) == sorted([*of_one, *of_two])
    for narrower in ({"name": "build"}, {"tag": "x"}):
        assert await found(of_workflows=False, **narrower) == sorted(alone)
        assert await found(of_workflows=True, **narrower) == sorted(of_one)
    assert await found(workflow_id=one) == sorted(of_one)
    assert await found(workflow_id=one, tag="t2", name="build", text="BUSYBOX") == [of_one[2]]
    assert await found(workflow_id=two, finished=True) == []
    page = await jobs.list(JobFilter(workflow_id=one), limit=3)
    rest = await jobs.list(JobFilter(workflow_id=one), limit=3, cursor=page.next_cursor)
    assert [job.job_id for job in (*page.items, *rest.items)] == of_one[::-1]
    assert len(await jobs.queued()) == 12


async def test_the_walks_use_their_indexes_and_no_sorting(database: Database) -> None:
    def plans(connection: sqlite3.Connection) -> dict[str, str]:
        files = (workflow_listing._SQL, node_changes._SQL, workflow_export._SQL)
        found: dict[str, str] = {}
        for query in (query for file in files for query in file.queries.values()):
            if query.sql.startswith("SELECT"):
                rows = connection.execute(
                    f"EXPLAIN QUERY PLAN {query.sql}", query.in_order(dict.fromkeys(query.placeholders, "[]"))
                )
                found[query.name] = "; ".join(row[3] for row in rows)
        return found

    told = await database.read(plans)
    assert "USING COVERING INDEX workflows_by_status" in told["newest_runs_by_status"]
    assert "USING COVERING INDEX workflows_by_name" in told["newest_runs_by_name"]
    assert "INDEX workflows_unfiled" in told["unfiled_workflows"]
    assert "INDEX workflow_nodes_by_version" in told["list_nodes"]
    for name, plan in told.items():
        assert not re.search(r"SCAN (workflows|w|workflow_nodes|workflow_changes)(;|$)", plan), name
        assert "B-TREE FOR ORDER" not in plan or name in {"live_runs", "node_ids_behind"}, name  # of one attempt alone

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest

from core.errors import IdempotencyConflictError, JobNotFoundError, QueueFullError
from core.ids import new_job_id
from core.lifecycle.job import JobEvent, JobStatus
from core.records.template import TemplateUse
from core.records.workflow_node import NodeRef
from core.store.changes import AskedJob
from core.store.listing import JobFilter
from core.testing.factories import a_job_spec

if TYPE_CHECKING:
    from core.store.changes import Submitted
    from core.store.jobs import JobStore
    from core.testing.clock import MovingClock


async def _submit(jobs: JobStore, *, key: str | None = None, digest: str = "d", most: int = 100) -> Submitted:
    return await jobs.submit(
        new_job_id(), a_job_spec(), by="mcp", idempotency_key=key, request_digest=digest, max_queued=most
    )


async def test_a_submitted_job_is_queued_and_reads_back_as_it_was_returned(
    jobs: JobStore, others: JobStore, clock: MovingClock
) -> None:
    job_id = new_job_id()
    spec = a_job_spec(
        name="build",
        tags=("ci", "nightly", "ci"),
        env={"A": "ü", "B": ""},
        gpus=2,
        priority=7,
        files=(),
        secrets=("S",),
    )
    submitted = await jobs.submit(
        job_id, spec, by="mcp", idempotency_key=None, request_digest="d", rerun_of="job_before", max_queued=1
    )
    assert not submitted.replayed
    assert submitted.job.status is JobStatus.QUEUED
    assert submitted.job.created_at == submitted.job.queued_at == clock.now()
    assert await jobs.get(job_id) == await others.get(job_id) == submitted.job


async def test_a_job_with_a_long_spec_reads_back(jobs: JobStore, others: JobStore) -> None:
    spec = a_job_spec(commands=({"run": "echo é\n" * 4000, "name": "long"},))
    submitted = await jobs.submit(new_job_id(), spec, by="cli", idempotency_key=None, request_digest="d", max_queued=1)
    assert await others.get(submitted.job.job_id) == submitted.job


async def test_jobs_submitted_together_read_back_in_their_order(jobs: JobStore, others: JobStore) -> None:
    node, template = NodeRef("wf_1", "build (1)", 2), TemplateUse("build", 3, {"what": "a\udc80"})
    spec = a_job_spec(env={"A": "ü"}, context={"inputs": {"deep": [1, 2.5, None, True]}})
    asked = [
        AskedJob(new_job_id(), spec, "mcp", node=node),
        AskedJob(new_job_id(), a_job_spec(), "mcp", template=template),
    ]
    submitted = await jobs.submit_all(asked, max_queued=2)
    assert [each.job.job_id for each in submitted] == [each.job_id for each in asked]
    assert [await jobs.get(each.job_id) for each in asked] == [each.job for each in submitted]
    assert [await others.get(each.job_id) for each in asked] == [each.job for each in submitted]


async def test_of_jobs_submitted_together_all_or_none_are_accepted(jobs: JobStore) -> None:
    with pytest.raises(QueueFullError):
        await jobs.submit_all([AskedJob(new_job_id(), a_job_spec(), "mcp") for _ in range(3)], max_queued=2)
    assert (await jobs.counts())[JobStatus.QUEUED] == 0


async def test_a_node_s_job_is_made_once_also_when_the_queue_is_full(jobs: JobStore) -> None:
    asked = AskedJob(new_job_id(), a_job_spec(), "workflow", node=NodeRef("wf_1", "build", 1))
    (first,) = await jobs.submit_all([asked], max_queued=1)
    other = AskedJob(new_job_id(), a_job_spec(), "workflow", node=NodeRef("wf_1", "test", 1))
    again, fresh = await jobs.submit_all([asked, other], max_queued=2)
    assert (again.replayed, fresh.replayed) == (True, False)
    assert again.job == first.job
    assert (await jobs.submit_all([asked], max_queued=1))[0].replayed


async def test_of_jobs_submitted_together_one_may_repeat_another(jobs: JobStore) -> None:
    named = AskedJob(new_job_id(), a_job_spec(), "mcp")
    keyed = [AskedJob(new_job_id(), a_job_spec(), "mcp", idempotency_key="k", request_digest="d") for _ in range(2)]
    made = await jobs.submit_all([named, named, *keyed], max_queued=2)
    assert [each.replayed for each in made] == [False, True, False, True]
    assert [each.job.job_id for each in made] == [named.job_id, named.job_id, keyed[0].job_id, keyed[0].job_id]
    assert (await jobs.counts())[JobStatus.QUEUED] == 2


async def test_jobs_submitted_together_are_found_by_their_tags_and_have_an_audit_trail(jobs: JobStore) -> None:
    specs = [a_job_spec(tags=["a", "b"]), a_job_spec(), a_job_spec(tags=["b"])]
    made = await jobs.submit_all([AskedJob(new_job_id(), spec, "mcp") for spec in specs], max_queued=3)
    first, second, third = (each.job for each in made)
    found = {tag: (await jobs.list(JobFilter(tag=tag))).items for tag in ("a", "b")}
    assert {tag: {job.job_id for job in page} for tag, page in found.items()} == {
        "a": {first.job_id},
        "b": {first.job_id, third.job_id},
    }
    assert [(change.after, change.by) for change in await jobs.history(second.job_id)] == [(JobStatus.QUEUED, "mcp")]


async def test_the_same_key_and_request_give_the_first_job_again(jobs: JobStore) -> None:
    first = await _submit(jobs, key="k")
    await jobs.move(first.job.job_id, JobEvent.CANCEL, by="cli")
    again = await _submit(jobs, key="k")
    assert again.replayed
    assert again.job == await jobs.get(first.job.job_id)
    assert again.job.status is JobStatus.CANCELLED


@pytest.mark.hostile("B14")
async def test_the_same_key_with_another_request_is_refused_and_names_the_first_job(jobs: JobStore) -> None:
    first = await _submit(jobs, key="k", digest="one")
    with pytest.raises(IdempotencyConflictError, match=first.job.job_id):
        await _submit(jobs, key="k", digest="two")


async def test_concurrent_submits_with_one_key_make_one_job(jobs: JobStore) -> None:
    answers: list[Submitted] = []

    async def submit() -> None:
        answers.append(await _submit(jobs, key="k"))

    async with anyio.create_task_group() as tasks:
        for _ in range(50):
            tasks.start_soon(submit)
    assert len({answer.job.job_id for answer in answers}) == 1
    assert sorted(answer.replayed for answer in answers) == [False] + [True] * 49


async def test_a_full_queue_refuses_a_submit_but_never_a_repetition(jobs: JobStore) -> None:
    first = await _submit(jobs, key="k", most=2)
    await _submit(jobs, most=2)
    with pytest.raises(QueueFullError, match="2 jobs wait"):
        await _submit(jobs, most=2)
    assert (await _submit(jobs, key="k", most=2)).job == first.job
    await jobs.move(first.job.job_id, JobEvent.CANCEL, by="cli")
    await _submit(jobs, most=2)
    assert (await jobs.counts())[JobStatus.QUEUED] == 2


async def test_a_key_is_free_again_once_its_job_is_deleted(jobs: JobStore) -> None:
    first = await _submit(jobs, key="k")
    await jobs.move(first.job.job_id, JobEvent.CANCEL, by="cli")
    await jobs.delete([first.job.job_id])
    assert not (await _submit(jobs, key="k", digest="other")).replayed


async def test_texts_that_are_not_unicode_are_kept_with_a_mark_in_their_place(jobs: JobStore, others: JobStore) -> None:
    submitted = await jobs.submit(
        new_job_id(), a_job_spec(), by="a\udc80b", idempotency_key="k\udc80", request_digest="d", max_queued=1
    )
    assert (await others.get(submitted.job.job_id)).submitted_by == submitted.job.submitted_by == "a?b"


async def test_an_unknown_id_is_answered_with_the_newest_ids_that_begin_alike(jobs: JobStore) -> None:
    made = [(await _submit(jobs)).job.job_id for _ in range(5)]
    with pytest.raises(JobNotFoundError) as by_prefix:
        await jobs.get("job_")
    assert by_prefix.value.hint == f"Did you mean {' or '.join(sorted(made)[:-4:-1])}?"
    with pytest.raises(JobNotFoundError) as by_slip:
        await jobs.get(made[0][:-1] + "!")
    assert "Did you mean job_" in by_slip.value.hint
    for unlike in ("nothing", ""):
        with pytest.raises(JobNotFoundError) as unknown:
            await jobs.get(unlike)
        assert unknown.value.hint == JobNotFoundError.default_hint

"""What the jobs of a run share, as the store keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.lifecycle.workflow import WorkflowEvent
from core.records.service import ServiceResult
from core.records.workflow_document import run_document
from core.records.workflow_service import RunService
from core.spec.service import ServiceSpec
from core.testing.clock import START
from core.testing.factories import a_workflow_run, a_workflow_source

if TYPE_CHECKING:
    from core.store.workflows import WorkflowStore

DB = ServiceSpec.model_validate({"id": "db", "image": "postgres:16", "env": {"TZ": "UTC"}, "secrets": ["PASSWORD"]})
CACHE = ServiceSpec.model_validate({"id": "cache", "image": "redis", "ready": {"tcp": 6379}, "depends_on": ["db"]})


async def test_the_services_of_a_run_read_back_as_they_were_written(workflows: WorkflowStore) -> None:
    ready = ServiceResult("db", "postgres:16", "name", "ready", "sha256:1", START, START)
    ended = ServiceResult("cache", "redis", "name-2", "exited", "sha256:2", START, START, 3, "it ended")
    services = (RunService(DB, ready, (5432,)), RunService(CACHE, ended))
    workflow_id = (await workflows.submit(a_workflow_run(), a_workflow_source())).run.workflow_id

    changed = await workflows.change(workflow_id, {"services": services})

    assert changed.services == services
    assert await workflows.get(workflow_id) == changed
    told = run_document(changed)["services"]
    assert [(each["id"], each["status"], each["exit_code"]) for each in told] == [
        ("db", "ready", None), ("cache", "exited", 3),
    ]  # fmt: skip


async def test_a_further_attempt_begins_without_the_services_of_the_one_before(workflows: WorkflowStore) -> None:
    workflow_id = (await workflows.submit(a_workflow_run(), a_workflow_source())).run.workflow_id
    service = RunService(DB, ServiceResult("db", "postgres:16", "name"))
    await workflows.move(workflow_id, WorkflowEvent.FAIL, by="engine", run={"services": (service,)})

    again = await workflows.begin_attempt(workflow_id, by="cli")

    assert again.run.services == ()

"""What the jobs of a run share: up before the first of them, told to all, and gone with the run."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from pydantic import SecretStr

from core import (
    Engine,
    EngineSettings,
    FailureKind,
    Job,
    JobNotFoundError,
    NodeStatus,
    WorkflowFilter,
    WorkflowNode,
    WorkflowRequest,
    WorkflowRun,
    WorkflowStatus,
    open_engine,
)
from core.backends.base import LABEL_ATTEMPT, LABEL_HOME, LABEL_WORKFLOW
from core.backends.services import LABEL_SERVICE, NetworkRequest
from core.backends.simulated.backend import SimulatedBackend
from core.engine.service_owner import run_stem
from core.testing.factories import a_container_request
from tests.core.engine.breaking import texts

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from anyio.abc import TaskGroup

    from core.backends.base import ContainerRequest, ContainerState

POSTGRES = {"image": "postgres", "env": {"POSTGRES_PASSWORD": "open", "POSTGRES_DB": "shop"}}
SHELL = {"image": "busybox"}


def a_job(command: str = "true", **fields: Any) -> dict[str, Any]:
    return {"image": "busybox", "commands": [command], **fields}


def a_workflow(services: dict[str, Any], jobs: dict[str, Any], **fields: Any) -> str:
    return json.dumps({"services": services, "jobs": jobs, **fields})


async def started(engine: Engine, services: dict[str, Any], jobs: dict[str, Any], **fields: Any) -> str:
    request = WorkflowRequest(text=a_workflow(services, jobs, **fields))
    return (await engine.run_workflow(request)).run.workflow_id


async def end_of(engine: Engine, workflow_id: str) -> WorkflowRun:
    with anyio.fail_after(30), engine.subscribe([workflow_id]) as news:
        while not (run := await engine.get_workflow(workflow_id)).is_finished:
            await news.wait()
            news.take()
    return run


async def node_of(engine: Engine, workflow_id: str, status: NodeStatus, node_id: str = "one") -> WorkflowNode:
    """A node, once it stands so."""
    with anyio.fail_after(30), engine.subscribe([workflow_id]) as news:
        while (node := await engine.workflow_node(workflow_id, node_id)).status is not status:
            await news.wait()
            news.take()
    return node


async def printed(engine: Engine, node: WorkflowNode) -> list[str]:
    assert node.job_id is not None
    return [text for text in await texts(engine, node.job_id) if text]


async def job_of(engine: Engine, node: WorkflowNode) -> Job:
    assert node.job_id is not None
    return await engine.get_job(node.job_id)


async def nodes_by_id(engine: Engine, workflow_id: str) -> dict[str, WorkflowNode]:
    return {node.node_id: node for node in await engine.workflow_nodes(workflow_id)}


async def left_of(engine: Engine, backend: SimulatedBackend) -> list[str]:
    containers = await backend.list_owned(engine.home_id)
    networks = await backend.list_networks(engine.home_id)
    return [*(container.name for container in containers), *(network.name for network in networks)]


async def until_left(engine: Engine, backend: SimulatedBackend, *names: str) -> None:
    """Return once nothing but these is left of a home: jobs are cleaned up after their end is told."""
    with anyio.fail_after(30):
        while await left_of(engine, backend) != list(names):
            await anyio.wait_all_tasks_blocked()


@pytest.fixture
def backend() -> SimulatedBackend:
    return SimulatedBackend()


@pytest.fixture
async def engine(settings: EngineSettings, backend: SimulatedBackend) -> AsyncGenerator[Engine]:
    async with open_engine(settings, backend=backend) as opened:
        yield opened


# --- what jobs are told


async def test_every_job_of_a_run_is_told_where_its_services_are(engine: Engine, backend: SimulatedBackend) -> None:
    jobs = {
        "one": a_job("printenv"),
        "two": a_job("printenv", needs="one", env={"WHERE": "${{ services.db.host }}:${{ services.db.port }}"}),
    }

    workflow_id = await started(engine, {"db": POSTGRES, "cache": {"image": "redis"}}, jobs)
    run = await end_of(engine, workflow_id)

    assert run.status is WorkflowStatus.SUCCESS
    nodes = await nodes_by_id(engine, workflow_id)
    for node in nodes.values():
        told = {line for line in await printed(engine, node) if line.startswith(("DB_", "CACHE_"))}
        assert told == {
            "DB_HOST=db",
            "DB_PORT=5432",
            "DB_PORT_5432=5432",
            "DB_URL=postgresql://***:5432/shop",
            "CACHE_HOST=cache",
            "CACHE_PORT=6379",
            "CACHE_PORT_6379=6379",
            "CACHE_URL=redis://cache:6379",
        }
    assert "WHERE=db:5432" in await printed(engine, nodes["two"])
    assert [(each.result.service_id, each.result.status) for each in run.services] == [
        ("db", "stopped"),
        ("cache", "stopped"),
    ]
    assert all(each.result.ready_after_s is not None for each in run.services)
    await until_left(engine, backend)


async def test_a_service_starts_when_those_it_depends_on_are_ready(engine: Engine) -> None:
    services = {"app": {"image": "nginx", "depends_on": ["db"]}, "db": POSTGRES}

    run = await end_of(engine, await started(engine, services, {"one": a_job()}))

    app, db = (each.result for each in run.services)
    assert app.started_at is not None
    assert db.ready_at is not None
    assert app.started_at >= db.ready_at


async def test_a_jobs_own_services_stand_beside_those_of_the_run(engine: Engine) -> None:
    jobs = {"one": a_job("printenv DB_HOST; printenv CACHE_HOST", services={"cache": "redis"})}

    workflow_id = await started(engine, {"db": POSTGRES}, jobs)

    assert (await end_of(engine, workflow_id)).status is WorkflowStatus.SUCCESS
    node = await engine.workflow_node(workflow_id, "one")
    assert await printed(engine, node) == ["db", "cache"]


@pytest.mark.parametrize("own", [{"DB": "redis"}, {"cache": {"image": "redis", "alias": "db"}}])
async def test_a_job_cannot_have_a_service_of_the_name_of_one_of_the_runs(engine: Engine, own: dict[str, Any]) -> None:
    workflow_id = await started(engine, {"db": POSTGRES}, {"one": a_job(services=own)})

    assert (await end_of(engine, workflow_id)).status is WorkflowStatus.FAILED
    failure = (await engine.workflow_node(workflow_id, "one")).failure
    assert failure is not None
    assert failure.kind is FailureKind.POLICY
    assert "the workflow's own services have the name" in failure.message


async def test_what_the_run_keeps_secret_no_job_shows(settings: EngineSettings) -> None:
    secret = settings.model_copy(update={"secrets": {"PASSWORD": SecretStr("tide-and-foam")}})
    services = {"db": {"image": "postgres", "env": {"POSTGRES_PASSWORD": "${{ secrets.PASSWORD }}"}}}
    jobs = {"one": a_job("printenv DB_URL; echo tide-and-foam")}
    async with open_engine(secret) as engine:
        workflow_id = await started(engine, services, jobs, secrets=["PASSWORD"])
        run = await end_of(engine, workflow_id)
        node = await engine.workflow_node(workflow_id, "one")
        lines = await printed(engine, node)

    assert run.status is WorkflowStatus.SUCCESS
    assert lines == ["postgresql://***:5432/postgres", "***"]
    assert "tide-and-foam" not in repr(run)


async def test_two_runs_at_once_have_networks_of_their_own(engine: Engine, backend: SimulatedBackend) -> None:
    jobs = {"one": a_job("sleep 60")}
    ids = [await started(engine, {"db": POSTGRES}, jobs) for _ in range(2)]

    for workflow_id in ids:
        await node_of(engine, workflow_id, NodeStatus.RUNNING)

    networks = await backend.list_networks(engine.home_id)
    assert {network.labels[LABEL_WORKFLOW]: network.name for network in networks} == {
        workflow_id: run_stem(engine.home_id, workflow_id, 1) for workflow_id in ids
    }
    for workflow_id in ids:
        await engine.cancel_workflow(workflow_id, force=True)
        await end_of(engine, workflow_id)
    await until_left(engine, backend)


# --- services that fail


async def test_a_service_that_does_not_become_ready_fails_every_job_without_starting_it(
    engine: Engine, backend: SimulatedBackend
) -> None:
    services = {"db": {**POSTGRES, "env": {"SIMULATE_SECONDS": "0", "SIMULATE_EXIT": "3", "SIMULATE_READY_AFTER": "9"}}}

    workflow_id = await started(engine, services, {"one": a_job(), "two": a_job()})
    run = await end_of(engine, workflow_id)

    assert run.status is WorkflowStatus.FAILED
    for node in await engine.workflow_nodes(workflow_id):
        assert node.failure is not None
        assert node.failure.kind is FailureKind.SERVICE
        assert node.failure.message.startswith("Service db (postgres) failed: it ended with exit code 3 before it was")
        assert "Its last lines:\n  [simulated] starting" in node.failure.message
        assert f"{workflow_id}/db" in node.failure.hint
    assert [(each.result.status, each.result.exit_code) for each in run.services] == [("failed", 3)]
    assert (await engine.list_jobs()).items == ()
    await until_left(engine, backend)


async def test_an_image_that_cannot_be_had_fails_every_job(engine: Engine) -> None:
    workflow_id = await started(engine, {"db": {"image": "missing/database"}}, {"one": a_job()})

    assert (await end_of(engine, workflow_id)).status is WorkflowStatus.FAILED
    failure = (await engine.workflow_node(workflow_id, "one")).failure
    assert failure is not None
    assert (failure.kind, failure.message.startswith("Service db: ")) == (FailureKind.IMAGE_NOT_FOUND, True)


async def test_after_a_service_has_died_no_job_starts_and_one_that_fails_names_it(
    engine: Engine, backend: SimulatedBackend
) -> None:
    jobs = {"one": a_job("sleep 2; exit 4"), "two": a_job(needs="one", **{"if": "always()"})}
    workflow_id = await started(engine, {"db": POSTGRES}, jobs)
    node = await node_of(engine, workflow_id, NodeStatus.RUNNING)
    await running_job(engine, node)
    (service,) = [each for each in await backend.list_owned(engine.home_id) if LABEL_SERVICE in each.labels]

    backend.signal_from_outside(service.container_id, "KILL")
    await service_with(engine, workflow_id, "exited")
    run = await end_of(engine, workflow_id)

    nodes = await nodes_by_id(engine, workflow_id)
    for name in ("one", "two"):
        failure = nodes[name].failure
        assert failure is not None
        assert "Service db" in failure.message
        assert "ended with exit code 137" in failure.message
        assert failure.kind is FailureKind.SERVICE
    assert nodes["one"].exit_code == 4
    two = nodes["two"].failure
    assert two is not None
    assert (two.kind, nodes["two"].job_id) == (FailureKind.SERVICE, None)
    assert "[simulated] ready to accept connections" in two.message
    assert run.status is WorkflowStatus.FAILED
    await until_left(engine, backend)


async def test_a_job_that_succeeds_although_a_service_died_says_so(engine: Engine, backend: SimulatedBackend) -> None:
    workflow_id = await started(engine, {"db": POSTGRES}, {"one": a_job("sleep 1")})
    await running_job(engine, await node_of(engine, workflow_id, NodeStatus.RUNNING))
    (service,) = [each for each in await backend.list_owned(engine.home_id) if LABEL_SERVICE in each.labels]

    backend.vanish(service.container_id)
    run = await end_of(engine, workflow_id)

    job = await job_of(engine, await engine.workflow_node(workflow_id, "one"))
    assert run.status is WorkflowStatus.SUCCESS
    assert job.warnings == ("Service db: it is gone: something other than OrcaOps removed it while the job ran.",)
    assert [each.result.status for each in run.services] == ["lost"]


async def test_a_service_that_has_done_its_work_is_missed_by_nobody(engine: Engine) -> None:
    env = {"SIMULATE_SECONDS": "0.2", "SIMULATE_READY_AFTER": "0"}
    jobs = {"one": a_job("sleep 1"), "two": a_job(needs="one")}

    run = await end_of(engine, await started(engine, {"db": {"image": "postgres", "env": env}}, jobs))

    assert run.status is WorkflowStatus.SUCCESS
    assert [(each.result.status, each.result.exit_code) for each in run.services] == [("exited", 0)]


# --- their end


@pytest.mark.parametrize("force", [False, True])
async def test_a_cancelled_run_leaves_nothing_standing(
    engine: Engine, backend: SimulatedBackend, *, force: bool
) -> None:
    workflow_id = await started(engine, {"db": POSTGRES}, {"one": a_job("sleep 60")})
    await node_of(engine, workflow_id, NodeStatus.RUNNING)

    await engine.cancel_workflow(workflow_id, force=force)

    assert (await end_of(engine, workflow_id)).status is WorkflowStatus.CANCELLED
    await until_left(engine, backend)


async def test_a_run_that_is_cancelled_while_its_services_start_does_not_wait_for_them(
    engine: Engine, backend: SimulatedBackend
) -> None:
    never = {**POSTGRES, "env": {"SIMULATE_READY_AFTER": "never"}, "ready_timeout": "1h"}
    workflow_id = await started(engine, {"db": never}, {"one": a_job()})
    await service_with(engine, workflow_id, "starting")

    await engine.cancel_workflow(workflow_id)

    assert (await end_of(engine, workflow_id)).status is WorkflowStatus.CANCELLED
    assert (await engine.list_jobs()).items == ()
    await until_left(engine, backend)


class LateBackend(SimulatedBackend):
    """Carries out a request for a container also when whoever sent it does not wait for it any more.

    Attributes:
        asked: Set once one was sent.
        answers: Set to have it carried out.
    """

    def __init__(self, tasks: TaskGroup) -> None:
        super().__init__()
        self.asked, self.answers = anyio.Event(), anyio.Event()
        self._tasks = tasks

    async def create(self, request: ContainerRequest) -> ContainerState:
        made: list[ContainerState] = []
        is_made = anyio.Event()

        async def carry_out() -> None:
            await self.answers.wait()
            made.append(await super(LateBackend, self).create(request))
            is_made.set()

        self._tasks.start_soon(carry_out)
        self.asked.set()
        await is_made.wait()
        return made[0]


async def test_a_container_that_was_asked_for_just_before_a_cancel_does_not_stay(settings: EngineSettings) -> None:
    async with anyio.create_task_group() as tasks:
        late = LateBackend(tasks)
        async with open_engine(settings, backend=late) as engine:
            workflow_id = await started(engine, {"db": POSTGRES}, {"one": a_job()})
            with anyio.fail_after(30):
                await late.asked.wait()
            await engine.cancel_workflow(workflow_id)
            await anyio.wait_all_tasks_blocked()
            late.answers.set()

            assert (await end_of(engine, workflow_id)).status is WorkflowStatus.CANCELLED
            assert await left_of(engine, late) == []


async def test_a_run_that_ran_out_of_time_leaves_nothing_standing(engine: Engine, backend: SimulatedBackend) -> None:
    workflow_id = await started(engine, {"db": POSTGRES}, {"one": a_job("sleep 60")}, timeout=1)

    assert (await end_of(engine, workflow_id)).status is WorkflowStatus.FAILED
    await until_left(engine, backend)


# --- over the death of an engine


async def test_the_next_engine_goes_on_with_the_services_of_a_run(
    settings: EngineSettings, backend: SimulatedBackend
) -> None:
    jobs = {"one": a_job("sleep 2"), "two": a_job("printenv DB_PORT", needs="one")}
    async with open_engine(settings, backend=backend) as engine:
        workflow_id = await started(engine, {"db": POSTGRES}, jobs)
        await running_job(engine, await node_of(engine, workflow_id, NodeStatus.RUNNING))
        before = [each for each in await backend.list_owned(engine.home_id) if LABEL_SERVICE in each.labels]
    async with open_engine(settings, backend=backend) as engine:
        await node_of(engine, workflow_id, NodeStatus.RUNNING)
        after = [each for each in await backend.list_owned(engine.home_id) if LABEL_SERVICE in each.labels]
        run = await end_of(engine, workflow_id)
        two = await engine.workflow_node(workflow_id, "two")

        assert [each.container_id for each in after] == [each.container_id for each in before]
        assert run.status is WorkflowStatus.SUCCESS
        assert await printed(engine, two) == ["5432"]
        await until_left(engine, backend)


async def test_services_that_were_starting_when_the_engine_died_are_started_by_the_next(
    settings: EngineSettings, backend: SimulatedBackend
) -> None:
    slow = {**POSTGRES, "env": {"SIMULATE_READY_AFTER": "1"}}
    async with open_engine(settings, backend=backend) as engine:
        workflow_id = await started(engine, {"db": slow, "cache": {"image": "redis"}}, {"one": a_job()})
        await service_with(engine, workflow_id, "starting")
    async with open_engine(settings, backend=backend) as engine:
        run = await end_of(engine, workflow_id)

        assert run.status is WorkflowStatus.SUCCESS
        assert [each.result.status for each in run.services] == ["stopped", "stopped"]
        await until_left(engine, backend)


async def test_a_service_that_died_while_no_engine_looked_is_found_dead(
    settings: EngineSettings, backend: SimulatedBackend
) -> None:
    jobs = {"one": a_job("sleep 1"), "two": a_job(needs="one")}
    async with open_engine(settings, backend=backend) as engine:
        workflow_id = await started(engine, {"db": POSTGRES}, jobs)
        await running_job(engine, await node_of(engine, workflow_id, NodeStatus.RUNNING))
        (service,) = [each for each in await backend.list_owned(engine.home_id) if LABEL_SERVICE in each.labels]
    backend.signal_from_outside(service.container_id, "KILL")
    async with open_engine(settings, backend=backend) as engine:
        await end_of(engine, workflow_id)
        failure = (await engine.workflow_node(workflow_id, "two")).failure
        await until_left(engine, backend)

    assert failure is not None
    assert (failure.kind, "exit code 137" in failure.message) == (FailureKind.SERVICE, True)


async def test_a_service_that_died_under_an_earlier_engine_stays_dead(
    settings: EngineSettings, backend: SimulatedBackend
) -> None:
    jobs = {"one": a_job("sleep 2"), "two": a_job(needs="one")}
    async with open_engine(settings, backend=backend) as engine:
        workflow_id = await started(engine, {"db": POSTGRES}, jobs)
        await running_job(engine, await node_of(engine, workflow_id, NodeStatus.RUNNING))
        (service,) = [each for each in await backend.list_owned(engine.home_id) if LABEL_SERVICE in each.labels]
        backend.signal_from_outside(service.container_id, "KILL")
        await service_with(engine, workflow_id, "exited")
    async with open_engine(settings, backend=backend) as engine:
        await end_of(engine, workflow_id)
        nodes = await nodes_by_id(engine, workflow_id)
        one = await job_of(engine, nodes["one"])
        await until_left(engine, backend)

    assert nodes["two"].failure is not None
    assert nodes["two"].failure.kind is FailureKind.SERVICE
    assert one.warnings == ("Service db: it ended with exit code 137 while the job ran.",)


async def test_what_is_left_of_runs_that_have_ended_is_swept(
    settings: EngineSettings, backend: SimulatedBackend
) -> None:
    async with open_engine(settings, backend=backend) as engine:
        workflow_id = await started(engine, {"db": POSTGRES}, {"one": a_job()})
        await end_of(engine, workflow_id)
        await until_left(engine, backend)
    labels = {LABEL_HOME: engine.home_id, LABEL_WORKFLOW: workflow_id, LABEL_ATTEMPT: "1"}
    network = NetworkRequest(run_stem(engine.home_id, workflow_id, 1), labels)
    await backend.create_network(network)
    name, owned = f"{network.name}-db", {**labels, LABEL_SERVICE: "db"}
    await backend.create(a_container_request(argv=("true",), name=name, labels=owned))

    async with open_engine(settings, backend=backend) as engine:
        await until_left(engine, backend)


async def test_the_logs_of_services_go_with_the_run(engine: Engine, settings: EngineSettings) -> None:
    workflow_id = await started(engine, {"db": POSTGRES}, {"one": a_job()})
    await end_of(engine, workflow_id)
    folder = settings.home / "logs" / workflow_id / "services" / "db"
    assert any(await anyio.to_thread.run_sync(lambda: list(folder.iterdir())))

    await engine.delete_workflow(workflow_id)

    assert not await anyio.Path(folder).exists()
    assert (await engine.list_workflows(WorkflowFilter())).items == ()


async def service_with(engine: Engine, workflow_id: str, status: str) -> None:
    """Return once a service of the run stands so."""
    with anyio.fail_after(30), engine.subscribe([workflow_id]) as news:
        while all(each.result.status != status for each in (await engine.get_workflow(workflow_id)).services):
            await news.wait()
            news.take()


async def running_job(engine: Engine, node: WorkflowNode) -> Job:
    """A node's job, once its container runs."""
    assert node.job_id is not None
    with anyio.fail_after(30), engine.subscribe([node.job_id]) as news:
        while True:
            with suppress(JobNotFoundError):  # the node says so before the job is there
                job = await job_of(engine, node)
                if job.started_at is not None:
                    return job
            await news.wait()
            news.take()

"""Workflows on a real Docker Engine: every example runs to its end, services are shared, and nothing is left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import anyio
import anyio.to_thread
import pytest

from core import (
    Engine,
    EngineSettings,
    FailureKind,
    LogQuery,
    NodeStatus,
    WorkflowLogQuery,
    WorkflowStatus,
    open_engine,
)
from tests.end_to_end.conftest import everything_is_settled
from tests.end_to_end.flowing import (
    EXAMPLES,
    a_request,
    an_example,
    ended,
    everything_has_ended,
    left,
    printed,
    ran,
    running_node,
    submitted,
    told,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from tests.end_to_end.operator import Operator

pytestmark = pytest.mark.docker

WEB = {
    "image": "busybox",
    "command": ["sh", "-c", "mkdir /www; cd /www; echo $ME > me; exec httpd -f -p 8080"],
    "ready": {"http": "8080/me"},
}
ASK = "wget -q -O - http://web:8080/me"


@pytest.fixture(autouse=True)
async def nothing_is_left(docker_settings: EngineSettings, operator: Operator) -> AsyncGenerator[None]:
    """After every test: nothing with this home's label."""
    yield
    async with open_engine(docker_settings) as engine:
        await everything_has_ended(engine)
        await everything_is_settled(engine)
    assert await left(operator, engine.home_id) == []


# --- the examples


class Expected(NamedTuple):
    """What becomes of an example.

    Attributes:
        others: The nodes that do not succeed, and how they end.
        outputs: Of the run.
        fields: Of the request.
    """

    others: dict[str, NodeStatus] = {}  # noqa: RUF012 - a tuple's default is never changed
    outputs: dict[str, str] = {}  # noqa: RUF012
    fields: dict[str, Any] = {}  # noqa: RUF012


SKIPPED, FAILED = NodeStatus.SKIPPED, NodeStatus.FAILED
EXPECTED = {
    "hello": Expected(),
    "order": Expected(),
    "steps": Expected(),
    "inputs": Expected(fields={"inputs": {"who": "everybody", "count": 2}}),
    "conditions": Expected({"sign": SKIPPED, "roll_back": SKIPPED}),
    "outputs": Expected(outputs={"tag": "1.4.0", "published": "true"}),
    "artifacts": Expected(),
    "matrix": Expected(),
    "dynamic-matrix": Expected(outputs={"rows": "0,10,20"}),
    "services": Expected(),
    "shared-services": Expected(),
    "retries": Expected({"advice": FAILED}),
    "concurrency": Expected(),
    "extends": Expected(),
    "reuse": Expected(),
    "parts/greeting": Expected(outputs={"text": "hello you."}, fields={"inputs": {"who": "you"}}),
    "github-style": Expected(),
    "gitlab-style": Expected({"style": FAILED}),
    "ci-pipeline": Expected(fields={"context": {"github": {"ref": "refs/heads/main"}}}),
}
"""All runs succeed; the nodes that failed are tolerated."""


async def test_every_example_is_expected_to_do_something() -> None:
    files = {path for path in EXAMPLES.rglob("*.yaml") if path.parent.name not in {"jobs", "templates"}}
    assert {path.relative_to(EXAMPLES).with_suffix("").as_posix() for path in files} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
async def test_an_example_runs_to_its_end(docker_engine: Engine, name: str) -> None:
    expected = EXPECTED[name]

    run, nodes = await ran(docker_engine, an_example(name, **expected.fields))

    said = await told(docker_engine, run, nodes)
    assert run.status is WorkflowStatus.SUCCESS, said
    others = {node.node_id: node.status for node in nodes.values() if node.status is not NodeStatus.SUCCESS}
    assert others == expected.others, said
    assert run.outputs == expected.outputs


async def test_the_pipeline_does_not_deploy_from_another_branch(docker_engine: Engine) -> None:
    run, nodes = await ran(docker_engine, an_example("ci-pipeline"))

    assert run.status is WorkflowStatus.SUCCESS, await told(docker_engine, run, nodes)
    assert nodes["deploy-staging"].status is SKIPPED
    assert (await printed(docker_engine, nodes["notify"]))[-1] == "success success success skipped"


# --- services that a run shares


async def test_two_runs_at_once_do_not_see_each_others_services(docker_engine: Engine, operator: Operator) -> None:
    def request(me: str) -> Any:
        until_told = "while [ ! -e /tmp/go ]; do usleep 50000; done"
        jobs = {f"job{number}": {"image": "busybox", "commands": [ASK, until_told, ASK]} for number in (1, 2)}
        return a_request({"services": {"web": {**WEB, "env": {"ME": me}}}, "jobs": jobs})

    ids = {me: await submitted(docker_engine, request(me)) for me in ("left", "right")}
    for workflow_id in ids.values():
        for node_id in ("job1", "job2"):
            await running_node(docker_engine, workflow_id, node_id)
    networks = await anyio.to_thread.run_sync(operator.networks, docker_engine.home_id)
    containers = await anyio.to_thread.run_sync(operator.containers, docker_engine.home_id)
    labels = [await anyio.to_thread.run_sync(operator.labels, each) for each in containers]
    for each, label in zip(containers, labels, strict=True):
        if "orcaops.job" in label:  # the services go as soon as the jobs of their run have ended
            await anyio.to_thread.run_sync(operator.touch, each, "/tmp/go")

    assert len(networks) == 2
    assert {each["orcaops.workflow"] for each in labels} == set(ids.values())
    for me, workflow_id in ids.items():
        run = await ended(docker_engine, workflow_id)
        assert run.status is WorkflowStatus.SUCCESS
        for node in await docker_engine.workflow_nodes(workflow_id):
            assert await printed(docker_engine, node) == [me, me]


async def test_a_job_reaches_its_own_services_and_those_of_the_run(docker_engine: Engine) -> None:
    own = {**WEB, "env": {"ME": "own"}}
    commands = [
        "wget -q -O - http://web:8080/me",
        'wget -q -O - "http://$OTHER_HOST:$OTHER_PORT/me"',
        'echo "$WHERE"',
        "wget -q -O - http://second:8080/me",
    ]
    content = {
        "services": {"web": {**WEB, "env": {"ME": "shared"}, "alias": "second"}},
        "jobs": {
            "one": {
                "image": "busybox",
                "services": {"other": {**own, "ports": [8080]}},
                "env": {"WHERE": "${{ services.web.host }} ${{ services.other.port }}"},
                "commands": commands,
            }
        },
    }

    run, nodes = await ran(docker_engine, a_request(content))

    assert run.status is WorkflowStatus.SUCCESS, await told(docker_engine, run, nodes)
    assert await printed(docker_engine, nodes["one"]) == ["shared", "own", "web 8080", "shared"]


async def test_no_job_starts_before_the_services_are_healthy(docker_engine: Engine) -> None:
    def slow(file: str) -> dict[str, Any]:
        command = f"trap 'exit 0' TERM; sleep 1; touch {file}; sleep 600 & wait"
        check = {"test": ["CMD", "test", "-f", file], "interval": "0.3s", "retries": 50}
        return {"image": "busybox", "command": ["sh", "-c", command], "health_check": check}

    job = {"image": "busybox", "services": {"own": slow("/tmp/own")}, "commands": ["true"]}

    run, nodes = await ran(docker_engine, a_request({"services": {"db": slow("/tmp/db")}, "jobs": {"one": job}}))

    assert run.status is WorkflowStatus.SUCCESS, await told(docker_engine, run, nodes)
    (shared,) = run.services
    assert nodes["one"].job_id is not None
    attempt = (await docker_engine.get_job(nodes["one"].job_id)).attempt
    assert attempt is not None
    times = [shared.result.ready_at, attempt.services[0].started_at, attempt.services[0].ready_at, attempt.started_at]
    assert times == sorted(time for time in times if time is not None)
    assert min(shared.result.ready_after_s or 0, attempt.services[0].ready_after_s or 0) >= 1


async def test_a_broken_service_of_the_run_is_named_with_its_last_lines(docker_engine: Engine) -> None:
    content = {"services": {"db": "postgres:15"}, "jobs": {"one": {"image": "busybox", "commands": ["echo never"]}}}

    run, nodes = await ran(docker_engine, a_request(content))

    failure = nodes["one"].failure
    assert run.status is WorkflowStatus.FAILED
    assert failure is not None
    assert failure.kind is FailureKind.SERVICE
    assert failure.message.startswith("Service db (postgres:15) failed: it ended with exit code 1 before it was ready")
    assert "superuser password is not specified" in failure.message
    assert nodes["one"].job_id is None
    page = await docker_engine.read_workflow_log(run.workflow_id, WorkflowLogQuery(service="db"))
    assert any("superuser password is not specified" in each.line.text for each in page.lines)


async def test_a_wrong_password_is_told_by_the_line_of_the_job(docker_engine: Engine) -> None:
    service = {"image": "postgres:15", "env": {"POSTGRES_PASSWORD": "open-water"}}
    command = "PGPASSWORD=wrong psql -h db -U postgres -c 'select 1'"
    content = {
        "services": {"db": service},
        "jobs": {
            "ask": {"image": "postgres:15", "commands": [command]},
            "after": {"image": "postgres:15", "needs": "ask", "commands": ["true"]},
        },
    }

    run, nodes = await ran(docker_engine, a_request(content))
    summary = await docker_engine.workflow_summary(run.workflow_id)

    assert (run.status, nodes["after"].status) == (WorkflowStatus.FAILED, SKIPPED)
    assert summary.cause is not None
    assert (summary.cause.node.node_id, summary.cause.blocked) == ("ask", ("after",))
    assert nodes["ask"].failure is not None
    assert nodes["ask"].failure.kind is FailureKind.EXIT
    refusal = 'password authentication failed for user "postgres"'
    assert refusal in " ".join(nodes["ask"].tail)
    assert summary.cause.job is not None
    assert any(refusal in line.text for line in summary.cause.job.last_lines)


# --- the end of runs


async def test_of_three_variants_one_fails_and_the_others_count(docker_engine: Engine) -> None:
    job = {"image": "busybox", "matrix": {"part": [0, 1, 2]}, "fail_fast": False, "commands": ['test "$PART" -ne 1']}
    lint = {"image": "busybox", "commands": ["true"]}
    content = {"jobs": {"test": {**job, "env": {"PART": "${{ matrix.part }}"}}, "lint": lint}}

    run, nodes = await ran(docker_engine, a_request(content))
    summary = await docker_engine.workflow_summary(run.workflow_id)

    assert run.status is WorkflowStatus.PARTIAL
    assert {id_: node.status.value for id_, node in nodes.items() if id_ != "lint"} == {
        "test-0": "success",
        "test-1": "failed",
        "test-2": "success",
    }
    assert summary.matrices == {"test": "2/3 passed"}


@pytest.mark.parametrize("way", ["failure", "cancel", "force", "timeout", "services"])
async def test_however_a_run_with_services_ends_nothing_of_it_is_left(
    docker_engine: Engine, operator: Operator, way: str
) -> None:
    command = "exit 3" if way == "failure" else "trap 'exit 0' TERM; sleep 60 & wait"
    service = {**WEB, "ready": {"tcp": 9}} if way == "services" else WEB
    content: dict[str, Any] = {
        "services": {"web": service},
        "jobs": {"one": {"image": "busybox", "services": {"own": WEB}, "commands": [command]}},
    }
    if way == "timeout":
        content["timeout"] = 4
    workflow_id = await submitted(docker_engine, a_request(content))
    if way in {"cancel", "force"}:
        await running_node(docker_engine, workflow_id, "one")
    if way == "services":
        await until_service(docker_engine, workflow_id, "starting")
    if way in {"cancel", "force", "services"}:
        await docker_engine.cancel_workflow(workflow_id, force=way == "force")
    run = await ended(docker_engine, workflow_id)

    is_stopped = way in {"cancel", "force", "services"}
    assert run.status is (WorkflowStatus.CANCELLED if is_stopped else WorkflowStatus.FAILED)
    await everything_is_settled(docker_engine)
    assert await left(operator, docker_engine.home_id) == []
    if way != "services":
        (job,) = (await docker_engine.list_jobs()).items
        assert [line.text for line in (await docker_engine.read_logs(job.job_id, LogQuery(service="own"))).lines] == []


async def until_service(engine: Engine, workflow_id: str, status: str) -> None:
    """Return once a service of a run stands so."""
    with anyio.fail_after(60), engine.subscribe([workflow_id]) as news:
        while all(each.result.status != status for each in (await engine.get_workflow(workflow_id)).services):
            await news.wait()
            news.take()

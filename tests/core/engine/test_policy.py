"""The policy of a home decides before anything is stored, again before a job starts, and is told in records."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from pydantic import SecretStr

from core import (
    Engine,
    EngineSettings,
    FailureKind,
    InvalidPolicyError,
    Job,
    NodeStatus,
    NotAdmittedError,
    PolicyDeniedError,
    QueueSettings,
    WorkflowRequest,
    open_engine,
)
from core.backends.simulated.backend import SimulatedBackend
from core.testing.factories import a_job_spec

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from core.backends.services import NetworkRequest, NetworkState


@asynccontextmanager
async def engine_with(
    settings: EngineSettings, policy: str, *, backend: SimulatedBackend | None = None, **changes: Any
) -> AsyncGenerator[Engine]:
    settings.home.mkdir(parents=True, exist_ok=True)
    (settings.home / "policy.yaml").write_text(policy)
    async with open_engine(settings.model_copy(update=changes), backend=backend) as engine:
        yield engine


async def test_a_policy_with_faults_keeps_the_engine_from_starting(settings: EngineSettings) -> None:
    with pytest.raises(InvalidPolicyError, match=r"policy\.yaml:1:8: floor: not one of") as caught:
        async with engine_with(settings, "floor: x\n"):
            pass
    assert "orcaops policy check" in caught.value.hint


async def test_what_the_policy_denies_is_told_at_once_and_nothing_is_stored(settings: EngineSettings) -> None:
    async with engine_with(settings, "floor: strict\nimages: [{allow: alpine}]\n") as engine:
        spec = a_job_spec(profile="standard", timeout_s=10**5, user="0")
        with pytest.raises(PolicyDeniedError) as caught:
            await engine.submit_job(spec, by="agent")
        assert [finding.path for finding in caught.value.findings] == ["profile", "image", "timeout_s"]
        assert (await engine.list_jobs()).items == ()


async def test_a_limit_alone_is_not_the_policys_doing(engine: Engine) -> None:
    with pytest.raises(NotAdmittedError) as caught:
        await engine.submit_job(a_job_spec(timeout_s=10**5))
    assert type(caught.value) is NotAdmittedError


async def test_the_record_says_which_profile_ran_what_it_loosened_and_by_which_rules(settings: EngineSettings) -> None:
    async with engine_with(settings, "default: strict\nimages: [{allow: '*'}]\n") as engine:
        job = (await engine.submit_job(a_job_spec(), by="agent")).job
        sandbox = (await engine.get_job(job.job_id)).spec.sandbox
    assert sandbox is not None
    assert (sandbox.profile, sandbox.loosened) == ("strict", ())
    assert sandbox.rules == ("policy.yaml:1: strict", "policy.yaml:2: images: allow *")


async def test_who_asks_makes_a_difference(settings: EngineSettings) -> None:
    async with engine_with(settings, "callers: [{who: token release, floor: trusted}]\n") as engine:
        spec = a_job_spec(profile="trusted")
        assert (await engine.admit(spec, by="token release")).profile == "trusted"
        with pytest.raises(PolicyDeniedError, match="jobs of token ci"):
            await engine.admit(spec, by="token ci")


async def test_a_waiting_job_that_a_tighter_policy_denies_fails_with_policy(settings: EngineSettings) -> None:
    async with engine_with(settings, "images: [{allow: '*'}]\n", queue=QueueSettings(max_running=1)) as engine:
        await engine.submit_job(a_job_spec(command=("sleep", "1000")), by="agent")
        waiting = (await engine.submit_job(a_job_spec(), by="agent")).job
    async with engine_with(settings, "images: [{deny: '*'}]\n", queue=QueueSettings(max_running=2)) as engine:
        with anyio.fail_after(30):
            job = await engine.wait_for_job(waiting.job_id)
    assert job.failure is not None
    assert (job.failure.kind, job.failure.message) == (
        FailureKind.POLICY,
        "image: the policy does not allow this image: policy.yaml:1: images: deny *",
    )


async def test_a_rerun_is_held_by_the_policy_of_now(settings: EngineSettings) -> None:
    async with engine_with(settings, "floor: standard\n") as engine:
        first = (await engine.submit_job(a_job_spec(read_only=True, tmpfs=["/cache"]), by="agent")).job
        again = await engine.rerun_spec(first.job_id)
        assert (again.network, again.profile, again.read_only) == (None, None, True)
        assert [each.target for each in again.tmpfs] == ["/cache"]
    async with engine_with(settings, "default: strict\n") as engine:
        rerun = (await engine.rerun_job(first.job_id, by="agent")).job
    assert (rerun.spec.profile, rerun.spec.network) == ("strict", "none")


async def test_nobody_decides_for_the_engine_how_it_decided(engine: Engine) -> None:
    forged = a_job_spec(sandbox={"profile": "strict"})
    job = (await engine.submit_job(forged, by="agent")).job
    assert job.spec.sandbox is not None
    assert job.spec.sandbox.profile == "standard"


async def test_secrets_stay_with_those_whom_the_policy_names(settings: EngineSettings) -> None:
    secrets = {"NPM_TOKEN": SecretStr("x" * 12)}
    async with engine_with(settings, "secrets: [{names: NPM_*, who: cli}]\n", secrets=secrets) as engine:
        await engine.admit(a_job_spec(secrets=["NPM_TOKEN"]), by="cli")
        with pytest.raises(PolicyDeniedError, match="does not give NPM_TOKEN to jobs of mcp"):
            await engine.admit(a_job_spec(secrets=["NPM_TOKEN"]), by="agent")


async def test_private_registries_of_the_policy_are_used(settings: EngineSettings) -> None:
    async with engine_with(settings, "registries: [registry.lan:5000]\n") as engine:
        assert (await engine.admit(a_job_spec(image="registry.lan:5000/x"))).image == "registry.lan:5000/x"
        with pytest.raises(NotAdmittedError, match="a private name"):
            await engine.admit(a_job_spec(image="other.lan:5000/x"))


async def test_the_jobs_of_a_workflow_are_held_as_their_caller_is_and_keep_their_shared_services(
    settings: EngineSettings,
) -> None:
    backend = SimulatedBackend()
    made = list[tuple[str, bool]]()
    create = backend.create_network

    async def noting(request: NetworkRequest) -> NetworkState:
        made.append((request.name, request.internal))
        return await create(request)

    backend.create_network = noting
    request = WorkflowRequest(
        text="services: {db: {image: postgres}}\njobs: {one: {image: busybox, commands: ['echo $DB_HOST']}}"
    )
    async with engine_with(settings, "callers: [{who: mcp, default: strict}]\n", backend=backend) as engine:
        ends = dict[str, Job]()
        for by in ("agent", "cli"):
            run = (await engine.run_workflow(request, by=by)).run
            with anyio.fail_after(30), engine.subscribe([run.workflow_id]) as news:
                while not (await engine.get_workflow(run.workflow_id)).is_finished:
                    await news.wait()
                    news.take()
            node = await engine.workflow_node(run.workflow_id, "one")
            assert (node.status, node.job_id is not None) == (NodeStatus.SUCCESS, True)
            ends[by] = await engine.get_job(node.job_id or "")
            lines = (await engine.read_logs(node.job_id or "")).lines
            assert [line.text for line in lines] == ["db"]
    assert (ends["agent"].spec.profile, ends["agent"].spec.network) == ("strict", "services")
    assert (ends["cli"].spec.profile, ends["cli"].spec.network) == ("standard", "bridge")
    assert [internal for _, internal in made] == [True, False]


async def test_a_node_that_the_policy_denies_fails_with_the_rule(settings: EngineSettings) -> None:
    request = WorkflowRequest(text="jobs: {one: {image: alpine, commands: ['true']}}")
    async with engine_with(settings, "images: [{allow: busybox}]\n") as engine:
        run = (await engine.run_workflow(request, by="agent")).run
        with anyio.fail_after(30), engine.subscribe([run.workflow_id]) as news:
            while not (await engine.get_workflow(run.workflow_id)).is_finished:
                await news.wait()
                news.take()
        node = await engine.workflow_node(run.workflow_id, "one")
    assert node.failure is not None
    assert node.failure.kind is FailureKind.POLICY
    assert "the policy does not allow this image: no rule for images fits it" in node.failure.message


async def test_a_node_is_held_as_its_job_says_as_far_as_the_policy_lets_it(settings: EngineSettings) -> None:
    request = WorkflowRequest(
        text="""
            defaults: {image: busybox, network: none}
            jobs:
              alone: {commands: ['true']}
              tight: {commands: ['true'], profile: strict, network: services}
              loose: {commands: ['true'], profile: trusted}
              out: {commands: ['true'], network: bridge}
            """
    )
    async with engine_with(settings, "floor: standard\nnetworks: [services]\n") as engine:
        run = (await engine.run_workflow(request, by="agent")).run
        with anyio.fail_after(30), engine.subscribe([run.workflow_id]) as news:
            while not (await engine.get_workflow(run.workflow_id)).is_finished:
                await news.wait()
                news.take()
        found = {name: await engine.workflow_node(run.workflow_id, name) for name in ("alone", "tight", "loose", "out")}
        held = {name: (await engine.get_job(found[name].job_id or "")).spec for name in ("alone", "tight")}
    assert (held["alone"].profile, held["alone"].network) == ("standard", "none")
    assert (held["tight"].profile, held["tight"].network, held["tight"].read_only) == ("strict", "services", True)
    for name, key in (("loose", "profile"), ("out", "network")):
        failure = found[name].failure
        assert failure is not None
        assert failure.kind is FailureKind.POLICY
        assert failure.message.startswith(f"Job {name}, {key}: ")

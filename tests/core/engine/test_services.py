"""Containers beside a job: brought up before it, told to it, watched while it runs, gone after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest
from pydantic import SecretStr

from core import (
    EngineSettings,
    FailureKind,
    InvalidArgumentError,
    Job,
    JobStatus,
    LogCursor,
    LogQuery,
    NotAdmittedError,
    UnknownSecretError,
    open_engine,
    parse_job,
)
from core.backends.base import LABEL_ATTEMPT, LABEL_HOME, LABEL_JOB
from core.backends.services import LABEL_SERVICE, NetworkRequest
from core.backends.simulated.backend import SimulatedBackend
from core.engine.request import container_name
from core.testing.clock import MovingClock
from tests.core.engine.breaking import UP, BreakingBackend, Verb, end_of, is_done, submit, texts, until, until_up

if TYPE_CHECKING:
    from core import Engine, JobSpec
    from core.backends.base import ContainerState
    from core.records.service import ServiceResult

STAYS = ["sh", "-c", f"echo {UP}; sleep 300"]


def a_job_with(services: object, command: list[str] | None = None, **fields: Any) -> JobSpec:
    return parse_job({"image": "busybox", "command": command or ["true"], "services": services, **fields})


def services_of(job: Job) -> dict[str, ServiceResult]:
    assert job.attempt is not None
    return {service.service_id: service for service in job.attempt.services}


async def run(engine: Engine, spec: JobSpec) -> Job:
    job = await end_of(engine, await submit(engine, spec))
    return await until(engine, job.job_id, is_done)


async def left_of(engine: Engine, backend: SimulatedBackend) -> list[str]:
    containers = await backend.list_owned(engine.home_id)
    networks = await backend.list_networks(engine.home_id)
    return [*(container.name for container in containers), *(network.name for network in networks)]


async def until_containers(engine: Engine, backend: SimulatedBackend, count: int) -> list[ContainerState]:
    """The home's containers, once there are so many and all run."""
    with anyio.fail_after(60):
        while True:
            found = await backend.list_owned(engine.home_id)
            if len(found) == count and all(state.phase != "created" for state in found):
                return found
            await anyio.wait_all_tasks_blocked()


async def service_lines(engine: Engine, job_id: str, service: str) -> list[str]:
    return [line.text for line in (await engine.read_logs(job_id, LogQuery(service=service))).lines]


@pytest.fixture
def backend() -> SimulatedBackend:
    return SimulatedBackend()


@pytest.fixture
async def engine(settings: EngineSettings, backend: SimulatedBackend) -> Any:
    async with open_engine(settings, backend=backend) as opened:
        yield opened


# --- what the job is told


async def test_a_job_is_told_where_its_services_are(engine: Engine) -> None:
    services = {
        "db": {"image": "postgres:15", "env": {"POSTGRES_PASSWORD": "open", "POSTGRES_DB": "shop"}},
        "my-cache": "redis:7",
    }

    job = await run(engine, a_job_with(services, ["sh", "-c", "printenv"]))

    told = {line for line in await texts(engine, job.job_id) if line.startswith(("DB_", "MY_CACHE_"))}
    assert told == {
        "DB_HOST=db",
        "DB_PORT=5432",
        "DB_PORT_5432=5432",
        "DB_URL=postgresql://***:5432/shop",
        "MY_CACHE_HOST=my-cache",
        "MY_CACHE_PORT=6379",
        "MY_CACHE_PORT_6379=6379",
        "MY_CACHE_URL=redis://my-cache:6379",
    }


async def test_what_the_job_sets_itself_wins(engine: Engine) -> None:
    spec = a_job_with(["redis"], ["sh", "-c", "printenv REDIS_HOST"], env={"REDIS_HOST": "elsewhere"})

    assert await texts(engine, (await run(engine, spec)).job_id) == ["elsewhere"]


async def test_a_service_gets_its_secrets_and_no_log_shows_them(settings: EngineSettings) -> None:
    secret = settings.model_copy(update={"secrets": {"POSTGRES_PASSWORD": SecretStr("tide-and-foam")}})
    service = {"image": "postgres", "secrets": ["POSTGRES_PASSWORD"], "command": "printenv POSTGRES_PASSWORD; serve 1"}
    spec = a_job_with({"db": service | {"ready": {"tcp": 1}}}, ["sh", "-c", "printenv DB_URL; echo tide-and-foam"])
    async with open_engine(secret) as engine:
        job = await run(engine, spec)
        assert await texts(engine, job.job_id) == ["postgresql://***:5432/postgres", "***"]
        assert (await service_lines(engine, job.job_id, "db"))[0] == "***"
        artifact = await engine.read_artifact(job.job_id, "services/db.log")
    assert b"tide" not in artifact.data
    assert job.status is JobStatus.SUCCESS


# --- the record


async def test_the_record_says_what_became_of_each_service(engine: Engine) -> None:
    job = await run(engine, a_job_with({"db": "postgres:15", "cache": "redis:7"}))

    services = services_of(job)
    assert list(services) == ["db", "cache"]
    for service in services.values():
        assert (service.status, service.message) == ("stopped", "")
        assert service.exit_code == 143
        assert service.ready_after_s is not None
        assert service.image_digest
    assert job.warnings == ()


async def test_nothing_is_left_of_a_job_with_services(engine: Engine, backend: SimulatedBackend) -> None:
    await run(engine, a_job_with(["postgres", "redis"]))

    assert await left_of(engine, backend) == []


async def test_a_services_log_is_read_like_the_jobs_own_and_kept_as_a_file(engine: Engine) -> None:
    job = await run(engine, a_job_with(["redis"]))

    lines = ["[simulated] starting", "[simulated] ready to accept connections on 6379"]
    assert await service_lines(engine, job.job_id, "redis") == lines
    page = await engine.read_logs(job.job_id, LogQuery(service="redis", tail=1))
    assert (page.lines[0].text, page.total_lines, page.done) == (lines[1], 2, True)
    kept = await engine.read_artifact(job.job_id, "services/redis.log")
    assert kept.data.decode().splitlines() == lines


async def test_a_services_log_is_followed_and_waited_for(engine: Engine) -> None:
    job_id = await submit(engine, a_job_with(["redis"], STAYS))
    with anyio.fail_after(60):
        assert await engine.wait_for_log(job_id, LogCursor(1, 2), timeout_s=20, service="redis")
    await engine.cancel_job(job_id, grace_s=0)
    with anyio.fail_after(60):
        followed = [line.text async for lines in engine.follow_logs(job_id, service="redis") for line in lines]
    assert followed == await service_lines(engine, job_id, "redis")


async def test_a_service_that_the_job_does_not_have_has_no_log(engine: Engine) -> None:
    job = await run(engine, a_job_with(["redis"]))

    with pytest.raises(InvalidArgumentError, match="no service of this name") as caught:
        await engine.read_logs(job.job_id, LogQuery(service="../other"))
    assert caught.value.hint == "Its services: redis."


async def test_what_service_logs_take_counts_as_the_runs(engine: Engine, settings: EngineSettings) -> None:
    job = await run(engine, a_job_with(["redis"]))

    folder = settings.home / "logs" / job.job_id / "services" / "redis"
    assert await anyio.Path(folder).is_dir()
    await engine.delete_run(job.job_id)
    assert not await anyio.Path(folder.parent.parent).exists()


# --- order


async def test_a_service_starts_once_those_it_depends_on_are_ready(engine: Engine) -> None:
    services = {
        "late": {"image": "redis", "depends_on": ["early"]},
        "early": {"image": "redis", "env": {"SIMULATE_READY_AFTER": "0.2"}},
    }

    told = services_of(await run(engine, a_job_with(services)))

    assert told["late"].started_at is not None
    assert told["early"].ready_at is not None
    assert told["late"].started_at >= told["early"].ready_at


async def test_services_that_wait_for_nothing_start_together(settings: EngineSettings) -> None:
    clock = MovingClock()
    backend = SimulatedBackend(clock=clock)
    never = {"image": "redis", "env": {"SIMULATE_READY_AFTER": "never"}}
    async with open_engine(settings, backend=backend, clock=clock) as engine:
        await submit(engine, a_job_with({"a": never, "b": never}))
        await until_containers(engine, backend, 2)


# --- ready


RULES: dict[str, dict[str, Any]] = {
    "exec": {"image": "postgres", "ready": {"exec": ["pg_isready"]}},
    "tcp": {"image": "busybox", "command": "serve 99", "ready": {"tcp": 99}},
    "http": {"image": "nginx", "ready": {"http": "/health"}},
    "http with a port": {"image": "busybox", "command": "serve 81", "ready": {"http": "81/302"}},
    "log": {"image": "redis", "ready": {"log": "ready to accept"}},
    "health check": {"image": "redis", "health_check": {"test": "redis-cli ping", "interval_s": 0.05}},
    "health check of the image": {"image": "simulated/healthy"},
    "no health check of the image": {"image": "simulated/healthy", "health_check": {"test": ["NONE"]}},
    "ports": {"image": "busybox", "command": "serve 1 2", "ports": [1, 2]},
    "ports of the image": {"image": "mariadb"},
}


@pytest.mark.parametrize("service", RULES.values(), ids=RULES)
async def test_a_service_is_waited_for_by_the_first_rule_that_applies(engine: Engine, service: dict[str, Any]) -> None:
    job = await run(engine, a_job_with({"it": service | {"env": {"SIMULATE_READY_AFTER": "0.3"}}}))

    assert job.status is JobStatus.SUCCESS
    assert (services_of(job)["it"].ready_after_s or 0) >= 0.3


async def test_a_service_with_nothing_to_tell_by_is_ready_after_a_second(engine: Engine) -> None:
    job = await run(engine, a_job_with({"it": {"image": "busybox", "command": "sleep 300"}}))

    assert (services_of(job)["it"].ready_after_s or 0) >= 1


async def test_ports_that_cannot_be_looked_at_are_warned_of(engine: Engine) -> None:
    spec = a_job_with({"it": {"image": "shell-less/redis"}}, image="shell-less/job")

    job = await run(engine, spec)

    assert job.status is JobStatus.SUCCESS
    (warning,) = job.warnings
    assert warning.startswith("service it: counted as ready after running for 1 s: neither its image nor the job's")


@pytest.mark.parametrize(
    ("service", "words"),
    [
        ({"ready": {"tcp": 7}}, "it was not ready within 0.3 s, waiting for TCP port 7; nothing listens on 7 yet"),
        ({"ports": [6379, 7]}, "waiting for TCP ports 6379, 7; nothing listens on 7 yet"),
        ({"ready": {"http": "/503"}}, "waiting for HTTP /503 on port 6379; the last answer was 503"),
        ({"ready": {"http": "7/"}}, "waiting for HTTP / on port 7; nothing answers on port 7 yet"),
        ({"ready": {"log": "no such line"}}, "waiting for a log line that matches 'no such line'; no line of its log"),
        (
            {"ready": {"exec": "echo not yet; exit 3"}},
            "waiting for ready.exec to succeed; the command ended with 3: not yet",
        ),
        (
            {"health_check": {"test": "echo ill; exit 1", "interval_s": 0.05}},
            "waiting for its health check; it is starting so far: ill",
        ),
        (
            {"health_check": {"test": "echo ill; exit 1", "interval_s": 0.05, "retries": 2}, "ready_timeout_s": 20},
            "it will not be ready: the container engine calls it unhealthy: ill",
        ),
        (
            {"image": "busybox", "command": "sleep 9", "ready": {"http": "/"}, "ready_timeout_s": 20},
            "it will not be ready: no port is known: write it in front of the path",
        ),
        ({"command": "echo bad; exit 3"}, "it ended with exit code 3 before it was ready (waiting for TCP port 6379)"),
        ({"command": ["/nonexistent/server"]}, "it could not be started: exec: "),
        (
            {"env": {"SIMULATE_FAIL": "oom", "SIMULATE_SECONDS": "0.1", "SIMULATE_READY_AFTER": "never"}},
            "was killed for",
        ),
        ({"env": {"SIMULATE_FAIL": "lost", "SIMULATE_SECONDS": "0.1", "SIMULATE_READY_AFTER": "never"}}, "it is gone"),
    ],
)
async def test_a_service_that_does_not_become_ready_fails_the_job_at_once(
    engine: Engine, backend: SimulatedBackend, service: dict[str, Any], words: str
) -> None:
    service = {"image": "redis", "ready_timeout_s": 0.3, **service}

    job = await run(engine, a_job_with({"it": service, "other": "postgres"}, ["sh", "-c", "echo never"]))

    assert job.failure is not None
    assert (job.status, job.failure.kind) == (JobStatus.FAILED, FailureKind.SERVICE)
    assert job.failure.message.startswith(f"Service it ({service['image']}) failed: ")
    assert words in job.failure.message
    assert f"{job.job_id}/it" in job.failure.hint
    assert services_of(job)["it"].status == "failed"
    assert services_of(job)["it"].message in job.failure.message
    assert await texts(engine, job.job_id) == []
    assert await left_of(engine, backend) == []


@pytest.mark.parametrize("ready", [{"tcp": 1}, {"http": "1/"}], ids=["tcp", "http"])
async def test_a_rule_that_cannot_be_looked_at_is_said_at_once(engine: Engine, ready: dict[str, Any]) -> None:
    spec = a_job_with({"it": {"image": "shell-less/redis", "ready": ready}}, image="shell-less/job")

    job = await run(engine, spec)

    assert job.failure is not None
    assert "it will not be ready: neither its image nor the job's has a program to look with" in job.failure.message


async def test_a_service_that_ends_while_another_still_starts_fails_the_job_at_once(engine: Engine) -> None:
    services = {
        "short": {"image": "redis", "env": {"SIMULATE_SECONDS": "0.3", "SIMULATE_EXIT": "5"}},
        "slow": {"image": "redis", "env": {"SIMULATE_READY_AFTER": "never"}},
    }

    job = await run(engine, a_job_with(services))

    assert job.failure is not None
    assert job.failure.message == (
        "Service short (redis) failed: it ended with exit code 5 while others were still starting."
    )
    assert services_of(job)["slow"].status == "stopped"


async def test_a_service_whose_image_is_missing_is_named(engine: Engine) -> None:
    job = await run(engine, a_job_with({"db": "missing/db"}))

    assert job.failure is not None
    assert job.failure.kind is FailureKind.IMAGE_NOT_FOUND
    assert job.failure.message.startswith("Service db: missing/db")


async def test_a_failure_summary_names_the_sick_service_and_its_last_words(engine: Engine) -> None:
    job = await run(engine, a_job_with({"db": {"image": "redis", "command": "seq 1 60; echo Error: no disk; exit 1"}}))

    summary = await engine.explain_failure(job.job_id)

    (sick,) = summary.sick_services
    assert (sick.result.service_id, sick.result.exit_code) == ("db", 1)
    assert [line.text for line in sick.last_lines] == [*map(str, range(12, 61)), "Error: no disk"]
    assert summary.diagnosis.cause is not None
    assert summary.diagnosis.cause.headline == "Error: no disk"


# --- while the job runs


DYING = {"image": "redis", "env": {"SIMULATE_SECONDS": "0.2", "SIMULATE_EXIT": "9"}}


async def test_a_service_that_ends_beside_a_job_that_succeeds_is_a_warning(engine: Engine) -> None:
    job = await run(engine, a_job_with({"db": DYING}, ["sleep", "0.8"]))

    assert job.status is JobStatus.SUCCESS
    assert job.warnings == ("Service db: it ended with exit code 9 while the job ran.",)
    assert services_of(job)["db"].status == "exited"


async def test_a_service_that_ends_beside_a_job_that_fails_is_named_first(engine: Engine) -> None:
    job = await run(engine, a_job_with({"db": DYING}, ["sh", "-c", "sleep 0.8; exit 4"]))

    assert job.failure is not None
    assert (job.failure.kind, job.exit_code) == (FailureKind.SERVICE, 4)
    assert job.failure.message == (
        "Service db: it ended with exit code 9 while the job ran. Then: The command ended with exit code 4."
    )
    summary = await engine.explain_failure(job.job_id)
    assert [sick.result.service_id for sick in summary.sick_services] == ["db"]


async def test_a_service_that_ends_well_is_not_taken_for_the_cause(engine: Engine) -> None:
    service = {"image": "redis", "env": {"SIMULATE_SECONDS": "0.2"}}

    job = await run(engine, a_job_with({"db": service}, ["sh", "-c", "sleep 0.8; exit 4"]))

    assert job.failure is not None
    assert job.failure.kind is FailureKind.EXIT
    assert job.failure.message.startswith("Service db: it ended with exit code 0 while the job ran. Then: ")


async def test_a_service_that_is_taken_away_is_lost(engine: Engine, backend: SimulatedBackend) -> None:
    job_id = await submit(engine, a_job_with(["redis"], ["sh", "-c", f"echo {UP}; sleep 0.5; exit 1"]))
    await until_up(engine, job_id)
    (service,) = [one for one in await backend.list_owned(engine.home_id) if LABEL_SERVICE in one.labels]
    backend.vanish(service.container_id)

    job = await end_of(engine, job_id)

    assert job.failure is not None
    assert job.failure.kind is FailureKind.SERVICE
    assert services_of(job)["redis"].status == "lost"


@pytest.mark.parametrize("grace_s", [0, None])
async def test_a_cancelled_job_takes_its_services_along(
    engine: Engine, backend: SimulatedBackend, grace_s: float | None
) -> None:
    job_id = await submit(engine, a_job_with(["redis"], STAYS))
    await until_up(engine, job_id)
    await engine.cancel_job(job_id, grace_s=grace_s)

    job = await until(engine, job_id, is_done)

    assert (job.status, services_of(job)["redis"].status) == (JobStatus.CANCELLED, "stopped")
    assert await left_of(engine, backend) == []


async def test_a_job_is_cancelled_while_its_services_start(engine: Engine, backend: SimulatedBackend) -> None:
    service = {"image": "redis", "env": {"SIMULATE_READY_AFTER": "never"}}
    job_id = await submit(engine, a_job_with({"db": service}))
    await until(engine, job_id, lambda job: bool(job.attempt and [s for s in job.attempt.services if s.started_at]))
    await engine.cancel_job(job_id)

    job = await until(engine, job_id, is_done)

    assert (job.status, job.exit_code) == (JobStatus.CANCELLED, None)
    assert await left_of(engine, backend) == []


async def test_the_time_limit_runs_from_the_jobs_own_start(engine: Engine, backend: SimulatedBackend) -> None:
    service = {"image": "redis", "env": {"SIMULATE_READY_AFTER": "2.5"}}

    slow = await run(engine, a_job_with({"db": service}, timeout_s=2))
    late = await run(engine, a_job_with(["redis"], STAYS, timeout_s=0.5, cancel_grace_s=0))

    assert (slow.status, late.status) == (JobStatus.SUCCESS, JobStatus.TIMED_OUT)
    assert await left_of(engine, backend) == []


async def test_each_attempt_has_services_of_its_own(engine: Engine, backend: SimulatedBackend) -> None:
    spec = a_job_with(["redis"], ["sh", "-c", "exit 1"], retries=1, retry_delay_s=0)

    job = await run(engine, spec)

    attempts = await engine.attempts(job.job_id)
    names = [attempt.services[0].container_name for attempt in attempts]
    assert [attempt.services[0].status for attempt in attempts] == ["stopped", "stopped"]
    assert len(set(names)) == 2
    assert await left_of(engine, backend) == []


async def test_a_kept_container_keeps_no_services(engine: Engine, backend: SimulatedBackend) -> None:
    job = await run(engine, a_job_with(["redis"], cleanup="keep"))

    assert job.attempt is not None
    assert await left_of(engine, backend) == [job.attempt.container_name]


async def test_jobs_with_services_of_one_name_do_not_meet(engine: Engine, backend: SimulatedBackend) -> None:
    ids = [await submit(engine, a_job_with({"db": "redis"}, STAYS)) for _ in range(2)]
    for job_id in ids:
        await until_up(engine, job_id)

    networks = {state.labels[LABEL_JOB]: state.name for state in await backend.list_networks(engine.home_id)}

    assert set(networks) == set(ids)
    assert len(set(networks.values())) == 2


async def test_a_job_without_a_network_has_one_with_its_services_alone(
    engine: Engine, backend: SimulatedBackend
) -> None:
    job_id = await submit(engine, a_job_with(["redis"], STAYS, network="none"))
    await until_up(engine, job_id)

    (network,) = await backend.list_networks(engine.home_id)

    assert network.internal


async def test_a_network_that_is_refused_fails_the_job_in_words(engine: Engine, backend: SimulatedBackend) -> None:
    backend.go_away()
    job_id = await submit(engine, a_job_with(["redis"]))
    backend.come_back()
    await backend.create_network(NetworkRequest(container_name(engine.home_id, job_id, 1), {LABEL_HOME: "other"}))

    job = await end_of(engine, job_id)

    assert job.failure is not None
    assert job.failure.kind is FailureKind.START_ERROR
    assert "There is a network named" in job.failure.message


# --- admission


@pytest.mark.parametrize(
    ("service", "words"),
    [
        ({"cpus": 1024}, "services.db.cpus: this host has"),
        ({"memory_mb": 16_000_000}, "services.db.memory_mb: at most"),
        ({"ready": {"log": "("}}, "services.db.ready.log: missing )"),
        ({"image": "10.0.0.1/db"}, "services.db.image: its registry is an address"),
    ],
)
async def test_a_service_is_admitted_like_a_job(engine: Engine, service: dict[str, Any], words: str) -> None:
    with pytest.raises(NotAdmittedError) as caught:
        await engine.submit_job(a_job_with({"db": {"image": "redis", **service}}))
    assert words in caught.value.message


async def test_a_service_may_not_name_a_secret_that_is_not_there(engine: Engine) -> None:
    with pytest.raises(UnknownSecretError):
        await engine.submit_job(a_job_with({"db": {"image": "redis", "secrets": ["NO_SUCH"]}}))


# --- over an engine's death and an outage


async def test_services_that_run_go_on_over_a_restart(settings: EngineSettings) -> None:
    backend = SimulatedBackend()
    spec = a_job_with(["redis"], ["sh", "-c", f"echo {UP}; sleep 1"])
    async with open_engine(settings, backend=backend) as engine:
        job_id = await submit(engine, spec)
        await until_up(engine, job_id)
        before = services_of(await engine.get_job(job_id))["redis"]
    async with open_engine(settings, backend=backend) as engine:
        job = await until(engine, job_id, is_done)
        assert await service_lines(engine, job_id, "redis") == [
            "[simulated] starting",
            "[simulated] ready to accept connections on 6379",
        ]
        assert await left_of(engine, backend) == []
    assert (job.status, job.attempt_number) == (JobStatus.SUCCESS, 1)
    assert services_of(job)["redis"].ready_at == before.ready_at


async def test_services_that_were_starting_are_taken_up_by_the_next_engine(settings: EngineSettings) -> None:
    backend = SimulatedBackend()
    service = {"image": "redis", "env": {"SIMULATE_READY_AFTER": "1"}}
    async with open_engine(settings, backend=backend) as engine:
        job_id = await submit(engine, a_job_with({"db": service}))
        await until(engine, job_id, lambda job: bool(job.attempt and [s for s in job.attempt.services if s.started_at]))
        left = await until_containers(engine, backend, 1)
    async with open_engine(settings, backend=backend) as engine:
        job = await until(engine, job_id, is_done)
        assert await left_of(engine, backend) == []
    assert (job.status, job.attempt_number) == (JobStatus.SUCCESS, 1)
    assert services_of(job)["db"].container_name == left[0].name
    assert (services_of(job)["db"].ready_after_s or 0) >= 1


async def test_a_service_that_went_while_no_engine_ran_is_lost(settings: EngineSettings) -> None:
    backend = SimulatedBackend()
    spec = a_job_with(["redis"], ["sh", "-c", f"echo {UP}; sleep 1; exit 1"])
    async with open_engine(settings, backend=backend) as engine:
        job_id = await submit(engine, spec)
        await until_up(engine, job_id)
        (service,) = [one for one in await backend.list_owned(engine.home_id) if LABEL_SERVICE in one.labels]
    backend.vanish(service.container_id)
    async with open_engine(settings, backend=backend) as engine:
        job = await until(engine, job_id, is_done)
        assert (await engine.read_artifact(job_id, "services/redis.log")).data
    assert job.failure is not None
    assert (job.failure.kind, services_of(job)["redis"].status) == (FailureKind.SERVICE, "lost")


async def test_a_service_that_died_while_no_engine_ran_and_others_started_fails_the_job(
    settings: EngineSettings,
) -> None:
    backend = SimulatedBackend()
    services = {"short": DYING, "slow": {"image": "redis", "env": {"SIMULATE_READY_AFTER": "never"}}}
    async with open_engine(settings, backend=backend) as engine:
        job_id = await submit(engine, a_job_with(services))
        await until(engine, job_id, lambda job: bool(job.attempt and [s for s in job.attempt.services if s.ready_at]))
        names = [one.name for one in await until_containers(engine, backend, 2)]
    with anyio.fail_after(60):
        await backend.wait(next(name for name in names if name.endswith("-short")))
    async with open_engine(settings, backend=backend) as engine:
        job = await until(engine, job_id, is_done)
        assert await left_of(engine, backend) == []
    assert job.failure is not None
    assert (job.failure.kind, job.attempt_number) == (FailureKind.SERVICE, 1)
    assert job.failure.message.startswith("Service short (redis) failed: it ended with exit code 9 before it was ready")


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize("verb", ["create", "start", "follow", "stop", "remove"])
async def test_services_come_through_an_outage(settings: EngineSettings, verb: Verb, *, done: bool) -> None:
    if done and verb == "follow":
        pytest.skip("a follow that is done has no answer to lose")
    backend = BreakingBackend(verb, done=done)
    async with open_engine(settings, backend=backend) as engine:
        job_id = await submit(engine, a_job_with(["redis", "postgres"]))
        with anyio.fail_after(60):
            await backend.broke.wait()
        backend.come_back()
        job = await until(engine, job_id, is_done)
        assert await left_of(engine, backend) == []
    assert (job.status, job.attempt_number) == (JobStatus.SUCCESS, 1)
    assert set(backend.started.values()) <= {1}


async def test_what_a_crash_left_of_services_is_swept(settings: EngineSettings) -> None:
    clock = MovingClock()
    backend = SimulatedBackend(clock=clock)
    async with open_engine(settings, backend=backend, clock=clock) as engine:
        home_id = engine.home_id
    labels = {LABEL_HOME: home_id, LABEL_JOB: "job_" + "0" * 25, LABEL_ATTEMPT: "1"}
    await backend.create_network(NetworkRequest("orcaops-left", labels))
    await backend.create_network(NetworkRequest("orcaops-not-ours", {**labels, LABEL_HOME: "other"}))
    clock.advance(61)
    async with open_engine(settings, backend=backend, clock=clock) as engine:
        with anyio.fail_after(60):
            while await backend.list_networks(engine.home_id):
                await anyio.wait_all_tasks_blocked()
    assert [network.name for network in await backend.list_networks("other")] == ["orcaops-not-ours"]

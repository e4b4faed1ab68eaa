"""Services on a real Docker Engine: reached by name, waited for, named when they fail, and gone afterwards."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
import pytest
from docker import APIClient

from core import Engine, EngineSettings, FailureKind, Job, JobStatus, LogQuery, open_engine, parse_job
from tests.end_to_end.conftest import everything_is_settled, whole_log
from tests.end_to_end.crashing import engine_process
from tests.end_to_end.test_crash import first_lines, running, settled_end

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Generator

    from tests.end_to_end.operator import Operator
    from tests.end_to_end.test_crash import Moment

pytestmark = pytest.mark.docker

POSTGRES = {"image": "postgres:15", "env": ["POSTGRES_PASSWORD=open-water"]}
STAYS = "trap 'exit 0' TERM; sleep 600 & wait"


class Networks:
    """The networks of a home as an operator sees them; every call blocks."""

    def __init__(self) -> None:
        self._client: Any = APIClient(version="auto")

    def close(self) -> None:
        self._client.close()

    def of(self, home_id: str) -> list[str]:
        found = self._client.networks(filters={"label": f"orcaops.home={home_id}"})
        return [network["Name"] for network in found]


@pytest.fixture
def networks() -> Generator[Networks]:
    reached = Networks()
    yield reached
    reached.close()


@pytest.fixture(autouse=True)
async def nothing_is_left(
    docker_settings: EngineSettings, operator: Operator, networks: Networks
) -> AsyncGenerator[None]:
    """After every test: nothing with this home's label."""
    yield
    async with open_engine(docker_settings) as engine:
        await everything_is_settled(engine)
    assert await anyio.to_thread.run_sync(operator.containers, engine.home_id) == []
    assert await anyio.to_thread.run_sync(networks.of, engine.home_id) == []


async def service_log(engine: Engine, job_id: str, service: str) -> list[str]:
    return [line.text for line in (await engine.read_logs(job_id, LogQuery(service=service))).lines]


async def test_a_job_talks_to_its_database_and_its_cache_by_name(
    docker_engine: Engine, run: Callable[..., Awaitable[Job]]
) -> None:
    job = await run(
        image="postgres:15",
        services={"db": {**POSTGRES, "aliases": ["primary"]}, "cache": "redis:7"},
        commands=[
            "psql $DB_URL -Atc 'select 6 * 7'",
            "PGPASSWORD=open-water psql -h primary -U postgres -Atc 'select 1'",
            "bash -c 'exec 3<>/dev/tcp/$CACHE_HOST/$CACHE_PORT; printf \"PING\\r\\n\" >&3; read -r a <&3; echo $a'",
            "echo $DB_URL",
        ],
    )
    texts = await whole_log(docker_engine, job.job_id)
    assert job.status is JobStatus.SUCCESS, texts
    assert [text.strip() for text in texts] == ["42", "1", "+PONG", "postgresql://***:5432/postgres"]
    assert any("database system is shut down" in line for line in await service_log(docker_engine, job.job_id, "db"))
    assert {item.path for item in await docker_engine.list_artifacts(job.job_id)} == {
        "services/cache.log",
        "services/db.log",
    }


async def test_a_broken_service_is_named_with_its_last_lines(
    docker_engine: Engine, run: Callable[..., Awaitable[Job]]
) -> None:
    job = await run(services={"db": "postgres:15"}, command=["echo", "never"])
    assert job.failure is not None
    assert job.failure.kind is FailureKind.SERVICE
    assert job.failure.message.startswith("Service db (postgres:15) failed: it ended with exit code 1 before it was")
    (sick,) = (await docker_engine.explain_failure(job.job_id)).sick_services
    assert "superuser password is not specified" in sick.last_lines[-1].text
    assert await whole_log(docker_engine, job.job_id) == []


@pytest.mark.parametrize(
    ("service", "words"),
    [
        (
            {"health_check": {"test": "echo ill >&2; exit 1", "interval_s": 0.3, "retries": 2}},
            "it will not be ready: the container engine calls it unhealthy: ill",
        ),
        ({"ready": {"tcp": 7}, "ready_timeout_s": 1}, "it was not ready within 1 s, waiting for TCP port 7"),
        ({"ready": {"http": "7/"}, "ready_timeout_s": 1}, "waiting for HTTP / on port 7; nothing answers on port 7"),
        ({"ready": {"exec": ["nope"]}, "ready_timeout_s": 1}, "executable file not found"),
    ],
)
@pytest.mark.fault("F56")
async def test_a_service_that_does_not_become_ready_fails_the_job(
    run: Callable[..., Awaitable[Job]], service: dict[str, Any], words: str
) -> None:
    job = await run(services={"it": {"image": "busybox", "command": STAYS, **service}}, command=["true"])
    assert job.failure is not None
    assert (job.failure.kind, words in job.failure.message) == (FailureKind.SERVICE, True), job.failure.message


@pytest.mark.parametrize(
    "service",
    [
        {
            "image": "busybox",
            "command": "mkdir /www; cd /www; echo up > up; httpd -f -p 80",
            "ready": {"http": "80/up"},
        },
        {"image": "python:3.11-slim", "command": "python3 -m http.server 81", "ready": {"http": "81/"}},
        {"image": "postgres:15", "env": ["POSTGRES_PASSWORD=x"], "health_check": {"test": "pg_isready -U postgres"}},
        {"image": "redis:7", "ready": {"log": "Ready to accept connections"}},
        {"image": "redis:7", "ready": {"exec": ["redis-cli", "ping"]}},
        {"image": "busybox", "command": "nc -l -p 99 -s 127.0.0.1 & sleep 0.2; httpd -f -p 98", "ports": [98]},
    ],
    ids=["http by nc", "http by bash", "health", "log", "exec", "ports"],
)
async def test_each_rule_finds_a_service_ready(run: Callable[..., Awaitable[Job]], service: dict[str, Any]) -> None:
    job = await run(services={"it": service}, command=["true"])
    assert (job.status, job.warnings) == (JobStatus.SUCCESS, ())


async def test_a_service_that_listens_on_the_loopback_alone_is_not_ready(run: Callable[..., Awaitable[Job]]) -> None:
    server = "import socket, time; s = socket.create_server(('127.0.0.1', 99)); time.sleep(600)"
    service = {"image": "python:3.11-slim", "command": ["python3", "-c", server], "ports": [99], "ready_timeout_s": 3}
    job = await run(services={"it": service}, command=["true"])
    assert job.failure is not None
    assert "nothing listens on 99 yet" in job.failure.message


@pytest.mark.parametrize("code", [0, 4])
async def test_a_service_that_dies_beside_the_job_is_told_of(run: Callable[..., Awaitable[Job]], code: int) -> None:
    service = {"image": "busybox", "command": "nc -l -p 99; exit 9", "ready": {"exec": ["true"]}}
    end_it = "until echo | nc -w 5 it 99; do usleep 100000; done"
    job = await run(services={"it": service}, command=["sh", "-c", f"{end_it}; sleep 1; exit {code}"])
    sentence = "Service it: it ended with exit code 9 while the job ran."
    if code == 0:
        assert (job.status, job.warnings) == (JobStatus.SUCCESS, (sentence,))
    else:
        assert job.failure is not None
        assert (job.failure.kind, job.exit_code) == (FailureKind.SERVICE, 4)
        assert job.failure.message.startswith(f"{sentence} Then: ")


async def test_an_image_without_a_shell_is_looked_at_with_the_jobs(
    docker_engine: Engine, run: Callable[..., Awaitable[Job]], image_without_a_shell: str
) -> None:
    service = {"image": image_without_a_shell, "command": ["/httpd", "-f", "-p", "80"], "ports": [80]}
    job = await run(services={"web": service}, command=["true"])
    assert (job.status, job.warnings) == (JobStatus.SUCCESS, ())
    asked = await run(services={"web": {**service, "ready": {"http": "/"}, "ready_timeout_s": 4}}, command=["true"])
    assert asked.failure is not None
    assert "the last answer was 404" in asked.failure.message
    assert (await docker_engine.status()).backend.available


@pytest.fixture
def image_without_a_shell() -> Generator[str]:
    """An image that holds a single program, as images made for servers often do."""
    name = "orcaops-test-no-shell:1"
    client: Any = APIClient(version="auto")
    made = client.create_container("busybox", ["true"])
    stream, _ = client.get_archive(made["Id"], "/bin/busybox")
    packed = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as held, tarfile.open(fileobj=packed, mode="w") as image:
        (member,) = held.getmembers()
        image.addfile(member.replace(name="httpd"), held.extractfile(member))
    client.import_image_from_data(packed.getvalue(), repository=name.partition(":")[0], tag="1")
    client.remove_container(made["Id"])
    yield name
    client.remove_image(name, force=True)
    client.close()


async def test_two_jobs_with_services_of_one_name_do_not_see_each_other(docker_engine: Engine) -> None:
    async def submitted(word: str) -> str:
        serve = f"mkdir /www; cd /www; echo {word} > word; httpd -f -p 80"
        request = {
            "image": "busybox",
            "services": {"web": {"image": "busybox", "command": serve, "ports": [80]}},
            "commands": ["sleep 1; printf 'GET /word HTTP/1.0\\r\\n\\r\\n' | nc -w 5 web 80 | tail -n 1"],
        }
        return (await docker_engine.submit_job(parse_job(request))).job.job_id

    ids = {word: await submitted(word) for word in ("one", "two")}
    for word, job_id in ids.items():
        with anyio.fail_after(60):
            job = await docker_engine.wait_for_job(job_id)
        assert job.status is JobStatus.SUCCESS
        assert await whole_log(docker_engine, job_id) == [word]


async def test_a_job_without_a_network_still_reaches_its_services(
    docker_engine: Engine, run: Callable[..., Awaitable[Job]]
) -> None:
    service = {"image": "busybox", "command": "httpd -f -p 80", "ports": [80]}
    reach = "nc -w 2 web 80 </dev/null && echo reached"
    job = await run(services={"web": service}, command=["sh", "-c", reach], network="none")
    assert await whole_log(docker_engine, job.job_id) == ["reached"]


# --- nothing is left behind; the fixture looks


async def test_a_job_that_is_cancelled_takes_its_services_along(docker_engine: Engine) -> None:
    request = {"image": "busybox", "services": ["redis:7"], "command": ["sh", "-c", STAYS]}
    job_id = (await docker_engine.submit_job(parse_job(request))).job.job_id
    with anyio.fail_after(60):
        assert (await docker_engine.wait([job_id], until="running")).met
        await docker_engine.cancel_job(job_id)
        job = await docker_engine.wait_for_job(job_id)
    assert job.status is JobStatus.CANCELLED


async def test_a_job_past_its_time_limit_takes_its_services_along(run: Callable[..., Awaitable[Job]]) -> None:
    job = await run(services=["redis:7"], command=["sleep", "600"], timeout_s=1)
    assert job.status is JobStatus.TIMED_OUT


def begun(said: Moment) -> bool:
    return said["what"] == "job" and said["status"] == "running"


def services_starting(said: Moment) -> bool:
    return said["what"] == "progress" and said["text"].startswith("starting service")


def services_awaited(said: Moment) -> bool:
    return said["what"] == "progress" and said["text"].startswith("waiting for service")


def stopping_services(said: Moment) -> bool:
    return said["what"] == "progress" and said["text"] == "stopping services"


def ended(said: Moment) -> bool:
    return said["what"] == "job" and said["status"] == "success"


@pytest.mark.parametrize(
    "moment",
    [begun, services_starting, services_awaited, running, first_lines, stopping_services, ended],
    ids=lambda it: it.__name__,
)
async def test_a_killed_engines_job_ends_as_if_nothing_had_been(
    docker_settings: EngineSettings, moment: Callable[[Moment], bool]
) -> None:
    slow = "sleep 1; mkdir /www; cd /www; echo 42 > answer; httpd -f -p 80"
    services = {"web": {"image": "busybox", "command": slow, "ports": [80]}, "cache": "redis:7"}
    ask = "echo up; sleep 1; printf 'GET /answer HTTP/1.0\\r\\n\\r\\n' | nc -w 5 web 80 | tail -n 1"
    async with engine_process(docker_settings.home) as first:
        job_id = await first.submit(services=services, command=["sh", "-c", ask], network="bridge")
        await first.until(moment)
        await first.kill()
    async with open_engine(docker_settings) as engine:
        job = await settled_end(engine, job_id)
        texts = await whole_log(engine, job_id)
        assert (job.status, job.attempt_number, texts) == (JobStatus.SUCCESS, 1, ["up", "42"])
        log = await service_log(engine, job_id, "cache")
        assert sum("Ready to accept connections" in line for line in log) == 1
        assert {item.path for item in await engine.list_artifacts(job_id)} == {"services/web.log", "services/cache.log"}

"""The engine is absent, refuses, hangs, or breaks off in the middle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest

from core.backends.docker.backend import DockerBackend
from core.errors import BackendTimeoutError, BackendUnavailableError
from core.settings import DockerSettings
from tests.core.backends.docker.conftest import docker, ended, started
from tests.core.backends.docker.proxy import proxied

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from anyio.abc import SocketStream

    from tests.core.backends.docker.conftest import Requests
    from tests.core.backends.docker.proxy import Proxy


@pytest.fixture
async def proxy(tmp_path: Path) -> AsyncGenerator[Proxy]:
    async with proxied(tmp_path / "engine.sock") as proxy:
        yield proxy


async def test_an_absent_engine_is_said_with_what_to_do(tmp_path: Path, request_for: Requests) -> None:
    backend = DockerBackend(DockerSettings(base_url=f"unix://{tmp_path}/none.sock"), home_id="home")
    async with backend.run():
        health = await backend.probe()
        assert not health.available
        assert "socket does not exist" in health.message
        assert "scripts/container-engine up" in health.hint
        for call in (
            backend.create(request_for("true")),
            backend.inspect("x"),
            backend.start("x"),
            backend.stop("x", 1),
            backend.remove("x"),
            backend.put("x", "/place", []),
            backend.stat("x", "/place"),
            backend.usage("x"),
            backend.tail("x", 1),
            backend.follow("x", None, lambda _: True),
            backend.pull("busybox", "missing", lambda _: None),
            backend.list_owned("home"),
        ):
            with anyio.fail_after(60), pytest.raises(BackendUnavailableError) as caught:
                await call
            assert caught.value.retryable


async def test_an_address_where_nobody_listens_is_said(tmp_path: Path) -> None:
    backend = DockerBackend(DockerSettings(base_url="tcp://127.0.0.1:1"), home_id="home")
    health = await backend.probe()
    assert not health.available
    assert "Nothing answers at Docker's address" in health.message


@pytest.mark.fault("F20")
async def test_an_engine_that_accepts_and_says_nothing_is_a_timeout(tmp_path: Path) -> None:
    path = tmp_path / "hung.sock"
    async with await anyio.create_unix_listener(path):
        backend = DockerBackend(DockerSettings(base_url=f"unix://{path}", call_timeout_s=0.3), home_id="home")
        with anyio.fail_after(60), pytest.raises(BackendTimeoutError):
            await backend.inspect("x")
        with anyio.fail_after(60):
            assert not (await backend.probe()).available


async def test_there_is_no_sample_of_a_container_that_goes_while_docker_looks_at_it(tmp_path: Path) -> None:
    path = tmp_path / "engine.sock"

    async def say_hardly_anything(stream: SocketStream) -> None:
        async with stream:
            body = b'{"ApiVersion": "1.44"}' if b"/version" in await stream.receive() else b""
            await stream.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    async with await anyio.create_unix_listener(path) as listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, say_hardly_anything)
        backend = DockerBackend(DockerSettings(base_url=f"unix://{path}"), home_id="home")
        with anyio.fail_after(60):
            assert await backend.usage("x") is None
        group.cancel_scope.cancel()


@pytest.mark.docker
async def test_a_healthy_engine_tells_its_version_and_what_it_has(backend: DockerBackend) -> None:
    health = await backend.probe()
    assert (health.available, health.name, health.message) == (True, "docker", "")
    assert health.version == docker("version", "--format", "{{.Server.Version}}")
    assert health.facts["cgroup"] in {"1", "2"}
    assert health.facts.keys() >= {"runtime", "gpus", "storage_driver", "rootless"}


@pytest.mark.fault("F27")
@pytest.mark.docker
async def test_a_creation_whose_answer_was_lost_is_made_once_and_adopted(
    proxy: Proxy, request_for: Requests, home_id: str
) -> None:
    backend = DockerBackend(DockerSettings(base_url=proxy.base_url), home_id=home_id)
    assert (await backend.probe()).available
    proxy.swallow = b"POST /v"
    container = await backend.create(request_for("true"))
    assert proxy.swallow == b""
    assert [one.container_id for one in await backend.list_owned(home_id)] == [container.container_id]


@pytest.mark.fault("F4", "F27")
@pytest.mark.docker
async def test_a_start_whose_answer_was_lost_is_not_sent_again(
    proxy: Proxy, request_for: Requests, home_id: str
) -> None:
    backend = DockerBackend(DockerSettings(base_url=proxy.base_url), home_id=home_id)
    container = await backend.create(request_for("sh", "-c", "echo ran"))
    proxy.swallow = b"POST /v"
    with pytest.raises(BackendUnavailableError):
        await backend.start(container.container_id)
    await backend.start(container.container_id)
    await ended(backend, container.container_id)
    assert [frame.body for frame in await backend.tail(container.container_id, 10)] == [b"ran\n"]


@pytest.mark.fault("F26")
@pytest.mark.docker
async def test_a_wait_goes_on_after_the_event_stream_broke(proxy: Proxy, request_for: Requests, home_id: str) -> None:
    settings = DockerSettings(base_url=proxy.base_url, reconcile_s=60)
    backend = DockerBackend(settings, home_id=home_id)
    async with backend.run():
        container_id = await started(backend, request_for("sleep", "60"))
        codes: list[int | None] = []

        async def wait() -> None:
            codes.append((await ended(backend, container_id)).exit_code)

        with anyio.fail_after(30):
            async with anyio.create_task_group() as group:
                group.start_soon(wait)
                await anyio.wait_all_tasks_blocked()
                proxy.break_off()
                docker("kill", container_id)
        assert codes == [137]


@pytest.mark.docker
async def test_a_wait_outlives_an_engine_that_is_away_while_the_container_ends(
    proxy: Proxy, request_for: Requests, home_id: str
) -> None:
    backend = DockerBackend(DockerSettings(base_url=proxy.base_url, reconcile_s=60), home_id=home_id)
    async with backend.run():
        container_id = await started(backend, request_for("sleep", "60"))
        codes: list[int | None] = []

        async def wait() -> None:
            codes.append((await ended(backend, container_id)).exit_code)

        with anyio.fail_after(30):
            async with anyio.create_task_group() as group:
                group.start_soon(wait)
                await proxy.go_down()
                docker("kill", container_id)
                assert not (await backend.probe()).available
                await proxy.come_up()
        assert codes == [137]


@pytest.mark.fault("F26")
@pytest.mark.docker
async def test_the_end_of_a_container_is_found_by_listing_when_no_event_tells_of_it(
    request_for: Requests, home_id: str
) -> None:
    backend = DockerBackend(DockerSettings(reconcile_s=0.2), home_id="deaf to this test's home")
    async with backend.run():
        container_id = await started(backend, request_for("sleep", "0.5"))
        assert (await ended(backend, container_id)).exit_code == 0


@pytest.mark.docker
async def test_a_follower_returns_when_the_connection_breaks(proxy: Proxy, request_for: Requests, home_id: str) -> None:
    backend = DockerBackend(DockerSettings(base_url=proxy.base_url), home_id=home_id)
    container_id = await started(backend, request_for("sh", "-c", "echo ready; exec sleep 60"))
    heard = anyio.Event()
    returned = anyio.Event()

    async def follow() -> None:
        await backend.follow(container_id, None, lambda _: anyio.from_thread.run_sync(heard.set) is None)
        returned.set()

    with anyio.fail_after(60):
        async with anyio.create_task_group() as group:
            group.start_soon(follow)
            await heard.wait()
            proxy.break_off()
            await returned.wait()

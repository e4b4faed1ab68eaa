"""One container, from its creation to its removal, on the real engine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import anyio
import pytest

from core.backends.base import LABEL_HOME, LABEL_JOB
from core.backends.docker.backend import DockerBackend
from core.errors import (
    ContainerLostError,
    ContainerNameTakenError,
    ContainerStartError,
    ImageNotFoundError,
)
from core.settings import MIB, DockerSettings
from tests.core.backends.docker.conftest import BUSYBOX, docker, ended, output_of, started

if TYPE_CHECKING:
    from tests.core.backends.docker.conftest import Requests

pytestmark = pytest.mark.docker


async def test_a_command_that_ends_leaves_its_exit_code_times_and_output(
    backend: DockerBackend, request_for: Requests
) -> None:
    container_id = await started(backend, request_for("sh", "-c", "echo hello; exit 3"))
    state = await ended(backend, container_id)
    assert (state.phase, state.exit_code, state.oom_killed, state.killed_from_outside) == ("exited", 3, False, None)
    assert state.created_at is not None
    assert state.started_at is not None
    assert state.finished_at is not None
    assert abs(datetime.now(UTC) - state.finished_at) < timedelta(seconds=30)
    assert [frame.body for frame in await output_of(backend, container_id)] == [b"hello\n"]
    await backend.remove(container_id)
    assert await backend.inspect(container_id) is None


@pytest.mark.parametrize("code", [124, 137, 143])
async def test_an_exit_code_that_looks_like_a_kill_is_the_programs_own(
    backend: DockerBackend, request_for: Requests, code: int
) -> None:
    container_id = await started(backend, request_for("sh", "-c", f"exit {code}"))
    state = await ended(backend, container_id)
    assert (state.exit_code, state.killed_from_outside, state.oom_killed) == (code, None, False)


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [("nope", 127, 'exec: "nope": executable file not found in $PATH'), ("/etc/passwd", 126, "permission denied")],
)
async def test_a_command_that_cannot_run_is_a_start_error_with_dockers_words(
    backend: DockerBackend, request_for: Requests, command: str, code: int, words: str
) -> None:
    container = await backend.create(request_for(command, init=False))
    for _ in range(2):  # once from the call, once from what the engine recorded
        with pytest.raises(ContainerStartError) as caught:
            await backend.start(container.container_id)
        assert caught.value.exit_code == code
        assert caught.value.message.endswith(words)
        assert "OCI runtime" not in caught.value.message
    state = await backend.inspect(container.container_id)
    assert state is not None
    assert (state.phase, state.exit_code, state.started_at) == ("created", code, None)


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [("nope", 127, "No such file or directory"), ("/etc/passwd", 126, "Permission denied")],
)
async def test_a_command_that_the_init_cannot_run_ends_with_the_inits_words_as_error(
    backend: DockerBackend, request_for: Requests, command: str, code: int, words: str
) -> None:
    state = await ended(backend, await started(backend, request_for(command, init=True)))
    assert (state.phase, state.exit_code, state.error) == ("exited", code, f"exec {command} failed: {words}")


async def test_a_shell_that_does_not_find_a_command_is_no_start_error(
    backend: DockerBackend, request_for: Requests
) -> None:
    state = await ended(backend, await started(backend, request_for("sh", "-c", "nope")))
    assert (state.exit_code, state.error) == (127, "")


async def test_a_process_beyond_its_memory_is_reported_as_killed_for_memory(
    backend: DockerBackend, request_for: Requests
) -> None:
    hungry = request_for("sh", "-c", "exec tail -c 200m /dev/zero", memory_bytes=32 * MIB, init=False)
    state = await ended(backend, await started(backend, hungry))
    assert (state.exit_code, state.oom_killed, state.killed_from_outside) == (137, True, None)


async def test_a_process_that_ignores_term_is_gone_a_second_after_the_grace(
    backend: DockerBackend, request_for: Requests
) -> None:
    stubborn = request_for("sh", "-c", 'trap "" TERM; echo ready; while :; do sleep 1; done')
    container_id = await started(backend, stubborn)
    await _first_output(backend, container_id)
    began = anyio.current_time()
    with anyio.fail_after(60):
        await backend.stop(container_id, 1)
    assert 1 <= anyio.current_time() - began < 1 + 1
    state = await ended(backend, container_id)
    assert (state.exit_code, state.killed_from_outside) == (137, None)


async def test_a_process_that_heeds_term_ends_at_once(backend: DockerBackend, request_for: Requests) -> None:
    container_id = await started(backend, request_for("sleep", "60"))
    with anyio.fail_after(60):
        await backend.stop(container_id, 30)
    assert (await ended(backend, container_id)).exit_code == 143


@pytest.mark.parametrize("name", ["TERM", "KILL"])
async def test_a_signal_sent_by_somebody_else_is_told_by_its_name(
    backend: DockerBackend, request_for: Requests, name: str
) -> None:
    container_id = await started(backend, request_for("sleep", "60"))
    docker("kill", "--signal", name, container_id)
    state = await ended(backend, container_id)
    assert state.killed_from_outside == name
    assert state.exit_code == {"TERM": 143, "KILL": 137}[name]


async def test_a_container_removed_by_somebody_else_ends_a_wait_with_nothing(
    backend: DockerBackend, request_for: Requests
) -> None:
    container_id = await started(backend, request_for("sleep", "60"))
    docker("rm", "--force", container_id)
    with anyio.fail_after(60):
        assert await backend.wait(container_id) is None
    with pytest.raises(ContainerLostError):
        await backend.start(container_id)


async def test_several_may_wait_for_one_container(backend: DockerBackend, request_for: Requests) -> None:
    container_id = await started(backend, request_for("sleep", "0.3"))
    codes: list[int | None] = []

    async def wait() -> None:
        codes.append((await ended(backend, container_id)).exit_code)

    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(wait)
    assert codes == [0] * 5


async def test_waiting_for_a_container_that_was_never_started_says_so_at_once(
    backend: DockerBackend, request_for: Requests
) -> None:
    container = await backend.create(request_for("true"))
    state = await ended(backend, container.container_id)
    assert (state.phase, state.exit_code, state.started_at) == ("created", None, None)


async def test_a_container_that_runs_or_has_ended_is_not_started_again(
    backend: DockerBackend, request_for: Requests
) -> None:
    running = await started(backend, request_for("sleep", "60"))
    over = await started(backend, request_for("true"))
    await ended(backend, over)
    for container_id in (running, over):
        before = await backend.inspect(container_id)
        await backend.start(container_id)
        assert await backend.inspect(container_id) == before


async def test_another_engine_process_starts_what_it_finds_created(
    backend: DockerBackend, request_for: Requests, home_id: str
) -> None:
    container = await backend.create(request_for("true"))
    successor = DockerBackend(DockerSettings(), home_id=home_id)
    await successor.start(container.container_id)
    assert (await ended(successor, container.container_id)).exit_code == 0


async def test_creating_again_adopts_the_container_that_is_there(backend: DockerBackend, request_for: Requests) -> None:
    request = request_for("sleep", "60")
    container_id = await started(backend, request)
    again = await backend.create(request)
    assert (again.container_id, again.phase) == (container_id, "running")


@pytest.mark.parametrize("labels", [{}, {LABEL_HOME: "another", LABEL_JOB: "job_1"}])
async def test_a_name_taken_by_a_container_that_is_not_ours_is_an_error_and_leaves_it_alone(
    backend: DockerBackend, request_for: Requests, labels: dict[str, str]
) -> None:
    request = request_for("true")
    options = [part for label, value in labels.items() for part in ("--label", f"{label}={value}")]
    docker("create", "--name", request.name, *options, BUSYBOX, "sleep", "1")
    try:
        with pytest.raises(ContainerNameTakenError):
            await backend.create(request)
        assert docker("inspect", "--format", "{{.State.Status}}", request.name) == "created"
    finally:
        docker("rm", "--force", request.name)


async def test_creating_from_an_image_that_is_not_local_is_an_error(
    backend: DockerBackend, request_for: Requests
) -> None:
    with pytest.raises(ImageNotFoundError):
        await backend.create(request_for("true", image="127.0.0.1:5000/never/was:1"))


async def test_a_request_that_the_engine_refuses_is_a_start_error(
    backend: DockerBackend, request_for: Requests
) -> None:
    with pytest.raises(ContainerStartError, match="CPUs"):
        await backend.create(request_for("true", cpus=10_000))


@pytest.mark.fault("F55")
async def test_stopping_and_removing_what_is_gone_is_fine(backend: DockerBackend, request_for: Requests) -> None:
    container_id = await started(backend, request_for("sleep", "60"))
    await backend.remove(container_id)
    await backend.remove(container_id)
    await backend.stop(container_id, 1)
    assert await backend.usage(container_id) is None


async def test_stopping_what_has_ended_changes_nothing(backend: DockerBackend, request_for: Requests) -> None:
    container_id = await started(backend, request_for("sh", "-c", "exit 7"))
    before = await ended(backend, container_id)
    await backend.stop(container_id, 1)
    assert await backend.inspect(container_id) == before


async def test_use_is_measured_while_the_container_runs(backend: DockerBackend, request_for: Requests) -> None:
    container_id = await started(backend, request_for("sh", "-c", "echo ready; sleep 60", network="bridge"))
    await _first_output(backend, container_id)
    sample = await backend.usage(container_id)
    assert sample is not None
    assert sample.cpu_seconds is not None
    assert sample.cpu_seconds > 0
    assert sample.memory_bytes is not None
    assert 0 < sample.memory_bytes < 128 * MIB
    assert sample.network_tx_bytes is not None
    await backend.stop(container_id, 1)
    assert await backend.usage(container_id) is None


@pytest.mark.fault("F13")
async def test_only_the_containers_of_the_home_are_listed_the_oldest_first(
    backend: DockerBackend, request_for: Requests
) -> None:
    ours = [await started(backend, request_for("true")), await started(backend, request_for("sleep", "60"))]
    state = await ended(backend, ours[0])
    foreign = request_for("true", labels={LABEL_HOME: "somebody-else"})
    other = await backend.create(foreign)
    try:
        listed = await backend.list_owned(request_for().labels[LABEL_HOME])
        assert {one.container_id for one in listed} == set(ours)
        assert state in listed
    finally:
        await backend.remove(other.container_id)


async def test_a_job_has_few_capabilities_no_way_to_more_and_bounded_resources(
    backend: DockerBackend, request_for: Requests
) -> None:
    look = "grep -E 'CapEff|NoNewPrivs' /proc/self/status; ulimit -n; ulimit -c; hostname; id -u"
    request = request_for("sh", "-c", look)
    container_id = await started(backend, request)
    await ended(backend, container_id)
    lines = [frame.body.decode().split()[-1] for frame in await output_of(backend, container_id)]
    capabilities = sum(1 << bit for bit in (0, 1, 3, 6, 7))  # chown, dac_override, fowner, setgid, setuid
    assert lines == [f"{capabilities:016x}", "1", "1024", "0", request.name, "0"]


async def _first_output(backend: DockerBackend, container_id: str) -> None:
    with anyio.fail_after(60):
        await backend.follow(container_id, None, lambda _: False)

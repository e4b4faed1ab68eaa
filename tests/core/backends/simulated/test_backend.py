"""What the simulated backend does beyond the contract of all backends."""

from __future__ import annotations

from datetime import timedelta
from threading import get_ident
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from core.backends.simulated import SimulatedBackend
from core.errors import (
    BackendUnavailableError,
    ContainerLostError,
    ContainerStartError,
    ImageError,
    ImageNotFoundError,
    RegistryDeniedError,
    RegistryUnreachableError,
)
from core.settings import SimulationSettings
from core.testing.clock import START, MovingClock
from core.testing.factories import HOME_ID, a_container_request
from core.testing.stage import printed

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Sequence

    from core.backends.base import ContainerBackend, ContainerState
    from core.records.log import LogFrame


@pytest.fixture(autouse=True)
async def patience() -> AsyncGenerator[None]:
    with anyio.fail_after(30):
        yield


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture
def backend(clock: MovingClock) -> SimulatedBackend:
    return SimulatedBackend(clock=clock)


async def started(backend: SimulatedBackend, *argv: str, **changes: Any) -> str:
    state = await backend.create(a_container_request(argv=argv or ("true",), **changes))
    await backend.start(state.container_id)
    return state.container_id


async def state_of(backend: SimulatedBackend, container_id: str) -> ContainerState:
    state = await backend.inspect(container_id)
    assert state is not None
    return state


async def output(backend: SimulatedBackend, container_id: str) -> bytes:
    return printed(await backend.tail(container_id, 1000), 1)


async def test_it_is_a_container_backend(backend: SimulatedBackend) -> None:
    promised: ContainerBackend = backend

    assert promised.name == (await promised.probe()).name == "simulated"


async def test_a_container_ends_at_the_moment_its_script_says(backend: SimulatedBackend, clock: MovingClock) -> None:
    container_id = await started(backend, "sh", "-c", "sleep 10; echo late")

    clock.advance(9.9)
    before = await state_of(backend, container_id)
    clock.advance(50)
    after = await state_of(backend, container_id)

    assert before.phase == "running"
    assert after.phase == "exited"
    assert after.finished_at == START + timedelta(seconds=10)
    assert [frame.at for frame in await backend.tail(container_id, 1)] == [b"2026-01-01T00:00:10.000000000Z"]


async def test_scripted_seconds_are_scaled_and_the_grace_is_not(clock: MovingClock) -> None:
    backend = SimulatedBackend(SimulationSettings(time_scale=0.1), clock=clock)
    container_id = await started(backend, "sleep", "20")
    stubborn = await started(backend, "sleep", "3600", env={"SIMULATE_FAIL": "stubborn"})

    clock.advance(2)

    assert (await state_of(backend, container_id)).phase == "exited"
    async with anyio.create_task_group() as group:
        group.start_soon(backend.stop, stubborn, 5)
        await clock.until_sleeping()
        clock.advance(4.9)
        assert (await state_of(backend, stubborn)).phase == "running"
        await clock.until_sleeping()
        clock.advance(0.1)
    state = await state_of(backend, stubborn)
    assert (state.exit_code, state.finished_at) == (137, START + timedelta(seconds=7))


async def test_a_wait_ends_when_the_clock_reaches_the_end(backend: SimulatedBackend, clock: MovingClock) -> None:
    container_id = await started(backend, "sh", "-c", "sleep 1; sleep 2; exit 3")
    ended: list[ContainerState | None] = []

    async def wait() -> None:
        ended.append(await backend.wait(container_id))

    async with anyio.create_task_group() as group:
        group.start_soon(wait)
        for _ in range(2):
            await clock.until_sleeping()
            assert ended == []
            clock.advance(2)

    assert ended[0] is not None
    assert (ended[0].exit_code, ended[0].finished_at) == (3, START + timedelta(seconds=3))


async def test_containers_outlive_the_engine_that_made_them(backend: SimulatedBackend, clock: MovingClock) -> None:
    async with backend.run():
        container_id = await started(backend, "sh", "-c", "sleep 10; echo alone")
    clock.advance(60)

    async with backend.run():
        states = await backend.list_owned(HOME_ID)

    assert [(state.container_id, state.phase) for state in states] == [(container_id, "exited")]
    assert await output(backend, container_id) == b"alone\n"


async def test_an_engine_that_is_away_answers_nothing_and_its_containers_run_on(
    backend: SimulatedBackend, clock: MovingClock
) -> None:
    container_id = await started(backend, "sleep", "10")

    backend.go_away()

    assert not (await backend.probe()).available
    for call in (
        backend.inspect(container_id),
        backend.start(container_id),
        backend.list_owned(HOME_ID),
        backend.stop(container_id, 1),
        backend.pull("busybox:latest", "missing", print),
        backend.create(a_container_request()),
    ):
        with pytest.raises(BackendUnavailableError):
            await call
    clock.advance(10)
    backend.come_back()
    assert (await backend.probe()).available
    assert (await state_of(backend, container_id)).exit_code == 0


async def test_an_outage_breaks_streams_off_and_lets_waits_wait(backend: SimulatedBackend, clock: MovingClock) -> None:
    container_id = await started(backend, "sh", "-c", "sleep 10; exit 2")
    streams: list[bool] = []
    codes: list[int | None] = []

    async def follow() -> None:
        streams.append(await backend.follow(container_id, None, lambda _: True))

    async def wait() -> None:
        state = await backend.wait(container_id)
        codes.append(state.exit_code if state else None)

    async with anyio.create_task_group() as group:
        group.start_soon(follow)
        group.start_soon(wait)
        await clock.until_sleeping(2)
        backend.go_away()
        await anyio.wait_all_tasks_blocked()
        assert (streams, codes) == ([False], [])
        clock.advance(60)
        backend.come_back()

    assert codes == [2]


async def test_a_container_that_vanishes_is_gone_for_everybody(backend: SimulatedBackend, clock: MovingClock) -> None:
    container_id = await started(backend, "sleep", "60")
    waited: list[ContainerState | None] = []

    async def wait() -> None:
        waited.append(await backend.wait(container_id))

    async with anyio.create_task_group() as group:
        group.start_soon(wait)
        await clock.until_sleeping()
        backend.vanish(container_id)

    assert waited == [None]
    assert await backend.inspect(container_id) is None
    with pytest.raises(ContainerLostError):
        await backend.tail(container_id, 1)


async def test_a_heard_signal_is_noted_even_if_the_process_goes_on(backend: SimulatedBackend) -> None:
    container_id = await started(backend, "sh", "-c", "trap '' HUP; sleep 60")

    backend.signal_from_outside(container_id, "HUP")

    state = await state_of(backend, container_id)
    assert (state.phase, state.killed_from_outside) == ("running", "HUP")


async def test_an_ignored_signal_does_not_shorten_a_sleep(backend: SimulatedBackend, clock: MovingClock) -> None:
    container_id = await started(backend, "sh", "-c", "trap '' HUP; sleep 60")
    clock.advance(20)
    backend.signal_from_outside(container_id, "HUP")

    clock.advance(39)
    assert (await state_of(backend, container_id)).phase == "running"
    clock.advance(1)
    assert (await state_of(backend, container_id)).finished_at == START + timedelta(seconds=60)


async def test_seconds_lines_and_exit_code_come_from_the_environment(
    backend: SimulatedBackend, clock: MovingClock
) -> None:
    env = {"SIMULATE_SECONDS": "10", "SIMULATE_LINES": "5", "SIMULATE_EXIT": "7"}
    container_id = await started(backend, "train", env=env)

    clock.advance(4)
    half = await output(backend, container_id)
    clock.advance(6)

    assert half == b"[simulated] train\n[simulated] line 1 of 5\n[simulated] line 2 of 5\n"
    assert (await output(backend, container_id)).endswith(b"line 5 of 5\n")
    assert (await state_of(backend, container_id)).exit_code == 7


async def test_a_program_that_fails_by_itself_is_not_steered(backend: SimulatedBackend) -> None:
    container_id = await started(backend, "sh", "-c", "exit 4", env={"SIMULATE_EXIT": "7", "SIMULATE_LINES": "3"})

    assert (await state_of(backend, container_id)).exit_code == 4
    assert await output(backend, container_id) == b""


async def test_a_creation_can_be_refused(backend: SimulatedBackend) -> None:
    with pytest.raises(ContainerStartError):
        await backend.create(a_container_request(env={"SIMULATE_FAIL": "create"}))


@pytest.mark.parametrize("env", [{"SIMULATE_FAIL": "nonsense"}, {"SIMULATE_SECONDS": "soon"}, {"SIMULATE_EXIT": "x"}])
async def test_steering_that_makes_no_sense_is_refused(backend: SimulatedBackend, env: dict[str, str]) -> None:
    with pytest.raises(ContainerStartError, match="SIMULATE_"):
        await backend.create(a_container_request(env=env))


async def test_a_command_that_may_not_be_executed_fails_with_126(backend: SimulatedBackend) -> None:
    with pytest.raises(ContainerStartError) as failure:
        await started(backend, env={"SIMULATE_FAIL": "start"})

    assert failure.value.exit_code == 126


async def test_an_engine_may_be_away_for_the_first_start_only(backend: SimulatedBackend) -> None:
    made = await backend.create(a_container_request(env={"SIMULATE_FAIL": "unavailable"}))

    with pytest.raises(BackendUnavailableError):
        await backend.start(made.container_id)
    await backend.start(made.container_id)

    assert (await state_of(backend, made.container_id)).exit_code == 0


async def test_a_container_can_get_lost_when_its_time_has_come(backend: SimulatedBackend, clock: MovingClock) -> None:
    container_id = await started(backend, env={"SIMULATE_FAIL": "lost", "SIMULATE_SECONDS": "5"})

    clock.advance(4)
    assert (await state_of(backend, container_id)).phase == "running"
    clock.advance(1)
    assert await backend.inspect(container_id) is None
    assert await backend.list_owned(HOME_ID) == []


@pytest.mark.parametrize(("failure", "oom", "outside"), [("oom", True, None), ("killed", False, "KILL")])
async def test_a_container_can_be_killed(
    backend: SimulatedBackend, failure: str, oom: bool, outside: str | None
) -> None:
    container_id = await started(backend, env={"SIMULATE_FAIL": failure})

    state = await state_of(backend, container_id)
    assert (state.exit_code, state.oom_killed, state.killed_from_outside) == (137, oom, outside)


@pytest.mark.parametrize(
    ("image", "error"),
    [
        ("missing/image:1", ImageNotFoundError),
        ("private/image:1", RegistryDeniedError),
        ("unreachable.invalid/image:1", RegistryUnreachableError),
        ("broken/image:1", ImageError),
    ],
)
async def test_some_names_cannot_be_pulled(backend: SimulatedBackend, image: str, error: type[ImageError]) -> None:
    with pytest.raises(error) as failure:
        await backend.pull(image, "missing", print)

    assert type(failure.value) is error


async def test_two_pulls_at_once_are_one_that_tells_both(backend: SimulatedBackend, clock: MovingClock) -> None:
    told: list[list[str]] = [[], []]

    async with anyio.create_task_group() as group:
        for progress in told:
            group.start_soon(backend.pull, "slow/image:1", "missing", progress.append)
        for _ in range(4):
            await clock.until_sleeping()
            clock.advance(0.5)
            await anyio.wait_all_tasks_blocked()

    assert backend.images.pulls == {"slow/image:1": 1}
    assert told[0][-1] == told[1][-1] == "pulling slow/image:1, 75 %"
    await backend.pull("slow/image:1", "missing", print)
    assert backend.images.pulls == {"slow/image:1": 1}


async def test_a_pull_goes_on_when_the_one_who_asked_first_gives_up(
    backend: SimulatedBackend, clock: MovingClock
) -> None:
    first = anyio.CancelScope()

    async def pull_in(scope: anyio.CancelScope) -> None:
        with scope:
            await backend.pull("slow/image:1", "missing", print)

    async with anyio.create_task_group() as group:
        group.start_soon(pull_in, first)
        await clock.until_sleeping()
        group.start_soon(backend.pull, "slow/image:1", "missing", print)
        await anyio.wait_all_tasks_blocked()
        first.cancel()
        await anyio.wait_all_tasks_blocked()
        for _ in range(4):
            await clock.until_sleeping()
            clock.advance(0.5)
            await anyio.wait_all_tasks_blocked()

    assert backend.images.pulls == {"slow/image:1": 1}


async def test_inference_tells_its_progress_and_leaves_a_result(backend: SimulatedBackend, clock: MovingClock) -> None:
    info = await backend.pull("simulated/inference:1", "missing", print)
    made = await backend.create(
        a_container_request(
            image=info.image_id, argv=None, env={"SIMULATE_SECONDS": "20", "ORCAOPS_OUTPUT": "/orcaops/output"}
        )
    )
    await backend.put(made.container_id, "/orcaops", [])
    await backend.start(made.container_id)

    clock.advance(10)
    half = await output(backend, made.container_id)
    clock.advance(10)

    assert half.endswith(b"token 5/10: largest\n")
    assert (await state_of(backend, made.container_id)).exit_code == 0
    result = await backend.stat(made.container_id, f"{info.workdir}/result.json")
    outputs = await backend.stat(made.container_id, "/orcaops/output")
    assert result is not None
    assert result.size > 0
    assert outputs is not None
    assert outputs.size > 0


async def test_past_the_quota_the_last_frames_are_kept(backend: SimulatedBackend) -> None:
    container_id = await started(backend, "seq", "50000", log_lines=100)
    seen: list[bytes] = []

    def keep(batch: Sequence[LogFrame]) -> bool:
        seen.extend(frame.body for frame in batch)
        return True

    await backend.follow(container_id, None, keep)
    await backend.wait(container_id)

    assert seen[:100] == [b"%d\n" % number for number in range(1, 101)]
    assert await output(backend, container_id) == b"".join(b"%d\n" % number for number in range(49_001, 50_001))


async def test_use_grows_with_time_and_knows_no_network_without_one(
    backend: SimulatedBackend, clock: MovingClock
) -> None:
    container_id = await started(backend, "sleep", "60")
    first = await backend.usage(container_id)
    clock.advance(30)
    second = await backend.usage(container_id)

    assert first is not None
    assert second is not None
    assert (first.cpu_seconds or 0) < (second.cpu_seconds or 0)
    assert second.network_rx_bytes == 0


async def test_thousands_of_containers_of_no_duration_end_at_their_start(backend: SimulatedBackend) -> None:
    for _ in range(2_000):
        await started(backend, "sh", "-c", "echo hello; exit 3")

    states = await backend.list_owned(HOME_ID)

    assert len(states) == 2_000
    assert {(state.phase, state.exit_code) for state in states} == {("exited", 3)}


async def test_output_that_is_taken_at_once_is_taken_on_the_loop_and_all_other_in_a_thread(
    backend: SimulatedBackend,
) -> None:
    container_id = await started(backend, "echo", "said")
    taken: list[tuple[bytes, bool]] = []

    def take(frames: Sequence[LogFrame]) -> bool:
        taken.extend((frame.body, get_ident() == loop_thread) for frame in frames)
        return True

    loop_thread = get_ident()
    assert await backend.follow(container_id, None, take, at_once=take)
    assert await backend.follow(container_id, None, take, at_once=lambda _: False)
    assert await backend.follow(container_id, None, take)

    assert taken == [(b"said\n", True), (b"said\n", False), (b"said\n", False)]

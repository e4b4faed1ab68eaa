"""Stop, and signals that others send: what every backend promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest

if TYPE_CHECKING:
    from core.testing.stage import Stage


async def test_a_process_that_hears_sigterm_ends_with_143_at_once(stage: Stage) -> None:
    container_id = await stage.started("sh", "-c", "echo up; exec sleep 60")
    await stage.until_printed(container_id, b"up")

    await stage.backend.stop(container_id, 30)

    state = await stage.backend.inspect(container_id)
    assert state is not None
    assert (state.phase, state.exit_code) == ("exited", 143)
    assert state.killed_from_outside is None


async def test_a_process_that_ignores_sigterm_is_killed_after_the_grace(stage: Stage) -> None:
    container_id = await stage.started("sh", "-c", "trap '' TERM; echo up; sleep 60")
    await stage.until_printed(container_id, b"up")
    began = anyio.current_time()

    await stage.backend.stop(container_id, 1)

    state = await stage.backend.inspect(container_id)
    assert anyio.current_time() - began >= 0.9
    assert state is not None
    assert (state.phase, state.exit_code) == ("exited", 137)
    assert state.killed_from_outside is None
    assert not state.oom_killed


async def test_a_process_may_choose_its_code_when_it_is_stopped(stage: Stage) -> None:
    container_id = await stage.started("sh", "-c", "trap 'echo cleaned; exit 9' TERM; echo up; sleep 60 & wait")
    await stage.until_printed(container_id, b"up")

    await stage.backend.stop(container_id, 30)

    assert (await stage.end_of(container_id)).exit_code == 9
    assert [frame.body for frame in await stage.backend.tail(container_id, 1)] == [b"cleaned\n"]


async def test_stopping_ends_the_waits_for_the_container(stage: Stage) -> None:
    container_id = await stage.started("sleep", "60")
    codes: list[int | None] = []

    async def wait() -> None:
        codes.append((await stage.end_of(container_id)).exit_code)

    async with anyio.create_task_group() as group:
        group.start_soon(wait)
        await stage.backend.stop(container_id, 30)

    assert codes == [143]


async def test_stopping_what_does_not_run_is_fine(stage: Stage) -> None:
    created = await stage.backend.create(stage.request("true"))
    ended = await stage.ended("sh", "-c", "exit 3")

    await stage.backend.stop(created.container_id, 1)
    await stage.backend.stop(ended.container_id, 1)
    await stage.backend.stop("never-was", 1)

    assert (await stage.end_of(ended.container_id)).exit_code == 3
    still = await stage.backend.inspect(created.container_id)
    assert still is not None
    assert still.phase == "created"


async def test_an_impatient_second_stop_does_not_wait_for_the_first(stage: Stage) -> None:
    container_id = await stage.started("sh", "-c", "trap '' TERM; echo up; sleep 60")
    await stage.until_printed(container_id, b"up")

    async with anyio.create_task_group() as group:
        group.start_soon(stage.backend.stop, container_id, 30)
        await anyio.wait_all_tasks_blocked()
        with anyio.fail_after(60):
            await stage.backend.stop(container_id, 0)

    assert (await stage.end_of(container_id)).exit_code == 137


@pytest.mark.parametrize(("name", "code"), [("TERM", 143), ("KILL", 137)])
async def test_a_signal_that_somebody_else_sent_is_told(stage: Stage, name: str, code: int) -> None:
    container_id = await stage.started("sh", "-c", "echo up; exec sleep 60")
    await stage.until_printed(container_id, b"up")

    await stage.signal_from_outside(container_id, name)

    state = await stage.end_of(container_id)
    assert (state.exit_code, state.killed_from_outside) == (code, name)


async def test_a_process_that_kills_itself_was_not_killed_from_outside(stage: Stage) -> None:
    state = await stage.ended("sh", "-c", "kill -KILL $$")

    assert state.exit_code == 137
    assert state.killed_from_outside is None
    assert not state.oom_killed

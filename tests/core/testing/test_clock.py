from __future__ import annotations

from datetime import timedelta

import anyio

from core.testing.clock import START, MovingClock


def test_it_stands_still_until_it_is_moved() -> None:
    clock = MovingClock()

    assert (clock.now(), clock.monotonic()) == (START, 0.0)
    clock.advance(1.5)
    assert (clock.now(), clock.monotonic()) == (START + timedelta(seconds=1.5), 1.5)


async def test_sleepers_wake_in_the_order_of_their_times() -> None:
    clock = MovingClock()
    woken: list[float] = []

    async def sleep(seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append(seconds)

    with anyio.fail_after(60):
        async with anyio.create_task_group() as group:
            for seconds in (3.0, 1.0, 2.0):
                group.start_soon(sleep, seconds)
            await clock.until_sleeping(3)
            clock.advance(2)
            await anyio.wait_all_tasks_blocked()
            assert woken == [1.0, 2.0]
            clock.advance(1)

    assert woken == [1.0, 2.0, 3.0]


async def test_spans_that_add_up_meet_exactly() -> None:
    clock = MovingClock()

    with anyio.fail_after(60):
        async with anyio.create_task_group() as group:
            group.start_soon(clock.sleep, 0.3)
            await clock.until_sleeping()
            for _ in range(3):
                clock.advance(0.1)

    assert clock.sleepers == 0


async def test_a_cancelled_sleeper_is_forgotten() -> None:
    clock = MovingClock()

    async with anyio.create_task_group() as group:
        group.start_soon(clock.sleep, 10)
        await clock.until_sleeping()
        group.cancel_scope.cancel()

    assert clock.sleepers == 0


async def test_no_time_at_all_is_not_slept() -> None:
    with anyio.fail_after(60):
        await MovingClock().sleep(0)
        await MovingClock().sleep(-1)

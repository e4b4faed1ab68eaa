"""Follow and tail: what every backend promises of a container's output."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest

from core.errors import ContainerLostError
from core.records.log import LogFrame, LogPosition
from core.testing.stage import printed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.testing.stage import Stage

PIECE = 16 * 1024


async def test_both_streams_come_in_their_order_and_then_it_ends(stage: Stage) -> None:
    container_id = await stage.started("sh", "-c", "for i in 1 2 3; do echo out $i; echo err $i >&2; done")

    frames = await stage.output(container_id)

    assert printed(frames, 1) == b"out 1\nout 2\nout 3\n"
    assert printed(frames, 2) == b"err 1\nerr 2\nerr 3\n"


async def test_a_line_comes_while_the_container_runs(stage: Stage) -> None:
    container_id = await stage.started("sh", "-c", "echo ready; sleep 60")

    await stage.until_printed(container_id, b"ready\n")

    state = await stage.backend.inspect(container_id)
    assert state is not None
    assert state.phase == "running"


async def test_the_output_is_kept_until_the_container_is_removed(stage: Stage) -> None:
    container_id = await stage.started("seq", "2000")

    live = await stage.output(container_id)
    await stage.end_of(container_id)
    later = await stage.output(container_id)

    assert printed(live, 1) == b"".join(b"%d\n" % number for number in range(1, 2001))
    assert later == live


async def test_every_frame_is_a_line_with_the_time_it_was_taken(stage: Stage) -> None:
    ended = await stage.ended("seq", "500")

    frames = await stage.output(ended.container_id)

    assert [frame.body for frame in frames] == [b"%d\n" % number for number in range(1, 501)]
    assert all(len(frame.at) == 30 and frame.at.endswith(b"Z") for frame in frames)
    assert [frame.at for frame in frames] == sorted(frame.at for frame in frames)


@pytest.mark.parametrize(
    ("digits", "pieces"),
    [
        (PIECE - 1, [PIECE]),
        (PIECE, [PIECE, 1]),
        (40_000, [PIECE, PIECE, 40_001 - 2 * PIECE]),
    ],
)
async def test_a_long_line_comes_in_pieces_of_one_time(stage: Stage, digits: int, pieces: list[int]) -> None:
    ended = await stage.ended("printf", f"%0{digits}d\\n", "7")

    frames = await stage.output(ended.container_id)

    assert [len(frame.body) for frame in frames] == pieces
    assert len({frame.at for frame in frames}) == 1
    assert [frame.body.endswith(b"\n") for frame in frames] == [False] * (len(pieces) - 1) + [True]


async def test_a_last_line_without_an_end_is_delivered(stage: Stage) -> None:
    ended = await stage.ended("printf", "one\\ntwo")

    assert printed(await stage.output(ended.container_id), 1) == b"one\ntwo"


async def test_following_from_a_position_repeats_nothing_before_it(stage: Stage) -> None:
    ended = await stage.ended("sh", "-c", "seq 50; seq 51 100 >&2")
    frames = await stage.output(ended.container_id)
    position = LogPosition(frames[60].at)

    rest = await stage.output(ended.container_id, position)

    assert rest == [frame for frame in frames if frame.at >= position.at]
    assert frames[60] in rest


async def test_a_position_in_a_running_container_is_followed_from_there(stage: Stage) -> None:
    container_id = await stage.started("sh", "-c", "echo one; sleep 0.3; echo two; sleep 60")
    await stage.until_printed(container_id, b"two")
    first, second = await stage.backend.tail(container_id, 10)
    seen: list[LogFrame] = []

    def look(batch: Sequence[LogFrame]) -> bool:
        seen.extend(batch)
        return False

    await stage.backend.follow(container_id, LogPosition(second.at), look)

    assert first.body == b"one\n"
    assert seen == [second]


async def test_tail_gives_the_last_frames(stage: Stage) -> None:
    ended = await stage.ended("seq", "100")

    assert [frame.body for frame in await stage.backend.tail(ended.container_id, 3)] == [b"98\n", b"99\n", b"100\n"]
    assert len(await stage.backend.tail(ended.container_id, 1000)) == 100
    assert await stage.backend.tail(ended.container_id, 0) == []


async def test_following_stops_when_nobody_wants_more(stage: Stage) -> None:
    container_id = await stage.started("sh", "-c", "echo one; sleep 60")
    calls: list[int] = []

    def refuse(batch: Sequence[LogFrame]) -> bool:
        calls.append(len(batch))
        return False

    ended_by_itself = await stage.backend.follow(container_id, None, refuse)

    assert calls == [1]
    assert not ended_by_itself


async def test_a_stream_that_ended_with_the_output_says_so(stage: Stage) -> None:
    container_id = await stage.started("sh", "-c", "echo one; sleep 0.2; echo two")
    seen: list[bytes] = []

    def keep(batch: Sequence[LogFrame]) -> bool:
        seen.extend(frame.body for frame in batch)
        return True

    assert await stage.backend.follow(container_id, None, keep)
    assert seen == [b"one\n", b"two\n"]


async def test_a_cancelled_follow_leaves_the_container_running(stage: Stage) -> None:
    container_id = await stage.started("sh", "-c", "echo one; sleep 0.5; echo two; sleep 60")
    await stage.until_printed(container_id, b"one")

    with anyio.move_on_after(0.1) as scope:
        await stage.output(container_id)

    assert scope.cancel_called
    await stage.until_printed(container_id, b"two")
    state = await stage.backend.inspect(container_id)
    assert state is not None
    assert state.phase == "running"


async def test_two_may_follow_one_container(stage: Stage) -> None:
    container_id = await stage.started("sh", "-c", "seq 100; sleep 0.2; seq 101 200")
    seen: list[bytes] = []

    async def follow() -> None:
        seen.append(printed(await stage.output(container_id), 1))

    async with anyio.create_task_group() as group:
        group.start_soon(follow)
        group.start_soon(follow)

    assert seen == [b"".join(b"%d\n" % number for number in range(1, 201))] * 2


async def test_what_is_gone_cannot_be_followed(stage: Stage) -> None:
    ended = await stage.ended("true")
    await stage.backend.remove(ended.container_id)

    with pytest.raises(ContainerLostError):
        await stage.output(ended.container_id)


async def test_removing_a_container_ends_its_stream(stage: Stage) -> None:
    container_id = await stage.started("sh", "-c", "echo one; sleep 60")
    await stage.until_printed(container_id, b"one")

    async with anyio.create_task_group() as group:
        group.start_soon(stage.output, container_id)
        await anyio.wait_all_tasks_blocked()
        await stage.backend.remove(container_id)


async def test_what_exceeds_no_quota_is_delivered_whole(stage: Stage) -> None:
    container_id = await stage.started("seq", "60000")

    frames = await stage.output(container_id)

    assert [frame.body for frame in frames] == [b"%d\n" % number for number in range(1, 60_001)]

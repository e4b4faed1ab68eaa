"""A container's output as it comes, on the real engine."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import anyio
import anyio.from_thread
import pytest

from core.errors import ContainerLostError
from core.records.log import LogFrame, LogPosition
from tests.core.backends.docker.conftest import ended, output_of, started

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.backends.docker.backend import DockerBackend
    from tests.core.backends.docker.conftest import Requests

pytestmark = pytest.mark.docker


async def test_both_streams_arrive_apart_and_each_in_order(backend: DockerBackend, request_for: Requests) -> None:
    script = "for i in 1 2 3; do echo out $i; echo err $i >&2; done"
    container_id = await started(backend, request_for("sh", "-c", script))
    await ended(backend, container_id)
    frames = await output_of(backend, container_id)
    assert [frame.body for frame in frames if frame.stream == 1] == [b"out 1\n", b"out 2\n", b"out 3\n"]
    assert [frame.body for frame in frames if frame.stream == 2] == [b"err 1\n", b"err 2\n", b"err 3\n"]
    assert {len(frame.at) for frame in frames} == {30}


async def test_a_line_longer_than_16_kib_comes_in_pieces_that_share_one_time(
    backend: DockerBackend, request_for: Requests
) -> None:
    script = "head -c 40000 /dev/zero | tr '\\0' x; echo; echo after"
    container_id = await started(backend, request_for("sh", "-c", script))
    await ended(backend, container_id)
    frames = await output_of(backend, container_id)
    lines = [[frame.body for frame in group] for _, group in groupby(frames, key=lambda frame: frame.at)]
    assert [len(pieces) for pieces in lines] == [3, 1]
    assert b"".join(lines[0]) == b"x" * 40_000 + b"\n"
    assert [piece.endswith(b"\n") for piece in lines[0]] == [False, False, True]


async def test_the_last_line_needs_no_newline(backend: DockerBackend, request_for: Requests) -> None:
    container_id = await started(backend, request_for("printf", "one\\ntwo"))
    await ended(backend, container_id)
    assert [frame.body for frame in await output_of(backend, container_id)] == [b"one\n", b"two"]


async def test_bytes_that_are_not_utf8_come_as_the_engine_keeps_them(
    backend: DockerBackend, request_for: Requests
) -> None:
    container_id = await started(backend, request_for("printf", "a\\377b\\0c\\n"))
    await ended(backend, container_id)
    assert [frame.body for frame in await output_of(backend, container_id)] == [b"a\xef\xbf\xbdb\0c\n"]


async def test_following_from_a_position_delivers_what_is_at_or_after_it(
    backend: DockerBackend, request_for: Requests
) -> None:
    container_id = await started(backend, request_for("seq", "1", "2000"))
    await ended(backend, container_id)
    frames = await output_of(backend, container_id)
    assert len(frames) == 2000
    at = frames[1234].at
    assert await output_of(backend, container_id, LogPosition(at)) == [frame for frame in frames if frame.at >= at]


async def test_output_arrives_while_the_container_runs(backend: DockerBackend, request_for: Requests) -> None:
    container_id = await started(backend, request_for("sh", "-c", "echo ready; exec sleep 60"))
    bodies: list[bytes] = []

    def stop_at_once(frames: Sequence[LogFrame]) -> bool:
        bodies.extend(frame.body for frame in frames)
        return False

    with anyio.fail_after(60):
        await backend.follow(container_id, None, stop_at_once)
    state = await backend.inspect(container_id)
    assert state is not None
    assert (bodies, state.phase) == ([b"ready\n"], "running")


@pytest.mark.parametrize("run", range(8))  # Docker 20.10 ends one such stream in eight before its last lines
async def test_a_follower_has_everything_once_when_the_container_ends_in_full_flow(
    backend: DockerBackend, request_for: Requests, run: int
) -> None:
    container_id = await started(backend, request_for("sh", "-c", "seq 1 20000; echo oops >&2; printf end"))
    frames = await output_of(backend, container_id)
    assert [frame.body for frame in frames if frame.stream == 2] == [b"oops\n"]
    lines = [frame.body for frame in frames if frame.stream == 1]
    assert lines == [b"%d\n" % number for number in range(1, 20_001)] + [b"end"]


async def test_a_follower_is_told_whether_the_engine_ended_the_stream(
    backend: DockerBackend, request_for: Requests
) -> None:
    container_id = await started(backend, request_for("seq", "1", "3"))
    await ended(backend, container_id)
    assert await backend.follow(container_id, None, lambda _: True)
    assert not await backend.follow(container_id, None, lambda _: False)


async def test_cancelling_frees_the_threads_of_all_blocked_followers(
    backend: DockerBackend, request_for: Requests
) -> None:
    container_id = await started(backend, request_for("sh", "-c", "echo ready; exec sleep 60"))
    ready = anyio.Semaphore(0)
    streams = backend._client.streams
    resting = streams.borrowed_tokens

    def tell(_: Sequence[LogFrame]) -> bool:
        anyio.from_thread.run_sync(ready.release)
        return True

    began = 0.0
    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(backend.follow, container_id, None, tell)
        with anyio.fail_after(60):
            for _ in range(20):
                await ready.acquire()
        assert streams.borrowed_tokens == resting + 20
        began = anyio.current_time()
        group.cancel_scope.cancel()
    assert anyio.current_time() - began < 2
    assert streams.borrowed_tokens == resting


async def test_an_error_of_whoever_takes_the_frames_reaches_the_caller(
    backend: DockerBackend, request_for: Requests
) -> None:
    container_id = await started(backend, request_for("echo", "one"))

    def fail(_: Sequence[LogFrame]) -> bool:
        raise LookupError("no room")

    with anyio.fail_after(60), pytest.raises(LookupError, match="no room"):
        await backend.follow(container_id, None, fail)


async def test_the_tail_is_the_last_frames(backend: DockerBackend, request_for: Requests) -> None:
    container_id = await started(backend, request_for("seq", "1", "500"))
    await ended(backend, container_id)
    assert [frame.body for frame in await backend.tail(container_id, 3)] == [b"498\n", b"499\n", b"500\n"]
    assert len(await backend.tail(container_id, 1000)) == 500
    assert await backend.tail(container_id, 0) == []


async def test_following_a_container_that_is_gone_says_so(backend: DockerBackend) -> None:
    with pytest.raises(ContainerLostError):
        await output_of(backend, "there-never-was-one")


async def test_following_a_container_that_was_not_started_ends_at_once(
    backend: DockerBackend, request_for: Requests
) -> None:
    container = await backend.create(request_for("true"))
    assert await output_of(backend, container.container_id) == []

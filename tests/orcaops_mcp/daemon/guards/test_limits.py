"""What is borne of those who come in: how often, how many at once, how large and how slow."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import anyio
import httpx2
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from orcaops_mcp.settings import HttpSettings
from tests.orcaops_mcp.daemon.guards.conftest import BEARER, TOKEN, Room, a_room, answer_on

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from anyio.abc import SocketStream

    from core.testing.clock import MovingClock

_POST = ("POST /orcaops/jobs HTTP/1.1", f"Authorization: Bearer {TOKEN}")
_CHUNKED = (*_POST, "Transfer-Encoding: chunked")


@pytest.mark.hostile("B22")
async def test_a_body_that_says_it_is_too_large_is_not_read(room: Room) -> None:
    status, headers, body = await room.say(*_POST, "Content-Length: 99999999999")
    assert (status, body["error"]["code"]) == (413, "body_too_large")
    assert "4 MiB" in body["error"]["message"]
    assert headers["connection"] == "close"
    assert room.changes == []


@pytest.mark.hostile("B22")
async def test_a_body_without_a_length_is_counted_as_it_comes(room: Room) -> None:
    async with await anyio.connect_tcp("127.0.0.1", room.port) as stream:
        await stream.send(room.head(*_CHUNKED))
        chunk = b"%x\r\n" % 65536 + b"x" * 65536 + b"\r\n"
        for _ in range(64):
            await stream.send(chunk)
        await stream.send(b"1\r\nx\r\n")
        status, _, body = await answer_on(stream)
        assert (status, body["error"]["code"]) == (413, "body_too_large")
        with pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):  # the body goes on, and the door has closed
            await _send_for_ever(stream, chunk)


async def test_a_client_that_sends_all_of_a_large_body_first_reads_why_it_was_refused(room: Room) -> None:
    async with room.client(headers=BEARER) as client:
        answer = await client.post("/orcaops/jobs", content=b"x" * 6_000_000)
        assert (answer.status_code, answer.json()["error"]["code"]) == (413, "body_too_large")
        assert (await client.post("/orcaops/jobs", content=b"x" * 4 * 1024 * 1024)).json()["size"] == 4 * 1024 * 1024


async def test_requests_that_send_files_may_be_larger(tmp_path: Path) -> None:
    limits = HttpSettings(max_body_bytes=1024, max_upload_bytes=10_000)
    async with a_room(tmp_path / "home", limits=limits) as room, room.client(headers=BEARER) as client:

        async def status(method: str, path: str, size: int, kind: str = "application/json") -> int:
            answer = await client.request(method, path, content=b"x" * size, headers={"Content-Type": kind})
            return answer.status_code

        assert await status("PUT", "/orcaops/uploads/blobs/abc", 10_000) == 200
        assert await status("PUT", "/orcaops/uploads/blobs/abc", 10_001) == 413
        assert await status("POST", "/orcaops/jobs", 10_000, "Multipart/Form-Data; boundary=x") == 200
        assert await status("POST", "/orcaops/jobs", 1025) == 413
        assert await status("POST", "/orcaops/uploadsx", 1025) == 413
        assert await status("POST", "/mcp", 1025, "multipart/form-data; boundary=x") == 413


@pytest.mark.hostile("B22")
async def test_a_length_that_lies_does_not_get_more_in(tmp_path: Path) -> None:
    async with a_room(tmp_path / "home", limits=HttpSettings(max_body_bytes=1024)) as room:
        for lines in (("Content-Length: 5", "Content-Length: 7"), ("Content-Length: -1",), ("Content-Length: 1e3",)):
            async with await anyio.connect_tcp("127.0.0.1", room.port) as stream:
                await stream.send(room.head(*_POST, *lines) + b"x" * 10)
                assert (await stream.receive()).startswith(b"HTTP/1.1 400")
        status, _, _ = await room.say(
            *_CHUNKED, "Content-Length: 5", body=b"%x\r\n" % 2000 + b"x" * 2000 + b"\r\n0\r\n\r\n"
        )
        assert status in (400, 413)


@pytest.mark.parametrize("drip", [b"", b"1\r\nx\r\n"])
async def test_a_body_that_does_not_come_is_not_waited_for(tmp_path: Path, drip: bytes) -> None:
    limits = HttpSettings(body_idle_s=0.2)
    async with a_room(tmp_path / "home", limits=limits) as room:
        async with await anyio.connect_tcp("127.0.0.1", room.port) as stream:
            await stream.send(room.head(*_CHUNKED) + drip)
            status, headers, body = await answer_on(stream)
        assert (status, body["error"]["code"], headers["connection"]) == (408, "body_too_slow", "close")
        assert body["error"]["retryable"]


@pytest.mark.hostile("B30")
async def test_a_body_that_drips_is_not_read_for_ever(tmp_path: Path) -> None:
    async with a_room(tmp_path / "home", limits=HttpSettings(body_idle_s=0.3)) as room:
        async with await anyio.connect_tcp("127.0.0.1", room.port) as stream:
            await stream.send(room.head(*_CHUNKED))
            answers: list[int] = []

            async def read() -> None:
                answers.append((await answer_on(stream))[0])
                tasks.cancel_scope.cancel()

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(read)
                while True:  # each byte in time, all together too slow
                    await stream.send(b"1\r\nx\r\n")
                    with anyio.move_on_after(0.05):
                        await anyio.Event().wait()
        assert answers == [408]


@pytest.mark.hostile("B15")
async def test_a_caller_who_comes_too_often_is_told_when_to_come_again(
    tmp_path: Path, moving_clock: MovingClock
) -> None:
    limits = HttpSettings(rate_per_s=2, rate_burst=3)
    async with a_room(tmp_path / "home", clock=moving_clock, limits=limits) as room, room.client() as client:
        ci = await room.token("ci")
        assert [(await client.get("/x", headers=ci)).status_code for _ in range(4)] == [200, 200, 200, 429]
        answer = await client.get("/x", headers=ci)
        assert (answer.headers["retry-after"], answer.json()["error"]["code"]) == ("1", "rate_limited")
        assert answer.json()["error"]["retryable"]
        assert answer.json()["error"]["retry_after_s"] == 1
        assert (await client.get("/x", headers=BEARER)).status_code == 200
        with pytest.raises(InvalidStatus):
            async with connect(room.ws_url, additional_headers=ci):
                pass
        moving_clock.advance(0.5)
        assert [(await client.get("/x", headers=ci)).status_code for _ in range(2)] == [200, 429]


async def test_the_operator_on_the_unix_socket_is_not_counted(tmp_path: Path, moving_clock: MovingClock) -> None:
    limits = HttpSettings(rate_per_s=1, rate_burst=1)
    async with a_room(tmp_path / "home", clock=moving_clock, limits=limits) as room:
        transport = httpx2.AsyncHTTPTransport(uds=str(room.socket))
        async with httpx2.AsyncClient(base_url="http://whatever", transport=transport) as client:
            assert [(await client.get("/x")).status_code for _ in range(5)] == [200] * 5


async def test_wrong_tokens_make_their_address_wait_longer_each_time_but_not_who_has_the_right_one(
    tmp_path: Path, moving_clock: MovingClock
) -> None:
    limits = HttpSettings(failed_tokens=3)
    async with a_room(tmp_path / "home", clock=moving_clock, limits=limits) as room, room.client() as client:
        wrong = {"Authorization": "Bearer wrong"}
        seen = [await client.get("/x", headers=wrong) for _ in range(8)]
        assert [answer.status_code for answer in seen] == [401, 401, 401, 429, 429, 429, 429, 429]
        assert [answer.headers.get("retry-after") for answer in seen[2:]] == [None, "1", "2", "4", "8", "16"]
        assert (await client.post("/x", headers=BEARER)).status_code == 200
        assert (await client.get("/x")).status_code == 200
        moving_clock.advance(3 * 3600)
        assert (await client.get("/x", headers=wrong)).status_code == 401


async def _send_for_ever(stream: SocketStream, chunk: bytes) -> None:
    while True:
        await stream.send(chunk)
        with anyio.move_on_after(0):
            await stream.receive()


async def _ticks() -> AsyncIterator[bytes]:
    yield b"x"
    await anyio.sleep_forever()


async def test_one_stream_more_than_there_may_be_is_refused_until_one_ends(tmp_path: Path) -> None:
    async with a_room(tmp_path / "home", limits=HttpSettings(max_streams=2)) as room, room.client() as client:
        async with client.stream("GET", "/stream") as first, connect(room.ws_url) as second:
            assert (first.status_code, await second.recv()) == (200, "visitor")
            refused = await client.get("/stream")
            assert (refused.status_code, refused.json()["error"]["code"]) == (503, "too_many_streams")
            assert int(refused.headers["retry-after"]) >= 1
            with pytest.raises(InvalidStatus) as denied:
                async with connect(room.ws_url):
                    pass
            assert denied.value.response.status_code == 503
            assert (await client.get("/x")).status_code == 200
        await room.left.wait()
        async with client.stream("GET", "/stream") as again:
            assert again.status_code == 200


@pytest.mark.hostile("B15")
async def test_mcp_messages_under_way_are_bounded_apart_from_streams(tmp_path: Path) -> None:
    limits = HttpSettings(max_streams=1)
    async with (
        a_room(tmp_path / "home", limits=limits) as room,
        room.client(headers=BEARER) as client,
        client.stream("GET", "/stream") as stream,
        anyio.create_task_group() as tasks,
    ):
        assert stream.status_code == 200
        tasks.start_soon(lambda: client.post("/mcp", content=_ticks()))
        await room.changed.wait()
        assert (await client.post("/mcp")).status_code == 503
        tasks.cancel_scope.cancel()


@pytest.mark.slow
async def test_fifty_clients_with_two_hundred_requests_each_meet_no_limit(room: Room) -> None:
    began = time.monotonic()
    statuses: set[int] = set()

    async def one(number: int) -> None:
        lines = ("POST", "GET") if number % 2 else ("GET", "POST")
        async with await anyio.connect_tcp("127.0.0.1", room.port) as stream:
            for turn in range(200):
                line = f"{lines[turn % 2]} /orcaops/jobs HTTP/1.1"
                await stream.send(room.head(line, f"Authorization: Bearer {TOKEN}", "Content-Length: 0"))
                statuses.add((await answer_on(stream))[0])

    async with anyio.create_task_group() as tasks:
        for number in range(50):
            tasks.start_soon(one, number)
    assert statuses == {200}
    assert len(room.changes) == 5000
    print(f"10,000 requests in {time.monotonic() - began:.1f} s")  # noqa: T201 - for those who run it with -s

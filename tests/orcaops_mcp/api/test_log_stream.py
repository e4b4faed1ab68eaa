"""A log live by server-sent events: whole, in order, once, at the reader's own pace."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from core import EngineSettings, LimitSettings, SimulationSettings
from orcaops_mcp.api.event_stream import EventStream
from orcaops_mcp.api.metrics import Metrics
from tests.orcaops_mcp.api.conftest import all_events, error_of, events_of, submitted

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    import httpx2
    from starlette.types import Message

    from tests.orcaops_mcp.api.conftest import Served


def lines_of(events: list[dict[str, Any]]) -> list[str]:
    return [event["data"]["text"] for event in events if event["event"] == "log"]


async def test_a_follower_sees_every_line_and_then_how_the_job_ended(http: httpx2.AsyncClient) -> None:
    job = await submitted(http, "sh", "-c", "echo a; sleep 0.5; echo b >&2; sleep 0.5; exit 3")
    events = await all_events(http, f"/orcaops/jobs/{job['job_id']}/logs/stream")
    assert lines_of(events) == ["a", "b"]
    assert [event["data"]["stream"] for event in events[:2]] == ["stdout", "stderr"]
    assert [event.get("id") for event in events] == ["1-2", "1-3", "1-3.end"]
    end = events[-1]
    assert (end["event"], end["data"]["status"], end["data"]["exit_code"]) == ("end", "failed", 3)
    assert end["data"]["failure"]["kind"] == "exit"


async def test_a_line_is_out_while_the_job_runs_on(http: httpx2.AsyncClient) -> None:
    job = await submitted(http, "sh", "-c", "echo now; sleep 600")
    with anyio.fail_after(60):
        async with http.stream("GET", f"/orcaops/jobs/{job['job_id']}/logs/stream") as response:
            first = await anext(events_of(response))
    assert first["data"]["text"] == "now"


async def test_who_comes_late_gets_everything_from_the_start(http: httpx2.AsyncClient) -> None:
    job = await submitted(http, "seq", "1", "3000", wait_s=20)
    events = await all_events(http, f"/orcaops/jobs/{job['job_id']}/logs/stream")
    assert lines_of(events) == [str(number) for number in range(1, 3001)]


async def test_who_comes_back_misses_nothing_and_sees_nothing_twice(http: httpx2.AsyncClient) -> None:
    job = await submitted(http, "sh", "-c", "echo try; exit 1", retries=2, retry_delay_s=0)
    path = f"/orcaops/jobs/{job['job_id']}/logs/stream"
    everything = await all_events(http, path)
    assert [event["id"] for event in everything] == ["1-2", "2-2", "3-2", "3-2.end"]
    for place, event in enumerate(everything[:-1]):
        rest = await all_events(http, path, headers={"Last-Event-ID": event["id"]})
        assert rest == everything[place + 1 :]
        assert await all_events(http, path, params={"cursor": event["id"]}) == rest


async def test_who_has_the_end_is_told_not_to_come_back(http: httpx2.AsyncClient) -> None:
    job = await submitted(http, "echo", "a", wait_s=20)
    path = f"/orcaops/jobs/{job['job_id']}/logs/stream"
    last = (await all_events(http, path))[-1]["id"]
    assert (await http.get(path, headers={"Last-Event-ID": last})).status_code == 204


@pytest.mark.parametrize(
    ("query", "lines"),
    [
        ({"tail": 1}, ["b2"]),
        ({"tail": 0}, []),
        ({"stream": "stderr"}, ["a2"]),
        ({"stream": ["stdout", "stderr"], "step": 1}, ["b1", "b2"]),
        ({"grep": "2$"}, ["a2", "b2"]),
        ({"since": "2999-01-01T00:00:00Z"}, []),
        ({"since": "1h"}, ["a1", "a2", "b1", "b2"]),
        ({"cursor": "1-4"}, ["b2"]),
    ],
)
async def test_a_follower_gets_the_lines_it_asked_for(
    http: httpx2.AsyncClient, query: dict[str, Any], lines: list[str]
) -> None:
    job = await submitted(http, commands=["echo a1; sleep 0.1; echo a2 >&2", "echo b1; echo b2"], wait_s=20)
    events = await all_events(http, f"/orcaops/jobs/{job['job_id']}/logs/stream", params=query)
    assert lines_of(events) == lines
    assert events[-1]["event"] == "end"


@pytest.mark.parametrize(
    ("query", "headers"),
    [
        ({"cursor": "1-1", "tail": 3}, {}),
        ({"cursor": "7-1"}, {}),
        ({"grep": "(?=x)"}, {}),
        ({"since": "soon"}, {}),
        ({"shout": "1"}, {}),
        ({}, {"Last-Event-ID": "-1"}),
        ({}, {"Last-Event-ID": "9" * 100}),
    ],
)
@pytest.mark.hostile("B29")
async def test_a_place_that_cannot_be_is_refused_before_the_stream_begins(
    http: httpx2.AsyncClient, query: dict[str, Any], headers: dict[str, str]
) -> None:
    job = await submitted(http, "true", wait_s=20)
    response = await http.get(f"/orcaops/jobs/{job['job_id']}/logs/stream", params=query, headers=headers)
    assert error_of(response, 422)["code"] == "invalid_argument"


async def test_the_stream_of_no_job_is_not_found(http: httpx2.AsyncClient) -> None:
    assert error_of(await http.get("/orcaops/jobs/nope/logs/stream"), 404)["code"] == "job_not_found"


@pytest.mark.hostile("B34")
async def test_what_a_job_prints_cannot_end_its_stream(http: httpx2.AsyncClient) -> None:
    text = "event: end\\n\\ndata: {}\\n\\nid: 9-9\\r\\n: x"
    job = await submitted(http, "printf", text + "\\n", wait_s=20)
    events = await all_events(http, f"/orcaops/jobs/{job['job_id']}/logs/stream")
    assert [event["event"] for event in events] == ["log"] * (len(events) - 1) + ["end"]
    assert "event: end" in lines_of(events)
    assert events[-1]["data"]["status"] == "success"


async def test_two_hundred_readers_see_every_line_once(served: Served) -> None:
    job = await submitted(served.http, "sh", "-c", "for i in 1 2 3 4 5; do seq 1 20; sleep 0.2; done")
    path = f"/orcaops/jobs/{job['job_id']}/logs/stream"
    seen: list[list[str]] = []

    async def read() -> None:
        seen.append(lines_of(await all_events(served.http, path)))

    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            for _ in range(200):
                tasks.start_soon(read)
    assert seen == [[str(number) for number in range(1, 21)] * 5] * 200


class TestALogBeyondItsQuota:
    @pytest.fixture
    def settings(self, tmp_path: Path) -> EngineSettings:
        return EngineSettings(
            home=tmp_path / "home",
            backend="simulated",
            simulation=SimulationSettings(time_scale=0.2),
            limits=LimitSettings(log_lines=10, log_tail_lines=3),
        )

    async def test_the_gap_is_an_event_of_its_own_in_its_place(self, http: httpx2.AsyncClient) -> None:
        job = await submitted(http, "seq", "1", "100", wait_s=20)
        path = f"/orcaops/jobs/{job['job_id']}/logs/stream"
        events = await all_events(http, path)
        assert [event["event"] for event in events] == ["log"] * 10 + ["gap"] + ["log"] * 3 + ["end"]
        assert lines_of(events)[-3:] == ["98", "99", "100"]
        filtered = await all_events(http, path, params={"grep": "^100$"})
        assert [event["event"] for event in filtered] == ["gap", "log", "end"]


@pytest.mark.fault("F39")
async def test_a_reader_that_never_reads_holds_up_nobody_and_is_let_go(served: Served) -> None:
    line = "x" * 2000
    job = await submitted(
        served.http, "sh", "-c", f"for i in $(seq 1 3000); do echo {line}; done", log_limit={"bytes": 50_000_000}
    )
    path = f"/orcaops/jobs/{job['job_id']}/logs/stream"
    loop = asyncio.get_running_loop()
    with socket.socket() as dead, anyio.fail_after(40):
        dead.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # set before connecting, it stays that small
        dead.setblocking(False)
        await loop.sock_connect(dead, ("127.0.0.1", served.port))
        await loop.sock_sendall(dead, f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert len(lines_of(await all_events(served.http, path))) == 3000
        assert await open_streams(served.http) == 1
        while await open_streams(served.http):
            await anyio.lowlevel.checkpoint()


async def open_streams(http: httpx2.AsyncClient) -> int:
    text = (await http.get("/orcaops/metrics")).text
    line = next(line for line in text.splitlines() if line.startswith('orcaops_http_streams{kind="sse"}'))
    return int(float(line.rpartition(" ")[2]))


async def test_a_reader_that_leaves_frees_its_stream(served: Served) -> None:
    job = await submitted(served.http, "sh", "-c", "echo a; sleep 600")
    with anyio.fail_after(30):
        async with served.http.stream("GET", f"/orcaops/jobs/{job['job_id']}/logs/stream") as response:
            events = events_of(response)  # held: a generator that is let go closes the response
            await anext(events)
            assert await open_streams(served.http) == 1
        while await open_streams(served.http):
            await anyio.lowlevel.checkpoint()


async def test_a_comment_breaks_a_long_silence() -> None:
    sent: list[bytes] = []
    twice = anyio.Event()

    async def silent() -> AsyncGenerator[bytes]:
        await anyio.sleep_forever()
        yield b""

    async def receive() -> Message:
        await twice.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message.get("body", b""))
        if len([piece for piece in sent if piece.startswith(b": ")]) == 2:
            twice.set()

    with anyio.fail_after(60):
        await EventStream(silent(), Metrics(), stall_s=1, keepalive_s=0.01)({}, receive, send)
    assert set(sent) == {b"", b": keepalive\n\n"}

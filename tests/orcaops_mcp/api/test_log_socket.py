"""A log live over a WebSocket: the same path, the same lines, one JSON object a message."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.orcaops_mcp.api.conftest import all_events, submitted

if TYPE_CHECKING:
    import httpx2

    from tests.orcaops_mcp.api.conftest import Served


async def messages_of(client: ClientConnection) -> list[dict[str, Any]]:
    return [json.loads(message) async for message in client]


async def path_of(http: httpx2.AsyncClient, *command: str, **more: Any) -> str:
    return f"/orcaops/jobs/{(await submitted(http, *command, **more))['job_id']}/logs/stream"


async def test_an_upgrade_is_answered_with_101_and_the_log(served: Served) -> None:
    path = await path_of(served.http, "sh", "-c", "echo a; sleep 0.5; echo b >&2; exit 2")
    with anyio.fail_after(60):
        async with connect(served.socket_url + path) as client:
            assert client.response is not None
            assert client.response.status_code == 101
            *lines, end = await messages_of(client)
            assert client.close_code == 1000
    assert [(line["type"], line["n"], line["stream"], line["text"], line["cursor"]) for line in lines] == [
        ("log", 1, "stdout", "a", "1-2"),
        ("log", 2, "stderr", "b", "1-3"),
    ]
    assert (end["type"], end["status"], end["exit_code"], end["cursor"]) == ("end", "failed", 2, "1-3.end")


async def test_both_ways_of_following_tell_the_same(served: Served) -> None:
    path = await path_of(served.http, commands=["seq 1 50", "seq 51 99 >&2"], wait_s=20)
    events = await all_events(served.http, path)
    with anyio.fail_after(60):
        async with connect(served.socket_url + path) as client:
            messages = await messages_of(client)
    assert [{"type": event["event"], "cursor": event["id"], **event["data"]} for event in events] == messages


@pytest.mark.parametrize(
    ("query", "texts"),
    [
        ("cursor=1-3", ["b1", "b2"]),
        ("tail=1", ["b2"]),
        ("stream=stderr&stream=engine", ["a2"]),
        ("step=1&grep=2", ["b2"]),
    ],
)
async def test_the_query_chooses_lines(served: Served, query: str, texts: list[str]) -> None:
    path = await path_of(served.http, commands=["echo a1; sleep 0.1; echo a2 >&2", "echo b1; echo b2"], wait_s=20)
    with anyio.fail_after(60):
        async with connect(f"{served.socket_url}{path}?{query}") as client:
            messages = await messages_of(client)
    assert [message["text"] for message in messages if message["type"] == "log"] == texts


@pytest.mark.parametrize(
    ("job_id", "query", "status", "code"),
    [
        ("nope", "", 404, "job_not_found"),
        ("", "?cursor=x", 422, "invalid_argument"),
        ("", "?shout=1", 422, "invalid_argument"),
        ("", "?tail=1&tail=2&step=x", 422, "invalid_argument"),
        ("", "?grep=(", 422, "invalid_argument"),
    ],
)
@pytest.mark.hostile("B32")
async def test_what_is_wrong_is_said_before_the_handshake(
    served: Served, job_id: str, query: str, status: int, code: str
) -> None:
    path = await path_of(served.http, "true", wait_s=20)
    if job_id:
        path = f"/orcaops/jobs/{job_id}/logs/stream"
    with anyio.fail_after(60), pytest.raises(InvalidStatus) as refused:
        await connect(served.socket_url + path + query)
    assert refused.value.response.status_code == status
    assert json.loads(refused.value.response.body)["error"]["code"] == code


async def test_text_from_a_client_is_passed_over(served: Served) -> None:
    path = await path_of(served.http, "sh", "-c", "sleep 1; echo done")
    with anyio.fail_after(60):
        async with connect(served.socket_url + path) as client:
            await client.send("hello")
            messages = await messages_of(client)
    assert [message["type"] for message in messages] == ["log", "end"]


@pytest.mark.parametrize(("message", "code"), [(b"\x00" * 10, 1003), ("x" * 100_000, 1009)])
@pytest.mark.hostile("B33")
async def test_bytes_and_large_messages_from_a_client_close_the_connection(
    served: Served, message: str | bytes, code: int
) -> None:
    path = await path_of(served.http, "sleep", "600")
    with anyio.fail_after(60):
        async with connect(served.socket_url + path) as client:
            await client.send(message)
            with pytest.raises(ConnectionClosed):
                await client.recv()
            assert client.close_code == code


async def test_a_client_that_leaves_frees_its_stream(served: Served) -> None:
    path = await path_of(served.http, "sh", "-c", "echo a; sleep 600")
    with anyio.fail_after(60):
        async with connect(served.socket_url + path) as client:
            assert json.loads(await client.recv())["text"] == "a"
        gauge = 'orcaops_http_streams{kind="websocket"}'
        while f"{gauge} 0.0" not in (await served.http.get("/orcaops/metrics")).text:
            await anyio.lowlevel.checkpoint()


@pytest.mark.fault("F39")
async def test_a_client_that_never_reads_is_let_go(served: Served) -> None:
    script = f"for i in $(seq 1 3000); do echo {'x' * 2000}; done"
    path = await path_of(served.http, "sh", "-c", script, log_limit={"bytes": 50_000_000}, wait_s=20)
    request = (
        f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {base64.b64encode(bytes(16)).decode()}\r\n\r\n"
    )
    loop = asyncio.get_running_loop()
    with socket.socket() as dead, anyio.fail_after(30):
        dead.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # set before connecting, it stays that small
        dead.setblocking(False)
        await loop.sock_connect(dead, ("127.0.0.1", served.port))
        await loop.sock_sendall(dead, request.encode())
        gauge = 'orcaops_http_streams{kind="websocket"}'
        for expected in (f"{gauge} 1.0", f"{gauge} 0.0"):
            while expected not in (await served.http.get("/orcaops/metrics")).text:
                await anyio.lowlevel.checkpoint()

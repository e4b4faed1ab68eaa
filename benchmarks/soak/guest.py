"""Somebody who uses a server under a soak: REST, streams, WebSockets, MCP, and pages."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from websockets.asyncio.client import connect

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from benchmarks.soak.server import Server

IMAGE: Final = "busybox:latest"
_TIMEOUT_S: Final = 120.0
_SILENCE_S: Final = 60.0
_CALL_WAIT_S: Final = 40
_NO_CERTIFICATES: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

Facts = dict[str, Any]


class Unexpected(Exception):  # noqa: N818 - not an error of the program, but what it is made to find
    """Something is not as it should be."""


def expect(name: str, found: object, wanted: object) -> None:
    """Raise if something is not what it should be.

    Raises:
        Unexpected: With both.
    """
    if found != wanted:
        raise Unexpected(f"{name} is {found!r}, not {wanted!r}")


class Guest:
    """One caller with connections of its own; what it opens is closed with it.

    Args:
        server: Whom it calls.
        http: Its connections.
    """

    def __init__(self, server: Server, http: httpx2.AsyncClient) -> None:
        self.server = server
        self.http = http

    async def ask(self, method: str, path: str, **more: Any) -> Any:
        """What a request is answered with, as JSON.

        Raises:
            Unexpected: It is refused.
        """
        answer = await self.http.request(method, path, **more)
        if answer.is_error:
            raise Unexpected(f"{method} {path} is answered {answer.status_code}: {answer.text[:500]}")
        return answer.json() if answer.content else None

    async def submit(self, *command: str, **request: Any) -> str:
        """The id of a new job."""
        spec = {"image": IMAGE, "network": "none", "tags": ["soak"], **request}
        if command:
            spec["command"] = list(command)
        accepted: Facts = await self.ask("POST", "/orcaops/jobs", json=spec)
        return str(accepted["job_id"])

    async def job(self, job_id: str) -> Facts:
        """The record of a job."""
        record: Facts = await self.ask("GET", f"/orcaops/jobs/{job_id}")
        return record

    async def followed(self, path: str) -> tuple[list[str], Facts]:
        """What a stream of server-sent events tells until its end: the lines, and the end.

        Raises:
            Unexpected: It breaks off.
        """
        texts: list[str] = []
        async for name, data in self.events(f"{path}/logs/stream"):
            if name == "log":
                texts.append(data["text"])
            elif name == "end":
                return texts, data
        raise Unexpected(f"the stream of {path} broke off")

    async def events(self, path: str) -> AsyncIterator[tuple[str, Facts]]:
        """Name and data of each event."""
        async with self.http.stream("GET", path) as answer:
            expect(f"the status of {path}", answer.status_code, 200)
            name = ""
            async for line in answer.aiter_lines():
                key, _, value = line.partition(": ")
                if key == "event":
                    name = value
                elif key == "data":
                    yield name, json.loads(value)

    async def over_socket(self, path: str) -> tuple[list[str], Facts]:
        """As `followed`, over a WebSocket."""
        texts: list[str] = []
        url = f"{self.server.url.replace('http', 'ws', 1)}{path}/logs/stream"
        async with connect(url, additional_headers=self.server.headers, open_timeout=_TIMEOUT_S) as client:
            async for message in client:
                told: Facts = json.loads(message)
                if told["type"] == "log":
                    texts.append(told["text"])
                elif told["type"] == "end":
                    return texts, told
        raise Unexpected(f"the WebSocket of {path} broke off")

    @asynccontextmanager
    async def that_never_reads(self, path: str) -> AsyncGenerator[None]:
        """A reader of a job's stream that asks and never takes a byte, for as long as the context lasts."""
        place = urlsplit(self.server.url)
        head = f"GET {path}/logs/stream HTTP/1.1\r\nHost: {place.netloc}\r\n"
        fields = "".join(f"{name}: {value}\r\n" for name, value in self.server.headers.items())
        with socket.socket() as dead:
            dead.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # set before connecting, it stays that small
            dead.settimeout(0)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(dead, (place.hostname, place.port))
            await loop.sock_sendall(dead, f"{head}{fields}\r\n".encode())
            yield

    async def run(self, workflow: Facts) -> str:
        """The id of a new run of a workflow."""
        accepted: Facts = await self.ask("POST", "/orcaops/workflows", json={"spec": json.dumps(workflow)})
        return str(accepted["workflow_id"])

    @asynccontextmanager
    async def mcp(self) -> AsyncGenerator[Client]:
        """A session of an agent."""
        url = f"{self.server.url}/mcp"
        async with Client(streamable_http_client(url, http_client=self.http)) as client:
            yield client

    async def tool(self, client: Client, name: str, **arguments: Any) -> Facts:
        """What a tool answers.

        Raises:
            Unexpected: With an error.
        """
        result = await client.call_tool(name, arguments)
        if result.is_error:
            raise Unexpected(f"{name} is answered with an error: {result.content}")
        return result.structured_content or {}

    async def page(self, path: str) -> None:
        """Look at a page of the dashboard.

        Raises:
            Unexpected: It is not shown.
        """
        answer = await self.http.get(path, headers={"Accept": "text/html"})
        expect(f"the status of {path}", answer.status_code, 200)


@asynccontextmanager
async def a_guest(server: Server) -> AsyncGenerator[Guest]:
    """A caller for as long as the context lasts."""
    limits = httpx2.Limits(max_connections=None)
    timeout = httpx2.Timeout(_TIMEOUT_S, read=_SILENCE_S)
    async with httpx2.AsyncClient(
        base_url=server.url, headers=server.headers, timeout=timeout, limits=limits, verify=_NO_CERTIFICATES
    ) as http:
        yield Guest(server, http)

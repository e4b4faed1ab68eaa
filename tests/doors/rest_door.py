"""REST, over TCP with a token."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.doors.http import expect, sse_events

if TYPE_CHECKING:
    from collections.abc import Sequence

    import httpx2

    from tests.doors.scenario import Line, Request


class RestDoor:
    """The routes below /orcaops."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client

    async def submit(self, request: Request) -> str:
        answer = expect(201, await self._client.post("/orcaops/jobs", json=request))
        return str(answer["job_id"])

    async def follow(self, job_id: str) -> Sequence[Line]:
        lines: list[Line] = []
        async with self._client.stream("GET", f"/orcaops/jobs/{job_id}/logs/stream") as response:
            async for event, data in sse_events(response):
                if event == "log":
                    line: dict[str, Any] = json.loads(data)
                    lines.append((line["n"], line["stream"], line["step"], line["text"]))
        return lines

    async def count(self, job_id: str, expression: str) -> int:
        asked = {"q": expression, "regex": "true", "limit": 0}
        found = expect(200, await self._client.get(f"/orcaops/jobs/{job_id}/logs/search", params=asked))
        return int(found["matches"])

    async def wait(self, job_id: str) -> Request:
        while True:
            waited = expect(200, await self._client.get(f"/orcaops/jobs/{job_id}/wait", params={"timeout_s": 30}))
            if waited["met"]:
                return expect(200, await self._client.get(f"/orcaops/jobs/{job_id}"))

    async def artifacts(self, job_id: str) -> Sequence[Request]:
        answer = expect(200, await self._client.get(f"/orcaops/jobs/{job_id}/artifacts"))
        items: list[Request] = answer["items"]
        return items

    async def fetch(self, job_id: str, path: str) -> bytes:
        response = await self._client.get(f"/orcaops/jobs/{job_id}/artifacts/{path}")
        assert response.status_code == 200
        return response.content

    async def cancel(self, job_id: str, reason: str) -> None:
        response = await self._client.post(f"/orcaops/jobs/{job_id}/cancel", json={"reason": reason})
        assert response.status_code in {200, 202}

    async def rerun(self, job_id: str, changes: Request) -> str:
        answer = expect(201, await self._client.post(f"/orcaops/jobs/{job_id}/rerun", json={"changes": changes}))
        return str(answer["job_id"])

    async def listed(self, tag: str) -> Sequence[Request]:
        items: list[Request] = expect(200, await self._client.get("/orcaops/jobs", params={"tag": tag}))["items"]
        return items

    async def failure(self, job_id: str) -> Request:
        return expect(200, await self._client.get(f"/orcaops/jobs/{job_id}/failure"))

    async def error_of_submit(self, request: Request) -> Request:
        error: Request = expect(422, await self._client.post("/orcaops/jobs", json=request))["error"]
        return error

    async def error_of_look(self, job_id: str) -> Request:
        error: Request = expect(404, await self._client.get(f"/orcaops/jobs/{job_id}"))["error"]
        return error

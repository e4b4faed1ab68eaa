"""Reading HTTP answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx2


def expect(status: int, response: httpx2.Response) -> dict[str, Any]:
    """The JSON of an answer with this status."""
    assert response.status_code == status, response.text
    content: dict[str, Any] = response.json()
    return content


async def sse_events(response: httpx2.Response) -> AsyncIterator[tuple[str, str]]:
    """Name and data of each event of a stream."""
    event, data = "message", list[str]()
    async for line in response.aiter_lines():
        name, _, value = line.partition(": ")
        if not line:
            if data:
                yield event, "\n".join(data)
            event, data = "message", []
        elif name == "event":
            event = value
        elif name == "data":
            data.append(value)

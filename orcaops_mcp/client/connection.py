"""JSON over HTTP: a question, its answer, and the error it may be instead."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, cast

from orcaops_mcp.client.address import encoded
from orcaops_mcp.client.errors import ClientError, refused
from orcaops_mcp.client.events import server_events
from orcaops_mcp.client.wire import send

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from orcaops_mcp.client.address import HomeDial, UrlDial
    from orcaops_mcp.client.events import ServerEvent
    from orcaops_mcp.client.wire import Reply

SILENCE_S: Final = 60.0
"""How long a stream may be silent; the engine sends a comment every 15 s."""

Query = dict[str, Any]
"""Parameters by name: None and empty lists are left out, a list is repeated, a flag is ``true``."""


class Connection:
    """Asks one engine, a connection a question.

    Args:
        dial: Where it is.
        token: The bearer token, over TCP.
        headers: Sent with each question.
    """

    def __init__(self, dial: HomeDial | UrlDial, token: str = "", headers: Mapping[str, str] | None = None) -> None:
        self.dial = dial
        self._headers = dict(headers or {})
        if token:
            self._headers["Authorization"] = f"Bearer {token}"

    def open(
        self,
        method: str,
        path: str,
        query: Query | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | Iterable[bytes] | None = None,
        timeout_s: float | None = SILENCE_S,
    ) -> Reply:
        """Ask, and get the answer with its body still to be read.

        Raises:
            ClientError: The engine refused, or does not answer.
        """
        target = f"{self.dial.prefix}{path}{_query_text(query or {})}"
        fields = {"Accept": "application/json", **self._headers, **(headers or {})}
        reply = send(self.dial, method, target, headers=fields, body=body, timeout_s=timeout_s)
        if reply.status < 300:
            return reply
        with reply:
            raise refused(reply.status, _json_or_none(reply.read() if method != "HEAD" else b""))

    def ask(
        self,
        method: str,
        path: str,
        query: Query | None = None,
        content: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        timeout_s: float | None = SILENCE_S,
    ) -> Any:
        """Ask in JSON and get the answer's JSON.

        Raises:
            ClientError: The engine refused, or does not answer, or not in JSON.
        """
        body = None if content is None else json.dumps(content, separators=(",", ":")).encode()
        typed = {"Content-Type": "application/json"} if body is not None else {}
        with self.open(
            method, path, query, headers={**typed, **(headers or {})}, body=body, timeout_s=timeout_s
        ) as reply:
            text = reply.read()
        answer = _json_or_none(text)
        if answer is None:
            raise ClientError(
                "http_error", "The answer is not JSON.", hint="This does not look like an engine; check --url."
            )
        return answer

    def listen(self, path: str, query: Query | None = None, *, last_id: str = "") -> Iterator[list[ServerEvent]]:
        """The events of a stream, as they come, until the engine ends it.

        Raises:
            ClientError: The engine refused, or went away.
        """
        headers = {"Accept": "text/event-stream"} | ({"Last-Event-ID": last_id} if last_id else {})
        with self.open("GET", path, query, headers=headers) as reply:
            yield from server_events(reply.chunks())


def _query_text(query: Query) -> str:
    pairs: list[str] = []
    for name, value in query.items():
        values = cast("list[object]", value) if isinstance(value, list) else [value]
        pairs += [f"{name}={encoded(_parameter(item))}" for item in values if item is not None and item != ""]
    return f"?{'&'.join(pairs)}" if pairs else ""


def _parameter(value: object) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


def _json_or_none(text: bytes) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None

"""Server-sent events from the pieces of a body (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class ServerEvent(NamedTuple):
    """One event of a stream."""

    kind: str
    """``message`` when the stream does not say."""
    data: str
    """Its lines, joined."""
    last_id: str
    """The last id the stream gave; to be sent back to go on from here."""


def server_events(chunks: Iterable[bytes]) -> Iterator[list[ServerEvent]]:
    """The events of a stream, together as they came; one that is cut off before its empty line is not there."""
    kind, last_id, data = "", "", list[str]()
    for lines in _lines(chunks):
        batch: list[ServerEvent] = []
        for line in lines:
            if not line:
                if data:
                    batch.append(ServerEvent(kind or "message", "\n".join(data), last_id))
                kind, data = "", []
                continue
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if name == "data":
                data.append(value)
            elif name == "event":
                kind = value
            elif name == "id" and "\0" not in value:
                last_id = value
        if batch:
            yield batch


def _lines(chunks: Iterable[bytes]) -> Iterator[list[str]]:
    """The lines that each piece makes whole; they end in LF or CRLF."""
    rest: list[bytes] = []
    for chunk in chunks:
        first, *others = chunk.split(b"\n")
        rest.append(first)
        if others:
            whole = [b"".join(rest), *others[:-1]]
            rest = [others[-1]]
            yield [line.removesuffix(b"\r").decode("utf-8", "replace") for line in whole]

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from orcaops_mcp.client.events import ServerEvent, server_events

STREAM = (
    b": keepalive\n\n"
    b'event: log\nid: 1-2\ndata: {"n":1}\n\n'
    b"event: log\r\nid: 1-3\r\ndata: one\r\ndata: two\r\n\r\n"
    b"data:bare\n\n"
    b"event: end\ndata: caf\xc3\xa9\n\n"
    b"event: log\ndata: cut off"
)
EVENTS = [
    ServerEvent("log", '{"n":1}', "1-2"),
    ServerEvent("log", "one\ntwo", "1-3"),
    ServerEvent("message", "bare", "1-3"),
    ServerEvent("end", "café", "1-3"),
]


@given(st.lists(st.integers(0, len(STREAM)), max_size=20))
def test_events_are_the_same_however_the_stream_is_cut(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(STREAM)]
    chunks = [STREAM[start:end] for start, end in pairwise(places)]
    assert [event for batch in server_events(chunks) for event in batch] == EVENTS


def test_events_that_came_together_are_given_together() -> None:
    assert [len(batch) for batch in server_events([STREAM])] == [4]


@given(st.binary(max_size=200))
def test_no_stream_is_too_strange(stream: bytes) -> None:
    for batch in server_events([stream[:7], stream[7:]]):
        assert batch

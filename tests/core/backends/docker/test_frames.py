"""Frames are cut right however the bytes come."""

from __future__ import annotations

import struct
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from core.backends.docker.frames import FrameCutter
from core.records.log import LogFrame

_AT = b"2026-01-02T03:04:05.%09dZ"

_bodies = st.binary(max_size=60).map(lambda body: body + b"\n") | st.just(b"\r\n") | st.just(b"")
_frames = st.lists(
    st.builds(LogFrame, st.sampled_from([1, 2]), st.integers(0, 999_999_999).map(lambda nano: _AT % nano), _bodies),
    max_size=20,
)


def _wire(frame: LogFrame) -> bytes:
    payload = frame.at + b" " + frame.body
    return struct.pack(">BxxxL", frame.stream, len(payload)) + payload


def _chunked(pieces: list[bytes]) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces if piece) + b"0\r\n\r\n"


def _split(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[low:high] for low, high in pairwise(edges)]


@given(_frames, st.lists(st.integers(0, 10_000), max_size=30))
def test_any_split_of_the_plain_bytes_gives_the_same_frames(frames: list[LogFrame], cuts: list[int]) -> None:
    cutter = FrameCutter(chunked=False)
    pieces = _split(b"".join(map(_wire, frames)), cuts)
    assert [frame for piece in pieces for frame in cutter.feed(piece)] == frames


@given(_frames, st.lists(st.integers(0, 10_000), max_size=30))
def test_any_split_of_a_chunk_for_each_frame_gives_the_same_frames(frames: list[LogFrame], cuts: list[int]) -> None:
    cutter = FrameCutter(chunked=True)
    pieces = _split(_chunked([_wire(frame) for frame in frames]), cuts)
    assert [frame for piece in pieces for frame in cutter.feed(piece)] == frames
    assert cutter.ended


@given(_frames, st.lists(st.integers(0, 10_000), max_size=30), st.lists(st.integers(0, 10_000), max_size=30))
def test_chunks_that_cut_through_frames_give_the_same_frames(
    frames: list[LogFrame], chunk_cuts: list[int], cuts: list[int]
) -> None:
    cutter = FrameCutter(chunked=True)
    data = _chunked(_split(b"".join(map(_wire, frames)), chunk_cuts))
    assert [frame for piece in _split(data, cuts) for frame in cutter.feed(piece)] == frames


def test_words_of_the_engine_inside_the_stream_are_no_output() -> None:
    complaint = b"Error grabbing logs: no such file or directory\n"
    alien = struct.pack(">BxxxL", 1, len(complaint)) + complaint
    systemerr = struct.pack(">BxxxL", 3, 40) + b"x" * 40
    frame = LogFrame(1, _AT % 1, b"real\n")
    for chunked in (False, True):
        pieces = [alien, systemerr, _wire(frame)]
        data = _chunked(pieces) if chunked else b"".join(pieces)
        assert FrameCutter(chunked=chunked).feed(data) == [frame]

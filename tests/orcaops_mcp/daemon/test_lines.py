from __future__ import annotations

from dataclasses import dataclass, field

import anyio
from anyio.abc import ByteReceiveStream
from hypothesis import given
from hypothesis import strategies as st

from orcaops_mcp.daemon.lines import LineReader, LongLine


@dataclass
class Chunks(ByteReceiveStream):
    """A stream that gives these chunks, one at a time."""

    chunks: list[bytes] = field(default_factory=list[bytes])

    async def receive(self, max_bytes: int = 65536) -> bytes:
        if not self.chunks:
            raise anyio.EndOfStream
        chunk = self.chunks.pop(0)
        assert len(chunk) <= max_bytes
        return chunk

    async def aclose(self) -> None:
        self.chunks.clear()


async def _read(chunks: list[bytes], longest: int) -> list[bytes | LongLine]:
    return [line async for line in LineReader(Chunks(chunks), longest).lines()]


@given(
    chunks=st.lists(st.binary(min_size=1, max_size=12).map(lambda data: data.replace(b"\x00", b"\n"))),
    longest=st.integers(0, 15),
)
def test_however_bytes_come_the_same_lines_are_read(chunks: list[bytes], longest: int) -> None:
    *whole, _ = b"".join(chunks).split(b"\n")
    lines = anyio.run(_read, list(chunks), longest)
    assert [line.length if isinstance(line, LongLine) else line for line in lines] == [
        len(line) if len(line) > longest else line for line in whole
    ]


async def test_a_line_that_is_too_long_is_told_by_its_ends() -> None:
    first, *rest = await _read([b"head" + b"x" * 60_000, b"y" * 60_000, b"tail\nnext\nhalf"], 1000)
    assert isinstance(first, LongLine)
    assert first.length == 120_008
    assert first.head.startswith(b"headxxx")
    assert first.tail.endswith(b"yyytail")
    assert len(first.head) == len(first.tail) == 512
    assert rest == [b"next"]


async def test_a_single_line_has_a_limit_of_its_own() -> None:
    assert await LineReader(Chunks([b"ab", b"c\nd"]), 100).line(3) == b"abc"
    assert await LineReader(Chunks([b"ab", b"cd\n"]), 100).line(3) is None
    assert await LineReader(Chunks([b"abcdef"]), 100).line(3) is None
    assert await LineReader(Chunks([b"ab"]), 100).line(3) is None

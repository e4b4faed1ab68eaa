"""What containers print: Docker's frames, step markers, log files and whatever became of them, text for readers."""

from __future__ import annotations

import json
import tempfile
import unicodedata
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from hypothesis import strategies as st

from core.backends.docker.frames import FrameCutter
from core.errors import InvalidArgumentError
from core.logs.clean import clean_lines, clean_text, show_name
from core.logs.diagnose import find_cause
from core.logs.display import display_text
from core.logs.framing import index_path, log_path
from core.logs.markers import MarkerGrammar
from core.logs.reader import LogReader
from core.logs.recorder import LogRecorder
from core.logs.recovery import seal
from core.logs.search import LogPattern
from core.records.log import LogFrame, LogLine
from core.redaction import MASK, Redactor, needles
from tests.fuzz.made_up import ODD_TEXTS, TEXTS, damaged, lossy
from tests.fuzz.target import Target, check_length

TOKEN: Final = "f" * 32
_LEAD: Final = b"\x1e" + TOKEN.encode()
_NOW: Final = datetime(2026, 1, 2, tzinfo=UTC)
_TIME: Final = b"2026-01-02T03:04:05.%09dZ"
_LOG: Final = b"".join(
    kind + _TIME % tick + b" " + body + b"\n"
    for tick, (kind, body) in enumerate([
        (b"n", b"pulled"), (b"m", b"b 0"), (b"M", b"b 0"), (b"o", b"hello"), (b"e", b"Error: x"), (b"O", b"x" * 200),
        (b"o", b"y"), (b"m", b"e 0 3"), (b"M", b"e 0 3"), (b"m", b"b 1"), (b"t", b""), (b"g", b"gap"), (b"s", b"b 1"),
        (b"o", b"\xff\xfe"), (b"u", b"unended"), (b"z", b""),
    ])
)  # fmt: skip
_PIECES: Final = (b"\x1e", _LEAD, _LEAD + b" b 0 1.0", _LEAD + b" e 0 0", _LEAD + b" a 9 z", b"\n", b"\r", b"\x1b[31m")


class Story(tuple[tuple[tuple[int, bytes], ...], float, bytes]):
    """Output as it is delivered, the share of the file that is left after a crash, bytes that follow there."""

    __slots__ = ()


def log_file(made: tuple[bytes, bytes]) -> None:
    """Whatever stands in a log and its index, it is read, taken up again and closed; what was whole stays."""
    content, index = made
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log_path(folder, 1).write_bytes(content)
        index_path(folder, 1).write_bytes(index)
        _read(folder)
        recorder = _opened(folder)
        whole = log_path(folder, 1).read_bytes()
        assert content.startswith(whole)
        recorder.resume_position()
        recorder.write([LogFrame(1, _TIME % 999_999_999, b"last words\n")])
        recorder.close(ended=True)
        assert [line.number for line in _read(folder)] == list(range(1, recorder.lines + 1))
        log_path(folder, 1).write_bytes(content)
        seal(folder, 1)
        assert LogReader(folder, 1).is_ended()


def recorder_resumed(made: tuple[list[tuple[int, bytes]], float, bytes]) -> None:
    """Cut anywhere, with rubbish behind the cut, and delivered again: the log of one that was never interrupted."""
    frames = [LogFrame(stream, _TIME % tick, body) for tick, (stream, body) in enumerate(made[0])]
    with tempfile.TemporaryDirectory() as name:
        expected = _recorded(Path(name, "whole"), frames)
        folder = Path(name, "cut")
        crashed = _recorded(folder, frames, ends=False)
        kept = crashed[: round(made[1] * len(crashed))]
        log_path(folder, 1).write_bytes(kept[: kept.rfind(b"\n") + 1] + made[2].replace(b"\n", b" "))
        assert _recorded(folder, frames) == expected


def _recorded(folder: Path, frames: list[LogFrame], *, ends: bool = True) -> bytes:
    recorder = _opened(folder)
    position = recorder.resume_position()
    recorder.write([frame for frame in frames if position is None or frame.at >= position.at])
    content = log_path(folder, 1).read_bytes() if log_path(folder, 1).exists() else b""
    recorder.close(ended=ends)
    return log_path(folder, 1).read_bytes() if ends else content


def _opened(folder: Path) -> LogRecorder:
    return LogRecorder.open(folder, 1, token=TOKEN, max_bytes=50_000, max_lines=200)


def _read(folder: Path) -> tuple[LogLine, ...]:
    """Every way to read a log; what is found is text that can be sent."""
    reader = LogReader(folder, 1)
    lines = reader.read(1, max_lines=1 << 20, max_bytes=1 << 30).lines
    reader.tail(5)
    reader.total_lines()
    reader.first_line_at_or_after(_NOW)
    reader.search(LogPattern.errors(), context=1)
    find_cause(lines, exit_code=1)
    for line in clean_lines(lines):
        line.text.encode()
    return lines


def markers(made: tuple[bytes, str]) -> None:
    """A line is what it was, or text and a marker of the attempt's own."""
    line, token = made
    text, marker = MarkerGrammar(token).split(line)
    assert marker is None or (token and line.startswith(text + b"\x1e" + token.encode() + b" " + marker))
    assert marker is not None or text == line


def streams(made: list[tuple[int, bytes]]) -> None:
    """Arbitrary bytes in both streams: what arrives is as long as what was sent, and steps have numbers that may be."""
    with tempfile.TemporaryDirectory() as name:
        recorder = LogRecorder.open(Path(name), 1, token=TOKEN, max_bytes=1 << 20, max_lines=1 << 16)
        recorder.resume_position()
        recorder.write([LogFrame(stream, _TIME % tick, body) for tick, (stream, body) in enumerate(made)])
        recorder.close(ended=True)
        assert all(0 <= step.index < 1000 for step in recorder.steps)
        size = sum(len(line.text.encode("utf-8", "surrogatepass")) for line in _read(Path(name)))
        assert size <= 3 * sum(len(body) for _, body in made)


def frames(made: tuple[bytes, list[int], bool]) -> None:
    """However the bytes are cut, the same frames come, or the same refusal."""
    data, cuts, chunked = made
    try:
        whole = FrameCutter(chunked=chunked).feed(data)
    except ValueError:
        return
    cutter = FrameCutter(chunked=chunked)
    edges = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    assert [frame for low, high in pairwise(edges) for frame in cutter.feed(data[low:high])] == whole


def shown_text(text: str) -> None:
    """Every form that readers see is text that can be sent and holds nothing that steers a terminal."""
    cleaned = clean_text(text)
    cleaned.encode()
    json.dumps(cleaned).encode()
    assert not {"\x1b", "\x9b", "\x07", "\x00", "\u202e"} & set(cleaned)
    shown = display_text(text)
    assert not {"\x07", "\x00", "\u202e", "\x9b"} & set(shown)
    assert not {"Cc", "Cs", "Zl", "Zp"} & set(map(unicodedata.category, show_name(lossy(text))))


def patterns(made: tuple[str, str]) -> None:
    """A search that ends, or a refusal that says why."""
    pattern, line = made
    try:
        found = LogPattern.compile(pattern, ignore_case=True)
    except InvalidArgumentError as error:
        check_length(error.message, 2_000)
        return
    found.matches(line)


def redacted(made: tuple[list[bytes], list[bytes]]) -> None:
    """No secret is left, however it was cut, and nothing grows beyond the mask."""
    secrets, pieces = made
    sought = needles(secrets)
    redactor = Redactor(sought)
    data = b"".join(pieces)
    output = b"".join([*map(redactor.feed, pieces), redactor.feed(b"", final=True)])
    assert redactor.feed(data, final=True) == output
    assert all(needle not in output for needle in sought if MASK not in needle and not set(needle) & set(MASK))
    assert len(output) <= len(data) * 3 + 3


_BYTES: Final[st.SearchStrategy[Any]] = st.one_of(
    st.binary(max_size=60),
    st.sampled_from(_PIECES),
    TEXTS.map(lossy),
    st.builds(bytes.__mul__, st.sampled_from([b"x", b"\r", b"\x1b", b"\x1e", b"\xff"]), st.integers(1, 70_000)),
)
_BODIES: Final[st.SearchStrategy[Any]] = st.lists(_BYTES, max_size=5).map(b"".join)
_LINES: Final = _BODIES.map(lambda body: body.replace(b"\n", b" ") + b"\n")
_DELIVERED: Final[st.SearchStrategy[Any]] = st.lists(st.tuples(st.sampled_from([1, 2]), _LINES), max_size=25)
_WIRE: Final[st.SearchStrategy[Any]] = damaged([
    b"\x01\0\0\0\0\0\0\x25" + _TIME % 1 + b" hello\n" + b"\x02\0\0\0\0\0\0\x20" + _TIME % 2 + b" \n",
    b"2d\r\n\x01\0\0\0\0\0\0\x25" + _TIME % 1 + b" hello\n\r\n0\r\n\r\n",
])  # fmt: skip

TARGETS: Final[tuple[Target, ...]] = (
    Target(
        "log files",
        st.tuples(damaged([_LOG], [*_PIECES, b"o" + _TIME % 3 + b" x\n"]), st.binary(max_size=120)),
        log_file,
    ),
    Target(
        "a recorder that goes on",
        st.tuples(_DELIVERED, st.floats(0, 1), st.binary(max_size=40)),
        recorder_resumed,
    ),
    Target("markers", st.tuples(_BODIES, st.sampled_from(["", TOKEN, "0" * 32])), markers),
    Target("both streams", st.lists(st.tuples(st.sampled_from([1, 2]), _LINES | _BODIES), max_size=20), streams),
    Target("frames of Docker", st.tuples(_WIRE, st.lists(st.integers(0, 200), max_size=6), st.booleans()), frames),
    Target("text for readers", st.lists(TEXTS, max_size=8).map("".join), shown_text),
    Target("patterns", st.tuples(st.lists(TEXTS, max_size=4).map("".join), TEXTS), patterns),
    Target(
        "secrets in output",
        st.tuples(
            st.lists(st.binary(min_size=1, max_size=20) | ODD_TEXTS.map(lossy), max_size=3),
            st.lists(st.binary(max_size=30) | ODD_TEXTS.map(lossy), max_size=8),
        ),
        redacted,
    ),
)

"""How fast the log recorder takes frames, beside the floor: the same bytes written by one plain file."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from core.logs.framing import LINE, encode
from core.logs.reader import LogReader
from core.logs.recorder import LogRecorder
from core.logs.recovery import recover
from core.records.log import LogFrame
from core.redaction import needles

if TYPE_CHECKING:
    from collections.abc import Sequence

LINES = 1_000_000
BATCH = 1000
SECRETS = ("correct horse battery staple", "hunter2-hunter2")


def frames() -> list[LogFrame]:
    """A million short lines, a tenth of them on stderr."""
    return [
        LogFrame(
            2 if number % 10 == 0 else 1,
            b"2026-01-02T03:%02d:%02d.%09dZ" % (number // 600_000, number // 10_000 % 60, number % 10_000 * 100_000),
            b"line %d of a short and ordinary build log\n" % number,
        )
        for number in range(LINES)
    ]


def plain_write(path: Path, batches: Sequence[Sequence[LogFrame]]) -> float:
    """Seconds to write the same records by plain `file.write`, encoded beforehand."""
    blobs = [b"".join(encode(LINE[f.stream], f.at, f.body[:-1]) for f in batch) for batch in batches]
    began = time.perf_counter()
    with path.open("wb", buffering=0) as file:
        for blob in blobs:
            file.write(blob)
    return time.perf_counter() - began


def record(folder: Path, batches: Sequence[Sequence[LogFrame]], sought: frozenset[bytes]) -> float:
    """Seconds to record all batches."""
    recorder = LogRecorder.open(
        folder, 1, token="0" * 32, max_bytes=1 << 30, max_lines=LINES, needles=sought, on_growth=lambda _: None
    )
    began = time.perf_counter()
    for batch in batches:
        recorder.write(batch)
    recorder.close()
    assert recorder.lines == LINES
    return time.perf_counter() - began


def read_anywhere(folder: Path) -> float:
    """Seconds for one read of 100 lines, the slowest of 200 places."""
    reader = LogReader(folder, 1)
    slowest = 0.0
    for place in range(200):
        began = time.perf_counter()
        lines = reader.read(1 + place * (LINES // 200), max_lines=100).lines
        slowest = max(slowest, time.perf_counter() - began)
        assert lines[0].number == 1 + place * (LINES // 200)
    return slowest


def main() -> None:
    """Print the figures."""
    everything = frames()
    batches = [everything[start : start + BATCH] for start in range(0, LINES, BATCH)]
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        floor = plain_write(root / "floor", batches)
        print(f"plain file.write   {LINES / floor:12,.0f} lines/s")
        for title, sought in (("recorder", frozenset[bytes]()), ("with two secrets", needles(SECRETS))):
            seconds = record(root / title, batches, sought)
            print(f"{title:18} {LINES / seconds:12,.0f} lines/s   {seconds / floor:5.1f} times the floor")
        began = time.perf_counter()
        recover(root / "recorder", 1)
        print(f"reopening          {LINES / (time.perf_counter() - began):12,.0f} lines/s")
        print(f"random read of 100 lines, slowest of 200: {read_anywhere(root / 'recorder') * 1000:.1f} ms")


if __name__ == "__main__":
    main()

"""How fast the log recorder takes frames, beside the floor: the same bytes written by one plain file."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from core.logs.framing import LINE, encode
from core.logs.reader import LogReader
from core.logs.recorder import LogRecorder
from core.logs.recovery import recover
from core.records.log import LogFrame
from core.redaction import needles

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

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


class Timing(NamedTuple):
    """What a run took, in seconds."""

    wall: float
    cpu: float

    def __str__(self) -> str:
        """Both as lines a second."""
        return f"{LINES / self.wall:12,.0f} lines/s {LINES / self.cpu:12,.0f} lines per CPU second"


def timed(run: Callable[[], None]) -> Timing:
    """Run it once."""
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    return Timing(time.perf_counter() - wall, time.process_time() - cpu)


def plain_write(path: Path, batches: Sequence[Sequence[LogFrame]]) -> Timing:
    """Write the same records, encoded beforehand, by plain `file.write`."""
    blobs = [b"".join(encode(LINE[f.stream], f.at, f.body[:-1]) for f in batch) for batch in batches]

    def run() -> None:
        with path.open("wb", buffering=0) as file:
            for blob in blobs:
                file.write(blob)

    return timed(run)


def record(folder: Path, batches: Sequence[Sequence[LogFrame]], sought: frozenset[bytes]) -> Timing:
    """Record all batches."""
    recorder = LogRecorder.open(folder, 1, token="0" * 32, max_bytes=1 << 30, max_lines=LINES, needles=sought)

    def run() -> None:
        for batch in batches:
            recorder.write(batch)
        recorder.close()

    timing = timed(run)
    assert recorder.lines == LINES
    return timing


def read_anywhere(folder: Path) -> list[float]:
    """Seconds for each of 200 reads of 100 lines, spread over the log; sorted."""
    reader = LogReader(folder, 1)
    took: list[float] = []
    for place in range(200):
        began = time.perf_counter()
        lines = reader.read(1 + place * (LINES // 200), max_lines=100).lines
        took.append(time.perf_counter() - began)
        assert lines[0].number == 1 + place * (LINES // 200)
    return sorted(took)


def main() -> None:
    """Print the figures."""
    everything = frames()
    batches = [everything[start : start + BATCH] for start in range(0, LINES, BATCH)]
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        floor = plain_write(root / "floor", batches)
        print(f"plain file.write {floor}")
        for title, sought in (("recorder", frozenset[bytes]()), ("with two secrets", needles(SECRETS))):
            timing = record(root / title, batches, sought)
            print(f"{title:16} {timing}, {timing.wall / floor.wall:.1f} times the floor")
        print(f"reopening        {timed(lambda: reopen(root / 'recorder'))}")
        took = read_anywhere(root / "recorder")
        print(f"100 lines anywhere: median {took[100] * 1000:.1f} ms, slowest of 200 {took[-1] * 1000:.1f} ms")


def reopen(folder: Path) -> None:
    """Tell what the log holds, as after a crash."""
    fd, state = recover(folder, 1)
    os.close(fd)
    assert state.lines == LINES


if __name__ == "__main__":
    main()

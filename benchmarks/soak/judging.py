"""What a soak is judged by: figures of a process over time, and what must not have become of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_GROWTH: Final = 1.10
"""What the memory at the end may be of that after the warm-up."""
SPARE_DESCRIPTORS: Final = 4
"""Kept-alive connections to a container engine, which come and go, are no leak."""
SPARE_THREADS: Final = 16
"""Workers of Python's pools stay until the next one is needed; their number is bounded."""
_MIB: Final = 1024


@dataclass(frozen=True, slots=True)
class Sample:
    """A process at one moment.

    Attributes:
        at_s: Seconds since the soak began.
        rss_kib: Memory of it that is in RAM.
        descriptors: Its open files and sockets.
        threads: Its threads.
        begun: Pieces of work begun until then.
        ended: Pieces of work ended until then.
        is_quiet: Whether nothing was under way, after a warm-up or at the end.
        kinds: What the descriptors are, with how many of each.
    """

    at_s: float
    rss_kib: int
    descriptors: int
    threads: int
    begun: int
    ended: int
    is_quiet: bool = False
    kinds: Counter[str] = field(default_factory=Counter[str], compare=False)


def sample(
    pid: int, at_s: float, begun: int, ended: int, *, is_quiet: bool = False, proc: Path = Path("/proc")
) -> Sample:
    """The figures of a process now.

    Raises:
        OSError: It is gone.
    """
    status = dict(
        line.split(":", 1)
        for line in (proc / str(pid) / "status").read_text(encoding="ascii").splitlines()
        if ":" in line
    )
    kinds: Counter[str] = Counter()
    for link in (proc / str(pid) / "fd").iterdir():
        try:
            target = str(link.readlink())
        except FileNotFoundError:  # closed between the list and the look
            continue
        kinds[target.partition(":[")[0]] += 1
    rss = int(status["VmRSS"].split()[0])
    return Sample(at_s, rss, kinds.total(), int(status["Threads"]), begun, ended, is_quiet, kinds)


@dataclass(frozen=True, slots=True)
class Findings:
    """All that was seen of one server.

    Attributes:
        name: What it ran its containers with.
        samples: Its figures over time; the first quiet one is after the warm-up, the last one at the end.
        wrong: What did not end as it should, in words.
        left: What the container engine still holds of the home.
        said: What the server logged of errors.
        exit_code: How its process ended.
    """

    name: str
    samples: Sequence[Sample]
    wrong: Sequence[str] = ()
    left: Sequence[str] = ()
    said: Sequence[str] = ()
    exit_code: int | None = 0

    @property
    def ends(self) -> tuple[Sample, Sample] | None:
        """The figures after the warm-up and at the end; None if it did not come so far."""
        quiet = [each for each in self.samples if each.is_quiet]
        return (quiet[0], quiet[-1]) if len(quiet) > 1 else None


def faults_of(found: Findings) -> list[str]:
    """What speaks against this server, in words; empty if nothing does."""
    faults = [*found.wrong]
    if found.ends is None:
        faults.append("there are no figures after the warm-up and at the end")
    else:
        faults += _growth(*found.ends)
    faults += [f"left over: {each}" for each in found.left]
    faults += [f"the server logged: {line}" for line in found.said]
    if found.exit_code != 0:
        faults.append(f"the server ended with {found.exit_code}")
    return faults


def _growth(first: Sample, last: Sample) -> list[str]:
    faults: list[str] = []
    if last.rss_kib > first.rss_kib * MOST_GROWTH:
        grown = 100 * (last.rss_kib / first.rss_kib - 1)
        faults.append(
            f"memory grew by {grown:.0f} %: {first.rss_kib / _MIB:.1f} MiB after the warm-up, "
            f"{last.rss_kib / _MIB:.1f} MiB at the end"
        )
    if last.descriptors > first.descriptors + SPARE_DESCRIPTORS:
        more = ", ".join(f"{count} {kind}" for kind, count in (last.kinds - first.kinds).most_common())
        faults.append(f"descriptors grew from {first.descriptors} to {last.descriptors}: {more}")
    if last.threads > first.threads + SPARE_THREADS:
        faults.append(f"threads grew from {first.threads} to {last.threads}")
    return faults


def table(found: Findings, rows: int = 20) -> str:
    """The figures over time as a Markdown table, thinned out to about so many rows; quiet moments are all in it."""
    step = max(1, len(found.samples) // rows)
    shown = [each for number, each in enumerate(found.samples) if each.is_quiet or number % step == 0]
    lines = [
        f"| {found.name}: minute | RSS MiB | descriptors | threads | begun | ended | |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    lines += [
        f"| {each.at_s / 60:.1f} | {each.rss_kib / _MIB:.1f} | {each.descriptors} | {each.threads} | {each.begun} "
        f"| {each.ended} | {'quiet' if each.is_quiet else ''} |"
        for each in shown
    ]
    return "\n".join(lines)

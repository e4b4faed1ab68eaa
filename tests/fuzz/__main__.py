"""`python -m tests.fuzz [MINUTES] [TARGET…]`: many examples, others each time; what fails is kept and tried first."""

from __future__ import annotations

import faulthandler
import resource
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import anyio
import anyio.to_thread
from hypothesis.database import DirectoryBasedExampleDatabase
from mcp.server import MCPServer

from tests.fuzz import doors as at_doors
from tests.fuzz.target import try_long
from tests.fuzz.targets import TARGETS

if TYPE_CHECKING:
    from tests.fuzz.target import Target

_FOLDER: Final = Path(__file__).parents[2] / ".cache" / "fuzz"
_ROUND: Final = 200
"""Examples of a target before it is the next one's turn."""

_MOST_MEMORY: Final = 4 << 30
_HANG_S: Final = 900
"""A round that takes longer is told where it hangs, and ends."""


@dataclass
class Tally:
    """What was tried of one target.

    Attributes:
        examples: Tried so far.
        seconds: Spent on them.
        failures: What went wrong, the same only once.
    """

    examples: int = 0
    seconds: float = 0
    failures: list[str] = field(default_factory=list[str])


class Run:
    """Tries targets in turn until the time is over.

    Args:
        minutes: How long.
        names: Only these targets; all if empty.
    """

    def __init__(self, minutes: float, names: list[str]) -> None:
        self._until = time.monotonic() + minutes * 60
        self._names = names
        self.tallies: dict[str, Tally] = {}

    async def all(self) -> None:
        """Every target in turn, those at the doors against an engine that begins anew on its home."""
        with tempfile.TemporaryDirectory(prefix="orca-fuzz-") as name:
            while time.monotonic() < self._until:
                for target in filter(self._is_chosen, TARGETS):
                    await self._round(target)
                async with at_doors.open_doors(Path(name) / "home") as doors:
                    for target in filter(self._is_chosen, at_doors.TARGETS):
                        await self._round(target.at(doors))

    def _is_chosen(self, target: Target | at_doors.DoorTarget) -> bool:
        return not self._names or target.name in self._names

    async def _round(self, target: Target) -> None:
        if time.monotonic() < self._until:
            await anyio.to_thread.run_sync(self._tried, target)

    def _tried(self, target: Target) -> None:
        tally = self.tallies.setdefault(target.name, Tally())
        began = time.monotonic()
        faulthandler.dump_traceback_later(_HANG_S, exit=True)
        try:
            try_long(target, _ROUND, DirectoryBasedExampleDatabase(_FOLDER / target.name.replace(" ", "-")))
        except Exception:  # noqa: BLE001 - told at the end, and the others go on
            told = traceback.format_exc()[-4000:]
            if not any(told[-200:] == other[-200:] for other in tally.failures):
                tally.failures.append(told)
                print(f"--- {target.name}\n{told}", flush=True)  # noqa: T201 - the answer
        finally:
            faulthandler.cancel_dump_traceback_later()
        tally.examples += _ROUND
        tally.seconds += time.monotonic() - began


def main(words: list[str]) -> int:
    """Fuzz, and tell of it; 1 if something went wrong."""
    minutes = float(words[0]) if words else 5.0
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    print(f"{minutes:g} minutes, failures kept in {_FOLDER}", flush=True)  # noqa: T201 - the answer
    MCPServer("first")  # looks for rich, which reads files: not on a loop
    run = Run(minutes, words[1:])
    try:
        anyio.run(run.all)
    finally:
        for name, tally in run.tallies.items():
            end = f"  {len(tally.failures)} FAILURES" if tally.failures else ""
            print(f"{name:24} {tally.examples:>9} examples {tally.seconds:>7.0f} s{end}")  # noqa: T201 - the answer
        print(f"at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB")  # noqa: T201 - the answer
    return int(any(tally.failures for tally in run.tallies.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

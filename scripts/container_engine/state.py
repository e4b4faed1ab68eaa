"""The state folder: one lock, and a record of each process that this script started."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from scripts.container_engine.console import CannotContinueError, say

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

__all__ = ("Daemon", "alone", "state_folder", "wait_until")

_POLL_S = 0.1


def state_folder() -> Path:
    """Where logs, process records and registry data are kept; made when it is missing."""
    chosen = os.environ.get("ORCAOPS_ENGINE_STATE")
    if chosen:
        folder = Path(chosen)
    elif os.geteuid() == 0:
        folder = Path("/var/lib/orcaops-engine")
    else:
        base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
        folder = Path(base) / "orcaops-engine"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


@contextmanager
def alone(folder: Path) -> Generator[None]:
    """Hold the folder's lock, so that two runs at once do each thing once."""
    with (folder / "lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another run of container-engine")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def wait_until(ready: Callable[[], bool], *, seconds: float) -> bool:
    """Ask `ready` until it says yes; False when it never did."""
    give_up_at = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > give_up_at:
            return False
        time.sleep(_POLL_S)
    return True


def _start_ticks(pid: int) -> str | None:
    """When the process started, as Linux counts it: tells a process from a later one with its number."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == "Z" else fields[19]


@dataclass(frozen=True)
class Daemon:
    """A process that this script started, or could start, known by its name in the state folder."""

    folder: Path
    name: str

    @property
    def log(self) -> Path:
        """The file that holds its output."""
        return self.folder / f"{self.name}.log"

    @property
    def _record(self) -> Path:
        return self.folder / f"{self.name}.pid"

    def started_by_us(self) -> int | None:
        """Its process id, if we started it and it still runs."""
        try:
            record = cast("dict[str, object]", json.loads(self._record.read_text()))
        except (OSError, ValueError):
            return None
        pid = record.get("pid")
        if isinstance(pid, int) and record.get("started") == _start_ticks(pid):
            return pid
        return None

    def note(self, pid: int) -> None:
        """Remember a process just started."""
        record = json.dumps({"pid": pid, "started": _start_ticks(pid)})
        fresh = self._record.with_suffix(".part")
        fresh.write_text(record + "\n")
        fresh.replace(self._record)

    def last_lines(self, count: int = 12) -> str:
        """The end of its log, for an error message."""
        try:
            lines = self.log.read_text(errors="replace").splitlines()
        except OSError:
            return "  (no log)"
        return "\n".join(f"  {line}" for line in lines[-count:])

    def stop(self, *, seconds: float = 40) -> bool:
        """Stop it if we started it; False when there was nothing of ours to stop.

        Raises:
            CannotContinueError: It does not go.
        """
        pid = self.started_by_us()
        if pid is None:
            self._record.unlink(missing_ok=True)
            return False
        os.kill(pid, signal.SIGTERM)
        if not wait_until(lambda: self.started_by_us() is None, seconds=seconds):
            raise CannotContinueError(f"{self.name} (process {pid}) does not stop; see {self.log}")
        self._record.unlink(missing_ok=True)
        return True

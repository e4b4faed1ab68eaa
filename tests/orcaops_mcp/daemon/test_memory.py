"""The engine's process keeps little of the memory that it has freed."""

from __future__ import annotations

import subprocess
import sys

import pytest

_PROGRAM = """
import sys
from threading import Barrier, Thread
from orcaops_mcp.daemon.memory import share_freed_memory
if sys.argv[1:]:
    share_freed_memory()
together = Barrier(12)
def work():
    held = [bytearray(60_000) for _ in range(5)]
    together.wait()
threads = [Thread(target=work) for _ in range(12)]
for each in threads: each.start()
for each in threads: each.join()
regions = [line.split()[:2] for line in open("/proc/self/maps")]
print(sum(int(place.split("-")[0], 16) % (64 << 20) == 0 and rights == "rw-p" for place, rights in regions))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="glibc on Linux is what has them")
def test_twelve_threads_share_two_stocks_of_freed_memory() -> None:
    def stocks(*words: str) -> int:
        command = [sys.executable, "-c", _PROGRAM, *words]
        return int(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout)

    assert stocks("shared") <= 2 < stocks()

"""An engine started by a shell with few descriptors takes as many as it may have."""

from __future__ import annotations

import subprocess
import sys

_PROGRAM = """
import resource
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (128, min(4096, hard) if hard != resource.RLIM_INFINITY else 4096))
from orcaops_mcp.daemon.descriptors import take_descriptors
take_descriptors()
take_descriptors()
print(*resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def test_the_soft_limit_of_open_files_rises_to_the_hard_one() -> None:
    done = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True, timeout=60)
    soft, hard = map(int, done.stdout.split())
    assert soft == hard > 128

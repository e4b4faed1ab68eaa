"""An engine started by a shell with few descriptors takes as many as it may have."""

from __future__ import annotations

import re
import resource
import subprocess
import sys
from pathlib import Path

from orcaops_mcp import places
from tests.orcaops_mcp.daemon.engines import surroundings

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


def test_an_engine_started_with_few_has_them(tmp_path: Path) -> None:
    home = str(tmp_path / "home")
    few = (128, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    subprocess.run(
        [sys.executable, "-c", "import sys; from orcaops_mcp import places; places.start_engine(sys.argv[1])", home],
        env=surroundings(ORCAOPS_BACKEND="simulated"),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, few),
        check=True,
        timeout=60,
    )
    note = places.note_of(home)
    assert note is not None
    try:
        limits = Path(f"/proc/{note['pid']}/limits").read_text(encoding="ascii")
    finally:
        places.leave(home)
        assert places.wait_until_gone(home, 10)
    found = re.search(r"^Max open files +(\d+)", limits, re.MULTILINE)
    assert found is not None
    assert int(found[1]) > few[0]

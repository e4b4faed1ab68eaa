"""Where the engine cannot work, the command says so and what helps instead."""

from __future__ import annotations

import subprocess
import sys

_AS_IF_ON_WINDOWS = """
import sys
from orcaops_mcp.__main__ import main
sys.platform = "win32"
main()
"""


def test_on_windows_the_command_names_the_way_that_works() -> None:
    command = [sys.executable, "-c", _AS_IF_ON_WINDOWS, "mcp"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert "WSL 2" in done.stderr
    assert "Traceback" not in done.stderr

"""`scripts/audit`: pip-audit over requirements-dev.lock."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

from scripts.auditing.report import read_audit

_ROOT: Final = Path(__file__).resolve().parents[2]
_TOOL: Final = "pip-audit==2.10.1"
_LIMIT_S: Final = 180


def main() -> int:
    """Audit, and return the exit code: 1 for a known vulnerability, 0 otherwise, also where nobody could be asked."""
    uv = _ROOT / ".venv" / "bin" / "uv"
    audit = ["pip-audit", "--requirement", "requirements-dev.lock", "--disable-pip", "--require-hashes"]
    command = [
        str(uv),
        "tool",
        "run",
        "--quiet",
        "--from",
        _TOOL,
        *audit,
        "--format",
        "json",
        "--progress-spinner",
        "off",
    ]
    try:
        done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False, timeout=_LIMIT_S)
        answer = json.loads(done.stdout)
    except (OSError, subprocess.TimeoutExpired, ValueError):
        # a fault of the network is none of the project: whoever has an index is told by it
        sys.stderr.write("audit: no index could be asked here; nothing was audited\n")
        return 0
    audited = read_audit(answer)
    sys.stderr.write("".join(f"{line}\n" for line in audited.lines))
    return 0 if audited.is_sound else 1


if __name__ == "__main__":
    sys.exit(main())

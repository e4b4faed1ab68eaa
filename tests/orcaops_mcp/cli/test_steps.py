"""Steps with something of their own, on the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.orcaops_mcp.cli.conftest import EngineHome


def test_a_status_remarks_on_what_is_not_as_usual(engine_home: EngineHome, tmp_path: Path) -> None:
    steps = [
        {"run": "exit 3", "name": "lint", "continue_on_error": True},
        {"run": "test -e /tmp/b || { touch /tmp/b; exit 1; }", "name": "flaky", "retries": 1, "retry_delay_s": 0},
        {"run": "echo never", "name": "sorry", "when": "failure"},
        {"run": "printf '# All is well\\n' > $ORCAOPS_STEP_SUMMARY", "name": "tell"},
    ]
    spec = tmp_path / "job.json"
    spec.write_text(json.dumps({"image": "busybox", "commands": steps}), encoding="utf-8")
    job_id = engine_home.ok("run", "-d", "--spec", str(spec)).strip()
    engine_home.ok("jobs", "watch", job_id)
    said = engine_home.ok("jobs", "status", job_id)
    for remark in ("lint (failure tolerated)", "flaky (2 tries)", "sorry (no earlier step failed)", "# All is well"):
        assert remark in said, said

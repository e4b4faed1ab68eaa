"""Services in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.orcaops_mcp.cli.conftest import EngineHome

pytestmark = pytest.mark.slow

READY = "[simulated] ready to accept connections on 6379"


def test_a_service_is_named_on_the_command_line(engine_home: EngineHome) -> None:
    script = "echo $CACHE_HOST $POSTGRES_PORT"
    said = engine_home.ok(
        "run", "--service", "cache=redis:7", "--service", "postgres:15", "busybox", "sh", "-c", script
    )
    assert said == "cache 5432\n"


def test_services_of_a_spec_and_of_the_command_line_come_together(engine_home: EngineHome, tmp_path: Path) -> None:
    spec = tmp_path / "job.yaml"
    spec.write_text("image: busybox\nscript: echo $DB_HOST $REDIS_HOST\nservices: {db: postgres}\n")
    assert engine_home.ok("run", "--spec", str(spec), "--service", "redis") == "db redis\n"


def test_status_and_logs_tell_of_a_service(engine_home: EngineHome) -> None:
    job_id = engine_home.ok("run", "-d", "--service", "redis:7", "busybox", "true").strip()
    engine_home.ok("jobs", "watch", job_id)
    assert engine_home.ok("jobs", "logs", "--service", "redis", job_id).splitlines()[-1] == READY
    assert engine_home.ok("jobs", "logs", "-f", "--service", "redis", job_id).splitlines()[-1] == READY
    assert "redis:7" in engine_home.ok("jobs", "status", job_id)


def test_why_a_job_failed_shows_the_services_last_words(engine_home: EngineHome, tmp_path: Path) -> None:
    spec = tmp_path / "job.yaml"
    spec.write_text("image: busybox\nservices: {db: {image: redis, command: 'echo no disk; exit 3'}}\n")
    result = engine_home.run("run", "--spec", str(spec))
    assert "Service db (redis) failed: it ended with exit code 3 before it was ready" in result.stderr
    assert "no disk" in engine_home.run("jobs", "why", "@last").stdout

"""Every example file does what it says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest
import yaml

from core import EngineSettings, JobStatus, open_engine, parse_job

JOBS = Path(__file__).parents[2] / "workflows" / "jobs"
EXPECTED: dict[str, tuple[JobStatus, int, list[str]]] = {
    "hello": (JobStatus.SUCCESS, 1, ["hello"]),
    "steps": (JobStatus.SUCCESS, 1, ["hello from step two"]),
    "artifacts": (JobStatus.SUCCESS, 1, []),
    "retry": (JobStatus.FAILED, 3, ["trying"]),
}


def request_of(name: str) -> dict[str, Any]:
    return yaml.safe_load((JOBS / f"{name}.yaml").read_text())


def test_every_example_is_expected_to_do_something() -> None:
    assert {file.stem for file in JOBS.iterdir()} == set(EXPECTED)


@pytest.mark.parametrize("backend", ["simulated", pytest.param("docker", marks=pytest.mark.docker)])
@pytest.mark.parametrize("name", EXPECTED)
async def test_an_example_job_ends_as_it_says(tmp_path: Path, name: str, backend: str) -> None:
    request = await anyio.to_thread.run_sync(request_of, name)
    settings = EngineSettings.model_validate({"home": tmp_path / "home", "backend": backend})
    async with open_engine(settings) as engine:
        submitted = await engine.submit_job(parse_job(request))
        with anyio.fail_after(60):
            job = await engine.wait_for_job(submitted.job.job_id)
        lines = [line.text for line in (await engine.read_logs(job.job_id)).lines]
        assert (job.status, job.attempt_number, lines) == EXPECTED[name]
        if name == "artifacts":
            assert dict(job.outputs) == {"passed": "3"}
            assert [item.path for item in await engine.list_artifacts(job.job_id)] == ["reports/summary.txt"]

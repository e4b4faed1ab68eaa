"""Every example template does what it says."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest
import yaml

from core import EngineSettings, InvalidSpecError, JobStatus, open_engine

TEMPLATES = Path(__file__).parents[2] / "workflows" / "templates"


@dataclass(frozen=True)
class Run:
    """What a template is given, and what comes of it."""

    inputs: dict[str, Any]
    lines: list[str] = field(default_factory=list[str])
    artifacts: list[str] = field(default_factory=list[str])
    tags: tuple[str, ...] = ()
    timeout_s: float | None = None


EXPECTED: dict[str, list[Run]] = {
    "greet": [
        Run({"who": "Orca"}, ["Hello, Orca", "Hello, Orca"]),
        Run({"who": "Orca", "times": "1", "tone": "formal"}, ["Good day, Orca"]),
    ],
    "report": [
        Run({}, artifacts=["out/report.txt"], timeout_s=30),
        Run({"words": '["a"]', "keep": "false", "label": "x", "limit_s": "20"}, tags=("x",), timeout_s=20),
    ],
}
WRONG: dict[str, tuple[dict[str, Any], set[str]]] = {
    "greet": ({"who": "$(reboot)", "times": 6, "tone": "rude"}, {"inputs.who", "inputs.times", "inputs.tone"}),
    "report": ({"word": [], "limit_s": 0, "keep": "maybe"}, {"inputs.word", "inputs.limit_s", "inputs.keep"}),
}


def template_of(name: str) -> dict[str, Any]:
    return yaml.safe_load((TEMPLATES / f"{name}.yaml").read_text())


def test_every_example_is_expected_to_do_something() -> None:
    assert {file.stem for file in TEMPLATES.iterdir()} == set(EXPECTED) == set(WRONG)


@pytest.mark.parametrize("backend", ["simulated", pytest.param("docker", marks=pytest.mark.docker)])
@pytest.mark.parametrize("name", EXPECTED)
async def test_an_example_template_does_what_its_inputs_ask(tmp_path: Path, name: str, backend: str) -> None:
    template = await anyio.to_thread.run_sync(template_of, name)
    settings = EngineSettings.model_validate({"home": tmp_path / "home", "backend": backend})
    async with open_engine(settings) as engine:
        await engine.save_template(template)
        for expected in EXPECTED[name]:
            submitted = await engine.run_template(name, expected.inputs)
            with anyio.fail_after(60):
                job = await engine.wait_for_job(submitted.job.job_id)
            assert (job.status, job.failure) == (JobStatus.SUCCESS, None)
            assert [line.text for line in (await engine.read_logs(job.job_id)).lines] == expected.lines
            assert [item.path for item in await engine.list_artifacts(job.job_id)] == expected.artifacts
            assert job.spec.tags == expected.tags
            assert expected.timeout_s in {None, job.spec.timeout_s}


@pytest.mark.parametrize("name", WRONG)
async def test_wrong_inputs_of_an_example_are_refused(settings: EngineSettings, name: str) -> None:
    template = await anyio.to_thread.run_sync(template_of, name)
    inputs, places = WRONG[name]
    async with open_engine(settings) as engine:
        await engine.save_template(template)
        with pytest.raises(InvalidSpecError) as caught:
            await engine.run_template(name, inputs)
        assert {finding.path for finding in caught.value.findings} == places

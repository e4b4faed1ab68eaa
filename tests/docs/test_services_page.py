"""What the page about services shows is run, and what it says of the fields is true."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import pytest

from core import EngineSettings, JobStatus, LogQuery, ServiceSpec, open_engine, parse_job

if TYPE_CHECKING:
    from collections.abc import Sequence

_PAGE = (Path(__file__).resolve().parents[2] / "docs" / "how-to" / "run-services.md").read_text(encoding="utf-8")
_EXAMPLES: Sequence[str] = re.findall(r"^```json\n(.*?)^```$", _PAGE, re.MULTILINE | re.DOTALL)


def test_the_table_of_fields_is_complete() -> None:
    _, _, table = _PAGE.partition("## All fields")
    rows = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == set(ServiceSpec.model_fields) - {"late"}


@pytest.mark.docker
@pytest.mark.parametrize("example", _EXAMPLES, ids=[str(at) for at in range(len(_EXAMPLES))])
async def test_every_example_does_what_the_page_says(example: str, tmp_path: Path) -> None:
    async with open_engine(EngineSettings(home=tmp_path / "home")) as engine:
        spec = parse_job(json.loads(example))
        job_id = (await engine.submit_job(spec)).job.job_id
        with anyio.fail_after(120):
            job = await engine.wait_for_job(job_id)
        texts = [line.text for line in (await engine.read_logs(job_id)).lines]
        if job.failure is not None:
            said = re.search(r"fails with “(.*?)”", _PAGE)
            assert said is not None
            assert job.failure.message.startswith(said[1])
            (line,) = (await engine.read_logs(job_id, LogQuery(service="db"))).lines
            assert "password is not specified" in line.text
            return
    assert job.status is JobStatus.SUCCESS, texts
    assert {service.status for service in (job.attempt.services if job.attempt else ())} == {"stopped"}

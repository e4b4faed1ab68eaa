"""Templates, from saving to the record of a job that came of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest

from core import (
    Engine,
    EngineClosedError,
    EngineSettings,
    IdempotencyConflictError,
    InvalidArgumentError,
    InvalidSpecError,
    JobStatus,
    LogQuery,
    NotAdmittedError,
    TemplateExistsError,
    TemplateNotFoundError,
    TemplateUse,
    job_document,
    open_engine,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

GREET: Mapping[str, Any] = {
    "name": "greet",
    "description": "Says hello.",
    "inputs": {"who": {"required": True, "pattern": "[a-z]+"}, "times": {"type": "number", "default": 1, "max": 5}},
    "job": {
        "image": "busybox",
        "env": {"WHO": "${{ inputs.who }}", "TIMES": "${{ inputs.times }}"},
        "command": ["sh", "-c", 'echo "hello $WHO, $TIMES times"'],
    },
}


async def test_a_template_runs_with_its_inputs_and_the_record_says_so(engine: Engine) -> None:
    await engine.save_template(GREET)
    submitted = await engine.run_template("greet", {"who": "orca", "TIMES": "2"}, by="cli")
    with anyio.fail_after(60):
        job = await engine.wait_for_job(submitted.job.job_id)
    assert job.status is JobStatus.SUCCESS
    assert (job.spec.name, job.submitted_by) == ("greet", "cli")
    assert [line.text for line in (await engine.read_logs(job.job_id, LogQuery())).lines] == ["hello orca, 2 times"]
    assert job.template == TemplateUse("greet", 1, {"who": "orca", "times": 2})
    assert job_document(job)["template"] == {"name": "greet", "version": 1, "inputs": {"who": "orca", "times": 2}}


async def test_the_record_of_a_job_outlives_the_engine_and_the_template(settings: EngineSettings) -> None:
    async with open_engine(settings) as engine:
        await engine.save_template(GREET)
        job_id = (await engine.run_template("greet", {"who": "orca"})).job.job_id
        await engine.delete_template("greet")
        with pytest.raises(TemplateNotFoundError):
            await engine.run_template("greet", {"who": "orca"})
    async with open_engine(settings) as engine:
        assert (await engine.get_job(job_id)).template == TemplateUse("greet", 1, {"who": "orca", "times": 1})


async def test_a_run_takes_the_newest_version_or_the_one_it_names(engine: Engine) -> None:
    await engine.save_template(GREET)
    with pytest.raises(TemplateExistsError):
        await engine.save_template({**GREET, "description": "Says more."})
    saved = await engine.save_template({**GREET, "job": {**GREET["job"], "image": "alpine"}}, overwrite=True)
    assert saved.template.version == 2
    assert (await engine.run_template("greet", {"who": "a"})).job.spec.image == "alpine"
    old = (await engine.run_template("greet", {"who": "a"}, version=1)).job
    assert (old.spec.image, old.template and old.template.version) == ("busybox", 1)


async def test_wrong_inputs_are_told_all_at_once_and_nothing_starts(engine: Engine) -> None:
    await engine.save_template(GREET)
    with pytest.raises(InvalidSpecError) as caught:
        await engine.run_template("greet", {"whom": "x", "times": 9})
    assert [str(finding) for finding in caught.value.findings] == [
        "inputs.whom: no such input; did you mean 'who'?",
        "inputs.who: required, and missing",
        "inputs.times: must be at most 5",
    ]
    assert (await engine.list_jobs()).items == ()


async def test_a_template_with_faults_is_not_saved_and_all_are_told(engine: Engine) -> None:
    faulty = {
        "name": "greet",
        "inputs": {"who": {"type": "text"}, "times": {"type": "number", "default": "many"}},
        "job": {"image": "busybox", "script": "echo ${{ inputs.whom }}", "retries": 11},
    }
    with pytest.raises(InvalidSpecError) as caught:
        await engine.save_template(faulty)
    assert {finding.path for finding in caught.value.findings} == {
        "inputs.who.type",
        "inputs.times.default",
        "job.script",
        "job.retries",
    }
    with pytest.raises(TemplateNotFoundError):
        await engine.get_template("greet")


async def test_a_template_without_a_job_is_told_so_once(engine: Engine) -> None:
    with pytest.raises(InvalidSpecError) as caught:
        await engine.save_template({"name": "empty"})
    assert [str(finding) for finding in caught.value.findings] == ["job: required, and missing"]


async def test_what_is_filled_in_is_held_to_the_engines_limits(engine: Engine) -> None:
    job = {"image": "busybox", "cpus": "${{ inputs.cpus }}", "command": ["true"]}
    await engine.save_template({"name": "big", "inputs": {"cpus": {"type": "number", "required": True}}, "job": job})
    with pytest.raises(NotAdmittedError, match="cpus"):
        await engine.run_template("big", {"cpus": 1000})
    with pytest.raises(InvalidSpecError, match="cpus"):
        await engine.run_template("big", {"cpus": 0})


async def test_a_key_makes_a_run_repeatable(engine: Engine) -> None:
    await engine.save_template(GREET)
    first = await engine.run_template("greet", {"who": "orca"}, idempotency_key="k")
    again = await engine.run_template("greet", {"who": "orca", "times": 1}, idempotency_key="k")
    assert again.replayed
    assert again.job.job_id == first.job.job_id
    with pytest.raises(IdempotencyConflictError):
        await engine.run_template("greet", {"who": "other"}, idempotency_key="k")


async def test_filling_a_template_starts_nothing(engine: Engine) -> None:
    await engine.save_template(GREET)
    filled = await engine.fill_template("greet", {"who": "orca"})
    assert filled.request == {
        "name": "greet",
        "image": "busybox",
        "env": {"WHO": "orca", "TIMES": "1"},
        "command": ["sh", "-c", 'echo "hello $WHO, $TIMES times"'],
    }
    assert (await engine.list_jobs()).items == ()


@pytest.mark.parametrize("version", [0, -1, 2**63])
async def test_a_version_that_cannot_be_is_refused(engine: Engine, version: int) -> None:
    await engine.save_template(GREET)
    with pytest.raises(InvalidArgumentError, match="version: from 1 on"):
        await engine.get_template("greet", version)


async def test_a_name_that_nothing_can_have_is_not_found(engine: Engine) -> None:
    for name in ("", "x" * 10_000, "a\0b", "\ud800"):
        with pytest.raises(TemplateNotFoundError):
            await engine.get_template(name)


async def test_nothing_is_saved_once_the_engine_closes(settings: EngineSettings) -> None:
    async with open_engine(settings) as engine:
        engine.close()
        with pytest.raises(EngineClosedError):
            await engine.save_template(GREET)

"""What is fetched from a container after its end, and what is kept of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core import ArtifactNotFoundError, FailureKind, InvalidArgumentError, JobStatus, LimitSettings, LogQuery
from core.compose import open_engine
from core.testing.factories import a_job_spec
from tests.core.engine.breaking import end_of, submit

if TYPE_CHECKING:
    from core import Artifact, Engine, EngineSettings


async def kept_of(engine: Engine, script: str, *patterns: str) -> dict[str, Artifact]:
    job_id = await submit(engine, a_job_spec(command=("sh", "-c", script), artifacts=patterns, workdir="/work"))
    assert (await end_of(engine, job_id)).status is JobStatus.SUCCESS
    return {item.path: item for item in await engine.list_artifacts(job_id)}


async def test_a_link_is_followed_inside_the_container(engine: Engine) -> None:
    kept = await kept_of(engine, "mkdir real; echo x > real/file; ln -s real link", "link")
    assert [item.state for item in kept.values()] == ["kept"]


async def test_a_link_that_leads_nowhere_or_round_in_circles_is_named_and_judges_nothing(engine: Engine) -> None:
    kept = await kept_of(engine, "ln -s gone broken; ln -s b a; ln -s a b", "broken", "a")
    assert {path: item.state for path, item in kept.items()} == {"broken": "missing", "a": "skipped"}


async def test_what_is_no_file_is_named_as_skipped(engine: Engine) -> None:
    kept = await kept_of(engine, "mkdir out; echo x > out/file; ln -s /etc/passwd out/link", "out")
    assert {path: item.state for path, item in kept.items()} == {"out/file": "kept", "out/link": "skipped"}


async def test_a_pattern_at_the_root_looks_everywhere(engine: Engine) -> None:
    kept = await kept_of(engine, "mkdir -p /deep/er; echo x > /deep/er/one.xml", "/**/*.xml")
    assert {path: item.state for path, item in kept.items()} == {"/deep/er/one.xml": "kept"}


async def test_past_a_limit_the_rest_is_named_as_left_out(settings: EngineSettings) -> None:
    limits = LimitSettings(artifact_files=1)
    async with open_engine(settings.model_copy(update={"limits": limits})) as engine:
        kept = await kept_of(engine, "mkdir out; echo x > out/a; echo y > out/b", "out")
    assert sorted(item.state for item in kept.values()) == ["kept", "skipped"]
    assert "left out" in kept["out"].note


async def test_an_artifact_that_was_not_kept_cannot_be_opened_and_says_why(engine: Engine) -> None:
    job_id = await submit(engine, a_job_spec(artifacts=("none.txt",)))
    await end_of(engine, job_id)
    with pytest.raises(ArtifactNotFoundError, match="nothing is there"):
        await engine.open_artifact(job_id, "none.txt")


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo 'no equals sign' > $ORCAOPS_OUTPUT", "The outputs file, line 1: Invalid format 'no equals sign'."),
        ("flood 300 0123456789 > $ORCAOPS_OUTPUT", "larger than 1024 bytes"),
    ],
)
async def test_outputs_that_cannot_be_taken_fail_a_job_that_promised_them(
    settings: EngineSettings, script: str, message: str
) -> None:
    limits = LimitSettings(output_bytes=1024)
    async with open_engine(settings.model_copy(update={"limits": limits})) as engine:
        job = await end_of(engine, await submit(engine, a_job_spec(command=("sh", "-c", script), outputs=("x",))))
    assert job.failure is not None
    assert (job.status, job.failure.kind) == (JobStatus.FAILED, FailureKind.OUTPUT)
    assert message in job.failure.message


async def test_a_log_past_its_limit_keeps_its_head_names_the_gap_and_ends_with_the_tail(engine: Engine) -> None:
    job_id = await submit(engine, a_job_spec(command=("seq", "1", "1000"), log_limit={"lines": 10}))
    job = await end_of(engine, job_id)
    texts = [line.text for line in (await engine.read_logs(job_id, LogQuery())).lines]
    assert texts[:10] == [str(number) for number in range(1, 11)]
    assert "after line 10 is not kept" in texts[10]
    assert texts[11:] == [str(number) for number in range(801, 1001)]
    assert job.attempt is not None
    assert job.attempt.log.truncated


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "nothing to upload"),
        ({"a": b"", "b": b"", "c": b""}, "at most 2"),
        ({"a": bytes(2048)}, "more than"),
        ({"../a": b"x"}, "files.0.path"),
    ],
)
async def test_an_upload_that_may_not_be_is_refused_with_its_reason(
    settings: EngineSettings, files: dict[str, bytes], message: str
) -> None:
    limits = LimitSettings(upload_files=2, upload_bytes=1024)
    async with open_engine(settings.model_copy(update={"limits": limits})) as engine:
        with pytest.raises(InvalidArgumentError, match=message):
            await engine.upload_files(files)

"""Secrets from the environment, files and the home's store, through the engine's front door."""

from __future__ import annotations

import base64
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
import pytest

from core import (
    ArtifactSlice,
    Engine,
    EngineSettings,
    FailureKind,
    Job,
    JobStatus,
    LogQuery,
    SecretFact,
    SecretFile,
    UnknownSecretError,
    WorkflowRequest,
    list_secrets,
    open_engine,
    parse_job,
)
from core.errors import UnusableSecretsError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
CANARY = "canary/s3cr3t+value-x"


def settings_of(home: Path, **more: Any) -> EngineSettings:
    return EngineSettings.model_validate({"home": home, "backend": "simulated", **more})


class Store:
    """The home's store as the operator changes it while an engine works."""

    def __init__(self, home: Path) -> None:
        self._file = SecretFile(home)
        self.path = anyio.Path(self._file.path)

    async def put(self, name: str, value: str) -> None:
        await anyio.to_thread.run_sync(self._file.put, name, value, NOW)

    async def remove(self, name: str) -> None:
        await anyio.to_thread.run_sync(self._file.remove, [name])


@asynccontextmanager
async def engine_on(home: Path, **more: Any) -> AsyncGenerator[tuple[Engine, Store]]:
    async with open_engine(settings_of(home, **more)) as engine:
        yield engine, Store(home)


async def ended(engine: Engine, script: str, **more: Any) -> Job:
    spec = parse_job({"image": "busybox", "script": script, **more})
    submitted = await engine.submit_job(spec)
    with anyio.fail_after(60):
        return await engine.wait_for_job(submitted.job.job_id)


async def log_of(engine: Engine, job: Job) -> list[str]:
    return [line.text for line in (await engine.read_logs(job.job_id, LogQuery())).lines]


async def test_a_running_engine_takes_up_what_is_set_and_refuses_what_was_removed(tmp_path: Path) -> None:
    async with engine_on(tmp_path / "home") as (engine, store):
        with pytest.raises(UnknownSecretError, match="no secret named TOKEN"):
            await ended(engine, "true", secrets=["TOKEN"])
        for value in ("first-value", "second-value"):
            await store.put("TOKEN", value)
            script = f'echo "$TOKEN"; [ "$TOKEN" = "{value}" ] && echo right'
            job = await ended(engine, script, secrets=["TOKEN"])
            assert await log_of(engine, job) == ["***", "right"]
        assert await engine.list_secrets() == (SecretFact("TOKEN", "store", NOW, is_masked=True),)
        await store.remove("TOKEN")
        with pytest.raises(UnknownSecretError):
            await ended(engine, "true", secrets=["TOKEN"])


async def test_a_job_keeps_its_value_masked_when_the_secret_changes_under_it(tmp_path: Path) -> None:
    async with engine_on(tmp_path / "home") as (engine, store):
        await store.put("TOKEN", "the-first-value")
        script = 'echo begins; sleep 3; echo "$TOKEN"; echo "key=$TOKEN" > $ORCAOPS_OUTPUT; echo kept > "of-$TOKEN"'
        request = {"image": "busybox", "script": script, "secrets": ["TOKEN"], "artifacts": ["of-*"]}
        submitted = await engine.submit_job(parse_job(request))
        job_id = submitted.job.job_id
        with anyio.fail_after(60):
            await engine.wait([job_id], until="log_match", pattern="begins")
            await store.put("TOKEN", "quite another")
            assert (await ended(engine, "echo $TOKEN", secrets=["TOKEN"])).status is JobStatus.SUCCESS
            job = await engine.wait_for_job(job_id)
        assert await log_of(engine, job) == ["begins", "***"]
        assert job.outputs == {}
        assert any("key holds a secret" in said for said in job.warnings)
        assert [item.path for item in await engine.list_artifacts(job_id)] == ["of-***"]


async def test_a_secret_that_is_gone_when_its_job_starts_fails_the_job_before_anything_is_pulled(
    tmp_path: Path,
) -> None:
    async with engine_on(tmp_path / "home", queue={"max_running": 1}) as (engine, store):
        await store.put("TOKEN", CANARY)
        first = await engine.submit_job(parse_job({"image": "busybox", "script": "sleep 60"}))
        second = await engine.submit_job(parse_job({"image": "busybox", "script": "true", "secrets": ["TOKEN"]}))
        await store.remove("TOKEN")
        await engine.cancel_job(first.job.job_id, grace_s=0)
        with anyio.fail_after(60):
            job = await engine.wait_for_job(second.job.job_id)
        assert job.failure is not None
        assert (job.failure.kind, job.failure.message) == (
            FailureKind.POLICY,
            "secrets: this engine has no secret named TOKEN",
        )


async def test_the_environment_counts_before_a_file_and_a_file_before_the_store(tmp_path: Path) -> None:
    file = anyio.Path(tmp_path / "file")
    await file.write_text("from-the-file\n")
    more = {"secrets": {"A": "from-the-environment"}, "secret_files": dict.fromkeys("AB", tmp_path / "file")}
    async with engine_on(tmp_path / "home", **more) as (engine, store):
        for name in ("A", "B", "C"):
            await store.put(name, "from-the-store")
        facts = await engine.list_secrets()
        assert [(fact.name, fact.source) for fact in facts] == [("A", "environment"), ("B", "file"), ("C", "store")]
        await file.write_text("changed meanwhile")
        script = '[ "$A-$B-$C" = "from-the-environment-changed meanwhile-from-the-store" ] && echo right'
        job = await ended(engine, script, secrets=["A", "B", "C"])
        assert await log_of(engine, job) == ["right"]
        await file.unlink()
        with pytest.raises(UnusableSecretsError, match="No such file"):
            await ended(engine, "true", secrets=["B"])
        assert "No such file" in " ".join((await engine.status()).remarks)


async def test_a_store_that_cannot_be_used_stops_an_engine_at_its_start_and_only_jobs_with_secrets_later(
    tmp_path: Path,
) -> None:
    home = tmp_path / "home"
    async with engine_on(home, secrets={"GIVEN": "from-the-environment"}) as (engine, store):
        await store.put("TOKEN", CANARY)
        await engine.list_secrets()
        await store.path.chmod(0o644)
        with pytest.raises(UnusableSecretsError, match="Others may read") as caught:
            await ended(engine, "true", secrets=["TOKEN"])
        assert "chmod 600" in caught.value.hint
        assert (await ended(engine, "echo $GIVEN", secrets=["GIVEN"])).status is JobStatus.SUCCESS
        assert "Others may read" in " ".join((await engine.status()).remarks)
        await store.path.chmod(0o600)
        assert (await ended(engine, "true", secrets=["TOKEN"])).status is JobStatus.SUCCESS
        await store.path.write_text("{")
    with pytest.raises(UnusableSecretsError, match="damaged"):
        async with engine_on(home):
            raise AssertionError
    with pytest.raises(UnusableSecretsError, match="damaged"):
        await anyio.to_thread.run_sync(list_secrets, settings_of(home))


@pytest.mark.hostile("B86")
async def test_submit_warns_of_secrets_that_stand_in_the_request_and_of_those_too_short_to_mask(
    tmp_path: Path,
) -> None:
    async with engine_on(tmp_path / "home", secrets={"PIN": "12345", "LONG": CANARY}) as (engine, _):
        env = {"GITHUB_TOKEN": "abc-def-ghi", "OF": "ghp_" + "a1B2" * 9, "PLAIN": "plain"}
        request: dict[str, Any] = {"image": "busybox", "script": "exit 1", "env": env, "secrets": ["PIN", "LONG"]}
        job = (await engine.submit_job(parse_job(request))).job
        assert len(job.warnings) == 3
        assert job.warnings == engine.remarks_on(job.spec)
        assert "env.GITHUB_TOKEN looks like a secret" in job.warnings[0]
        assert "`orcaops secrets set GITHUB_TOKEN`" in job.warnings[0]
        assert "env.OF holds a token of GitHub" in job.warnings[1]
        assert job.warnings[2].startswith("The secret PIN has less than 6 bytes")
        assert not any(value in said for said in job.warnings for value in (*env.values(), "12345"))
        with anyio.fail_after(60):
            after = await engine.wait_for_job(job.job_id)
        assert after.warnings[:3] == job.warnings


async def test_names_of_artifacts_and_outputs_are_masked_and_stay_apart(tmp_path: Path) -> None:
    async with engine_on(tmp_path / "home", secrets={"TOKEN": "hunter2hunter2", "OTHER": "trustno1trustno1"}) as (
        engine,
        _,
    ):
        script = 'echo 1 > "$TOKEN.txt"; echo 2 > "$OTHER.txt"; echo "$TOKEN=1" > $ORCAOPS_OUTPUT; exit 3'
        job = await ended(engine, script, secrets=["TOKEN", "OTHER"], artifacts=["*.txt"])
        artifacts = await engine.list_artifacts(job.job_id)
        assert sorted(item.path for item in artifacts) == ["***.txt", "***.txt~2"]
        found = {(await engine.read_artifact(job.job_id, item.path)).data for item in artifacts}
        assert found == {b"1\n", b"2\n"}
        assert job.outputs == {}
        assert "hunter2hunter2" not in str(job.warnings)


async def test_artifacts_are_shown_without_secrets_even_where_a_slice_cuts_one(tmp_path: Path) -> None:
    async with engine_on(tmp_path / "home", secrets={"TOKEN": CANARY}) as (engine, store):
        encoded = base64.b64encode(CANARY.encode()).decode()
        script = f'echo "ä $TOKEN ü {encoded} end" > out.txt'
        job = await ended(engine, script, artifacts=["out.txt"], secrets=["TOKEN"])
        raw = (await engine.read_artifact(job.job_id, "out.txt")).data
        assert CANARY.encode() in raw

        async def shown(size: int) -> list[ArtifactSlice]:
            slices = [await engine.show_artifact(job.job_id, "out.txt", max_bytes=size)]
            while (offset := slices[-1].next_offset) is not None:
                slices.append(await engine.show_artifact(job.job_id, "out.txt", offset=offset, max_bytes=size))
            return slices

        (whole,) = await shown(1000)
        assert (whole.data.decode(), whole.is_masked) == ("ä *** ü *** end\n", True)
        for size in (16, 17, 23):
            parts = [part.data.decode() for part in await shown(size)]
            assert all(
                piece not in "".join(parts) for piece in (CANARY[:8], CANARY[-8:], encoded[:10], encoded[-10:-2])
            )
            assert "".join(parts).replace("***", "").split() == ["ä", "ü", "end"]
        await store.put("LATER", "end")
        assert (await shown(1000))[0].data == whole.data
        await store.put("LATER", "ä " + CANARY[:4])
        assert (await shown(1000))[0].data.startswith(b"*** ")


async def test_a_run_of_a_workflow_warns_of_secrets_too_short_to_mask(tmp_path: Path) -> None:
    text = "secrets: [PIN]\njobs: {a: {image: 'busybox:1', commands: ['true'], secrets: [PIN, TOKEN]}}\n"
    async with engine_on(tmp_path / "home", secrets={"PIN": "12345"}) as (engine, store):
        with pytest.raises(UnknownSecretError, match="no secret named TOKEN"):
            await engine.run_workflow(WorkflowRequest(text=text))
        await store.put("TOKEN", CANARY)
        run = (await engine.run_workflow(WorkflowRequest(text=text))).run
        said = [str(warning["message"]) for warning in run.warnings]
        assert said == ["The secret PIN has less than 6 bytes: it is not masked in logs and answers."]
        with anyio.fail_after(60):
            await engine.wait_for_runs([run.workflow_id])
        await (store.path).write_text("{")
        with pytest.raises(UnusableSecretsError, match="damaged"):
            await engine.run_workflow(WorkflowRequest(text=text))


async def test_jobs_of_a_run_mask_the_secrets_that_another_of_them_was_given(tmp_path: Path) -> None:
    text = """\
        jobs:
          writes:
            image: busybox:1
            secrets: [TOKEN]
            commands: ['mkdir out; echo "of $TOKEN" > out/a.txt']
            artifacts: [out/a.txt]
          reads:
            needs: [writes]
            image: busybox:1
            commands:
              - cat /orcaops-needs/writes/out/a.txt
              - echo "it=$(cat /orcaops-needs/writes/out/a.txt)" > $ORCAOPS_OUTPUT
            outputs: {it: {}}
        """
    async with engine_on(tmp_path / "home", secrets={"TOKEN": CANARY}) as (engine, _):
        run = (await engine.run_workflow(WorkflowRequest(text=dedent(text)))).run
        with anyio.fail_after(60):
            await engine.wait_for_runs([run.workflow_id])
        nodes = {node.job: node for node in await engine.workflow_nodes(run.workflow_id)}
        job = await engine.get_job(nodes["reads"].job_id or "")
        assert await log_of(engine, job) == ["of ***"]
        assert job.outputs == nodes["reads"].outputs == {}

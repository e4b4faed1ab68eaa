"""Folders mounted and sent into real containers, and large files that come back."""

from __future__ import annotations

import gzip
import hashlib
import resource
from typing import TYPE_CHECKING

import anyio
import pytest

from core import Engine, FailureKind, JobStatus, NotAdmittedError, parse_job
from orcaops_mcp.intake.caller import Caller
from orcaops_mcp.intake.job_request import spec_of
from tests.end_to_end.conftest import whole_log

if TYPE_CHECKING:
    from pathlib import Path

    from core import Job

pytestmark = pytest.mark.docker

MIB = 1024 * 1024


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "in.txt").write_text("from the machine\n", encoding="utf-8")
    return folder


async def run_in(engine: Engine, folder: Path, **request: object) -> Job:
    """What a caller who stands in a folder asks for."""
    spec = await spec_of(engine, {"image": "busybox:latest", **request}, Caller("tests", folder=folder))
    with anyio.fail_after(60):
        return await engine.wait_for_job((await engine.submit_job(spec, folder=folder)).job.job_id)


async def test_a_mount_is_read_and_not_written(docker_engine: Engine, mine: Path) -> None:
    commands = ["cat /d/in.txt", "touch /d/new || echo refused", "rm /d/in.txt || echo refused"]
    job = await run_in(docker_engine, mine, commands=commands, mounts=["data:/d"])
    assert job.status is JobStatus.SUCCESS
    lines = await whole_log(docker_engine, job.job_id)
    assert [line for line in lines if "Read-only" not in line] == ["from the machine", "refused", "refused"]
    assert [path.name for path in (mine / "data").iterdir()] == ["in.txt"]


async def test_what_is_written_into_a_mount_for_writing_is_on_the_machine(docker_engine: Engine, mine: Path) -> None:
    command = ["sh", "-c", "echo written > out.txt; stat -c %a ."]
    (mine / "data").chmod(0o750)
    job = await run_in(
        docker_engine, mine, command=command, mounts=[".:/here:rw"], workdir="/here/data", user="65534:65534"
    )
    assert job.status is JobStatus.FAILED  # nobody may write here: the folder kept its owner and its mode
    job = await run_in(docker_engine, mine, command=command, mounts=[".:/here:rw"], workdir="/here/data")
    assert await whole_log(docker_engine, job.job_id) == ["750"]
    assert (mine / "data" / "out.txt").read_text(encoding="utf-8") == "written\n"


async def test_a_file_alone_can_be_mounted(docker_engine: Engine, mine: Path) -> None:
    job = await run_in(docker_engine, mine, command=["cat", "/etc/app.conf"], mounts=["data/in.txt:/etc/app.conf"])
    assert await whole_log(docker_engine, job.job_id) == ["from the machine"]


async def test_what_lies_outside_is_refused_by_name_and_through_a_link(
    docker_engine: Engine, mine: Path, tmp_path: Path
) -> None:
    (tmp_path / "outside").mkdir()
    (mine / "link").symlink_to(tmp_path / "outside")
    for source in (str(tmp_path / "outside"), "link", "../outside", "/var/run/docker.sock", "/etc"):
        with pytest.raises(NotAdmittedError):
            await run_in(docker_engine, mine, command=["true"], mounts=[f"{source}:/d"])


async def test_artifacts_are_kept_out_of_a_mount_too(docker_engine: Engine, mine: Path) -> None:
    job = await run_in(docker_engine, mine, command=["true"], mounts=["data:/d"], artifacts=["/d"])
    found = await docker_engine.read_artifact(job.job_id, "/d/in.txt")
    assert found.data == b"from the machine\n"


async def test_a_mount_that_is_gone_when_the_job_starts_is_a_matter_of_policy(
    docker_engine: Engine, mine: Path
) -> None:
    spec = parse_job(
        {"image": "busybox:latest", "command": ["false"], "retries": 1, "mounts": ["data:/d"]}, folder=mine
    )
    submitted = await docker_engine.submit_job(spec.model_copy(update={"retry_delay_s": 0}), folder=mine)
    (mine / "data").rename(mine / "moved")
    (mine / "data").symlink_to("/etc")
    with anyio.fail_after(60):
        job = await docker_engine.wait_for_job(submitted.job.job_id)
    assert job.failure is not None
    assert job.failure.kind is FailureKind.POLICY


async def test_the_steps_of_a_job_run_in_its_workspace(docker_engine: Engine, mine: Path) -> None:
    (mine / ".gitignore").write_text("*.log\n", encoding="utf-8")
    (mine / "x.log").write_text("left out", encoding="utf-8")
    (mine / "tool").write_text("#!/bin/sh\ncat data/in.txt\n", encoding="utf-8")
    (mine / "tool").chmod(0o755)
    job = await run_in(
        docker_engine, mine, workspace=".", commands=["./tool", "pwd; ls -A | sort", "echo x > data/mine"],
        user="65534:65534",
    )  # fmt: skip
    assert job.status is JobStatus.SUCCESS
    lines = await whole_log(docker_engine, job.job_id)
    assert lines == ["from the machine", "/work", ".gitignore", "data", "tool"]
    assert not (mine / "data" / "mine").exists()


async def test_a_large_workspace_goes_in_without_filling_the_memory(docker_engine: Engine, mine: Path) -> None:
    block = bytes(range(256)) * (64 * MIB // 256)
    for name in ("one", "two", "three"):
        (mine / name).write_bytes(name.encode() + block)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    job = await run_in(docker_engine, mine, workspace=".", commands=["sha256sum three | cut -c1-64"])
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert await whole_log(docker_engine, job.job_id) == [hashlib.sha256(b"three" + block).hexdigest()]
    assert grown < 96 * MIB


async def test_a_large_text_comes_back_packed_and_whole(docker_engine: Engine, mine: Path) -> None:
    text = "".join(f"{number}\n" for number in range(300_000)).encode()
    job = await run_in(docker_engine, mine, command=["sh", "-c", "seq 0 299999 > all.txt"], artifacts=["all.txt"])
    stored = await docker_engine.open_artifact(job.job_id, "all.txt")
    assert (stored.encoding, stored.artifact.size) == ("gzip", len(text))
    assert stored.artifact.sha256 == hashlib.sha256(text).hexdigest()
    assert stored.stored_size < len(text)
    assert gzip.decompress(await anyio.Path(stored.file).read_bytes()) == text
    chunks = [chunk async for chunk in docker_engine.artifact_chunks(job.job_id, "all.txt", 1_200_000)]
    assert b"".join(chunks) == text[1_200_000:]
    part = await docker_engine.read_artifact(job.job_id, "all.txt", offset=1_500_000, max_bytes=100)
    assert part.data == text[1_500_000:1_500_100]

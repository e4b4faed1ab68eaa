"""Which paths of the machine a job is given, and which never."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import anyio
import pytest

from core import (
    Engine,
    EngineSettings,
    FailureKind,
    MountSettings,
    MountSpec,
    NotAdmittedError,
    open_engine,
    parse_job,
)
from core.backends.simulated.backend import SimulatedBackend
from core.engine.request import DEFAULT_WORKDIR
from core.testing.factories import a_job_spec

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from core import JobSpec


class FarBackend(SimulatedBackend):
    """On another machine."""

    @property
    def control_paths(self) -> tuple[str, ...] | None:
        return None


class CommandedBackend(SimulatedBackend):
    """Commanded through a socket in a folder of the test's."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    @property
    def control_paths(self) -> tuple[str, ...] | None:
        return (str(self._path),)


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """The caller's own folder."""
    folder = tmp_path / "mine"
    (folder / "data").mkdir(parents=True)
    (folder / "file").write_bytes(b"")
    return folder


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncGenerator[Engine]:
    (tmp_path / "shared" / "sets").mkdir(parents=True)
    settings = EngineSettings(
        home=tmp_path / "home", backend="simulated", mounts=MountSettings(folders=(tmp_path / "shared",))
    )
    async with open_engine(settings) as opened:
        yield opened


def mounting(*sources: Path | str, **changes: object) -> JobSpec:
    mounts = [{"source": str(source), "target": f"/m{index}"} for index, source in enumerate(sources)]
    return a_job_spec(mounts=mounts, **changes)


async def test_a_mount_below_the_callers_folder_or_the_operators_is_admitted_with_its_real_path(
    engine: Engine, mine: Path, tmp_path: Path
) -> None:
    (mine / "link").symlink_to("data")
    admitted = await engine.admit(mounting(mine / "link", mine / "file", tmp_path / "shared" / "sets"), folder=mine)
    sources = [str(mine / "data"), str(mine / "file"), str(tmp_path / "shared" / "sets")]
    assert [mount.source for mount in admitted.mounts] == sources
    assert all(mount.read_only for mount in admitted.mounts)


async def test_without_a_folder_of_their_own_callers_have_the_operators_only(engine: Engine, mine: Path) -> None:
    with pytest.raises(NotAdmittedError, match=r"mounts\.0\.source: not below") as refused:
        await engine.submit_job(mounting(mine / "data"))
    assert "shared" in refused.value.hint
    assert "mounts.folders" in refused.value.hint


async def test_nothing_is_told_of_what_lies_outside(engine: Engine, mine: Path, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (mine / "out").symlink_to(tmp_path / "there")
    said: set[str] = set()
    for source in (tmp_path / "there", tmp_path / "not there", mine / "out", mine / ".." / "there"):
        with pytest.raises(NotAdmittedError) as refused:
            await engine.admit(mounting(source), folder=mine)
        said.add(refused.value.message)
    assert said == {"mounts.0.source: not below a folder that is allowed here"}


@pytest.mark.parametrize(
    "path",
    ["/", "/etc", "/etc/ssl", "/proc/self", "/sys", "/dev/null", "/run", "/var/run", "/usr/bin", "/root", "/home"],
)
async def test_the_system_is_never_given_whatever_is_allowed(tmp_path: Path, path: str) -> None:
    settings = EngineSettings(
        home=tmp_path / "home", backend="simulated", mounts=MountSettings.model_validate({"folders": ["/"]})
    )
    async with open_engine(settings) as engine:
        with pytest.raises(NotAdmittedError, match=r"part of the system|too much of this machine"):
            await engine.admit(mounting(path))


async def test_the_home_of_orcaops_and_what_holds_it_are_never_given(engine: Engine, tmp_path: Path) -> None:
    for source in (tmp_path, tmp_path / "home", tmp_path / "home" / "orcaops.db"):
        with pytest.raises(NotAdmittedError, match="OrcaOps' own home"):
            await engine.admit(mounting(source), folder=tmp_path)


async def test_what_holds_the_container_engines_socket_is_never_given(tmp_path: Path, mine: Path) -> None:
    settings = EngineSettings(home=tmp_path / "home", backend="simulated")
    async with open_engine(settings, backend=CommandedBackend(mine / "data" / "docker.sock")) as engine:
        for source in (mine, mine / "data"):
            with pytest.raises(NotAdmittedError, match="command the container engine"):
                await engine.admit(mounting(source), folder=mine)
        assert (await engine.admit(mounting(mine / "file"), folder=mine)).mounts


async def test_sockets_and_what_is_not_there_are_refused(
    engine: Engine, mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(mine)  # a socket's path may not be long
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("sock")
    for name, words in (("sock", "neither a file nor a folder"), ("none", "cannot be looked at")):
        with pytest.raises(NotAdmittedError, match=words):
            await engine.admit(mounting(mine / name), folder=mine)


async def test_a_container_engine_on_another_machine_takes_no_mounts(tmp_path: Path, mine: Path) -> None:
    settings = EngineSettings(home=tmp_path / "home", backend="simulated")
    async with open_engine(settings, backend=FarBackend()) as engine:
        with pytest.raises(NotAdmittedError, match="another machine"):
            await engine.admit(mounting(mine / "data"), folder=mine)


async def test_a_link_swapped_in_after_the_job_was_accepted_ends_it_as_a_matter_of_policy(
    tmp_path: Path, mine: Path
) -> None:
    backend = SimulatedBackend()
    backend.go_away()
    settings = EngineSettings(home=tmp_path / "home", backend="simulated")
    async with open_engine(settings, backend=backend) as engine:
        submitted = await engine.submit_job(mounting(mine / "data", retries=3), folder=mine)
        (mine / "data").rename(mine / "moved")
        (mine / "data").symlink_to("/etc")
        backend.come_back()
        with anyio.fail_after(60):
            job = await engine.wait_for_job(submitted.job.job_id)
    assert job.failure is not None
    assert (job.failure.kind, job.attempt_number) == (FailureKind.POLICY, 1)
    assert "a link was put in its place" in job.failure.message


async def test_a_rerun_has_to_be_allowed_to_whoever_asks_for_it(engine: Engine, mine: Path) -> None:
    first = await engine.submit_job(mounting(mine / "data"), folder=mine)
    with pytest.raises(NotAdmittedError):
        await engine.rerun_job(first.job.job_id)
    again = await engine.rerun_job(first.job.job_id, changes={"mounts": ["file:/x:rw"]}, folder=mine)
    assert again.job.spec.mounts == (MountSpec(source=str(mine / "file"), target="/x", read_only=False),)


async def test_files_are_never_written_into_a_mount(engine: Engine, mine: Path) -> None:
    upload = await engine.upload_files({"m0/a": b"x"})
    with pytest.raises(NotAdmittedError, match="written into a mount"):
        await engine.submit_job(mounting(mine / "data", files=upload.files, workdir="/"), folder=mine)
    spec = a_job_spec(files=upload.files, mounts=[{"source": str(mine / "data"), "target": f"{DEFAULT_WORKDIR}/m0"}])
    submitted = await engine.submit_job(spec, folder=mine)  # where it works is known from the image only
    with anyio.fail_after(60):
        job = await engine.wait_for_job(submitted.job.job_id)
    assert job.failure is not None
    assert job.failure.kind is FailureKind.POLICY


async def test_a_relative_source_is_taken_from_the_folder_that_was_given(engine: Engine, mine: Path) -> None:
    spec = parse_job({"image": "busybox", "mounts": ["./data:/d:rw", {"source": "file", "target": "/f"}]}, folder=mine)
    admitted = await engine.admit(spec, folder=mine)
    assert [(mount.source, mount.read_only) for mount in admitted.mounts] == [
        (str(mine / "data"), False),
        (str(mine / "file"), True),
    ]

"""From a caller's words to a spec: uploads, workspaces, mounts, step limits, runtimes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core import (
    Engine,
    EngineSettings,
    InvalidSpecError,
    MountSettings,
    MountSpec,
    NotAdmittedError,
    RuntimeSettings,
    UploadNotFoundError,
    new_upload_id,
    open_engine,
)
from orcaops_mcp.intake.caller import AGENT, Caller
from orcaops_mcp.intake.job_request import canonical, spec_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def caller(tmp_path: Path) -> Caller:
    folder = tmp_path / "mine"
    (folder / "sub").mkdir(parents=True)
    (folder / "a").write_bytes(b"of the folder")
    (folder / "sub" / "b").write_bytes(b"b")
    return Caller("tests", folder=folder)


async def test_a_workspace_is_taken_from_the_callers_folder(engine: Engine, caller: Caller) -> None:
    spec = await spec_of(engine, {"image": "busybox", "command": ["true"], "workspace": "."}, caller)
    assert [file.path for file in spec.files] == ["a", "sub/b"]
    spec = await spec_of(engine, {"image": "busybox", "command": ["true"], "workspace": "sub"}, caller)
    assert [file.path for file in spec.files] == ["b"]
    spec = await spec_of(engine, {"image": "busybox", "workspace": f"{caller.folder}/sub"}, caller)
    assert [file.path for file in spec.files] == ["b"]


async def test_uploaded_files_stand_before_those_of_the_workspace(engine: Engine, caller: Caller) -> None:
    upload = await engine.upload_files({"a": b"uploaded", "c": b"c"})
    request = {"image": "busybox", "workspace": ".", "files": [upload.upload_id]}
    files = {file.path: file for file in (await spec_of(engine, request, caller)).files}
    assert set(files) == {"a", "sub/b", "c"}
    assert files["a"] == upload.files[0]


@pytest.mark.parametrize("path", ["..", "/", "/etc", "sub/../.."])
async def test_a_workspace_outside_the_callers_folder_is_not_admitted(
    engine: Engine, caller: Caller, path: str
) -> None:
    with pytest.raises(NotAdmittedError, match="workspace"):
        await spec_of(engine, {"image": "busybox", "workspace": path}, caller)


async def test_a_link_out_of_the_callers_folder_is_no_way_round(engine: Engine, caller: Caller, tmp_path: Path) -> None:
    assert caller.folder is not None
    (tmp_path / "elsewhere").mkdir()
    (caller.folder / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NotAdmittedError, match="not below"):
        await spec_of(engine, {"image": "busybox", "workspace": "link"}, caller)


async def test_a_file_is_no_workspace(engine: Engine, caller: Caller) -> None:
    with pytest.raises(NotAdmittedError, match="not a folder"):
        await spec_of(engine, {"image": "busybox", "workspace": "a"}, caller)


@pytest.mark.parametrize("path", ["", 5, "a\0b", ["."]])
async def test_what_is_no_path_is_an_invalid_spec(engine: Engine, caller: Caller, path: object) -> None:
    with pytest.raises(InvalidSpecError, match="workspace"):
        await spec_of(engine, {"image": "busybox", "workspace": path}, caller)


async def test_a_caller_who_stands_nowhere_has_the_operators_folders(tmp_path: Path, caller: Caller) -> None:
    assert caller.folder is not None
    settings = EngineSettings(
        home=tmp_path / "home", backend="simulated", mounts=MountSettings(folders=(caller.folder,))
    )
    async with open_engine(settings) as engine:
        spec = await spec_of(engine, {"image": "busybox", "workspace": str(caller.folder / "sub")}, AGENT)
        assert [file.path for file in spec.files] == ["b"]
        with pytest.raises(NotAdmittedError, match="stands in no folder"):
            await spec_of(engine, {"image": "busybox", "workspace": "."}, AGENT)
        with pytest.raises(InvalidSpecError, match=r"mounts\.0\.source"):
            await spec_of(engine, {"image": "busybox", "mounts": [".:/x"]}, AGENT)


async def test_a_relative_mount_is_taken_from_the_callers_folder(engine: Engine, caller: Caller) -> None:
    spec = await spec_of(engine, {"image": "busybox", "mounts": ["./sub:/x:rw"]}, caller)
    assert spec.mounts == (MountSpec(source=f"{caller.folder}/sub", target="/x", read_only=False),)


async def test_a_runtime_of_the_operators_can_be_named(tmp_path: Path) -> None:
    runtimes = {"lua": RuntimeSettings(image="example/lua:5", program=("lua", "-e"))}
    settings = EngineSettings(home=tmp_path / "home", backend="simulated", runtimes=runtimes)
    async with open_engine(settings) as engine:
        spec = await spec_of(engine, {"entry": "main.lua", "runtime": "lua"}, AGENT)
        assert (spec.image, spec.command) == ("example/lua:5", ("lua", "-e", "main.lua"))
        with pytest.raises(InvalidSpecError, match=r"lua.*python3\.12"):
            await spec_of(engine, {"entry": "main", "runtime": "cobol"}, AGENT)


async def test_an_upload_that_is_not_known_and_a_step_limit_without_steps_are_refused(engine: Engine) -> None:
    with pytest.raises(UploadNotFoundError):
        await canonical(engine, {"files": [new_upload_id()]}, AGENT)
    with pytest.raises(InvalidSpecError, match="step_timeout_s"):
        await canonical(engine, {"command": ["true"], "step_timeout_s": 5}, AGENT)
    assert await canonical(engine, {"script": "true", "step_timeout_s": 5}, AGENT) == {
        "commands": [{"run": "true", "name": "script", "timeout_s": 5}]
    }

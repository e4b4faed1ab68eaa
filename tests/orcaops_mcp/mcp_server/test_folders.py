"""Workspaces and mounts as an agent names them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from core import EngineSettings, MountSettings, SimulationSettings
from tests.orcaops_mcp.conftest import call, error_of

if TYPE_CHECKING:
    from pathlib import Path

    from mcp import Client


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "projects" / "one"
    folder.mkdir(parents=True)
    for index in range(30):
        (folder / f"{index:02}.txt").write_text(f"text {index}\n", encoding="utf-8")
    return folder


@pytest.fixture
def settings(tmp_path: Path, project: Path) -> EngineSettings:
    return EngineSettings(
        home=tmp_path / "home",
        backend="simulated",
        simulation=SimulationSettings(time_scale=0.2),
        mounts=MountSettings(folders=(project.parent,)),
    )


async def test_one_call_runs_something_in_a_folder(client: Client, project: Path) -> None:
    done = await call(
        client, "orcaops_submit_job", image="busybox", commands=["cat 07.txt"], workspace=str(project), wait_s=20
    )
    assert done["status"] == "success"
    assert "text 7" in done["log_tail"]


async def test_many_files_of_a_workspace_are_counted_and_not_listed(client: Client, project: Path) -> None:
    shown = await call(client, "orcaops_submit_job", image="busybox", workspace=str(project), dry_run=True)
    assert (len(shown["spec"]["files"]), shown["spec"]["files_left_out"]) == (20, 10)
    job_id = (await call(client, "orcaops_submit_job", image="busybox", workspace=str(project)))["job_id"]
    record = await call(client, "orcaops_get_job_status", job_id=job_id, detail="full")
    assert record["spec"]["files_left_out"] == 10


async def test_a_mount_is_noted_as_it_was_resolved(client: Client, project: Path) -> None:
    (project.parent / "link").symlink_to(project)
    shown = await call(
        client, "orcaops_submit_job", image="busybox", mounts=f"{project.parent}/link:/data:rw", dry_run=True
    )
    assert shown["spec"]["mounts"] == [{"source": str(project), "target": "/data", "read_only": False}]


@pytest.mark.parametrize(
    ("argument", "code"),
    [
        ({"workspace": "/etc"}, "not_admitted"),
        ({"workspace": "."}, "not_admitted"),
        ({"mounts": ["/etc:/x"]}, "not_admitted"),
        ({"mounts": ["./x:/x"]}, "invalid_spec"),
    ],
)
async def test_an_agent_gets_no_other_folder(client: Client, argument: dict[str, object], code: str) -> None:
    error = error_of(await client.call_tool("orcaops_submit_job", {"image": "busybox", **argument}))
    assert error["code"] == code

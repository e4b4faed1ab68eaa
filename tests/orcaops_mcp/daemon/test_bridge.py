"""`orcaops mcp` as hosts start it: real processes, on engines that are real processes too."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import pytest
from mcp import Client, StdioServerParameters

from orcaops_mcp import places
from tests.orcaops_mcp.conftest import finished_job
from tests.orcaops_mcp.daemon.engines import ORCAOPS, Wire, bridged, connected, running, surroundings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from anyio.abc import Process

_ROOT = Path(__file__).resolve().parents[3]
_SIMULATED = ("--backend", "simulated", "--log-level", "info")
_LOOK_AT_IMPORTS = """
import sys
before = set(sys.modules)
from orcaops_mcp.__main__ import main
sys.argv[1:1] = ["mcp"]
try:
    main()
except SystemExit as end:
    assert end.code == 0, end.code
print(*sorted(set(sys.modules) - before), file=sys.stderr)
"""


async def _end(wire: Wire, process: Process) -> int:
    """The exit code after standard input has ended."""
    assert process.stdin is not None
    await process.stdin.aclose()
    assert await wire.ends()
    return await process.wait()


async def test_ten_chats_at_once_on_a_cold_home_start_one_engine_and_are_all_answered(home: Path) -> None:
    offered: list[list[str]] = []

    async def chat() -> None:
        async with bridged(home, *_SIMULATED) as (wire, process):
            offered.append(await wire.tools())
            assert await _end(wire, process) == 0

    with anyio.fail_after(100):
        async with anyio.create_task_group() as tasks:
            for _ in range(10):
                tasks.start_soon(chat)
    assert len(offered) == 10
    assert all("orcaops_submit_job" in names for names in offered)
    log = await anyio.Path(home / places.LOG).read_text()
    assert log.count("the engine works on") == 1
    assert log.count("came in") == 10


async def test_a_job_of_a_chat_that_was_killed_finishes_and_the_next_chat_sees_it(home: Path) -> None:
    with anyio.fail_after(90):
        async with bridged(home, *_SIMULATED) as (wire, process):
            job = await wire.call(
                1, "orcaops_submit_job", image="busybox", commands=["sleep 1; echo done > out.txt", "echo kept"],
                artifacts=["out.txt"],
            )  # fmt: skip
            process.send_signal(signal.SIGKILL)
            await process.wait()
        async with bridged(home) as (wire, process):
            waited = await wire.call(1, "orcaops_wait", ids=[job["job_id"]], timeout_s=30)
            assert waited["done"] is True
            seen = await wire.call(2, "orcaops_get_job_status", job_id=job["job_id"])
            assert seen["status"] == "success"
            listed = await wire.call(3, "orcaops_list_artifacts", id=job["job_id"])
            assert [artifact["path"] for artifact in listed["artifacts"]] == ["out.txt"]
            log = await wire.ask(4, "tools/call", name="orcaops_stream_logs", arguments={"id": job["job_id"]})
            assert "kept" in log["result"]["content"][0]["text"]
            assert await _end(wire, process) == 0


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_a_client_runs_a_job_through_the_bridge(home: Path, mode: str) -> None:
    server = StdioServerParameters(
        command=str(ORCAOPS), args=["mcp", "--home", str(home), *_SIMULATED], env=surroundings()
    )
    with anyio.fail_after(60):
        async with Client(server, mode=mode) as client:
            outcome = await finished_job(client, "echo one", "echo two >&2; exit 3")
            assert [step["exit_code"] for step in outcome["steps"]] == [0, 3]


async def test_options_and_variables_of_a_chat_choose_its_tools_and_nobody_elses(home: Path) -> None:
    few = surroundings(ORCAOPS_READ_ONLY="1", ORCAOPS_TOOLS="orcaops_wait,orcaops_cancel_job")
    with anyio.fail_after(60):
        async with bridged(home, *_SIMULATED, environment=few) as (one, _):
            assert await one.tools() == ["orcaops_wait"]
            async with bridged(home) as (other, _), bridged(home, "--tools=orcaops_rerun") as (third, _):
                assert len(await other.tools()) > 10
                assert await third.tools() == ["orcaops_rerun"]


async def test_an_engine_killed_in_the_middle_is_one_line_and_an_exit_code_and_the_next_chat_goes_on(
    home: Path,
) -> None:
    with anyio.fail_after(60):
        async with bridged(home, *_SIMULATED) as (wire, process):
            job = await wire.call(1, "orcaops_submit_job", image="busybox", command=["true"], wait_s=20)
            note = json.loads(await anyio.Path(home / places.NOTE).read_text())
            os.kill(note["pid"], signal.SIGKILL)
            assert await wire.ends()
            assert await process.wait() == 5
            assert process.stderr is not None
            said = (await process.stderr.receive()).decode().splitlines()
            assert said[0] == "orcaops: The engine has ended."
        async with bridged(home, *_SIMULATED) as (wire, process):
            seen = await wire.call(1, "orcaops_get_job_status", job_id=job["job_id"])
            assert seen["status"] == "success"
            assert await _end(wire, process) == 0


async def test_a_host_that_stops_reading_ends_the_bridge_and_not_the_engine(home: Path) -> None:
    reader, writer = os.pipe()
    async with running(home), connected(home, version="") as other:
        command = [str(ORCAOPS), "mcp", "--home", str(home)]
        async with await anyio.open_process(command, stdout=writer, env=surroundings()) as process:
            os.close(reader)
            os.close(writer)
            assert process.stdin is not None
            await process.stdin.send(b'{"jsonrpc":"2.0","id":9,"method":"ping"}\n')
            assert await process.wait() == 141
        assert await other.tools()


async def test_a_refusal_is_two_lines_on_standard_error(home: Path) -> None:
    async with running(home):
        async with bridged(home, "--tools", "orcaops_wat") as (wire, process):
            assert await wire.ends()
            assert await process.wait() == 1
            assert process.stderr is not None
            said = (await process.stderr.receive()).decode()
        assert "did you mean orcaops_wait?" in said
        assert "hint: " in said
        async with bridged(home, "--backend", "docker") as (wire, process):
            assert await wire.ends()
            assert await process.wait() == 1


async def test_an_engine_that_cannot_start_is_told_in_its_own_words(home: Path) -> None:
    with anyio.fail_after(60):
        async with bridged(home, environment=surroundings(ORCAOPS_PROT="1")) as (wire, process):
            assert await wire.ends()
            assert await process.wait() == 1
            assert process.stderr is not None
            said = (await process.stderr.receive()).decode()
    assert said.startswith("orcaops: The variable ORCAOPS_PROT is not known; did you mean ORCAOPS_PORT?\n  hint: ")


async def test_the_bridge_imports_nothing_but_the_standard_library_and_little_of_that(home: Path) -> None:
    async with running(home):
        command = [sys.executable, "-c", _LOOK_AT_IMPORTS, "--home", str(home), "--read-only"]
        result = await anyio.run_process(command, input=b"", env=surroundings())
    imported = set(result.stderr.decode().split())
    tops = {name.partition(".")[0] for name in imported}
    assert tops <= sys.stdlib_module_names | {"orcaops_mcp"}
    assert {name for name in imported if name.startswith("orcaops_mcp")} == {
        "orcaops_mcp", "orcaops_mcp.__main__", "orcaops_mcp.bridge", "orcaops_mcp.places",
    }  # fmt: skip
    assert not tops & {"asyncio", "argparse", "json", "pathlib", "re", "socket", "subprocess", "typing"}


async def test_a_newer_bridge_replaces_an_idle_engine_and_shares_a_busy_one(home: Path, tmp_path: Path) -> None:
    newer = await anyio.to_thread.run_sync(_with_another_version, tmp_path / "newer")
    with anyio.fail_after(90):
        async with bridged(home, *_SIMULATED) as (old, process):
            assert await old.tools()
            first = json.loads(await anyio.Path(home / places.NOTE).read_text())
            async with bridged(home, *_SIMULATED, environment=newer) as (wire, _):
                assert await wire.tools()
                assert json.loads(await anyio.Path(home / places.NOTE).read_text()) == first
            assert await _end(old, process) == 0
        async with bridged(home, *_SIMULATED, environment=newer) as (wire, _):
            assert await wire.tools()
            second = json.loads(await anyio.Path(home / places.NOTE).read_text())
    assert (first["version"] != second["version"], second["version"]) == (True, "99.0.0")


def test_two_bridges_of_two_homes_do_not_meet(tmp_path: Path) -> None:
    assert places.socket_path(str(tmp_path / "a"), "s") != places.socket_path(str(tmp_path / "b"), "s")


async def test_the_engine_is_nobodys_child(home: Path) -> None:
    """A host that ends a chat and all processes below it does not find the engine there."""
    with anyio.fail_after(60):
        async with bridged(home, *_SIMULATED) as (wire, process):
            assert await wire.tools()
            note = json.loads(await anyio.Path(home / places.NOTE).read_text())
            parent = await anyio.run_process(["ps", "-o", "ppid=,sid=", "-p", str(note["pid"])])
            ppid, session = map(int, parent.stdout.split())
            assert ppid not in (process.pid, os.getpid())
            assert session not in (os.getsid(0), os.getsid(process.pid))


def _with_another_version(folder: Path) -> Mapping[str, str]:
    """Variables for processes that run a copy of this program with another version."""
    for package in ("core", "orcaops_mcp"):
        shutil.copytree(_ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    module = folder / "orcaops_mcp" / "__init__.py"
    module.write_text(module.read_text().replace("__version__ = ", '__version__ = "99.0.0"  # '))
    environment = surroundings(PYTHONPATH=str(folder))
    command = [sys.executable, "-c", "import orcaops_mcp; print(orcaops_mcp.__version__)"]
    found = subprocess.run(command, env=environment, cwd=folder.parent, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "99.0.0"
    return environment

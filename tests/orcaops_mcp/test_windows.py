"""On Windows a chat has the engine in its own process; what needs more says so.

No Windows is here: a Python of this machine is told that it is one, and loses all that Windows' own lacks.
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import anyio
import pytest
from mcp import Client, StdioServerParameters

from tests.orcaops_mcp.conftest import call, log_of

if TYPE_CHECKING:
    from pathlib import Path

_AS_IF_ON_WINDOWS = """
import asyncio, concurrent.futures, fcntl, importlib.abc, multiprocessing, os, subprocess, sys, threading, types
import anyio.to_thread, anyio._backends._asyncio, click, docker, mcp, mcp.server, mcp.server.stdio, requests, uvicorn
import pytest  # imports what it may need of this machine

class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name in {"fcntl", "grp", "pwd", "resource", "termios", "tty", "pty", "syslog"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

flock = fcntl.flock
def locking(descriptor, mode, size):
    try:
        flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise PermissionError(error.errno, error.strerror) from None
fake = types.ModuleType("msvcrt")
fake.LK_NBLCK, fake.locking = 2, locking
sys.modules["msvcrt"] = fake
for name in ("fcntl", "grp", "pwd", "resource", "termios"):
    sys.modules.pop(name, None)
sys.meta_path.insert(0, Missing())
for name in (
    "O_CLOEXEC O_DIRECTORY O_NOFOLLOW O_NONBLOCK chown fchmod fchown fdatasync getegid geteuid getgid getuid"
    " killpg pread pwrite sched_getaffinity sysconf uname"
).split():
    if hasattr(os, name):
        delattr(os, name)
sys.platform = "win32"
from orcaops_mcp.__main__ import main
main()
"""


def _command(*arguments: str) -> list[str]:
    return ["-c", _AS_IF_ON_WINDOWS, *arguments]


@pytest.mark.slow
async def test_on_windows_a_chat_has_an_engine_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "greeting.txt").write_text("good morning\n")
    (folder / "flow.yaml").write_text("name: two\njobs:\n  one: {image: 'busybox:1.36', commands: [echo hello]}\n")
    arguments = _command("mcp", "--home", str(tmp_path / "home"), "--backend", "simulated")
    server = StdioServerParameters(command=sys.executable, args=arguments, cwd=folder)
    with anyio.fail_after(90):
        async with Client(server) as client:
            job = await call(
                client,
                "orcaops_submit_job",
                image="busybox",
                commands=["cat src/greeting.txt", "echo kept > kept.txt"],
                workspace=".",
                artifacts=["*.txt"],
                wait_s=30,
            )
            assert job["status"] == "success", job
            lines, _ = log_of(await client.call_tool("orcaops_stream_logs", {"id": job["job_id"]}))
            assert any("good morning" in line for line in lines)
            found = await call(client, "orcaops_list_artifacts", id=job["job_id"])
            assert [artifact["path"] for artifact in found["artifacts"]] == ["kept.txt"]
            run = await call(client, "orcaops_run_workflow", path="flow.yaml", wait_s=30)
            assert run["status"] == "success", run


def test_on_windows_a_second_chat_on_a_home_is_told_who_has_it(tmp_path: Path) -> None:
    arguments = _command("mcp", "--home", str(tmp_path), "--backend", "simulated")
    first = subprocess.Popen([sys.executable, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with first:
        assert first.stdin is not None
        assert first.stdout is not None
        first.stdin.write(_INITIALIZE)
        first.stdin.flush()
        first.stdout.readline()  # it has the home
        second = subprocess.run(
            [sys.executable, *arguments], input="", capture_output=True, text=True, check=False, timeout=60
        )
        first.stdin.close()
    assert second.returncode == 1
    assert f"pid {first.pid}" in second.stderr
    assert "Traceback" not in second.stderr


@pytest.mark.parametrize("command", ["run", "serve", "jobs", "doctor"])
def test_on_windows_a_command_that_needs_an_engine_process_names_the_ways_that_work(command: str) -> None:
    arguments = [sys.executable, *_command(command)]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert "WSL 2" in done.stderr
    assert "orcaops mcp" in done.stderr
    assert "Traceback" not in done.stderr


_INITIALIZE = (
    '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},'
    '"clientInfo":{"name":"test","version":"1"}}}\n'
)

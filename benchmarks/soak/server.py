"""The server that is soaked: an `orcaops serve` process with a home of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import anyio
import anyio.to_thread
from anyio.streams.buffered import BufferedByteReceiveStream

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

_ORCAOPS: Final = Path(sys.executable).parent / "orcaops"
_LONGEST_LINE: Final = 1 << 20
_MOST_SAID: Final = 20
_PATIENCE_S: Final = 120.0
_BAD: Final = re.compile(r"\b(?:error|critical|Traceback|never awaited|never retrieved)\b", re.IGNORECASE)


@dataclass(slots=True)
class Server:
    """A server that runs.

    Attributes:
        backend: What runs its containers.
        home: Its home.
        process: The process.
        url: Where its door is.
        token: What opens it.
        said: What it logged of errors; the first lines of it.
        exit_code: How it ended; None while it runs.
    """

    backend: str
    home: Path
    process: anyio.abc.Process
    url: str = ""
    token: str = ""
    said: list[str] = field(default_factory=list[str])
    exit_code: int | None = None

    @property
    def headers(self) -> dict[str, str]:
        """What each request brings."""
        return {"Authorization": f"Bearer {self.token}"}

    @property
    def is_alive(self) -> bool:
        """Whether its process has not ended yet."""
        return self.process.returncode is None

    async def left(self) -> list[str]:
        """What Docker still holds of this home; nothing can be left of containers in the server's own memory."""
        if self.backend != "docker":
            return []
        return await anyio.to_thread.run_sync(_left_of, _home_id(self.home))


@asynccontextmanager
async def serve(backend: str, *, max_running: int) -> AsyncGenerator[Server]:
    """A server on a free port, with nothing of the caller's configuration; it is asked to leave at the end."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ORCAOPS_")}
    with tempfile.TemporaryDirectory(prefix="orcaops-soak-") as folder:
        home = Path(folder) / "home"
        home.mkdir(mode=0o700)
        settings = {"queue": {"max_running": max_running}, "log_level": "warning"}
        (home / "config.yaml").write_text(json.dumps(settings))
        command = [str(_ORCAOPS), "serve", "--port", "0", "--home", str(home), "--backend", backend]
        async with await anyio.open_process(command, env=environment) as process, anyio.create_task_group() as tasks:
            server = Server(backend, home, process)
            ready = anyio.Event()
            tasks.start_soon(_listen, server, ready)
            try:
                with anyio.fail_after(_PATIENCE_S):
                    await ready.wait()
                yield server
                if server.is_alive:
                    process.send_signal(signal.SIGTERM)
                with anyio.fail_after(_PATIENCE_S):
                    server.exit_code = await process.wait()
            finally:
                if server.is_alive:
                    process.kill()


async def _listen(server: Server, ready: anyio.Event) -> None:
    """Read what the server says until it ends."""
    assert server.process.stderr is not None
    said = BufferedByteReceiveStream(server.process.stderr)
    while True:
        try:
            line = (await said.receive_until(b"\n", _LONGEST_LINE)).decode(errors="replace")
        except (anyio.IncompleteRead, anyio.EndOfStream):
            return
        if found := re.search(r"(http://\S+)/mcp", line):
            server.url = found[1]
            server.token = (server.home / "token").read_text().strip()
            ready.set()
        elif _BAD.search(line) and len(server.said) < _MOST_SAID:
            server.said.append(line)


def _home_id(home: Path) -> str:
    with closing(sqlite3.connect(home / "orcaops.db")) as database:
        return str(database.execute("SELECT value FROM meta WHERE key = 'home_id'").fetchone()[0])


def _left_of(home_id: str) -> list[str]:
    found: list[str] = []
    for kind, command in (("container", ["ps", "--all"]), ("network", ["network", "ls"]), ("volume", ["volume", "ls"])):
        listing = ["docker", *command, "--quiet", "--filter", f"label=orcaops.home={home_id}"]
        said = subprocess.run(listing, capture_output=True, text=True, check=True).stdout
        found += [f"{kind} {name}" for name in said.split()]
    return found


def docker_answers() -> bool:
    """Whether there is a Docker Engine for a share of the work."""
    try:
        return subprocess.run(["docker", "info"], capture_output=True, timeout=20, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False

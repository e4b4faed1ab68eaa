"""From process start to the first answered `tools/list`: the bridge, a bare socket program, and the whole server.

All three do the same exchange, in turns, so that what else the machine does meets all. The bare program does with
Python's barest start (`-S -c`) what any bridge must: connect to the engine's socket, greet, ask, read the answer.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter
from typing import Final

import anyio.to_thread

from benchmarks.report import Row
from orcaops_mcp import places

ROUNDS: Final = 41
WHOLE_ROUNDS: Final = 5
LIMIT: Final = 1.5
WHOLE_LIMIT: Final = 0.1
ORCAOPS: Final = Path(sys.executable).parent / "orcaops"
REQUEST: Final = (
    json.dumps({
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/list",
        "params": {
            "_meta": {
                "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientCapabilities": {},
            }
        },
    }).encode()
    + b"\n"
)  # fmt: skip
BARE: Final = """
import os, socket, sys
connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
connection.connect(sys.argv[1])
connection.sendall(b'{"orcaops":1}\\n')
connection.recv(65536)
connection.sendall(os.read(0, 65536))
line = b""
while not line.endswith(b"\\n"):
    line += connection.recv(65536)
os.write(1, line)
"""


def seconds(command: list[str], environment: dict[str, str]) -> float:
    """From starting a process to the last byte of its answer."""
    began = perf_counter()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(REQUEST)
        process.stdin.flush()
        answer = process.stdout.readline()
        took = perf_counter() - began
        process.stdin.close()
        process.wait()
    assert b"orcaops_submit_job" in answer
    return took


def compare(folder: str) -> tuple[list[float], list[float], list[float]]:
    """Times of the bridge, the bare program and the whole server."""
    home, environment = f"{folder}/home", dict(os.environ) | {"ORCAOPS_TCP": "false"}
    bridge = [str(ORCAOPS), "mcp", "--home", home]
    whole = [*bridge[:2], "--in-process", "--home", f"{folder}/other", "--backend", "simulated"]
    seconds([*bridge, "--backend", "simulated"], environment)
    path = places.socket_path(home, places.ENGINE_SOCKET)
    bare = [sys.executable, "-S", "-c", BARE, str(path)]
    try:
        pairs = [(seconds(bare, environment), seconds(bridge, environment)) for _ in range(ROUNDS)]
        wholes = [seconds(whole, environment) for _ in range(WHOLE_ROUNDS)]
    finally:
        places.leave(home)
        places.wait_until_gone(home, 10)
    return [ours for _, ours in pairs], [bare for bare, _ in pairs], wholes


async def measure() -> list[Row]:
    """The bridge beside both."""
    with tempfile.TemporaryDirectory(prefix="o-") as folder:
        ours, bare, whole = await anyio.to_thread.run_sync(compare, folder)
    one, least, most = statistics.median(ours), statistics.median(bare), statistics.median(whole)
    what, figure = "process start to first tools/list", f"{one * 1000:.0f} ms"
    return [
        Row(what, figure, "bare `python -S -c` on the socket", f"{least * 1000:.0f} ms", one / least, LIMIT),
        Row(what, figure, "server in one process", f"{most * 1000:.0f} ms", one / most, WHOLE_LIMIT),
    ]

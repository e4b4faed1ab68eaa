"""How fast a job's output is followed, against `docker logs -f > file` in the same run.

Run as `python -m benchmarks.follow_rate [lines]`. Both read the same container, in turn, once it has ended: what is
measured is the reader, not the job. The better of three rounds counts for each.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from core.backends.base import LABEL_ATTEMPT, LABEL_HOME, LABEL_JOB, ContainerRequest
from core.backends.docker.backend import DockerBackend
from core.settings import MIB, DockerSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.records.log import LogFrame

IMAGE = "busybox:latest"
LINES = 1_000_000
ROUNDS = 3


def main() -> None:
    """Measure and print both rates and their ratio."""
    lines = int(sys.argv[1]) if len(sys.argv) > 1 else LINES
    ours, theirs = anyio.run(measure, lines)
    print(f"lines                {lines:>12,}")
    print(f"docker logs -f       {lines / theirs:>12,.0f} lines/s  ({theirs:.2f} s)")
    print(f"backend.follow       {lines / ours:>12,.0f} lines/s  ({ours:.2f} s)")
    print(f"ratio                {theirs / ours:>12.2f}  (at least 0.80 is promised)")


async def measure(lines: int) -> tuple[float, float]:
    """Seconds that `DockerBackend.follow` and `docker logs -f` take for the same output."""
    home_id = f"bench-{uuid.uuid4().hex[:12]}"
    backend = DockerBackend(DockerSettings(), home_id=home_id)
    async with backend.run():
        container = await backend.create(_request(home_id, lines))
        try:
            await backend.start(container.container_id)
            await backend.wait(container.container_id)
            ours: list[float] = []
            theirs: list[float] = []
            for _ in range(ROUNDS):
                theirs.append(await anyio.to_thread.run_sync(_docker_logs, container.container_id, lines))
                ours.append(await _follow(backend, container.container_id, lines))
        finally:
            await backend.remove(container.container_id)
    return min(ours), min(theirs)


async def _follow(backend: DockerBackend, container_id: str, lines: int) -> float:
    seen = 0

    def count(frames: Sequence[LogFrame]) -> bool:
        nonlocal seen
        seen += len(frames)
        return True

    began = time.perf_counter()
    await backend.follow(container_id, None, count)
    took = time.perf_counter() - began
    assert seen == lines, f"{seen} lines of {lines}"
    return took


def _docker_logs(container_id: str, lines: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log"
        began = time.perf_counter()
        with path.open("wb") as file:
            subprocess.run(["docker", "logs", "-f", container_id], stdout=file, stderr=file, check=True)
        took = time.perf_counter() - began
        assert path.read_bytes().count(b"\n") == lines
    return took


def _request(home_id: str, lines: int) -> ContainerRequest:
    return ContainerRequest(
        name=home_id,
        image=IMAGE,
        argv=("seq", "1", str(lines)),
        entrypoint=None,
        env={},
        workdir=None,
        user=None,
        labels={LABEL_HOME: home_id, LABEL_JOB: "follow_rate", LABEL_ATTEMPT: "1"},
        network="none",
        init=True,
        cpus=2,
        memory_bytes=256 * MIB,
        pids=64,
        gpus=0,
        log_bytes=8 * lines,
        log_lines=lines,
    )


if __name__ == "__main__":
    main()

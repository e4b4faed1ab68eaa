"""A backend on the real engine, with a home of its own whose containers are gone after the test."""

from __future__ import annotations

import subprocess
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import anyio
import pytest

from core.backends.base import LABEL_ATTEMPT, LABEL_HOME, LABEL_JOB, ContainerRequest, ContainerState
from core.backends.docker.backend import DockerBackend
from core.settings import MIB, DockerSettings

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator, Sequence

    from core.records.log import LogFrame, LogPosition

BUSYBOX = "busybox:latest"


def docker(*arguments: str) -> str:
    """What somebody else does with the same engine; returns what the command printed."""
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


class Requests(Protocol):
    """Makes requests for containers of this test's home."""

    def __call__(self, *argv: str, **changes: Any) -> ContainerRequest: ...


@pytest.fixture
def home_id() -> Generator[str]:
    home_id = f"test-{uuid.uuid4().hex[:12]}"
    yield home_id
    left = docker("ps", "--all", "--quiet", "--filter", f"label={LABEL_HOME}={home_id}").split()
    if left:
        docker("rm", "--force", "--volumes", *left)


@pytest.fixture
async def backend(home_id: str) -> AsyncGenerator[DockerBackend]:
    backend = DockerBackend(DockerSettings(), home_id=home_id)
    async with backend.run():
        yield backend


@pytest.fixture
def request_for(home_id: str) -> Requests:
    """Requests named after the home, numbered; hard to kill is the default of nothing here."""
    made = 0

    def make(*argv: str, **changes: Any) -> ContainerRequest:
        nonlocal made
        made += 1
        plain = ContainerRequest(
            name=f"{home_id}-{made}",
            image=BUSYBOX,
            argv=argv or None,
            entrypoint=None,
            env={},
            workdir=None,
            user=None,
            labels={LABEL_HOME: home_id, LABEL_JOB: f"job_{made}", LABEL_ATTEMPT: "1"},
            network="none",
            init=True,
            cpus=1,
            memory_bytes=128 * MIB,
            pids=64,
            gpus=0,
            log_bytes=8 * MIB,
            log_lines=100_000,
        )
        return replace(plain, **changes)

    return make


async def started(backend: DockerBackend, request: ContainerRequest) -> str:
    """Create and start; returns the container's id."""
    container = await backend.create(request)
    await backend.start(container.container_id)
    return container.container_id


async def ended(backend: DockerBackend, container_id: str, *, within_s: float = 30) -> ContainerState:
    """The state of a container that ends by itself."""
    with anyio.fail_after(within_s):
        state = await backend.wait(container_id)
    assert state is not None
    return state


async def output_of(backend: DockerBackend, container_id: str, since: LogPosition | None = None) -> list[LogFrame]:
    """All output from ``since`` on, to the end of the stream."""
    frames: list[LogFrame] = []

    def keep(batch: Sequence[LogFrame]) -> bool:
        frames.extend(batch)
        return True

    with anyio.fail_after(30):
        await backend.follow(container_id, since, keep)
    return frames

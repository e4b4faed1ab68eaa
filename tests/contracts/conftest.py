"""The backends that keep the promises of `core.backends.base`: the simulated one always, Docker where there is one."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import anyio.to_thread
import pytest
from docker import from_env

from core.backends.docker.backend import DockerBackend
from core.backends.simulated.backend import SimulatedBackend
from core.settings import DockerSettings
from core.testing.stage import Stage

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator


async def _kill_through_docker(container_id: str, name: str) -> None:
    def kill() -> None:
        client = from_env()
        try:
            client.containers.get(container_id).kill(f"SIG{name}")
        finally:
            client.close()

    await anyio.to_thread.run_sync(kill)


def _simulated() -> Stage:
    backend = SimulatedBackend()

    async def kill(container_id: str, name: str) -> None:
        await anyio.lowlevel.checkpoint()
        backend.signal_from_outside(container_id, name)

    return Stage(backend, kill)


@pytest.fixture(params=["simulated", pytest.param("docker", marks=pytest.mark.docker)])
async def stage(request: pytest.FixtureRequest) -> AsyncGenerator[Stage]:
    if request.param == "simulated":
        stage = _simulated()
    else:
        home_id = f"stage-{secrets.token_hex(6)}"
        stage = Stage(DockerBackend(DockerSettings(), home_id=home_id), _kill_through_docker, home_id=home_id)
    async with stage.backend.run():
        health = await stage.backend.probe()
        if not health.available:
            pytest.skip(health.message)
        try:
            yield stage
        finally:
            await stage.clear()


@pytest.fixture(autouse=True)
async def patience() -> AsyncGenerator[None]:
    with anyio.fail_after(60):
        yield

"""Probe and pull: what every backend promises of itself and of images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest

from core.errors import ImageNotFoundError, RegistryUnreachableError

if TYPE_CHECKING:
    from core.backends.base import ImageInfo
    from core.testing.stage import Stage


async def test_a_backend_that_answers_says_so(stage: Stage) -> None:
    health = await stage.backend.probe()

    assert health.available
    assert health.name == stage.backend.name
    assert health.version
    assert health.message == ""


@pytest.mark.parametrize("policy", ["missing", "never"])
async def test_a_local_image_is_described_without_a_pull(stage: Stage, policy: str) -> None:
    info = await stage.backend.pull("busybox:latest", "never" if policy == "never" else "missing", print)

    assert info.reference == "busybox:latest"
    assert info.image_id.startswith("sha256:")
    assert info.digest
    assert info.command


async def test_a_container_can_be_made_of_the_image_id(stage: Stage) -> None:
    info = await stage.backend.pull("busybox:latest", "missing", print)

    ended = await stage.ended("sh", "-c", "exit 6", image=info.image_id)

    assert ended.exit_code == 6


async def test_two_pulls_at_once_give_the_same_image(stage: Stage) -> None:
    found: list[ImageInfo] = []

    async def pull() -> None:
        found.append(await stage.backend.pull("busybox:latest", "missing", print))

    async with anyio.create_task_group() as group:
        group.start_soon(pull)
        group.start_soon(pull)

    assert found[0] == found[1]


async def test_an_image_that_may_not_be_pulled_and_is_not_there_is_not_found(stage: Stage) -> None:
    with pytest.raises(ImageNotFoundError):
        await stage.backend.pull("missing/nowhere:1", "never", print)


async def test_a_registry_that_cannot_be_reached_is_told_from_a_missing_image(stage: Stage) -> None:
    with pytest.raises(RegistryUnreachableError):
        await stage.backend.pull("unreachable.invalid/some/image:1", "missing", print)


async def test_a_container_of_an_image_that_is_not_local_is_not_made(stage: Stage) -> None:
    with pytest.raises(ImageNotFoundError):
        await stage.backend.create(stage.request("true", image="missing/nowhere:1"))

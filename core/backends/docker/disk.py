"""What containers hold of the engine's disk, and what is free on it."""

from __future__ import annotations

import shutil
from functools import partial
from typing import TYPE_CHECKING

import anyio.to_thread
from docker.errors import APIError

from core.backends.docker.client import container_path
from core.backends.docker.faults import refusal

if TYPE_CHECKING:
    from core.backends.docker.client import EngineClient


async def written_bytes(client: EngineClient, container_id: str) -> int | None:
    """What a container has written into its own layer; see `ContainerBackend.written_bytes`.

    The engine walks through the layer for that: milliseconds for large files, 0.1 s for 20,000 small ones.
    A file with holes counts as if it had none.
    """
    try:
        answer = await client.request("GET", container_path(container_id, "json"), params={"size": "1"})
    except APIError as error:
        if error.status_code == 404:
            return None
        raise refusal(error) from error
    size: object = answer.json().get("SizeRw")
    return size if isinstance(size, int) else None


class EngineDisk:
    """The disk of an engine on this machine.

    Args:
        client: The way to the engine.
    """

    def __init__(self, client: EngineClient) -> None:
        self._client = client
        self._folder = ""

    async def free_bytes(self) -> int | None:
        """What is free where layers lie; None when that folder cannot be looked at."""
        if not self._folder:
            try:
                answer = await self._client.request("GET", "/info")
            except APIError as error:
                raise refusal(error) from error
            self._folder = str(answer.json().get("DockerRootDir") or "")
        try:
            usage = await anyio.to_thread.run_sync(
                partial(shutil.disk_usage, self._folder), limiter=self._client.streams
            )
        except OSError:
            return None
        return usage.free

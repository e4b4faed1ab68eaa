"""The verbs of `core.backends.services` on a Docker Engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.backends.docker import looking, networks
from core.backends.docker.execute import execute

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.backends.docker.client import EngineClient
    from core.backends.services import Executed, NetworkRequest, NetworkState


class DockerServices:
    """The part of `DockerBackend` that services need.

    Args:
        client: The way to the engine.
    """

    def __init__(self, client: EngineClient) -> None:
        self._client = client

    async def create_network(self, request: NetworkRequest) -> NetworkState:
        """Make the network or adopt it; see `ServiceVerbs.create_network`."""
        return await networks.create(self._client, request)

    async def remove_network(self, name: str) -> None:
        """Remove it; see `ServiceVerbs.remove_network`."""
        await networks.remove(self._client, name)

    async def list_networks(self, home_id: str) -> list[NetworkState]:
        """All networks of a home; see `ServiceVerbs.list_networks`."""
        return await networks.list_owned(self._client, home_id)

    async def execute(self, container_id: str, argv: Sequence[str], timeout_s: float) -> Executed:
        """Run a command in a container; see `ServiceVerbs.execute`."""
        return await execute(self._client, container_id, argv, timeout_s)

    async def listening(self, container_id: str, helper_image: str) -> frozenset[int] | None:
        """The ports open to its network; see `ServiceVerbs.listening`."""
        return await looking.listening(self._client, container_id, helper_image)

    async def http_status(self, container_id: str, port: int, path: str, helper_image: str) -> int | None:
        """What it answers to a path; see `ServiceVerbs.http_status`."""
        return await looking.http_status(self._client, container_id, port, path, helper_image)

"""The verbs of `core.backends.services` in the simulation."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Protocol

from core.backends.base import LABEL_HOME
from core.backends.services import NetworkState
from core.errors import BackendError, ContainerNameTakenError, ContainerStartError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from core.backends.services import Executed, NetworkRequest
    from core.backends.simulated.container import SimulatedContainer
    from core.backends.simulated.images import ImageShelf
    from core.clock import Clock


class _Looking(Protocol):
    """Finds a container by id or name as it stands now."""

    def __call__(self, key: str, /) -> SimulatedContainer: ...


class SimulatedServices:
    """The part of `SimulatedBackend` that services need.

    Args:
        clock: The clock the containers live by.
        reach: Refuses while the engine is away.
        get: Finds a container.
        containers: All of them, by id.
        images: The images.
    """

    def __init__(
        self,
        clock: Clock,
        reach: Callable[[], None],
        get: _Looking,
        containers: Mapping[str, SimulatedContainer],
        images: ImageShelf,
    ) -> None:
        self._networks: dict[str, NetworkState] = {}
        self._network_clock = clock
        self._reaches, self._finds, self._all, self._images = reach, get, containers, images

    async def create_network(self, request: NetworkRequest) -> NetworkState:
        """As `ServiceVerbs.create_network`."""
        self._reaches()
        known = self._networks.get(request.name)
        if known is None:
            now = self._network_clock.now()
            known = NetworkState(secrets.token_hex(32), request.name, dict(request.labels), request.internal, now)
            self._networks[request.name] = known
        if any(known.labels.get(label) != value for label, value in request.labels.items()):
            raise ContainerNameTakenError(f"There is a network named {request.name} that is not ours.")
        return known

    async def remove_network(self, name: str) -> None:
        """As `ServiceVerbs.remove_network`."""
        self._reaches()
        known = self._networks.get(name)
        if known is None or LABEL_HOME not in known.labels:
            return
        attached = [one for one in self._all.values() if name in {one.request.attached_to, *one.request.also_in}]
        if any(self._finds(container.container_id).phase == "running" for container in attached):
            raise BackendError(f"The simulated engine refused: network {name} has active endpoints")
        del self._networks[name]

    async def list_networks(self, home_id: str) -> list[NetworkState]:
        """As `ServiceVerbs.list_networks`."""
        self._reaches()
        return [network for network in self._networks.values() if network.labels.get(LABEL_HOME) == home_id]

    async def execute(self, container_id: str, argv: Sequence[str], timeout_s: float) -> Executed:
        """As `ServiceVerbs.execute`; the command takes no time, and no more scripted seconds than ``timeout_s``."""
        self._reaches()
        return self._finds(container_id).execute(tuple(argv), timeout_s)

    async def listening(self, container_id: str, helper_image: str) -> frozenset[int] | None:
        """As `ServiceVerbs.listening`; an image called ``shell-less`` has no means to look, nor to be helped with."""
        self._reaches()
        container = self._finds(container_id)
        helper = self._images.find(helper_image)
        if "shell-less" in container.image and helper is not None and "shell-less" in helper.reference:
            return None
        return container.listening

    async def http_status(self, container_id: str, port: int, path: str, helper_image: str) -> int | None:
        """As `ServiceVerbs.http_status`; whatever listens answers 200, or what a path such as ``/503`` says."""
        ports = await self.listening(container_id, helper_image)
        if ports is None:
            return None
        number = path[1:4]
        return (int(number) if number.isdecimal() and len(number) == 3 else 200) if port in ports else 0

    def refuse_without_network(self, request_network: str) -> None:
        """As an engine does when a container is started whose network is gone.

        Raises:
            ContainerStartError: It is.
        """
        if request_network and request_network not in self._networks:
            raise ContainerStartError(f"network {request_network} not found")

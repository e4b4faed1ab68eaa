"""What services need of a backend beside what a job's own container needs: networks, health, looks inside.

The promises of `core.backends.base` hold here too. A network is known by its name, which is a function of home, job and
attempt: making it again adopts it, removing what is gone is no error. It outlives the engine that made it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

LABEL_SERVICE: Final = "orcaops.service"
"""Label with the id of the service that a container is; a job's own container has none."""

EXECUTED_BYTES: Final = 16 * 1024
"""So much of what a command printed is kept, from its end."""

Health = Literal["starting", "healthy", "unhealthy"]
"""What the container engine's own check says."""


@dataclass(frozen=True, slots=True)
class NetworkRequest:
    """A network to be made.

    Attributes:
        name: Unique, and a pure function of home, job and attempt.
        labels: Ours; `core.backends.base.LABEL_HOME` among them.
        internal: Whether nothing in it reaches out.
    """

    name: str
    labels: Mapping[str, str]
    internal: bool = False


@dataclass(frozen=True, slots=True)
class NetworkState:
    """What the engine says of a network.

    Attributes:
        network_id: Its id.
        name: Its name.
        labels: All its labels.
        internal: Whether nothing in it reaches out.
        created_at: When it was made.
    """

    network_id: str
    name: str
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    internal: bool = False
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """A check that the container engine carries out inside a container.

    Attributes:
        test: ``CMD`` and arguments, ``CMD-SHELL`` and a text, or ``NONE``; empty keeps the image's own test.
        interval_s: Between two checks.
        timeout_s: After which one has failed.
        retries: So many failures one after another make the container unhealthy; None leaves it to the image, else 3.
        start_period_s: Failures this early do not count; None leaves it to the image, else none.
    """

    test: tuple[str, ...] = ()
    interval_s: float = 2.0
    timeout_s: float | None = None
    retries: int | None = None
    start_period_s: float | None = None


class Executed(NamedTuple):
    """What became of a command in a running container."""

    exit_code: int | None
    """126 or 127 when there is no such program; None when it ran out of time, or the container does not run."""
    output: str
    """The end of what it printed, both streams together."""


class ServiceVerbs(Protocol):
    """The verbs that services need; part of `core.backends.base.ContainerBackend`."""

    async def create_network(self, request: NetworkRequest) -> NetworkState:
        """Make the network, or adopt the one of that name that carries the same labels.

        Raises:
            ContainerNameTakenError: A network that is not ours has the name.
            BackendError: The engine refused; it may have no addresses left.
        """
        ...

    async def remove_network(self, name: str) -> None:
        """Remove it; one that is gone, or is not ours, is left at that.

        Raises:
            BackendError: Something running is still attached to it.
        """
        ...

    async def list_networks(self, home_id: str) -> list[NetworkState]:
        """All networks whose home label is ``home_id``."""
        ...

    async def execute(self, container_id: str, argv: Sequence[str], timeout_s: float) -> Executed:
        """Run a command in a running container, without input.

        One that runs out of time, or whose call is cancelled, is left to itself; it ends with its container.

        Raises:
            ContainerLostError: The container is gone.
        """
        ...

    async def listening(self, container_id: str, helper_image: str) -> frozenset[int] | None:
        """The TCP ports on which a running container takes connections from its network.

        Args:
            container_id: The container.
            helper_image: A local image that may be used to look when the container's own has no shell.

        Returns:
            The ports; none if it does not run. None when neither image has the means to look.

        Raises:
            ContainerLostError: The container is gone.
        """
        ...

    async def http_status(self, container_id: str, port: int, path: str, helper_image: str) -> int | None:
        """What a running container answers to ``GET path`` on a port, redirects not followed.

        Args:
            container_id: The container.
            port: Of the container.
            path: Begins with ``/``; printable ASCII without spaces.
            helper_image: As for `listening`.

        Returns:
            The status; 0 when nothing answered. None when neither image has a program to ask with.

        Raises:
            ContainerLostError: The container is gone.
        """
        ...

"""What a test of a container backend stands on: the backend, a home of its own, and an operator beside it."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from core.backends.base import LABEL_ATTEMPT, LABEL_HOME, LABEL_JOB
from core.backends.services import NetworkRequest
from core.errors import ContainerLostError
from core.testing.factories import a_container_request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.backends.base import ContainerBackend, ContainerRequest, ContainerState
    from core.records.log import LogFrame, LogPosition

Signal = Callable[[str, str], Awaitable[None]]
"""Sends the container of an id a signal such as ``TERM``, past the backend."""


class Stage:
    """A backend and everything that a test made with it.

    Args:
        backend: What is tested.
        signal_from_outside: How an operator would send a signal.
        home_id: The home; a fresh one if empty.

    Attributes:
        backend: What is tested.
        home_id: The home of the containers that `request` asks for.
        signal_from_outside: How an operator would send a signal.
    """

    def __init__(self, backend: ContainerBackend, signal_from_outside: Signal, *, home_id: str = "") -> None:
        self.backend = backend
        self.signal_from_outside = signal_from_outside
        self.home_id = home_id or f"stage-{secrets.token_hex(6)}"
        self._homes = {self.home_id}

    def request(self, *argv: str, **changes: Any) -> ContainerRequest:
        """A request under this stage's home.

        Args:
            argv: The process's arguments; none keeps the image's own command.
            changes: Fields of `ContainerRequest`.
        """
        return a_container_request(argv=argv or None, **{"labels": self.labels(), **changes})

    def network_request(self, **changes: Any) -> NetworkRequest:
        """A request for a network under this stage's home.

        Args:
            changes: Fields of `NetworkRequest`.
        """
        request = NetworkRequest(f"orcaops-test-{secrets.token_hex(8)}", self.labels())
        return replace(request, **changes)

    def labels(self, home_id: str = "") -> dict[str, str]:
        """Labels of a job's container, in another home if named; `clear` removes what carries them."""
        home_id = home_id or self.home_id
        self._homes.add(home_id)
        return {LABEL_HOME: home_id, LABEL_JOB: f"job-{secrets.token_hex(6)}", LABEL_ATTEMPT: "1"}

    async def started(self, *argv: str, **changes: Any) -> str:
        """Make and start a container; returns its id."""
        state = await self.backend.create(self.request(*argv, **changes))
        await self.backend.start(state.container_id)
        return state.container_id

    async def ended(self, *argv: str, **changes: Any) -> ContainerState:
        """Make and start a container and wait for its end.

        Raises:
            ContainerLostError: It is gone.
        """
        return await self.end_of(await self.started(*argv, **changes))

    async def end_of(self, container_id: str) -> ContainerState:
        """Wait for a container's end.

        Raises:
            ContainerLostError: It is gone.
        """
        state = await self.backend.wait(container_id)
        if state is None:
            raise ContainerLostError
        return state

    async def output(self, container_id: str, since: LogPosition | None = None) -> list[LogFrame]:
        """Follow to the end; returns the frames."""
        frames: list[LogFrame] = []

        def keep(batch: Sequence[LogFrame]) -> bool:
            frames.extend(batch)
            return True

        await self.backend.follow(container_id, since, keep)
        return frames

    async def until_printed(self, container_id: str, text: bytes) -> None:
        """Follow until the output holds ``text``, or ends."""
        seen = bytearray()

        def look(batch: Sequence[LogFrame]) -> bool:
            seen.extend(b"".join(frame.body for frame in batch))
            return text not in seen

        await self.backend.follow(container_id, None, look)

    async def clear(self) -> None:
        """Remove every container and every network of this stage."""
        for home_id in self._homes:
            for state in await self.backend.list_owned(home_id):
                await self.backend.remove(state.container_id)
            for network in await self.backend.list_networks(home_id):
                await self.backend.remove_network(network.name)


def printed(frames: Sequence[LogFrame], stream: int) -> bytes:
    """What the frames of one stream say."""
    return b"".join(frame.body for frame in frames if frame.stream == stream)

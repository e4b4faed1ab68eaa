"""The verbs of the simulated backend, and what a test may do to it."""

from __future__ import annotations

import math
import posixpath
import secrets
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import anyio
import anyio.lowlevel
import anyio.to_thread

from core.backends.base import LABEL_HOME, BackendHealth, PathInfo
from core.backends.simulated.archive import TarStream
from core.backends.simulated.container import SimulatedContainer
from core.backends.simulated.images import ImageShelf
from core.backends.simulated.services import SimulatedServices
from core.backends.simulated.steering import Steering
from core.clock import SystemClock
from core.errors import (
    BackendError,
    BackendUnavailableError,
    ContainerLostError,
    ContainerNameTakenError,
    ContainerStartError,
    ImageNotFoundError,
)
from core.settings import SimulationSettings

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager

    from core.backends.base import (
        ArchiveEntry,
        ContainerRequest,
        ContainerState,
        ImageInfo,
        LogFrame,
        LogPosition,
        OnFrames,
        Placement,
        RegistryLogin,
        UsageSample,
    )
    from core.clock import Clock
    from core.spec.job import PullPolicy

_FRAMES_A_CALL: Final = 1000
_FOLLOWING_THREADS: Final = 8


class SimulatedBackend(SimulatedServices):
    """Runs containers in memory; they live as long as this object, through any number of `run` contexts.

    Args:
        settings: How long a scripted second is.
        clock: The clock the containers live by; the machine's own if None.

    Attributes:
        images: The images, with a count of the pulls.
    """

    def __init__(self, settings: SimulationSettings | None = None, *, clock: Clock | None = None) -> None:
        self._time_scale = (settings or SimulationSettings()).time_scale
        self._clock: Clock = clock or SystemClock()
        self.images = ImageShelf(self._clock, self._time_scale)
        self._containers: dict[str, SimulatedContainer] = {}
        self._by_name: dict[str, SimulatedContainer] = {}
        self.free_disk_bytes: int | None = None
        self._is_away = False
        self._returned = anyio.Event()
        self._refused_once: set[str] = set()
        self._threads = anyio.CapacityLimiter(_FOLLOWING_THREADS)
        super().__init__(self._clock, self._reach, self._get, self._containers, self.images)

    @property
    def name(self) -> str:
        """``simulated``."""
        return "simulated"

    @property
    def control_paths(self) -> tuple[str, ...] | None:
        """None are; see `ContainerBackend.control_paths`."""
        return ()

    def run(self) -> AbstractAsyncContextManager[None]:
        """Nothing is held open."""
        return _nothing()

    async def probe(self) -> BackendHealth:
        """As `ContainerBackend.probe`."""
        await anyio.lowlevel.checkpoint()
        facts = {"containers": str(len(self._containers)), "time_scale": f"{self._time_scale:g}"}
        if self._is_away:
            return BackendHealth(
                available=False,
                name=self.name,
                message="The simulated engine was sent away.",
                hint=BackendUnavailableError.default_hint,
                facts=facts,
            )
        return BackendHealth(available=True, name=self.name, version="1", facts=facts)

    async def pull(
        self,
        image: str,
        policy: PullPolicy,
        on_progress: Callable[[str], None],
        *,
        login: RegistryLogin | None = None,  # noqa: ARG002 -- nobody is asked here
    ) -> ImageInfo:
        """As `ContainerBackend.pull`."""
        self._reach()
        return await self.images.pull(image, policy, on_progress)

    async def create(self, request: ContainerRequest) -> ContainerState:
        """As `ContainerBackend.create`."""
        self._reach()
        known = self._look(request.name)
        if known is not None:
            if not _has_labels(known, request.labels):
                raise ContainerNameTakenError(f"A container named {request.name} exists and is not this job's.")
            return known.state()
        image = self.images.find(request.image)
        if image is None:
            raise ImageNotFoundError(f"{request.image} is not local")
        try:
            steering = Steering.read(request.env)
        except ValueError as error:
            raise ContainerStartError(str(error)) from None
        if steering.failure == "create":
            raise ContainerStartError("The simulated engine refused to create the container.")
        arguments = image.command if request.argv is None else request.argv
        container = SimulatedContainer(
            secrets.token_hex(32),
            request,
            image=image.reference,
            argv=(*(image.entrypoint if request.entrypoint is None else request.entrypoint), *arguments),
            folder=request.workdir or image.workdir or "/",
            steering=steering,
            created_at=self._clock.now(),
            time_scale=self._time_scale,
        )
        self._containers[container.container_id] = self._by_name[request.name] = container
        return container.state()

    async def put(
        self,
        container_id: str,
        folder: str,
        entries: Sequence[ArchiveEntry],
        *,
        owner: str | None = None,
        claim: bool = False,  # noqa: ARG002 -- everybody may write everywhere here
        mode: int = 0o777,
    ) -> None:
        """As `ContainerBackend.put`."""
        self._reach()
        container = self._get(container_id)
        files = container.files
        ids = _ids_of(owner)
        place = files.make_folders(folder, mode=mode, owner=ids)
        try:
            for entry in entries:
                data = entry.data if entry.file is None else await self._read(entry)
                below, name = posixpath.split(entry.path) if "/" in entry.path else ("", entry.path)
                parent = files.make_folders(posixpath.join(folder, below), owner=ids) if below else place
                files.place(parent, name, data, entry.mode, ids)
        except OSError as error:
            raise BackendError(f"The simulated engine refused: {error.strerror}") from None
        if container.phase == "running":
            container.poke(self._clock.monotonic())

    async def put_all(self, container_id: str, placements: Sequence[Placement]) -> None:
        """As `ContainerBackend.put_all`."""
        for each in placements:
            await self.put(
                container_id, each.folder, each.entries, owner=each.owner, claim=each.is_ours, mode=each.mode
            )

    async def start(self, container_id: str) -> None:
        """As `ContainerBackend.start`; one that has run is not run again."""
        self._reach()
        container = self._get(container_id)
        if container.steering.failure == "unavailable" and container.container_id not in self._refused_once:
            self._refused_once.add(container.container_id)
            raise BackendUnavailableError
        if container.phase == "created":
            for network in (container.request.attached_to, *container.request.also_in):
                self.refuse_without_network(network)
        container.begin(self._clock.monotonic(), self._clock.now())

    async def follow(
        self, container_id: str, since: LogPosition | None, on_frames: OnFrames, *, at_once: OnFrames | None = None
    ) -> bool:
        """As `ContainerBackend.follow`."""
        self._reach()
        container = self._get(container_id)
        position = 0
        while not self._is_away and self._containers.get(container.container_id) is container:
            container.advance(self._clock.monotonic())
            frames, position = container.output.read(position, _FRAMES_A_CALL)
            wanted = frames if since is None else [frame for frame in frames if frame.at >= since.at]
            if wanted:
                is_taken = at_once is not None and at_once(wanted)
                if not (is_taken or await anyio.to_thread.run_sync(on_frames, wanted, limiter=self._threads)):
                    return False
            elif not frames:
                if container.phase != "running":
                    return True
                await self._until_something_happens(container)
        return False

    async def tail(self, container_id: str, lines: int) -> list[LogFrame]:
        """As `ContainerBackend.tail`."""
        self._reach()
        return self._get(container_id).output.tail(lines)

    async def wait(self, container_id: str) -> ContainerState | None:
        """As `ContainerBackend.wait`, through an outage of the engine; one that was never started does not run."""
        while True:
            if self._is_away:
                await self._returned.wait()
            container = self._look(container_id)
            if container is None or container.phase != "running":
                return container.state() if container else None
            await self._until_something_happens(container)

    async def inspect(self, container_id: str) -> ContainerState | None:
        """As `ContainerBackend.inspect`."""
        self._reach()
        container = self._look(container_id)
        return container.state() if container else None

    async def stop(self, container_id: str, grace_s: float) -> None:
        """As `ContainerBackend.stop`; the grace is in seconds of the clock."""
        self._reach()
        container = self._look(container_id)
        if container is None or container.phase != "running":
            return
        container.interrupt(container.request.stop_signal.removeprefix("SIG"), self._clock.monotonic())
        deadline = self._clock.monotonic() + grace_s
        while (container := self._look(container_id)) is not None and container.phase == "running":
            if self._clock.monotonic() >= deadline:
                container.interrupt("KILL", self._clock.monotonic())
            else:
                await self._until_something_happens(container, deadline)
                self._reach()

    async def usage(self, container_id: str) -> UsageSample | None:
        """As `ContainerBackend.usage`; the figures are made up and grow with time."""
        self._reach()
        container = self._look(container_id)
        return container.usage(self._clock.monotonic()) if container else None

    async def written_bytes(self, container_id: str) -> int | None:
        """As `ContainerBackend.written_bytes`."""
        self._reach()
        container = self._look(container_id)
        return container.files.size if container else None

    async def free_bytes(self) -> int | None:
        """As `ContainerBackend.free_bytes`: `free_disk_bytes`."""
        return self.free_disk_bytes

    async def stat(self, container_id: str, path: str) -> PathInfo | None:
        """As `ContainerBackend.stat`."""
        self._reach()
        files = self._get(container_id).files
        try:
            node = files.find(path, follow=False)
            target = files.resolve(path) if node is not None and node.kind == "symlink" else ""
        except OSError as error:  # as Docker, which has no better answer to links in a circle
            raise BackendError(f"The simulated engine refused: {error.strerror}") from None
        if node is None:
            return None
        return PathInfo(path, node.kind, len(node.data), target)

    def archive(self, container_id: str, path: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """As `ContainerBackend.archive`."""
        self._reach()
        return TarStream(self._get(container_id).files, path)

    async def remove(self, container_id: str) -> None:
        """As `ContainerBackend.remove`."""
        self._reach()
        self._forget(container_id)

    async def list_owned(self, home_id: str) -> list[ContainerState]:
        """As `ContainerBackend.list_owned`."""
        self._reach()
        owned = [key for key, one in self._containers.items() if one.request.labels.get(LABEL_HOME) == home_id]
        return [container.state() for key in owned if (container := self._look(key)) is not None]

    def signal_from_outside(self, container_id: str, name: str) -> None:
        """Send a signal such as ``TERM`` as an operator would, past this backend."""
        self._get(container_id).interrupt(name, self._clock.monotonic(), from_outside=True)

    def vanish(self, container_id: str) -> None:
        """Take a container away as an operator would, running or not."""
        self._forget(container_id)

    def go_away(self) -> None:
        """Stop answering until `come_back`: `wait` waits, every other verb but `probe` fails; the containers run on."""
        self._is_away = True
        self._returned = anyio.Event()
        for container in self._containers.values():
            container.announce()

    def come_back(self) -> None:
        """Answer again."""
        self._is_away = False
        self._returned.set()

    async def _read(self, entry: ArchiveEntry) -> bytes:
        def read() -> bytes:
            with entry.opened() as source:
                return source.read()

        return await anyio.to_thread.run_sync(read, limiter=self._threads)

    def _reach(self) -> None:
        if self._is_away:
            raise BackendUnavailableError

    def _look(self, key: str) -> SimulatedContainer | None:
        """The container of that id or name as it stands now, or None."""
        container = self._containers.get(key) or self._by_name.get(key)
        if container is None:
            return None
        if container.phase == "running":
            now = self._clock.monotonic()
            container.advance(now)
            container.check_health(now)
        if container.lost:
            self._forget(key)
            return None
        return container

    def _get(self, key: str) -> SimulatedContainer:
        container = self._look(key)
        if container is None:
            raise ContainerLostError
        return container

    def _forget(self, key: str) -> None:
        container = self._containers.get(key) or self._by_name.get(key)
        if container is not None:
            del self._containers[container.container_id]
            del self._by_name[container.request.name]
            container.announce()

    async def _until_something_happens(self, container: SimulatedContainer, deadline: float = math.inf) -> None:
        """Wait until its program goes on, or somebody does something to it, or ``deadline`` has come."""
        delay = min(container.wake_at, deadline) - self._clock.monotonic()
        if delay <= 0:
            await anyio.lowlevel.checkpoint()
            return
        changed = container.changed
        if delay == math.inf:
            await changed.wait()
            return
        async with anyio.create_task_group() as group:
            group.start_soon(self._alarm, delay, container)
            await changed.wait()
            group.cancel_scope.cancel()

    async def _alarm(self, delay: float, container: SimulatedContainer) -> None:
        await self._clock.sleep(delay)
        container.announce()


@lru_cache(maxsize=64)
def _ids_of(owner: str | None) -> tuple[int, int]:
    """The numbers of ``uid`` or ``uid:gid``; root's for None."""
    uid, _, gid = (owner or "0:0").partition(":")
    return int(uid), int(gid or uid)


def _has_labels(container: SimulatedContainer, labels: Mapping[str, str]) -> bool:
    return all(container.request.labels.get(name) == value for name, value in labels.items())


@asynccontextmanager
async def _nothing() -> AsyncGenerator[None]:
    yield

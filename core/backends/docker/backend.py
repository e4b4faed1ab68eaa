"""Containers on a Docker Engine."""

from __future__ import annotations

import json
import logging
import math
import re
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import anyio
from docker.errors import APIError

from core.backends.base import LABEL_HOME, ContainerState, Placement
from core.backends.docker import archive, disk, health, networks, output
from core.backends.docker.client import EngineClient, container_path, engine_socket
from core.backends.docker.events import ContainerWatch
from core.backends.docker.faults import is_transient, refusal, start_fault, words_of
from core.backends.docker.pull import Images
from core.backends.docker.services import DockerServices
from core.backends.docker.states import init_failure, state_of, tells_of_no_process, usage_of
from core.backends.docker.translate import create_payload
from core.errors import (
    BackendError,
    BackendTimeoutError,
    BackendUnavailableError,
    ContainerLostError,
    ContainerNameTakenError,
    ContainerStartError,
    ImageNotFoundError,
)

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
    from contextlib import AbstractAsyncContextManager

    from core.backends.base import (
        ArchiveEntry,
        BackendHealth,
        ContainerRequest,
        ImageInfo,
        OnFrames,
        PathInfo,
        RegistryLogin,
        UsageSample,
    )
    from core.records.log import LogFrame, LogPosition
    from core.settings import DockerSettings
    from core.spec.job import PullPolicy

_LOG: Final = logging.getLogger(__name__)

_ID: Final = re.compile(r"[0-9a-f]{64}")

_SETTLE_S: Final = 1.0
"""A start sent by an engine that died may still be on its way into the container engine."""

_RECOVERY_S: Final = 30.0
"""How long starts are refused while containerd comes back."""

_AFTERMATH_S: Final = 0.5
_TELLING_S: Final = 0.1
"""How much later than a container's end the engine may tell of the signal that brought it."""
_BY_A_SIGNAL: Final = 128
_CATCH_UP_S: Final = 5.0
"""How long an engine that is back may take to tell what happened meanwhile."""

_COMMAND_FAULTS: Final = (126, 127)


class DockerBackend(DockerServices):
    """A `core.backends.base.ContainerBackend` on a Docker Engine, near or far.

    Constructing it reaches for nothing, so that OrcaOps starts without an engine and recovers with it. Outside
    `run` every verb works but a pull that has to ask a registry, and waiting is slower.

    Args:
        settings: Where the engine is, and time limits.
        home_id: Value of `LABEL_HOME` on the containers this backend is about.
    """

    def __init__(self, settings: DockerSettings, *, home_id: str) -> None:
        super().__init__(EngineClient(settings))
        self._settings = settings
        self._home_id = home_id
        self._watch = ContainerWatch(self._client, home_id, settings.reconcile_s)
        self._images = Images(self._client)
        self._disk = disk.EngineDisk(self._client)
        self._unstarted: set[str] = set()

    @property
    def name(self) -> str:
        """The backend's name."""
        return "docker"

    @property
    def control_paths(self) -> tuple[str, ...] | None:
        """The engine's socket; see `ContainerBackend.control_paths`."""
        socket = engine_socket(self._settings)
        return None if socket is None else (socket,)

    @asynccontextmanager
    async def run(self) -> AsyncGenerator[None]:
        """Hold the event stream and carry pulls while the context lasts."""
        try:
            async with self._watch.run(), self._images.run():
                yield
        finally:
            self._client.close()

    async def probe(self) -> BackendHealth:
        """Whether containers can be run now; see `ContainerBackend.probe`."""
        return await health.probe(self._client)

    async def pull(
        self, image: str, policy: PullPolicy, on_progress: Callable[[str], None], *, login: RegistryLogin | None = None
    ) -> ImageInfo:
        """Make sure the image is local; see `ContainerBackend.pull`."""
        return await self._images.ensure(image, policy, on_progress, login)

    async def create(self, request: ContainerRequest) -> ContainerState:
        """Make the container or adopt it; see `ContainerBackend.create`."""
        state = await self._made(request)
        if state.phase == "created":
            for network in request.also_in:
                await networks.connect(self._client, network, state.container_id)
        return state

    async def put(
        self,
        container_id: str,
        folder: str,
        entries: Sequence[ArchiveEntry],
        *,
        owner: str | None = None,
        claim: bool = False,
        mode: int = 0o777,
    ) -> None:
        """Write files into a container that has not started; see `ContainerBackend.put`."""
        placement = Placement(folder, tuple(entries), owner, claim, mode)
        await archive.put_all(self._client, container_id, [placement])

    async def put_all(self, container_id: str, placements: Sequence[Placement]) -> None:
        """Write files into several folders; see `ContainerBackend.put_all`."""
        await archive.put_all(self._client, container_id, placements)

    async def start(self, container_id: str) -> None:
        """Start it, once; see `ContainerBackend.start`."""
        if container_id in self._unstarted:
            self._unstarted.discard(container_id)
        elif await self._was_started(container_id, settle=True):
            return
        self._watch.starts(container_id)
        try:
            await self._start(container_id)
        except BaseException:
            self._watch.stops(container_id)
            raise

    async def follow(
        self, container_id: str, since: LogPosition | None, on_frames: OnFrames, *, at_once: OnFrames | None = None
    ) -> bool:
        """Deliver output as it comes; see `ContainerBackend.follow`."""
        del at_once  # a thread has the frames anyway
        return await output.follow(self._client, container_id, since, on_frames)

    async def tail(self, container_id: str, lines: int) -> list[LogFrame]:
        """The last frames of its output; see `ContainerBackend.tail`."""
        return await output.tail(self._client, container_id, lines)

    async def wait(self, container_id: str) -> ContainerState | None:
        """Return once it is not running; goes on through an outage of the engine. See `ContainerBackend.wait`."""
        with self._watch.waiter(container_id) as waiter:
            while True:
                if not self._watch.surely_runs(container_id):
                    waiter.arm()
                    with suppress(BackendUnavailableError, BackendTimeoutError):
                        state = await self._seen_twice(container_id)
                        if state is None or state.phase in {"created", "exited"}:
                            return state
                with anyio.move_on_after(None if self._watch.connected else self._settings.reconcile_s):
                    await waiter.woken()

    async def inspect(self, container_id: str) -> ContainerState | None:
        """Its state by id or name; see `ContainerBackend.inspect`."""
        try:
            answer = await self._client.request("GET", container_path(container_id, "json"))
        except APIError as error:
            if error.status_code == 404:
                return None
            raise refusal(error) from error
        container = answer.json()
        state = state_of(container, self._watch)
        if state.phase == "exited" and state.exit_code in _COMMAND_FAULTS and container["HostConfig"].get("Init"):
            return await self._with_word_of_init(state)
        return state

    async def stop(self, container_id: str, grace_s: float) -> None:
        """SIGTERM, then SIGKILL; see `ContainerBackend.stop`."""
        self._watch.signals_are_ours(container_id)
        grace = math.ceil(grace_s)
        try:
            await self._client.request(
                "POST", container_path(container_id, "stop"), params={"t": grace}, lasting_s=grace + 1
            )
        except APIError as error:
            if error.status_code != 404:
                raise refusal(error) from error

    async def usage(self, container_id: str) -> UsageSample | None:
        """A sample; see `ContainerBackend.usage`."""
        path, params = container_path(container_id, "stats"), {"stream": "false", "one-shot": "true"}
        try:
            answer = await self._client.request("GET", path, params=dict(params))
        except APIError as error:
            if error.status_code in {404, 409}:
                return None
            raise refusal(error) from error
        if not answer.content:  # it went while Docker looked at it
            return None
        stats = answer.json()
        if tells_of_no_process(stats):
            await self._end_if_dead(container_id)
        return usage_of(stats)

    async def written_bytes(self, container_id: str) -> int | None:
        """What it has written into its own layer; see `ContainerBackend.written_bytes`."""
        return await disk.written_bytes(self._client, container_id)

    async def free_bytes(self) -> int | None:
        """What is free where layers lie; see `ContainerBackend.free_bytes`."""
        return await self._disk.free_bytes() if self.control_paths is not None else None

    async def stat(self, container_id: str, path: str) -> PathInfo | None:
        """What is at a path; see `ContainerBackend.stat`."""
        return await archive.stat(self._client, container_id, path)

    def archive(self, container_id: str, path: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """A tar of a file or folder; see `ContainerBackend.archive`."""
        return archive.archive(self._client, container_id, path)

    async def remove(self, container_id: str) -> None:
        """Remove it, running or not; see `ContainerBackend.remove`."""
        if _ID.fullmatch(container_id) is None:
            state = await self.inspect(container_id)
            if state is None or state.labels.get(LABEL_HOME) != self._home_id:
                return
            container_id = state.container_id
        self._watch.signals_are_ours(container_id)
        try:
            await self._client.request("DELETE", container_path(container_id), params={"v": 1, "force": 1})
        except APIError as error:
            if error.status_code not in {404, 409}:  # gone, or going
                raise refusal(error) from error
        self._unstarted.discard(container_id)
        self._watch.removed(container_id)

    async def list_owned(self, home_id: str) -> list[ContainerState]:
        """All containers of a home, the oldest first; see `ContainerBackend.list_owned`."""
        wanted = json.dumps({"label": [f"{LABEL_HOME}={home_id}"]})
        try:
            answer = await self._client.request("GET", "/containers/json", params={"all": 1, "filters": wanted})
        except APIError as error:
            raise refusal(error) from error
        found: list[tuple[int, ContainerState]] = []

        failures: list[BackendError] = []

        async def look(made_at: int, container_id: str) -> None:
            try:
                state = await self.inspect(container_id)
            except BackendError as failure:
                failures.append(failure)
            else:
                if state is not None:
                    found.append((made_at, state))

        async with anyio.create_task_group() as group:
            for item in answer.json():
                group.start_soon(look, item["Created"], item["Id"])
        if failures:
            raise failures[0]
        return [state for _, state in sorted(found, key=lambda pair: (pair[0], pair[1].container_id))]

    async def _seen_twice(self, container_id: str) -> ContainerState | None:
        """Its state; after an end by a signal that was not ours, what followed tells whose it was.

        An engine that goes down takes no connections any more. Who removes a container by force, or starts it once
        more, does so a moment after it was killed.
        """
        state = await self.inspect(container_id)
        if state is not None and state.phase == "exited" and self._watch.is_away:
            await self._watch.until_connected(_CATCH_UP_S)
            state = await self.inspect(container_id)
        elif state is not None and state.killed_from_outside is None and (state.exit_code or 0) > _BY_A_SIGNAL:
            await anyio.sleep(_TELLING_S)
            state = await self.inspect(container_id)
        if state is None or state.phase != "exited" or state.killed_from_outside is None or state.went_down_with_engine:
            return state
        await anyio.sleep(_AFTERMATH_S)
        if not await self._client.takes_connections():
            self._watch.interrupt(state.container_id)
        return await self.inspect(container_id)

    async def _end_if_dead(self, container_id: str) -> None:
        """Have the engine see the end of a container that it takes to be running although no process is left in it.

        Of one that ended while containerd was away, engines of the 20.10 line never hear. Stopping it tells them.
        """
        state = await self.inspect(container_id)
        if state is None or state.phase != "running":
            return
        try:
            answer = await self._client.request("GET", container_path(container_id, "top"))
        except APIError as error:  # containerd is still away, or the container has ended meanwhile
            _LOG.debug("the processes of %s could not be listed: %s", container_id, error)
            if is_transient(error):
                self._watch.doubt(container_id)
            return
        if not answer.json().get("Processes"):
            _LOG.warning("the container engine missed the end of %s", state.name)
            await self.stop(container_id, 0)

    async def _made(self, request: ContainerRequest) -> ContainerState:
        payload = create_payload(request)
        try:
            answer = await self._client.request(
                "POST", "/containers/create", params={"name": request.name}, body=payload
            )
        except APIError as error:
            return await self._adopted(request, error)
        container_id: str = answer.json()["Id"]
        self._unstarted.add(container_id)
        return ContainerState(container_id, request.name, dict(request.labels), "created")

    async def _adopted(self, request: ContainerRequest, error: APIError) -> ContainerState:
        if error.status_code == 404:
            raise ImageNotFoundError(f"The image {request.image} is not local any more.") from error
        if error.status_code != 409:
            if error.is_client_error():
                raise ContainerStartError(f"The container engine refused the job: {words_of(error)}") from error
            raise refusal(error) from error
        state = await self.inspect(request.name)
        if state is None:
            raise BackendUnavailableError(f"The container {request.name} is just being removed.") from error
        if any(state.labels.get(label) != value for label, value in request.labels.items()):
            raise ContainerNameTakenError(f"There is a container named {request.name} that is not ours.") from error
        return state

    async def _was_started(self, container_id: str, *, settle: bool) -> bool:
        """Whether it ever ran.

        Raises:
            ContainerStartError: It was tried, and failed.
            ContainerLostError: It is gone.
        """
        state = await self.inspect(container_id)
        if state is None:
            raise ContainerLostError
        if state.phase != "created" or state.started_at is not None:
            return True
        if state.error or state.exit_code:
            raise start_fault(state.error, state.exit_code)
        if settle:
            await anyio.sleep(_SETTLE_S)
            return await self._was_started(container_id, settle=False)
        return False

    async def _start(self, container_id: str) -> None:
        deadline = anyio.current_time() + _RECOVERY_S
        while True:
            try:
                await self._client.request("POST", container_path(container_id, "start"), repeatable=False)
            except APIError as error:
                if not is_transient(error) or anyio.current_time() > deadline:
                    raise await self._start_fault(container_id, error) from error
            else:
                return
            await anyio.sleep(_SETTLE_S)
            if await self._was_started(container_id, settle=False):
                return

    async def _start_fault(self, container_id: str, error: APIError) -> BackendError:
        state = await self.inspect(container_id)
        if state is None or error.status_code == 409:
            return ContainerLostError()
        if is_transient(error):
            return refusal(error)
        return start_fault(words_of(error), state.exit_code)

    async def _with_word_of_init(self, state: ContainerState) -> ContainerState:
        try:
            last = await self.tail(state.container_id, 1)
        except ContainerLostError:
            return state
        failure = init_failure(last[0].body) if last and last[0].stream == 2 else ""
        return replace(state, error=failure)

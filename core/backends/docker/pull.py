"""Images: what is local, and one pull for all who want the same one."""

from __future__ import annotations

import base64
import copy
import json
import time
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import anyio
import anyio.from_thread
from docker.auth import resolve_repository_name
from docker.errors import APIError, InvalidRepository
from docker.utils import parse_repository_tag

from core.backends.docker.faults import pull_fault, words_of
from core.backends.docker.states import image_of
from core.backends.docker.streams import opened
from core.errors import BackendError, ImageError, ImageNotFoundError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator

    import requests
    from anyio.abc import TaskGroup

    from core.backends.base import ImageInfo, RegistryLogin
    from core.backends.docker.client import EngineClient
    from core.backends.docker.streams import EngineStream
    from core.spec.job import PullPolicy

_SILENCE_S: Final = 600
"""The engine says nothing until the registry answered, and it waits long for some."""

_TELL_EVERY_S: Final = 0.2
_PIECE: Final = 64 * 1024
_COMPLETE: Final = ("Download complete", "Pull complete", "Already exists", "Extracting", "Verifying Checksum")


class Images:
    """The engine's images.

    Args:
        client: The way to the engine.
    """

    def __init__(self, client: EngineClient) -> None:
        self._client = client
        self._pulls: dict[tuple[str, RegistryLogin | None], _Pull] = {}
        self._group: TaskGroup | None = None

    @asynccontextmanager
    async def run(self) -> AsyncGenerator[None]:
        """Pulls may be made while the context lasts; those that go on when it ends are broken off."""
        async with anyio.create_task_group() as group:
            self._group = group
            try:
                yield
            finally:
                self._group = None
                group.cancel_scope.cancel()

    async def ensure(
        self, image: str, policy: PullPolicy, on_progress: Callable[[str], None], login: RegistryLogin | None = None
    ) -> ImageInfo:
        """Make sure that an image is local; raises what `ContainerBackend.pull` says."""
        if policy != "always":
            local = await self.local(image)
            if local is not None:
                return local
            if policy == "never":
                hint = "Load the image into the container engine, or allow the pull with pull: missing."
                raise ImageNotFoundError(f"The image {image} is not local, and the job forbids a pull.", hint=hint)
        await self._pull(image, login, on_progress)
        pulled = await self.local(image)
        if pulled is None:
            raise ImageError(f"The image {image} was pulled, and is not there.")
        return pulled

    async def local(self, image: str) -> ImageInfo | None:
        """What the engine knows of a local image; None if it has none of this name.

        Raises:
            BackendUnavailableError: The engine does not answer.
            ImageError: It refused.
        """
        try:
            answer = await self._client.request("GET", f"/images/{quote(image, safe='/:@')}/json")
        except APIError as error:
            if error.status_code == 404:
                return None
            raise ImageError(f"The image {image} could not be looked at: {words_of(error)}") from error
        return image_of(image, answer.json())

    async def _pull(self, image: str, login: RegistryLogin | None, on_progress: Callable[[str], None]) -> None:
        pull = self._pulls.get((image, login))
        if pull is None:
            if self._group is None:
                raise RuntimeError("images are pulled only inside `run()`, whose tasks carry the pulls")
            pull = self._pulls[image, login] = _Pull(image, login)
            self._group.start_soon(self._carry_out, pull)
        pull.listeners.append(on_progress)
        try:
            await pull.done.wait()
        finally:
            pull.listeners.remove(on_progress)
            if not pull.listeners and not pull.done.is_set():
                self._leave(pull)
                pull.scope.cancel()
        if pull.error is not None:
            raise copy.copy(pull.error)  # raised once for each caller: an exception carries its own traceback

    async def _carry_out(self, pull: _Pull) -> None:
        with pull.scope:
            try:
                async with opened(self._client, partial(self._ask, pull)) as stream:
                    await stream.run(partial(_read, stream, pull))
            except APIError as error:
                pull.error = pull_fault(pull.image, words_of(error))
            except InvalidRepository as error:
                pull.error = ImageNotFoundError(f"The image {pull.image} cannot be pulled: {error}")
            except BackendError as error:
                pull.error = error
        self._leave(pull)
        pull.done.set()

    def _leave(self, pull: _Pull) -> None:
        if self._pulls.get((pull.image, pull.login)) is pull:
            del self._pulls[pull.image, pull.login]

    def _ask(self, pull: _Pull) -> requests.Response:
        repository, tag = parse_repository_tag(pull.image)
        registry, _ = resolve_repository_name(repository)
        return self._client.send(
            "POST",
            "/images/create",
            params={"fromImage": repository, "tag": tag or "latest"},
            headers=self._client.login_for(registry) if pull.login is None else _header(pull.login, registry),
            silence_s=_SILENCE_S,
        )


class _Pull:
    """A pull under way and those who want it."""

    def __init__(self, image: str, login: RegistryLogin | None) -> None:
        self.image = image
        self.login = login
        self.listeners: list[Callable[[str], None]] = []
        self.done = anyio.Event()
        self.scope = anyio.CancelScope()
        self.error: BackendError | None = None

    def tell(self, text: str) -> None:
        """Tell all of them how far it is."""
        for listener in tuple(self.listeners):
            listener(text)


def _header(login: RegistryLogin, registry: str) -> dict[str, str]:
    told = {"username": login.username, "password": login.password, "serveraddress": registry}
    return {"X-Registry-Auth": base64.urlsafe_b64encode(json.dumps(told).encode()).decode()}


class PullProgress:
    """How far a pull is, summed over the layers that have told their size.

    Args:
        image: The reference, for the words.
    """

    def __init__(self, image: str) -> None:
        self._image = image
        self._layers: dict[str, tuple[int, int]] = {}

    def take(self, message: dict[str, Any]) -> None:
        """Note a message of the engine."""
        layer, status = str(message.get("id", "")), str(message.get("status", ""))
        detail: dict[str, int] = message.get("progressDetail") or {}
        if status == "Downloading" and detail.get("total"):
            self._layers[layer] = (min(detail.get("current", 0), detail["total"]), detail["total"])
        elif status in _COMPLETE and layer in self._layers:
            total = self._layers[layer][1]
            self._layers[layer] = (total, total)

    def __str__(self) -> str:
        """Such as ``pulling alpine:3.20, 45 %``."""
        total = sum(size for _, size in self._layers.values())
        share = f", {100 * sum(got for got, _ in self._layers.values()) // total} %" if total else ""
        return f"pulling {self._image}{share}"


def _read(stream: EngineStream, pull: _Pull) -> None:
    """In a thread: follow a pull to its end.

    Raises:
        ImageError: The engine reported a failure.
    """
    stream.be_patient()
    progress, told, told_at = PullProgress(pull.image), "", 0.0
    for message in _messages(stream):
        if "error" in message:
            raise pull_fault(pull.image, str(message["error"]))
        progress.take(message)
        text, now = str(progress), time.monotonic()
        if text != told and now - told_at >= _TELL_EVERY_S:
            told, told_at = text, now
            anyio.from_thread.run_sync(pull.tell, text)


def _messages(stream: EngineStream) -> Iterator[dict[str, Any]]:
    rest = b""
    while data := stream.read(_PIECE):
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            if line.strip():
                yield json.loads(line)

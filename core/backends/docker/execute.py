"""A command in a running container: started, read to its end, its exit code asked for."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Final

import anyio
from docker.errors import APIError

from core.backends.docker.client import container_path
from core.backends.docker.faults import refusal, words_of
from core.backends.docker.streams import opened
from core.backends.services import EXECUTED_BYTES, Executed
from core.errors import ContainerLostError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.backends.docker.client import EngineClient
    from core.backends.docker.streams import EngineStream

_PIECE: Final = 64 * 1024
_HEADER: Final = 8
_CANNOT_RUN: Final = 126
_PAUSES_S: Final = (0.02, 0.1, 0.5)
_ENDED: Final = "is not running"
"""What an engine says of a container that ended after a command was made for it, whatever the status."""

_NO_PROGRAM: Final = ("executable file not found", "no such file or directory")


class Transcript:
    """What a command prints, out of the engine's frames; only the end is kept."""

    def __init__(self) -> None:
        self._rest = b""
        self._kept = b""

    def feed(self, data: bytes) -> None:
        """Take bytes as they come."""
        buffer, at = self._rest + data, 0
        while len(buffer) - at >= _HEADER:
            end = at + _HEADER + int.from_bytes(buffer[at + 4 : at + _HEADER], "big")
            if end > len(buffer):
                break
            self._kept = (self._kept + buffer[at + _HEADER : end])[-EXECUTED_BYTES:]
            at = end
        self._rest = buffer[at:]

    @property
    def text(self) -> str:
        """What was kept."""
        return self._kept.decode("utf-8", "replace")


async def execute(client: EngineClient, container_id: str, argv: Sequence[str], timeout_s: float) -> Executed:
    """Run a command in a container; see `ServiceVerbs.execute`.

    Raises:
        ContainerLostError: The container is gone.
        BackendUnavailableError: The engine does not answer.
        BackendTimeoutError: It is too slow to begin.
    """
    wanted = {"AttachStdout": True, "AttachStderr": True, "Cmd": list(argv)}
    transcript = Transcript()
    try:
        answer = await client.request("POST", container_path(container_id, "exec"), body=wanted)
        path = f"/exec/{answer.json()['Id']}"
        with anyio.move_on_after(timeout_s) as limit:
            start = json.dumps({"Detach": False, "Tty": False}).encode()
            send = partial(
                client.send, "POST", f"{path}/start", data=start, headers={"Content-Type": "application/json"}
            )
            async with opened(client, send) as stream:
                await stream.run(partial(_read, stream, transcript))
        if limit.cancelled_caught:
            return Executed(None, transcript.text)
        return Executed(await _exit_code(client, path), transcript.text)
    except APIError as error:
        return _refused(error)


async def _exit_code(client: EngineClient, path: str) -> int | None:
    """Its exit code; the engine may know a moment later than it ended the output."""
    for pause in (*_PAUSES_S, None):
        ended = (await client.request("GET", f"{path}/json")).json()
        if not ended["Running"]:
            return ended["ExitCode"]
        if pause is not None:
            await anyio.sleep(pause)
    return None


def _read(stream: EngineStream, transcript: Transcript) -> None:
    stream.be_patient()
    while data := stream.read(_PIECE):
        transcript.feed(data)


def _refused(error: APIError) -> Executed:
    """What a refused call means: nothing to run, nothing that runs, or nothing at all."""
    words = words_of(error)
    if error.status_code == 404:
        raise ContainerLostError(f"The container is gone: {words}") from error
    if error.status_code == 409 or _ENDED in words:  # it does not run, or is paused
        return Executed(None, words)
    if any(part in words.lower() for part in _NO_PROGRAM):
        return Executed(127, words)
    if error.is_client_error():
        return Executed(_CANNOT_RUN, words)
    raise refusal(error) from error

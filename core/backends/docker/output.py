"""A container's output: followed as it comes, or its last lines."""

from __future__ import annotations

import calendar
import logging
import time
from functools import partial
from typing import TYPE_CHECKING, Final

from docker.errors import APIError

from core.backends.docker.client import container_path
from core.backends.docker.faults import refusal
from core.backends.docker.frames import FrameCutter
from core.backends.docker.streams import opened
from core.errors import ContainerLostError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from core.backends.docker.client import EngineClient, Params
    from core.backends.docker.streams import EngineStream
    from core.records.log import LogFrame, LogPosition

_LOG: Final = logging.getLogger(__name__)
_BULK: Final = 256 * 1024
_GATHER_S: Final = 0.0005
"""Between two reads: long enough for a fast job's lines to gather, so that reader and engine do not wake each other
for each of them, and short enough that the socket's buffer (some 250 lines) does not fill up."""


async def follow(
    client: EngineClient, container_id: str, since: LogPosition | None, on_frames: Callable[[Sequence[LogFrame]], bool]
) -> bool:
    """Deliver output from ``since`` on until the stream ends or ``on_frames`` returns False.

    When a container ends, engines of the 20.10 line now and then end its stream before its last lines. So the end is
    compared with the log's last frame, and what is missing is read again.

    Returns:
        Whether the engine ended the stream by itself, and everything was delivered.

    Raises:
        ContainerLostError: The container is gone.
        BackendUnavailableError: The engine does not answer.
        BackendTimeoutError: It is too slow to begin.
    """
    params: Params = {"stdout": 1, "stderr": 1, "timestamps": 1, "follow": 1}
    if since is not None:
        params["since"] = _engine_time(since)
    delivery = _Delivery(on_frames)
    while await _read(client, container_id, params, delivery):
        if not delivery.progressed or await _is_last(client, container_id, delivery.last):
            return True
        delivery.rewind()
    return False


class _Delivery:
    """Passes frames on, once each although the stream is read again from where it began.

    Attributes:
        last: The last frame passed on, if any.
        progressed: Whether this reading brought frames that no earlier one did, or is the first.
    """

    def __init__(self, on_frames: Callable[[Sequence[LogFrame]], bool]) -> None:
        self.last: list[LogFrame] = []
        self.progressed = True
        self._on_frames = on_frames
        self._passed = 0
        self._known = 0

    def __call__(self, frames: Sequence[LogFrame]) -> bool:
        if self._known:
            known = min(self._known, len(frames))
            self._known -= known
            frames = frames[known:]
            if not frames:
                return True
        self.progressed = True
        self._passed += len(frames)
        self.last = [frames[-1]]
        return self._on_frames(frames)

    def rewind(self) -> None:
        """The stream is read again: leave out what was passed on."""
        self._known, self.progressed = self._passed, False


async def tail(client: EngineClient, container_id: str, lines: int) -> list[LogFrame]:
    """The last frames, at most ``lines``.

    Raises:
        ContainerLostError: The container is gone.
        BackendUnavailableError: The engine does not answer.
    """
    frames: list[LogFrame] = []

    def keep(batch: Sequence[LogFrame]) -> bool:
        frames.extend(batch)
        return True

    await _read(client, container_id, {"stdout": 1, "stderr": 1, "timestamps": 1, "tail": lines}, keep)
    return frames[len(frames) - lines :] if len(frames) > lines else frames


async def _is_last(client: EngineClient, container_id: str, frames: list[LogFrame]) -> bool:
    try:
        return await tail(client, container_id, 1) == frames
    except ContainerLostError:  # its removal ended the stream: there is nothing left to read
        return True


async def _read(
    client: EngineClient, container_id: str, params: Params, on_frames: Callable[[Sequence[LogFrame]], bool]
) -> bool:
    send = partial(client.send, "GET", container_path(container_id, "logs"), params=params)
    try:
        async with opened(client, send) as stream:
            return await stream.run(partial(_pump, stream, on_frames))
    except APIError as error:
        if error.status_code == 409:  # dead, or marked for removal
            raise ContainerLostError(f"The container is being removed: {error.explanation}") from error
        raise refusal(error) from error


def _pump(stream: EngineStream, on_frames: Callable[[Sequence[LogFrame]], bool]) -> bool:
    stream.be_patient()
    read, chunked = stream.bulk()
    cutter = FrameCutter(chunked=chunked)
    while not cutter.ended:
        try:
            data = read(_BULK)
            frames = cutter.feed(data)
        except (OSError, ValueError) as error:  # the end of a stream says nothing about its container
            _LOG.debug("a log stream broke: %s", error)
            return False
        if not data:
            return not chunked
        if frames:
            if not on_frames(frames):
                return False
            time.sleep(_GATHER_S)
    return True


def _engine_time(position: LogPosition) -> str:
    """The position as the engine's ``seconds.nanoseconds``; a float could not hold it."""
    text = position.at.decode("ascii")
    seconds = calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S"))
    return f"{seconds}.{text[20:29]}"

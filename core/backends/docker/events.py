"""One event stream for all containers of a home: who ended, and who was killed or started by somebody else.

Events only make waiting fast. The engine keeps few of them and none over its own restart, so that every break of the
stream, and a list of the containers every few seconds, sends the waiters to look for themselves.

An engine that goes down without live-restore kills its containers as an operator would: with a signal that was not
ours. One that is asked to end does so before its event stream ends, and takes no connections meanwhile; one that died
does so when it is started again, before it can be reached. Events of both carry the signal, and tell of it here.
"""

from __future__ import annotations

import json
import logging
import random
import signal
import time
from collections import deque
from contextlib import asynccontextmanager, contextmanager
from email.utils import parsedate_to_datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import anyio
import anyio.from_thread
from docker.errors import APIError

from core.backends.base import LABEL_HOME
from core.backends.docker.streams import opened
from core.errors import BackendError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator
    from datetime import datetime

    import requests

    from core.backends.docker.client import EngineClient, Params
    from core.backends.docker.streams import EngineStream

_LOG: Final = logging.getLogger(__name__)
_FIRST_LOOK_S: Final = 2
_MIN_PAUSE_S: Final = 0.1
_MAX_PAUSE_S: Final = 2
_PIECE: Final = 64 * 1024
_NANO: Final = 1_000_000_000
_ACTIONS: Final = ("start", "die", "kill", "destroy")
_OUTAGES: Final = 16
_BEGINNING_OF_TIME: Final = 1
"""As a moment from which events are told: all that the engine still has, such as a kill while no OrcaOps ran."""


class Waiter:
    """Somebody who wants to know when a container may have ended."""

    def __init__(self) -> None:
        self._woken = anyio.Event()

    def arm(self) -> None:
        """Forget earlier wakes; to be called before looking at the container."""
        if self._woken.is_set():
            self._woken = anyio.Event()

    async def woken(self) -> None:
        """Return once there was a wake since `arm`."""
        await self._woken.wait()

    def wake(self) -> None:
        """There is reason to look."""
        self._woken.set()


class ContainerWatch:
    """What the event stream told about the containers of a home.

    Args:
        client: The way to the engine.
        home_id: Whose containers.
        reconcile_s: How often the containers are listed.

    Attributes:
        connected: Whether events come in at this moment.
    """

    def __init__(self, client: EngineClient, home_id: str, reconcile_s: float) -> None:
        self.connected = False
        self._client = client
        self._label = f"{LABEL_HOME}={home_id}"
        self._reconcile_s = reconcile_s
        self._waiters: dict[str, list[Waiter]] = {}
        self._ours: set[str] = set()
        self._foreign: dict[str, str] = {}
        self._running: set[str] = set()
        self._interrupted: set[str] = set()
        self._doubted: set[str] = set()
        self._begun: dict[str, int] = {}
        self._restarted: set[str] = set()
        self._last_nano = _BEGINNING_OF_TIME
        self._heard_at = time.time_ns()
        self._away_since = 0
        self._replayed_until = 0
        self._outages: deque[tuple[int, int]] = deque(maxlen=_OUTAGES)
        self._stream: EngineStream | None = None
        self._turned = anyio.Event()

    @asynccontextmanager
    async def run(self) -> AsyncGenerator[None]:
        """Watch while the context lasts; entered once the first connection was tried."""
        tried = anyio.Event()
        async with anyio.create_task_group() as group:
            group.start_soon(self._listen, tried)
            group.start_soon(self._reconcile)
            with anyio.move_on_after(_FIRST_LOOK_S):
                await tried.wait()
            try:
                yield
            finally:
                group.cancel_scope.cancel()

    @property
    def is_away(self) -> bool:
        """Whether the engine was found to be away, and has not told yet what happened meanwhile."""
        return bool(self._away_since)

    async def until_connected(self, seconds: float) -> None:
        """Return once events come in again, or after a while."""
        with anyio.move_on_after(seconds):
            while not self.connected:
                await self._turned.wait()

    def starts(self, container_id: str) -> None:
        """A container that never ran is about to be started: its end will come as an event."""
        if self.connected:
            self._running.add(container_id)

    def surely_runs(self, container_id: str) -> bool:
        """Whether it was started by us and its end would have been told."""
        return container_id in self._running

    def stops(self, container_id: str) -> None:
        """What is known of its running no longer holds."""
        self._running.discard(container_id)

    def signals_are_ours(self, container_id: str) -> None:
        """From now on signals to this container are our own doing."""
        self._ours.add(container_id)

    def foreign_signal(self, container_id: str) -> str | None:
        """The first signal to it that was not ours, such as ``TERM``."""
        return self._foreign.get(container_id)

    def interrupt(self, container_id: str) -> None:
        """The engine went down and ended this container."""
        self._interrupted.add(container_id)

    def was_interrupted(self, container_id: str) -> bool:
        """Whether the engine ended it because it went down itself."""
        return container_id in self._interrupted

    def doubt(self, container_id: str) -> None:
        """The engine has lost sight of this container for a while: it may miss how it ends."""
        self._doubted.add(container_id)

    def may_have_missed(self, container_id: str, moment: datetime) -> bool:
        """Whether the engine may not know how a container ended then, as far as clocks agree: it was away."""
        nano = int(moment.timestamp() * _NANO)
        return container_id in self._doubted or any(since <= nano <= until for since, until in self._outages)

    def was_restarted(self, container_id: str) -> bool:
        """Whether it was started a second time: we start each container once."""
        return container_id in self._restarted

    def removed(self, container_id: str) -> None:
        """It is gone; while events come in its last ones are still to be told apart, and `destroy` cleans up."""
        if not self.connected:
            self._drop(container_id)

    @contextmanager
    def waiter(self, container_id: str) -> Generator[Waiter]:
        """Be woken when the container may have ended."""
        waiter = Waiter()
        self._waiters.setdefault(container_id, []).append(waiter)
        try:
            yield waiter
        finally:
            waiting = self._waiters[container_id]
            waiting.remove(waiter)
            if not waiting:
                del self._waiters[container_id]

    async def _listen(self, tried: anyio.Event) -> None:
        pause = _MIN_PAUSE_S
        while True:
            try:
                await self._catch_up()
                async with opened(self._client, self._ask) as stream:
                    self._turn(connected=True, stream=stream)
                    tried.set()
                    pause = _MIN_PAUSE_S
                    await stream.run(partial(self._read, stream))
            except (BackendError, APIError) as error:
                _LOG.debug("the event stream broke: %s", error)
                if isinstance(error, BackendError) and not self.connected:
                    self._notice_outage()
            finally:
                if self.connected:
                    self._heard_at = time.time_ns()
                self._turn(connected=False, stream=None)
            tried.set()
            await anyio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - jitter, not a secret
            pause = min(2 * pause, _MAX_PAUSE_S)

    def _notice_outage(self) -> None:
        """The engine takes no connection: whoever was killed and is still waited for went down with it."""
        self._away_since = self._away_since or self._heard_at
        self._interrupted |= self._foreign.keys() & self._waiters.keys()

    async def _catch_up(self) -> None:
        """Take what it tells of the time until now, before anybody is woken to look at what became of containers."""
        moment = _moment_of(await self._client.request("GET", "/version"))
        if self._away_since:
            moment += _NANO  # the header knows whole seconds, and containers ended in this one
            self._outages.append((self._away_since - _NANO, moment))
            self._replayed_until = moment
        answer = await self._client.request("GET", "/events", params=self._wanted(until=moment))
        self._take([json.loads(line) for line in answer.content.splitlines() if line.strip()])
        self._away_since = 0

    def _ask(self) -> Any:
        return self._client.send("GET", "/events", params=self._wanted())

    def _wanted(self, *, until: int | None = None) -> Params:
        wanted = {"type": ["container"], "label": [self._label], "event": _ACTIONS}
        params: Params = {"filters": json.dumps(wanted), "since": _seconds(self._last_nano)}
        if until is not None:
            params["until"] = _seconds(until)
        return params

    def _read(self, stream: EngineStream) -> None:
        """In a thread: hand whole lines to the loop."""
        stream.be_patient()
        rest = b""
        while data := stream.read(_PIECE):
            *lines, rest = (rest + data).split(b"\n")
            events = [json.loads(line) for line in lines if line.strip()]
            anyio.from_thread.run_sync(self._take, events)

    def _take(self, events: list[dict[str, Any]]) -> None:
        for event in events:
            moment = int(event.get("timeNano", 0))
            self._last_nano = max(self._last_nano, moment)
            container_id = event["Actor"]["ID"]
            if event["Action"] == "kill":
                if container_id not in self._ours:
                    self._note_kill(container_id, event["Actor"]["Attributes"].get("signal", ""), moment)
                continue
            if event["Action"] == "start":
                if self._begun.setdefault(container_id, moment) != moment:
                    self._restarted.add(container_id)
                continue
            self._running.discard(container_id)
            if event["Action"] == "destroy":
                self._drop(container_id)
            self._wake(container_id)

    def _note_kill(self, container_id: str, number: str, moment: int) -> None:
        self._foreign.setdefault(container_id, _signal_name(number))
        if moment <= self._replayed_until:  # while it could not be reached, only the engine itself can have done it
            self._interrupted.add(container_id)

    def _turn(self, *, connected: bool, stream: EngineStream | None) -> None:
        self.connected, self._stream = connected, stream
        if connected:
            self._turned.set()
            self._turned = anyio.Event()
        self._running.clear()
        for container_id in self._waiters:
            self._wake(container_id)

    def _wake(self, container_id: str) -> None:
        for waiter in self._waiters.get(container_id, ()):
            waiter.wake()

    def _drop(self, container_id: str) -> None:
        self._ours.discard(container_id)
        self._foreign.pop(container_id, None)
        self._begun.pop(container_id, None)
        for known in (self._running, self._interrupted, self._doubted, self._restarted):
            known.discard(container_id)

    async def _reconcile(self) -> None:
        while True:
            await anyio.sleep(self._reconcile_s)
            known = self._ours | self._foreign.keys() | self._begun.keys()
            if not (self._waiters or known):
                continue
            try:
                there = await self._phases()
            except (BackendError, APIError) as error:
                _LOG.debug("the containers could not be listed: %s", error)
                if self._stream is not None:  # a half-open connection would be silent for ever
                    self._stream.interrupt()
                continue
            for container_id in known - there.keys():
                self._drop(container_id)
            for container_id in self._waiters:
                if there.get(container_id) != "running":
                    self._running.discard(container_id)
                    self._wake(container_id)

    async def _phases(self) -> dict[str, str]:
        params: Params = {"all": 1, "filters": json.dumps({"label": [self._label]})}
        answer = await self._client.request("GET", "/containers/json", params=params)
        return {item["Id"]: item["State"] for item in answer.json()}


def _moment_of(answer: requests.Response) -> int:
    """When an answer was given by the engine's clock, cut to a whole second."""
    try:
        given = parsedate_to_datetime(answer.headers["Date"]).timestamp()
    except (KeyError, TypeError, ValueError):
        given = time.time()
    return int(given) * _NANO


def _seconds(nano: int) -> str:
    return f"{nano // _NANO}.{nano % _NANO:09d}"


def _signal_name(number: str) -> str:
    try:
        return signal.Signals(int(number)).name.removeprefix("SIG")
    except ValueError:
        return number or "unknown"

"""When a service is ready: the first rule that applies decides, and is looked at until it holds.

1. what the service's ``ready`` names; 2. its health check; 3. its image's health check; 4. every port takes
connections; 5. it has run for a second.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.engine.racing import sleep_or_event
from core.engine.service_request import ports_of, waited_for
from core.errors import ContainerLostError
from core.logs.search import LogPattern
from core.records.job import Failure, FailureKind

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import anyio

    from core.backends.base import ImageInfo
    from core.engine.parts import Parts
    from core.spec.service import ReadySpec, ServiceSpec

_log = logging.getLogger(__name__)

_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 1.0
_EXEC_S: Final = 30.0
_UP_S: Final = 1.0
_SAID: Final = 400
_NO_MEANS: Final = (
    "neither its image nor the job's has a program to look with; give it ready.exec, ready.log or a health check"
)


class ServiceFailedError(Exception):
    """A service did not become ready, so that its job cannot start.

    Attributes:
        failure: What the job's record says of it.
    """

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.failure = Failure(FailureKind.SERVICE, message, hint)


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at a service found.

    Attributes:
        is_ready: Whether the rule holds.
        is_final: Whether it never will.
        saw: What was seen instead, for whoever has to mend it.
    """

    is_ready: bool
    is_final: bool = False
    saw: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """How to tell that a service is ready.

    Attributes:
        words: What is waited for, such as ``TCP port 5432``.
        look: Looks once.
    """

    words: str
    look: Callable[[], Awaitable[Look]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a service is looked at.

    Attributes:
        container_id: Its container.
        log_id: Its log's name for the log hub.
        attempt: The attempt's number.
        helper_image: A local image to look with when the service's own has no shell: the job's.
        warn: Told what the reader of the record should know.
        masked: Takes secrets out of what its health check printed.
    """

    container_id: str
    log_id: str
    attempt: int
    helper_image: str
    warn: Callable[[str], None]
    masked: Callable[[str], str] = str


def rule_of(parts: Parts, service: ServiceSpec, image: ImageInfo, place: Place) -> Rule:
    """The first rule that applies to a service."""
    check = service.health_check
    if service.ready is not None:
        return _asked_for(parts, service, service.ready, image, place)
    if check is not None and check.test[0] != "NONE":
        return _by_health(parts, place, "its health check")
    if check is None and image.has_health_check:
        return _by_health(parts, place, "the health check of its image")
    ports = waited_for(service, image)
    return _by_ports(parts, ports, place, is_asked=False) if ports else _by_time(parts, place)


def _asked_for(parts: Parts, service: ServiceSpec, ready: ReadySpec, image: ImageInfo, place: Place) -> Rule:
    if ready.exec:
        return _by_command(parts, ready.exec, place)
    if ready.tcp is not None:
        return _by_ports(parts, (ready.tcp,), place, is_asked=True)
    if ready.log is not None:
        return _by_log(parts, ready.log, place)
    return _by_http(parts, service, ready, image, place)


async def until_ready(
    parts: Parts, rule: Rule, ended: anyio.Event, timeout_s: float, *, already_s: float = 0
) -> str | None:
    """Wait until a service is ready.

    Args:
        parts: The engine's parts.
        rule: How to tell.
        ended: Set when its container has ended: then there is nothing to wait for.
        timeout_s: So long it may take.
        already_s: Of which so much was over before an engine's restart; there is one look at least.

    Returns:
        None once it is ready, or when it has ended; else why it never will be.
    """
    clock = parts.clock
    until, pause = clock.monotonic() + timeout_s - already_s, _FIRST_PAUSE_S
    while not ended.is_set():
        try:
            look = await parts.insist(rule.look)
        except ContainerLostError:
            await ended.wait()
            return None
        if look.is_ready:
            return None
        saw = f"; {look.saw}" if look.saw else ""
        if look.is_final:
            return f"it will not be ready: {look.saw}"
        left = until - clock.monotonic()
        if left <= 0:
            return f"it was not ready within {timeout_s:g} s, waiting for {rule.words}{saw}"
        await sleep_or_event(clock, min(pause, left), ended)
        pause = min(1.5 * pause, _LONGEST_PAUSE_S)
    return None


def _by_command(parts: Parts, argv: tuple[str, ...], place: Place) -> Rule:
    async def look() -> Look:
        executed = await parts.backend.execute(place.container_id, argv, _EXEC_S)
        if executed.exit_code == 0:
            return Look(is_ready=True)
        how = f"took longer than {_EXEC_S:g} s" if executed.exit_code is None else f"ended with {executed.exit_code}"
        return Look(is_ready=False, saw=f"the command {how}{_quoted(executed.output)}")

    return Rule("ready.exec to succeed", look)


def _by_ports(parts: Parts, ports: tuple[int, ...], place: Place, *, is_asked: bool) -> Rule:
    words = f"TCP port {ports[0]}" if len(ports) == 1 else f"TCP ports {', '.join(map(str, ports))}"
    by_time = _by_time(parts, place)

    async def look() -> Look:
        found = await parts.backend.listening(place.container_id, place.helper_image)
        if found is None:
            if is_asked:
                return Look(is_ready=False, is_final=True, saw=_NO_MEANS)
            seen = await by_time.look()
            if seen.is_ready:
                place.warn(f"counted as ready after running for {_UP_S:g} s: {_NO_MEANS}")
            return seen
        closed = [str(port) for port in ports if port not in found]
        return Look(is_ready=not closed, saw=f"nothing listens on {', '.join(closed)} yet" if closed else "")

    return Rule(words, look)


def _by_http(parts: Parts, service: ServiceSpec, ready: ReadySpec, image: ImageInfo, place: Place) -> Rule:
    named, path = ready.http_place
    known = ports_of(service, image)
    port = named or (known[0] if known else None)

    async def look() -> Look:
        if port is None:
            why = "no port is known: write it in front of the path, such as 8080/health, or give ports"
            return Look(is_ready=False, is_final=True, saw=why)
        status = await parts.backend.http_status(place.container_id, port, path, place.helper_image)
        if status is None:
            return Look(is_ready=False, is_final=True, saw=_NO_MEANS)
        saw = f"the last answer was {status}" if status else f"nothing answers on port {port} yet"
        return Look(is_ready=200 <= status < 400, saw=saw)

    return Rule(f"HTTP {path}" + (f" on port {port}" if port else ""), look)


def _by_log(parts: Parts, pattern: str, place: Place) -> Rule:
    compiled, next_line = LogPattern.compile(pattern), 1

    async def look() -> Look:
        nonlocal next_line
        found = await parts.logs.search(
            place.log_id, place.attempt, compiled, first_line=next_line, max_matches=1, max_bytes=1024
        )
        next_line = found.next_line
        return Look(is_ready=bool(found.lines), saw="" if found.lines else "no line of its log matches yet")

    return Rule(f"a log line that matches {pattern!r}", look)


def _by_health(parts: Parts, place: Place, whose: str) -> Rule:
    async def look() -> Look:
        state = await parts.backend.inspect(place.container_id)
        if state is None:
            raise ContainerLostError
        said = _quoted(place.masked(state.health_output))
        if state.health == "unhealthy":
            return Look(is_ready=False, is_final=True, saw=f"the container engine calls it unhealthy{said}")
        return Look(is_ready=state.health == "healthy", saw=f"it is {state.health or 'not checked'} so far{said}")

    return Rule(whose, look)


def _by_time(parts: Parts, place: Place) -> Rule:
    began: float | None = None

    async def look() -> Look:
        nonlocal began
        state = await parts.backend.inspect(place.container_id)
        if state is None:
            raise ContainerLostError
        now = parts.clock.monotonic()
        began = now if began is None else began
        return Look(is_ready=state.phase == "running" and now - began >= _UP_S)

    return Rule(f"it to run for {_UP_S:g} s", look)


def _quoted(output: str) -> str:
    """What was printed, in one line."""
    text = " ".join(output.split())
    return f": {text[-_SAID:]}" if text else ""

"""What a simulated process sees of its container, and how it can end."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from core.backends.simulated.files import FileTree
    from core.backends.simulated.steering import Steering

Run = Generator[float, None, int]
"""A program as it runs: yields the scripted seconds it waits for, 0 to let others run; returns its exit status."""

Write = Callable[[bytes], None]

MISSING_PROGRAMS: Final = ("/nonexistent", "nope")
"""How the names of programs begin that no image has."""

NOT_FOUND: Final = 127


MAX_PIPE: Final = 256 * 1024
"""A program that feeds a pipe ends once it has written this much: what reads it here never reads more."""

_SIGNAL_NUMBERS: Final = frozenset(str(int(known)) for known in signal.Signals)
_WHOLE: Final = re.compile(r"-?[0-9]{1,18}")


class Io(NamedTuple):
    """Where a command reads and writes."""

    stdin: bytes
    out: Write
    err: Write


@dataclass(slots=True)
class World:
    """What surrounds the processes of one container.

    Attributes:
        files: Its file system.
        streams: The container's own output.
        environment: Variables its first process gets.
        folder: Where its first process starts.
        user: As the request named it; empty for root.
        hostname: The container's short id.
        steering: What the environment asks the simulation for.
        began: When its first process started, in seconds of the monotonic clock.
        time_scale: Seconds of the clock in a scripted second.
        moment: The present, in seconds of the monotonic clock.
        on_signal: Told the name of every signal that is sent to the container.
        listening: TCP ports on which something in it listens.
    """

    files: FileTree
    streams: Io
    environment: dict[str, str]
    folder: str
    user: str
    hostname: str
    steering: Steering
    began: float
    time_scale: float
    moment: float = 0.0
    on_signal: Callable[[str], None] | None = None
    listening: set[int] = field(default_factory=set[int])

    def elapsed(self) -> float:
        """Scripted seconds since the first process started."""
        return (self.moment - self.began) / self.time_scale


class ProcessExit(Exception):  # noqa: N818 - not an error: the way a shell's `exit` unwinds it
    """A shell ends."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Signalled(Exception):  # noqa: N818 - not an error: a signal that reached a process
    """A signal arrived while the process waited.

    Attributes:
        name: Such as ``TERM``.
        status: What a process has that dies of it.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name
        self.status = 128 + signal.Signals[f"SIG{name}"]


class Killed(Exception):  # noqa: N818 - not an error: the way a container ends at once
    """The container's first process is killed.

    Attributes:
        cause: ``self`` by a program in it, ``oom`` for memory, ``outside`` by somebody through the engine.
    """

    def __init__(self, cause: Literal["self", "oom", "outside"]) -> None:
        super().__init__(cause)
        self.cause = cause


class Lost(Exception):  # noqa: N818 - not an error: the container takes itself away
    """The container vanishes."""


class PipeFullError(Exception):
    """A program has fed a pipe more than `MAX_PIPE`."""


class Pipe:
    """Takes what one program writes for another to read.

    Attributes:
        data: What was written.
    """

    def __init__(self) -> None:
        self.data = bytearray()

    def write(self, data: bytes) -> None:
        """Take more.

        Raises:
            PipeFullError: It holds `MAX_PIPE` already.
        """
        self.data += data
        if len(self.data) > MAX_PIPE:
            raise PipeFullError


def made_up_use(seconds: float) -> tuple[float, int]:
    """CPU seconds and bytes of memory of a container that has run for so many scripted seconds."""
    return 0.2 * seconds, int(8e6 + 1e6 * min(seconds, 64.0))


def whole_number(text: str) -> int | None:
    """The whole number a text says, of at most 18 digits; None for any other text."""
    return int(text) if _WHOLE.fullmatch(text) else None


def signal_name(text: str) -> str:
    """The plain name of a signal given as ``TERM``, ``SIGTERM`` or ``15``.

    Raises:
        ValueError: There is no such signal.
    """
    try:
        known = (
            signal.Signals(int(text))
            if text in _SIGNAL_NUMBERS
            else signal.Signals[f"SIG{text.upper().removeprefix('SIG')}"]
        )
    except KeyError:
        raise ValueError(f"no signal {text}") from None
    return known.name.removeprefix("SIG")

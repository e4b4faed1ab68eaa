"""Where the engine of a home is reached, and how it is started when it is not there.

For the bridge and the command line. The standard library only, and little of it at import: what is imported here is
what a chat waits for when it starts `orcaops mcp`.
"""
# pathlib costs more than the whole bridge, and what only a cold start needs is imported by it:
# ruff: noqa: PLC0415, PTH100, PTH101, PTH103, PTH110, PTH111, PTH115, PTH118, PTH120, PTH123, PTH208

from __future__ import annotations

import _socket
import os
import stat
import sys

TYPE_CHECKING = False  # `typing` itself takes longer to import than all of this
if TYPE_CHECKING:
    import socket
    from collections.abc import Generator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from typing import Any, Final

ENGINE_SOCKET: Final = "engine.sock"
"""Where the engine speaks MCP, newline by newline, after one line of greeting."""

API_SOCKET: Final = "api.sock"
"""Where it speaks HTTP."""

NOTE: Final = "engine.json"
"""What a running engine says of itself: pid, version, started_at, mode, url."""

LOG: Final = "engine.log"
"""Where an engine that was started for a caller writes."""

LONGEST_PATH: Final = 92
"""Bytes of a socket's path that every system allows, with room for a temporary name."""

GREETING_BYTES: Final = 64 * 1024
"""The longest first line on the engine's socket, in both directions."""

ENGINE_VARIABLES: Final = ("ORCAOPS_READ_ONLY", "ORCAOPS_TOOLSETS", "ORCAOPS_TOOLS")
"""Variables that choose one caller's tools; an engine started for many does not inherit them."""

_START_LOCK: Final = "start.lock"
_ENGINE_LOCK: Final = "engine.lock"
_PATIENCE_S: Final = 30.0
_TRIES: Final = 8
_LAST_LINES: Final = 15
_READY: Final = b"ready"


class EngineError(Exception):
    """No engine answers, or it refuses.

    Args:
        message: What is wrong.
        hint: What to do about it.
        exit_code: What a command ends with.
    """

    def __init__(self, message: str, hint: str = "", exit_code: int = 5) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.exit_code = exit_code

    def __reduce__(self) -> tuple[type[EngineError], tuple[str, str, int]]:
        return EngineError, (self.message, self.hint, self.exit_code)


def home_of(given: str | None = None) -> str:
    """The home folder, absolute: what was given, else `ORCAOPS_HOME`, else `~/.orcaops`."""
    return os.path.abspath(os.path.expanduser(given or os.environ.get("ORCAOPS_HOME") or "~/.orcaops"))


def socket_path(home: str, name: str) -> str | None:
    """Where a socket of the home lies; None if nowhere.

    If its path is too long for a socket, the link that the engine left there leads to a private folder.
    """
    path = os.path.join(home, name)
    if len(os.fsencode(path)) <= LONGEST_PATH:
        return path
    try:
        target = os.readlink(path)
    except OSError:
        return None
    return target if is_private(os.path.dirname(target)) else None


def dial(home: str, name: str, timeout_s: float | None = None) -> _socket.socket | None:
    """A connection to one of the engine's sockets; None if nobody answers there."""
    path = socket_path(home, name)
    if path is None:
        return None
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    connection.settimeout(timeout_s)
    try:
        connection.connect(path)
    except OSError:
        connection.close()
        return None
    return connection


def connect(home: str, name: str = API_SOCKET, timeout_s: float | None = None) -> socket.socket | None:
    """The same as an ordinary `socket.socket`."""
    connection = dial(home, name, timeout_s)
    return None if connection is None else _ordinary(connection)


def open_api(home: str, options: Sequence[str] = (), timeout_s: float | None = None) -> socket.socket:
    """A connection to the engine's REST socket; the engine is started if none answers.

    An idle engine of another version is replaced first.

    Args:
        home: Whose engine.
        options: Arguments for the engine if it is started.
        timeout_s: Of the connection.

    Raises:
        EngineError: It did not start, or does not answer.
    """
    from orcaops_mcp import __version__

    for _ in range(_TRIES):
        answer = ask(home, {"control": "check", "version": __version__})
        if answer is None:
            start_engine(home, options)
        elif "error" in answer:
            raise refused(answer)
        elif not answer.get("restart"):
            connection = connect(home, API_SOCKET, timeout_s)
            if connection is not None:
                return connection
    raise EngineError(f"The engine of {home} does not answer.", f"Run `orcaops stop --home {home}` and try again.")


def ask(home: str, request: Mapping[str, object], timeout_s: float = _PATIENCE_S) -> dict[str, Any] | None:
    """Send the running engine a line of control and return its answer; None if none runs, or it is just leaving."""
    import json

    connection = dial(home, ENGINE_SOCKET, timeout_s)
    if connection is None:
        return None
    try:
        line = greet(connection, json.dumps({"orcaops": 1, **request}).encode() + b"\n")
    finally:
        connection.close()
    if not line:
        return None
    try:
        answer: dict[str, Any] = json.loads(line)
    except ValueError:
        raise EngineError(f"What answers in {home} is not an engine of OrcaOps.") from None
    return answer


def greet(connection: _socket.socket, line: bytes) -> bytes:
    """Send the first line and return the engine's; empty if it left instead.

    Raises:
        EngineError: It is silent, or says too much.
    """
    answer = b""
    try:
        connection.sendall(line)
        while not answer.endswith(b"\n"):
            chunk = connection.recv(GREETING_BYTES)
            if not chunk:
                return b""
            answer += chunk
            if len(answer) > GREETING_BYTES:
                raise EngineError("What answers on the engine's socket is not an engine of OrcaOps.")
    except TimeoutError:
        hint = "Its log says more; `orcaops stop` ends it, and jobs that run go on."
        raise EngineError("The engine does not answer in time.", hint) from None
    except OSError:
        return b""
    return answer


def refused(answer: Mapping[str, Any]) -> EngineError:
    """The engine's refusal as an error."""
    error = answer["error"]
    return EngineError(str(error.get("message", "refused")), str(error.get("hint", "")), 1)


def start_engine(home: str, options: Sequence[str] = (), patience_s: float = _PATIENCE_S) -> None:
    """Start a detached engine unless one answers; of several callers at once, one starts it and all are served.

    Args:
        home: Its home, made if need be.
        options: Further arguments of `python -m orcaops_mcp.daemon`.
        patience_s: How long it may take until it listens.

    Raises:
        EngineError: It did not start; the message is what it said itself.
    """
    with starting(home):
        if not _answers(home):
            try:
                _spawn(home, options, patience_s)
            except OSError as error:
                raise EngineError(f"The engine of {home} could not be started: {error.strerror}.", "", 1) from None


def starting(home: str) -> AbstractContextManager[None]:
    """Hold the right to start the home's engine; waits for whoever has it.

    Raises:
        EngineError: The home cannot be used.
    """
    import contextlib
    import fcntl

    @contextlib.contextmanager
    def hold() -> Generator[None]:
        try:
            make_home(home)
            lock = os.open(os.path.join(home, _START_LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            hint = "Choose another folder with --home or ORCAOPS_HOME."
            raise EngineError(f"The home {home} cannot be used: {error.strerror}.", hint, 1) from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    return hold()


def make_home(home: str) -> None:
    """Make the folder private; a folder that holds other things than ours keeps its mode."""
    os.makedirs(home, 0o700, exist_ok=True)
    if os.path.exists(os.path.join(home, _ENGINE_LOCK)) or not os.listdir(home):
        os.chmod(home, 0o700)


def note_of(home: str) -> dict[str, Any] | None:
    """What the running engine says of itself; None if none runs."""
    import json

    if not _answers(home):
        return None
    try:
        with open(os.path.join(home, NOTE), encoding="utf-8") as file:
            note: dict[str, Any] = json.load(file)
    except (OSError, ValueError):
        return None
    return note


def leave(home: str, *, when_idle: bool = False) -> dict[str, Any] | None:
    """Ask the engine to leave; containers run on. None if none runs.

    Args:
        home: Whose engine.
        when_idle: Once no job is queued or running.
    """
    return ask(home, {"control": "stop", "when_idle": when_idle})


def wait_until_gone(home: str, timeout_s: float) -> bool:
    """Whether nobody holds the home, now or within this time."""
    import fcntl
    import time

    try:
        lock = os.open(os.path.join(home, _ENGINE_LOCK), os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    deadline = time.monotonic() + timeout_s
    try:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    return False
                time.sleep(0.02)
            else:
                return True
    finally:
        os.close(lock)


def is_private(folder: str) -> bool:
    """Whether it is a real folder that nobody but us can look into."""
    try:
        found = os.lstat(folder)
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o077


def _ordinary(connection: _socket.socket) -> socket.socket:
    import socket

    timeout_s = connection.gettimeout()
    ordinary = socket.socket(fileno=connection.detach())
    ordinary.settimeout(timeout_s)
    return ordinary


def _answers(home: str) -> bool:
    connection = dial(home, ENGINE_SOCKET, 1.0)
    if connection is None:
        return False
    connection.close()
    return True


def _spawn(home: str, options: Sequence[str], patience_s: float) -> None:
    """Run the engine and wait until it says that it is ready, on a pipe that ends when it dies."""
    import subprocess

    command = [sys.executable, "-P", "-m", "orcaops_mcp.daemon", "--home", home, *options]
    variables = {name: value for name, value in os.environ.items() if name not in ENGINE_VARIABLES}
    path = os.path.join(home, LOG)
    reader, writer = os.pipe()
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as log:
            before = log.tell()
            # The shell in between leaves at once: a host that kills its chat's processes one below the other, as
            # editors do, does not find the engine.
            subprocess.run(
                ["/bin/sh", "-c", '"$@" &', "sh", *command],
                stdin=subprocess.DEVNULL,
                stdout=writer,
                stderr=log,
                cwd=home,
                env=variables,
                start_new_session=True,
                check=True,
            )
        os.close(writer)
        writer = -1
        said = _await_word(reader, patience_s)
    finally:
        os.close(reader)
        if writer >= 0:
            os.close(writer)
    if said != _READY:
        raise _failure(path, before, patience_s, has_ended=said is not None)


def _await_word(reader: int, patience_s: float) -> bytes | None:
    """What the engine wrote; empty if it ended without a word, None if it goes on in silence."""
    import select
    import time

    deadline, said = time.monotonic() + patience_s, b""
    while _READY not in said:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([reader], [], [], left)[0]:
            return None
        chunk = os.read(reader, 1024)
        if not chunk:
            return b""
        said += chunk
    return _READY


def _failure(path: str, before: int, patience_s: float, *, has_ended: bool) -> EngineError:
    """What the engine said before it ended: its own words where it knew what was wrong, else the log's last lines."""
    with open(path, "rb") as log:
        if os.fstat(log.fileno()).st_size >= before:
            log.seek(before)
        lines = log.read()[-64 * 1024 :].decode("utf-8", "replace").splitlines()
    for number in range(len(lines) - 1, -1, -1):
        if has_ended and lines[number].startswith("orcaops: "):
            hint = lines[number + 1 : number + 2] or [""]
            message = lines[number].removeprefix("orcaops: ")
            return EngineError(message, hint[0].strip().removeprefix("hint: "), 1)
    what = "ended at once" if has_ended else f"is not ready after {patience_s:g} s"
    quoted = "".join(f"\n  {line}" for line in lines[-_LAST_LINES:])
    return EngineError(f"The engine {what}.{quoted}", f"Its log is {path}.")

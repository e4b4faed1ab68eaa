"""`orcaops mcp`: bytes from standard input to the engine's socket, and back.

The standard library only: a chat client waits for this process, and every chat has one.
"""

from __future__ import annotations

import _thread
import os
import sys

from orcaops_mcp import __version__, places

TYPE_CHECKING = False  # `typing` itself takes longer to import than all of this
if TYPE_CHECKING:
    import _socket
    from collections.abc import Mapping, Sequence
    from typing import Final

_WITH_VALUE: Final = ("--home", "--backend", "--log-level", "--toolsets", "--tools")
_FLAGS: Final = ("--read-only",)
_CHOICE: Final = {"--read-only": "read_only", "--toolsets": "toolsets", "--tools": "tools"}
_FOR_THE_ENGINE: Final = ("--backend", "--log-level")
_TRIES: Final = 8
_CHUNK: Final = 65536
_CLOSED_PIPE: Final = 141
_INTERRUPTED: Final = 130


def run(arguments: Sequence[str]) -> int | None:
    """Serve what follows `orcaops mcp` on the command line, if these are options of the bridge.

    Returns:
        The exit code; None if the whole command line is needed to answer, which then tells what is wrong.
    """
    options = _options(arguments)
    return None if options is None else serve(options)


def serve(options: Mapping[str, str]) -> int:
    """Join standard input and output to the engine, which is started if none answers, and return the exit code.

    Args:
        options: By their names on the command line; a flag has the value ``true``.
    """
    try:
        return _join(_reach(places.home_of(options.get("--home")), options))
    except places.EngineError as error:
        _tell(error.message, error.hint)
        return error.exit_code
    except KeyboardInterrupt:
        return _INTERRUPTED


def _options(arguments: Sequence[str]) -> dict[str, str] | None:
    """The options by name; None if one is not ours or has no value."""
    found: dict[str, str] = {}
    rest = iter(arguments)
    for argument in rest:
        name, has_value, value = argument.partition("=")
        if name in _FLAGS and not has_value:
            found[name] = "true"
        elif name in _WITH_VALUE:
            value = value if has_value else next(rest, "")
            if not value or value.startswith("-"):
                return None
            found[name] = value
        else:
            return None
    return found


def _reach(home: str, options: Mapping[str, str]) -> _socket.socket:
    """A connection on which the engine has said yes."""
    greeting = _greeting(options)
    for_the_engine = [part for name in _FOR_THE_ENGINE if name in options for part in (name, options[name])]
    for _ in range(_TRIES):
        connection = places.dial(home, places.ENGINE_SOCKET, 30.0)
        if connection is None:
            places.start_engine(home, for_the_engine)
            continue
        answer = places.greet(connection, greeting)
        if answer.startswith(b'{"ok":true'):
            connection.settimeout(None)
            return connection
        connection.close()
        _judge(answer)
    raise places.EngineError(f"The engine of {home} does not stay.", f"Run `orcaops stop --home {home}` and try again.")


def _judge(answer: bytes) -> None:
    """Go on if the engine leaves, to make room for one of this version."""
    if not answer:
        return
    import json  # noqa: PLC0415 - only a refusal pays for it

    try:
        said = json.loads(answer)
    except ValueError:
        raise places.EngineError("What answers on the engine's socket is not an engine of OrcaOps.") from None
    if "error" in said:
        raise places.refused(said)


def _greeting(options: Mapping[str, str]) -> bytes:
    """The first line: who we are, where we stand, and which tools are wanted."""
    facts = {"version": __version__, "cwd": _folder(), "backend": options.get("--backend", "")}
    for name, field in _CHOICE.items():
        facts[field] = options.get(name) or os.environ.get("ORCAOPS_" + field.upper(), "")
    said = "".join(f',"{field}":{_quoted(value)}' for field, value in facts.items() if value)
    return f'{{"orcaops":1,"pid":{os.getpid()}{said}}}\n'.encode()


def _folder() -> str:
    try:
        return os.getcwd()  # noqa: PTH109 - pathlib costs more than the whole bridge
    except OSError:  # it was removed
        return ""


def _quoted(text: str) -> str:
    """Text as JSON; the module `json` would cost as much as the rest of the bridge."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    import json  # noqa: PLC0415 - only for rare characters

    return json.dumps(text)


def _join(connection: _socket.socket) -> int:
    """Both directions until one side ends; two threads, so that two full pipes never wait for each other."""
    ended = False

    def send() -> None:
        nonlocal ended
        try:
            while chunk := os.read(0, _CHUNK):
                connection.sendall(chunk)
            ended = True
            connection.shutdown(1)
        except OSError:
            return

    _thread.start_new_thread(send, ())
    try:
        while chunk := connection.recv(_CHUNK):
            if not _write(chunk):
                return _CLOSED_PIPE
    except OSError:
        pass
    if ended:
        return 0
    _tell("The engine has ended.", "Jobs that run go on; the next start finds them.")
    return 5


def _write(chunk: bytes) -> bool:
    """Write it all to standard output; False if nobody reads it any more."""
    rest = memoryview(chunk)
    try:
        while rest:
            rest = rest[os.write(1, rest) :]
    except OSError:
        return False
    return True


def _tell(message: str, hint: str) -> None:
    sys.stderr.write(f"orcaops: {message}\n" + (f"  hint: {hint}\n" if hint else ""))

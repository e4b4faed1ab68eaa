"""The unix sockets in the home: never half ready, never left over, and within the length a path may have."""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
import tempfile
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import anyio
import anyio.to_thread

from orcaops_mcp import places
from orcaops_mcp.daemon.door import CannotListenError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable

_BACKLOG: Final = 128
_MODE: Final = 0o600
_FOLDER: Final = "orcaops-engine-"


@dataclass(frozen=True, slots=True)
class UnixListener:
    """A listening socket and the names it has.

    Attributes:
        socket: The socket.
        names: Its path, and the link to it if it lies elsewhere.
    """

    socket: socket.socket
    names: frozenset[Path]

    def unlink(self) -> None:
        """Take the names away: who looks now finds nobody."""
        for name in self.names:
            name.unlink(missing_ok=True)
            if name.parent.name.startswith(_FOLDER):
                with contextlib.suppress(OSError):  # the other socket lies there still
                    name.parent.rmdir()


def listen(home: Path, name: str) -> UnixListener:
    """Listen under this name in the home, which the caller holds.

    The socket is bound under another name and renamed when it listens. A path too long for a socket gets a private
    folder elsewhere, and a link to it in the home.

    Raises:
        CannotListenError: There is no place for it.
    """
    path = home / name
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        real = _bind(listener, path)
    except OSError as error:
        listener.close()
        hint = "Choose a home on a local disk with --home or ORCAOPS_HOME."
        raise CannotListenError(f"Cannot listen on {path}: {error.strerror or error}.", hint=hint) from error
    return UnixListener(listener, frozenset({path, real}))


@asynccontextmanager
async def unix_listeners(home: Path, *names: str) -> AsyncGenerator[tuple[UnixListener, ...]]:
    """Several of them, got beside the loop; closed and without names at the end."""
    limiter = anyio.CapacityLimiter(1)
    with ExitStack() as stack:

        def enter() -> tuple[UnixListener, ...]:
            listeners: list[UnixListener] = []
            for name in names:
                listener = listen(home, name)
                stack.callback(listener.socket.close)
                listeners.append(listener)
            return tuple(listeners)

        listeners = await anyio.to_thread.run_sync(enter, limiter=limiter)
        try:
            yield listeners
        finally:
            await take_names_away(listeners)


async def take_names_away(listeners: Iterable[UnixListener]) -> None:
    """Remove the names of sockets, beside the loop; they may be gone already."""
    with anyio.CancelScope(shield=True):
        for listener in listeners:
            await anyio.to_thread.run_sync(listener.unlink)


def _bind(listener: socket.socket, path: Path) -> Path:
    """Bind and listen, and return where the socket really is."""
    is_short = len(os.fsencode(path)) <= places.LONGEST_PATH
    real = path if is_short else _runtime_folder(path.parent) / path.name
    part = real.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    listener.bind(str(part))
    part.chmod(_MODE)
    listener.listen(_BACKLOG)
    part.rename(real)
    if not is_short:
        link = path.with_name(f"{path.name}.part")
        link.unlink(missing_ok=True)
        link.symlink_to(real)
        link.rename(path)
    return real


def _runtime_folder(home: Path) -> Path:
    """A private folder with a short name for this home.

    Raises:
        OSError: It is somebody else's, or cannot be made.
    """
    base = os.environ.get("XDG_RUNTIME_DIR", "")
    if not places.is_private(base) or len(os.fsencode(base)) > places.LONGEST_PATH // 2:
        base = "/tmp" if len(os.fsencode(tempfile.gettempdir())) > places.LONGEST_PATH // 2 else tempfile.gettempdir()  # noqa: S108 - the folder in it is private, which is checked
    digest = hashlib.sha256(os.fsencode(home)).hexdigest()[:16]
    folder = Path(base) / f"{_FOLDER}{os.getuid()}-{digest}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if not places.is_private(str(folder)):
        raise PermissionError(0, f"{folder} is not a private folder of ours")
    return folder

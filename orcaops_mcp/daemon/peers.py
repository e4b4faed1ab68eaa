"""Who is at the other end of a unix socket: the kernel knows."""

from __future__ import annotations

import os
import socket
import struct
import sys
from typing import Final

_MAC_SOL_LOCAL: Final = 0
_MAC_PEERCRED: Final = 1
_ROOT: Final = 0


def is_ours(connection: socket.socket) -> bool:
    """Whether the peer runs as the same user, or as root.

    On systems that cannot say, the modes of socket and home hold alone.
    """
    uid = _peer_uid(connection)
    return uid is None or uid in (os.getuid(), _ROOT)


def _peer_uid(connection: socket.socket) -> int | None:
    if sys.platform.startswith("linux"):
        pid_uid_gid = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        return struct.unpack("3i", pid_uid_gid)[1]
    if sys.platform == "darwin" or "bsd" in sys.platform:
        version_uid = connection.getsockopt(_MAC_SOL_LOCAL, _MAC_PEERCRED, 8)
        return struct.unpack("2I", version_uid)[1]
    return None

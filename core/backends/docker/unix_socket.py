"""A better way to a Unix socket than docker-py's own.

docker-py keeps a pool of connections for every URL, so that each container costs connections of its own, and leaves
a socket open whenever nobody answers. Here all calls share one pool, and a failed connection is closed.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

from docker.transport.basehttpadapter import BaseHTTPAdapter
from urllib3 import HTTPConnectionPool
from urllib3.connection import HTTPConnection

if TYPE_CHECKING:
    from requests import PreparedRequest


class UnixSocketAdapter(BaseHTTPAdapter):
    """Connections to one Unix socket.

    Args:
        path: Of the socket.
        size: How many connections are kept.
    """

    def __init__(self, path: str, *, size: int) -> None:
        super().__init__()
        self._pool = _Pool("localhost", maxsize=size, socket_path=path)

    def get_connection(self, url: bytes | str, proxies: object = None) -> HTTPConnectionPool:  # noqa: ARG002 - the caller's signature
        """The pool."""
        return self._pool

    def request_url(self, request: PreparedRequest, proxies: object) -> str:  # noqa: ARG002 - the caller's signature
        """The path alone: a socket has neither host nor proxy."""
        return request.path_url

    def close(self) -> None:
        """Close the connections that are idle."""
        super().close()
        self._pool.close()


class _Connection(HTTPConnection):
    def __init__(self, host: str, *, socket_path: str, **options: Any) -> None:
        super().__init__(host, **options)
        self._socket_path = socket_path

    def connect(self) -> None:
        fresh = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            fresh.settimeout(self.timeout)
            fresh.connect(self._socket_path)
        except OSError:
            fresh.close()
            raise
        self.sock = fresh


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection  # pyright: ignore[reportAssignmentType] - nor does urllib3's own class fit its protocol

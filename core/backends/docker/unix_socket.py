"""A better way to a Unix socket than docker-py's own.

docker-py keeps a pool of connections for every URL, so that each container costs connections of its own, and leaves
a socket open whenever nobody answers. Here all calls share one pool, and a failed connection is closed.
"""

from __future__ import annotations

import socket

from docker.transport.unixconn import UnixHTTPAdapter, UnixHTTPConnection, UnixHTTPConnectionPool


class UnixSocketAdapter(UnixHTTPAdapter):
    """Connections to one Unix socket.

    Args:
        path: Of the socket.
        size: How many connections are kept.
    """

    def __init__(self, path: str, *, size: int) -> None:
        super().__init__(f"http+unix://{path}", max_pool_size=size)
        self._pool = _Pool("http+unix", path, maxsize=size)

    def get_connection(self, url: bytes | str, proxies: object = None) -> UnixHTTPConnectionPool:  # noqa: ARG002 - the caller's signature
        """The pool."""
        return self._pool

    def close(self) -> None:
        """Close the connections that are idle."""
        super().close()
        self._pool.close()


class _Pool(UnixHTTPConnectionPool):
    def _new_conn(self) -> UnixHTTPConnection:  # pyright: ignore[reportIncompatibleMethodOverride] - as docker-py has it
        return _Connection(self.base_url, self.socket_path)


class _Connection(UnixHTTPConnection):
    def connect(self) -> None:
        fresh = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            fresh.settimeout(self.timeout)
            fresh.connect(self.unix_socket)
        except OSError:
            fresh.close()
            raise
        self.sock = fresh

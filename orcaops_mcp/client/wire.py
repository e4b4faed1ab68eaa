"""HTTP/1.1 as a client speaks it: one request a connection, bodies as they arrive.

`http.client` does the same and brings `email` and `ssl` with it, which together take longer to import than a whole
command may take to start.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Final, Protocol, Self

from orcaops_mcp.client.errors import ClientError, unreachable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from io import BufferedReader

CHUNK: Final = 65_536
_UPGRADED: Final = 101
_LINE: Final = 65_536
_HEADERS: Final = 200
_GONE: Final = "The engine closed the connection before its answer was whole."


class Dial(Protocol):
    """Opens connections to one engine."""

    @property
    def host(self) -> str:
        """What to send as the Host header."""
        ...

    def __call__(self, timeout_s: float | None) -> socket.socket:
        """A connected socket.

        Raises:
            ClientError: Nobody answers.
        """
        ...


class Reply:
    """An answer whose body may still be on its way; to be closed, or used as a context manager.

    Attributes:
        status: The HTTP status.
        headers: By name in lower case.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._file: BufferedReader = connection.makefile("rb")
        try:
            self.status = self._read_status()
            self.headers = self._read_headers()
            while self.status < 200 and self.status != _UPGRADED:  # an interim answer, such as 103 Early Hints
                self.status = self._read_status()
                self.headers = self._read_headers()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Drop the connection; what has not been read is lost."""
        self._file.close()
        self._connection.close()

    def chunks(self) -> Iterator[bytes]:
        """The body, in the pieces in which it comes.

        Raises:
            ClientError: The connection ended before the body did, or said nothing for longer than the time limit.
        """
        if "chunked" in self.headers.get("transfer-encoding", "").lower():
            return self._chunked()
        length = self.headers.get("content-length")
        return self._until_closed() if length is None else self._counted(_number(length, 10))

    def read(self) -> bytes:
        """The whole body."""
        return b"".join(self.chunks())

    def _read_status(self) -> int:
        version, _, rest = self._line().decode("latin-1").partition(" ")
        code = rest[:3]
        if not version.startswith("HTTP/1.") or len(code) != 3 or not code.isdigit():
            raise _not_http()
        return int(code)

    def _read_headers(self) -> dict[str, str]:
        headers: dict[str, str] = {}
        for _ in range(_HEADERS):
            line = self._line().decode("latin-1")
            if not line:
                return headers
            name, colon, value = line.partition(":")
            if not colon:
                raise _not_http()
            headers[name.strip().lower()] = value.strip()
        raise _not_http()

    def _line(self) -> bytes:
        line = _guarded(self._file.readline, _LINE)
        if not line.endswith(b"\n"):
            raise unreachable(_GONE) if len(line) < _LINE else _not_http()
        return line.rstrip(b"\r\n")

    def _counted(self, length: int) -> Iterator[bytes]:
        while length > 0:
            piece = _guarded(self._file.read1, min(length, CHUNK))
            if not piece:
                raise unreachable(_GONE)
            length -= len(piece)
            yield piece

    def _chunked(self) -> Iterator[bytes]:
        while size := _number(self._line().decode("latin-1").partition(";")[0], 16):
            yield from self._counted(size)
            if self._line():
                raise _not_http()
        while self._line():
            pass

    def _until_closed(self) -> Iterator[bytes]:
        while piece := _guarded(self._file.read1, CHUNK):
            yield piece


def send(
    dial: Dial,
    method: str,
    target: str,
    *,
    headers: Mapping[str, str],
    body: bytes | Iterable[bytes] | None = None,
    timeout_s: float | None = 60.0,
) -> Reply:
    """Send a request and read the head of its answer.

    Args:
        dial: Where to.
        method: Such as ``GET``.
        target: Path and query, already encoded.
        headers: Beside those that every request has.
        body: Bytes, or pieces of them that are sent as they come.
        timeout_s: How long the other side may be silent.

    Raises:
        ClientError: Nobody answers, or not in HTTP.
    """
    fields = {"Host": dial.host, "Connection": "close", "User-Agent": "orcaops", **headers}
    pieces: Iterable[bytes] | None = None
    content = b""
    if isinstance(body, bytes):
        content = body
        fields["Content-Length"] = str(len(body))
    elif body is not None:
        pieces = body
        fields["Transfer-Encoding"] = "chunked"
    elif method in {"POST", "PUT"}:
        fields["Content-Length"] = "0"
    head = f"{method} {target} HTTP/1.1\r\n" + "".join(f"{name}: {_plain(value)}\r\n" for name, value in fields.items())
    connection = dial(timeout_s)
    try:
        _write(connection, f"{head}\r\n".encode("latin-1") + content, pieces)
        return Reply(connection)
    except BaseException:
        connection.close()
        raise


def _write(connection: socket.socket, start: bytes, pieces: Iterable[bytes] | None) -> None:
    try:
        connection.sendall(start)
        if pieces is not None:
            for piece in pieces:
                if piece:
                    connection.sendall(b"%x\r\n%b\r\n" % (len(piece), piece))
            connection.sendall(b"0\r\n\r\n")
    except TimeoutError:
        raise unreachable("The engine takes no more of the request.") from None
    except (BrokenPipeError, ConnectionResetError):
        return  # it may have answered before it had read everything


def _plain(value: str) -> str:
    """A header's value that cannot begin another header."""
    if not value.isprintable() or not value.isascii():
        raise ClientError("invalid_argument", "A value for a header holds characters that HTTP does not allow.")
    return value


def _number(text: str, base: int) -> int:
    try:
        number = int(text.strip(), base)
    except ValueError:
        number = -1
    if number < 0:
        raise _not_http()
    return number


class _Read(Protocol):
    def __call__(self, size: int, /) -> bytes: ...


def _guarded(read: _Read, size: int) -> bytes:
    try:
        return read(size)
    except TimeoutError:
        raise unreachable("The engine has not answered for too long.", "Look at its log, or try again.") from None
    except OSError as error:
        raise unreachable(f"{_GONE} ({error.strerror})") from None


def _not_http() -> ClientError:
    return unreachable("What answered does not speak HTTP/1.1.", "Check --url: is it the address of `orcaops serve`?")


def dial_tcp(host: str, port: int, timeout_s: float | None) -> socket.socket:
    """A connection over TCP.

    Raises:
        ClientError: Nobody answers.
    """
    try:
        connection = socket.create_connection((host, port), timeout=10.0)
    except OSError as error:
        hint = "Start it with `orcaops serve`, or check --url and ORCAOPS_URL."
        reason = error.strerror or str(error)
        raise unreachable(f"No engine answers at {host}, port {port} ({reason}).", hint) from None
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.settimeout(timeout_s)
    return connection

"""HTTP as the client speaks it, against servers that answer well, badly, or not at all."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from orcaops_mcp.cli.main import cli
from orcaops_mcp.client.address import UrlDial, dial_url, encoded
from orcaops_mcp.client.client import client_of_url
from orcaops_mcp.client.connection import Connection
from orcaops_mcp.client.errors import UNREACHABLE, ClientError
from orcaops_mcp.client.wire import send

if TYPE_CHECKING:
    from collections.abc import Generator


class Peer:
    """Answers each connection with the same bytes, and keeps what it was sent.

    Args:
        answer: The bytes; the connection is closed after them.
    """

    def __init__(self, answer: bytes) -> None:
        self.asked = b""
        self._answer = answer
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    @property
    def dial(self) -> UrlDial:
        return UrlDial("127.0.0.1", self._listening.getsockname()[1])

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)
        self._listening.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                while b"\r\n\r\n" not in self.asked:
                    self.asked += connection.recv(65_536)
                connection.sendall(self._answer)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65_536):
                    pass


@pytest.fixture
def peers() -> Generator[list[Peer]]:
    made: list[Peer] = []
    yield made
    for peer in made:
        peer.close()


def _ask(peers: list[Peer], answer: bytes, *, method: str = "GET", body: bytes | None = None) -> tuple[int, bytes]:
    peer = Peer(answer)
    peers.append(peer)
    with send(peer.dial, method, "/x", headers={"Accept": "*/*"}, body=body, timeout_s=5) as reply:
        return reply.status, reply.read()


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more", b"hello"),
        (b"HTTP/1.1 200 OK\r\ncontent-length:  5  \r\n\r\nhello", b"hello"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nA: b\r\n\r\n",
            b"hello",
        ),
        (b"HTTP/1.0 200 OK\r\n\r\nhello", b"hello"),
        (b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", b""),
        (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", b"hi"),
        (b"HTTP/1.1 200\nContent-Length: 2\n\nhi", b"hi"),
    ],
)
def test_a_body_is_read_however_it_is_framed(peers: list[Peer], answer: bytes, body: bytes) -> None:
    assert _ask(peers, answer)[1] == body


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 300 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nA: " + b"b" * 70_000 + b"\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
    ],
)
def test_an_answer_that_is_cut_off_or_no_http_is_one_error(peers: list[Peer], answer: bytes) -> None:
    with pytest.raises(ClientError) as caught:
        _ask(peers, answer)
    assert caught.value.code == UNREACHABLE


def test_a_request_says_how_long_its_body_is(peers: list[Peer]) -> None:
    _ask(peers, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", method="POST", body=b'{"a":1}')
    head, _, body = peers[0].asked.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /x HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"Content-Length: 7" in head
    assert body == b'{"a":1}'


def test_a_body_of_pieces_is_sent_in_chunks(peers: list[Peer]) -> None:
    peers.append(Peer(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"))
    with send(peers[0].dial, "PUT", "/x", headers={}, body=iter([b"ab", b"", b"c"]), timeout_s=5) as reply:
        assert reply.status == 201
        assert reply.read() == b""
    assert b"Transfer-Encoding: chunked" in peers[0].asked


def test_nobody_listening_is_said_with_a_hint() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(ClientError) as caught:
        client_of_url(f"http://127.0.0.1:{port}").system()
    assert (caught.value.code, caught.value.retryable) == (UNREACHABLE, True)
    assert "orcaops serve" in caught.value.hint


def test_an_error_of_the_engine_comes_whole(peers: list[Peer]) -> None:
    body = (
        b'{"error":{"code":"job_not_found","message":"no","hint":"look","retryable":false,"findings":[{"path":"a"}]}}'
    )
    peers.append(Peer(b"HTTP/1.1 404 Not Found\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)))
    with pytest.raises(ClientError) as caught:
        Connection(peers[0].dial).ask("GET", "/x")
    error = caught.value
    assert (error.code, error.message, error.hint, error.status) == ("job_not_found", "no", "look", 404)
    assert error.view()["findings"] == [{"path": "a"}]


def test_when_to_try_again_comes_from_the_engine_and_is_told_in_the_terminal(peers: list[Peer]) -> None:
    body = b'{"error":{"code":"queue_full","message":"full","hint":"","retryable":true,"retry_after_s":7}}'
    peers.append(Peer(b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)))
    with pytest.raises(ClientError) as caught:
        Connection(peers[0].dial).ask("GET", "/x")
    assert caught.value.view()["retry_after_s"] == 7
    dial = peers[0].dial
    result = CliRunner().invoke(cli, ["jobs", "--url", f"http://{dial.name}:{dial.port}"])
    assert result.stderr.splitlines() == ["orcaops: full", "  try again in 7 s"]


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"error": "text"}', b"{}"])
def test_an_error_of_somebody_else_is_an_error_too(peers: list[Peer], body: bytes) -> None:
    peers.append(Peer(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)))
    with pytest.raises(ClientError) as caught:
        Connection(peers[0].dial).ask("GET", "/x")
    assert (caught.value.code, caught.value.status) == ("http_error", 502)
    assert "502" in caught.value.message


def test_an_answer_that_is_not_json_is_an_error(peers: list[Peer]) -> None:
    peers.append(Peer(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>"))
    with pytest.raises(ClientError, match="not JSON"):
        Connection(peers[0].dial).ask("GET", "/x")


def test_a_token_and_a_query_are_sent_as_they_should_be(peers: list[Peer]) -> None:
    peers.append(Peer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"))
    query = {"status": ["failed", "queued"], "q": "a b&c", "none": None, "empty": "", "dry": True, "n": 0}
    Connection(peers[0].dial, "secret").ask("GET", "/x", query)
    head = peers[0].asked.split(b"\r\n")
    assert head[0] == b"GET /x?status=failed&status=queued&q=a%20b%26c&dry=true&n=0 HTTP/1.1"
    assert b"Authorization: Bearer secret" in head


def test_a_token_cannot_smuggle_a_header() -> None:
    with pytest.raises(ClientError) as caught:
        Connection(UrlDial("127.0.0.1", 1), "x\r\nHost: evil").ask("GET", "/x")
    assert caught.value.code == "invalid_argument"


@pytest.mark.parametrize(
    ("url", "dial"),
    [
        ("http://127.0.0.1:8787", UrlDial("127.0.0.1", 8787)),
        ("http://127.0.0.1:8787/", UrlDial("127.0.0.1", 8787)),
        ("https://orca.example.org/team", UrlDial("orca.example.org", 443, tls=True, prefix="/team")),
        ("http://[::1]:80", UrlDial("::1", 80)),
    ],
)
def test_an_address_is_taken_apart(url: str, dial: UrlDial) -> None:
    assert dial_url(url) == dial


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:8787", "ftp://x", "http://", "http://a:b@c", "http://a?x", "http://a:99999", "http://[x"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ClientError) as caught:
        dial_url(url)
    assert caught.value.code == "invalid_argument"


def test_a_port_is_left_out_of_the_host_where_it_is_the_usual_one() -> None:
    assert [UrlDial("a", 80).host, UrlDial("a", 81).host, UrlDial("::1", 443, tls=True).host] == ["a", "a:81", "[::1]"]


def test_any_name_of_a_file_can_stand_in_an_address() -> None:
    assert encoded("a b/ü?#%", "/") == "a%20b/%C3%BC%3F%23%25"
    assert encoded("\udcff") == "%FF"

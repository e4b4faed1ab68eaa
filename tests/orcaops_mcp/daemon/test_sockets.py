from __future__ import annotations

import os
import shutil
import socket
import stat
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import pytest

from orcaops_mcp import places
from orcaops_mcp.daemon.door import CannotListenError
from orcaops_mcp.daemon.peers import is_ours
from orcaops_mcp.daemon.sockets import listen
from tests.orcaops_mcp.daemon.engines import connected, running

if TYPE_CHECKING:
    from collections.abc import Generator

_KNOCK = """
import os, socket, sys
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
connection = socket.socket(socket.AF_UNIX)
connection.settimeout(30)
connection.connect(sys.argv[1])
try:
    connection.sendall(b'{"orcaops":1}\\n')
    print(connection.recv(1000))
except ConnectionError:
    print(b"")
"""


@pytest.fixture
def short() -> Generator[Path]:
    """A home with a path short enough for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="o-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_a_socket_is_for_its_owner_and_replaces_what_was_left(short: Path) -> None:
    (short / "engine.sock").write_text("left by a crash")
    (short / "engine.sock.part").write_text("this too")
    listener = listen(short, "engine.sock")
    with listener.socket:
        assert _mode(short / "engine.sock") == 0o600
        assert list(short.iterdir()) == [short / "engine.sock"]
        connection = places.connect(str(short), "engine.sock")
        assert connection is not None
        connection.close()
        listener.unlink()
        assert not list(short.iterdir())
        assert places.connect(str(short), "engine.sock") is None


def test_a_home_with_a_long_path_has_its_sockets_in_a_private_folder(tmp_path: Path) -> None:
    home = tmp_path / ("long" * 30)
    home.mkdir()
    first, second = listen(home, "engine.sock"), listen(home, "api.sock")
    with first.socket, second.socket:
        real = (home / "engine.sock").readlink()
        assert _mode(real.parent) == 0o700
        assert len(os.fsencode(real)) <= places.LONGEST_PATH
        connection = places.connect(str(home), "engine.sock", 5)
        assert connection is not None
        assert connection.gettimeout() == 5
        connection.close()
        real.parent.chmod(0o755)
        assert places.connect(str(home), "engine.sock") is None
        real.parent.chmod(0o700)
        first.unlink()
        assert real.parent.exists()
        second.unlink()
        assert not real.parent.exists()


def test_a_folder_that_others_can_look_into_is_not_used(tmp_path: Path) -> None:
    home = tmp_path / ("open" * 30)
    home.mkdir()
    listener = listen(home, "engine.sock")
    folder = (home / "engine.sock").readlink().parent
    listener.socket.close()
    listener.unlink()
    folder.mkdir(mode=0o755)
    try:
        with pytest.raises(CannotListenError, match="not a private folder"):
            listen(home, "engine.sock")
    finally:
        folder.rmdir()


def test_a_folder_that_cannot_hold_a_socket_is_an_error_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(CannotListenError) as caught:
        listen(tmp_path / "missing", "s")
    assert "--home" in caught.value.hint


async def test_an_engine_with_a_long_home_serves(tmp_path: Path) -> None:
    home = tmp_path / ("deep" * 30) / "home"
    async with running(home), connected(home, version="") as wire:
        assert await wire.tools()
        assert (await anyio.to_thread.run_sync(places.note_of, str(home))) is not None


def test_the_peer_of_a_socket_pair_is_ours() -> None:
    one, other = socket.socketpair()
    with one, other:
        assert is_ours(one)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("name", [places.ENGINE_SOCKET, places.API_SOCKET])
async def test_another_user_is_turned_away_even_where_modes_let_them_in(short: Path, name: str) -> None:
    home = short / "home"
    async with running(home):
        path = await anyio.to_thread.run_sync(places.socket_path, str(home), name)
        assert path is not None
        for opened in (short, home, Path(path)):
            await anyio.Path(opened).chmod(0o777)
        knock = [sys.executable, "-S", "-c", _KNOCK, path]
        stranger = await anyio.run_process(knock, stderr=None)
        assert stranger.stdout == b"b''\n"
        async with connected(home, version="") as wire:
            assert await wire.tools()

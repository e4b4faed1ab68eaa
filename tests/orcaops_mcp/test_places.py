from __future__ import annotations

import os
import pickle
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from orcaops_mcp import places

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _answering(home: Path, answer: Callable[[socket.socket], object]) -> threading.Thread:
    """Something that takes one connection on the engine's socket."""
    home.mkdir(parents=True)
    listener = socket.socket(socket.AF_UNIX)
    path = home / places.ENGINE_SOCKET
    listener.bind(str(path))
    listener.listen()

    def serve() -> None:
        with listener, listener.accept()[0] as connection:
            connection.recv(65536)
            answer(connection)

    thread = threading.Thread(target=serve)
    thread.start()
    return thread


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("p") / "h"
    assert len(os.fsencode(folder)) < places.LONGEST_PATH - 15
    return folder


def test_the_home_is_what_was_given_then_the_variable_then_a_folder_of_the_user(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ORCAOPS_HOME", "/somewhere/else")
    assert places.home_of("/here/../there") == "/there"
    assert places.home_of() == "/somewhere/else"
    monkeypatch.delenv("ORCAOPS_HOME")
    monkeypatch.setenv("HOME", "/users/ada")
    assert places.home_of() == "/users/ada/.orcaops"
    assert places.home_of("~/x") == "/users/ada/x"


def test_nobody_answers_where_there_is_no_engine(home: Path) -> None:
    assert places.connect(str(home)) is None
    assert places.ask(str(home), {}) is None
    assert places.leave(str(home)) is None
    assert places.note_of(str(home)) is None
    assert places.wait_until_gone(str(home), 0)


def test_a_home_that_cannot_be_made_is_an_error_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(places.EngineError, match="cannot be used") as caught:
        places.start_engine(str(tmp_path / "file" / "home"))
    assert "ORCAOPS_HOME" in caught.value.hint


def test_a_folder_of_other_things_keeps_its_mode_and_an_empty_one_becomes_private(tmp_path: Path) -> None:
    empty, full = tmp_path / "empty", tmp_path / "full"
    for folder in (empty, full):
        folder.mkdir()
        folder.chmod(0o755)
    (full / "notes.txt").write_text("mine")
    for folder in (empty, full):
        with places.starting(str(folder)):
            pass
    assert empty.stat().st_mode & 0o777 == 0o700
    assert full.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("said", [b"HTTP/1.1 400 Bad Request\r\n", b"x" * 70_000 + b"\n"])
def test_something_else_on_the_socket_is_told_as_that(home: Path, said: bytes) -> None:
    thread = _answering(home, lambda connection: connection.sendall(said))
    with pytest.raises(places.EngineError, match="not an engine of OrcaOps"):
        places.ask(str(home), {"control": "check"})
    thread.join()


def test_an_engine_that_leaves_without_a_word_is_none(home: Path) -> None:
    thread = _answering(home, lambda _: None)
    assert places.ask(str(home), {"control": "check"}) is None
    thread.join()


def test_an_engine_that_is_silent_is_not_waited_for_for_ever(home: Path) -> None:
    heard = threading.Event()
    thread = _answering(home, lambda _: bool(heard.wait(30)))
    with pytest.raises(places.EngineError, match="does not answer in time"):
        places.ask(str(home), {"control": "check"}, timeout_s=0.2)
    heard.set()
    thread.join()


def test_a_refusal_of_the_engine_is_an_error_with_its_words(home: Path) -> None:
    refusal = b'{"error":{"code":"busy","message":"No room.","hint":"Later."}}\n'
    thread = _answering(home, lambda connection: connection.sendall(refusal))
    with pytest.raises(places.EngineError) as caught:
        places.open_api(str(home))
    assert (caught.value.message, caught.value.hint, caught.value.exit_code) == ("No room.", "Later.", 1)
    thread.join()


def test_the_error_goes_from_process_to_process() -> None:
    error = pickle.loads(pickle.dumps(places.EngineError("message", "hint", 7)))  # noqa: S301 - our own bytes
    assert (error.message, error.hint, error.exit_code) == ("message", "hint", 7)


def test_an_engine_that_dies_without_a_known_reason_is_told_by_its_last_words(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(places.EngineError, match="The engine ended at once"):
        places.start_engine(str(home))
    monkeypatch.setattr("sys.executable", "/nonexistent/python")
    with pytest.raises(places.EngineError, match="nonexistent") as caught:
        places.start_engine(str(home))
    assert places.LOG in caught.value.hint

"""A real engine process without containers, and the command line in this process and in one of its own."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import termios
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from orcaops_mcp import places
from orcaops_mcp.cli.main import cli
from orcaops_mcp.client.client import client_of_home

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from click.testing import Result

    from orcaops_mcp.client.client import Client

COMMAND = str(Path(sys.executable).parent / "orcaops")
_PATIENCE_S = 30.0
_WITH_TERMINAL = 'exec <"$1" >"$1" 2>&1; shift; echo begins; exec "$@"'
"""The first terminal that a process without one opens becomes its own."""


@dataclass(frozen=True)
class EngineHome:
    """The home of an engine that runs, and ways to call it.

    Attributes:
        folder: The home.
    """

    folder: str

    @property
    def client(self) -> Client:
        return client_of_home(self.folder, starts=False)

    def run(self, *words: str, given: str | None = None, env: Mapping[str, str] | None = None) -> Result:
        """A command in this process: no terminal anywhere."""
        variables = {"ORCAOPS_HOME": self.folder, "NO_COLOR": None, "FORCE_COLOR": None, **(env or {})}
        return CliRunner().invoke(cli, words, input=given, env=variables)

    def ok(self, *words: str, given: str | None = None) -> str:
        """What a command that has to succeed printed."""
        result = self.run(*words, given=given)
        assert result.exit_code == 0, result.output
        return result.stdout

    def start(self, *words: str, stdout: int = subprocess.PIPE) -> subprocess.Popen[bytes]:
        """A command in a process of its own."""
        return subprocess.Popen([COMMAND, *words], env=self.variables(), stdout=stdout, stderr=subprocess.PIPE)

    def variables(self, **more: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG", "LC_ALL"}}
        return {**kept, "ORCAOPS_HOME": self.folder, "PYTHONUTF8": "1", "TERM": "xterm-256color", **more}


class Terminal:
    """A command whose every end is a terminal.

    Args:
        home: Whose engine it talks to.
        words: The command.
        columns: How wide it is.
        lines: How high.
        more: Further variables.
    """

    def __init__(self, home: EngineHome, *words: str, columns: int = 120, lines: int = 30, **more: str) -> None:
        self._primary, secondary = pty.openpty()
        termios.tcsetwinsize(secondary, (lines, columns))
        self.process = subprocess.Popen(
            ["/bin/sh", "-c", _WITH_TERMINAL, "sh", os.ttyname(secondary), COMMAND, *words],
            env=home.variables(**more),
            start_new_session=True,
        )
        self.seen = ""
        self.read_until("begins\r\n")
        os.close(secondary)
        self.seen = ""

    def read_until(self, text: str) -> str:
        """Everything that was shown, once ``text`` has been."""
        while text not in self.seen:
            assert self._read(), f"{text!r} was not shown: {self.seen!r}"
        return self.seen

    def read_all(self) -> str:
        """Everything that is shown, once the command has ended."""
        while self._read():
            pass
        self.process.wait(_PATIENCE_S)
        return self.seen

    def press(self, keys: str) -> None:
        os.write(self._primary, keys.encode())

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(_PATIENCE_S)
        os.close(self._primary)

    def _read(self) -> bool:
        ready, _, _ = select.select([self._primary], [], [], _PATIENCE_S)
        assert ready, f"nothing was shown for too long: {self.seen!r}"
        try:
            data = os.read(self._primary, 65_536)
        except OSError:  # Linux says so when the last process of the terminal has gone
            return False
        self.seen += data.decode("utf-8", "replace")
        return bool(data)


@pytest.fixture(scope="session")
def engine_home(tmp_path_factory: pytest.TempPathFactory) -> Generator[EngineHome]:
    folder = str(tmp_path_factory.mktemp("home") / "o")
    places.start_engine(folder, ["--backend", "simulated"])
    yield EngineHome(folder)
    places.leave(folder)
    assert places.wait_until_gone(folder, 30)


@pytest.fixture
def open_terminal(engine_home: EngineHome) -> Generator[Callable[..., Terminal]]:
    made: list[Terminal] = []

    def opened(*words: str, **more: Any) -> Terminal:
        made.append(Terminal(engine_home, *words, **more))
        return made[-1]

    yield opened
    for terminal in made:
        terminal.close()

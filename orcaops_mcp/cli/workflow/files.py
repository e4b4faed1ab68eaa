"""Workflow files as they are read and written again."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from collections.abc import Mapping

STANDARD_INPUT: Final = "-"
_SHOWN_INPUT: Final = "<stdin>"
_MOST_BYTES: Final = 1024 * 1024
_BOM: Final = b"\xef\xbb\xbf"
_BREAK: Final = re.compile(r"\r\n?|\n")


@dataclass(frozen=True, slots=True)
class WorkflowFile:
    """A workflow file, and those that it calls once they were asked for.

    Attributes:
        name: As it was named; what findings call it.
        content: Its bytes; of one that is too large only as many as show that it is.
    """

    name: str
    content: bytes
    _called: dict[str, bytes] = field(default_factory=dict[str, bytes], compare=False, repr=False)
    _asked: dict[str, bytes] = field(default_factory=dict[str, bytes], compare=False, repr=False)

    @property
    def base(self) -> str:
        """Its name in its folder, which is all that the language knows of where it is."""
        return Path(self.name).name

    @property
    def folder(self) -> Path:
        """The folder it lies in; for standard input the one the caller stands in."""
        return Path(self.name).parent

    @property
    def called(self) -> dict[str, str]:
        """Texts of the files that were asked for until now, by the path they were asked for with."""
        return {path: _text(content) for path, content in self._asked.items()}

    @property
    def text(self) -> str:
        """Its text without a byte order mark; what is no UTF-8 is replaced."""
        return _text(self.content)

    def shown(self, path: str) -> str:
        """How to call the file at a path below its folder."""
        return self.name if path == self.base else str(Path(self.name).parent / path)

    def load(self, path: str) -> bytes:
        """The content of a file that it calls.

        Args:
            path: Where it is, from this file's folder, below which it has to lie.

        Raises:
            OSError: It lies elsewhere, or cannot be read.
        """
        folder = Path(self.name).parent.resolve()
        found = (folder / path).resolve()
        if not found.is_relative_to(folder):
            raise PermissionError(f"it lies outside of the folder of {self.name}")
        self._asked[path] = self._called[self.shown(path)] = content = _first_bytes(found)
        return content

    def lines(self, name: str) -> list[str]:
        """The lines of this file or of one that it calls, without their ends."""
        return _BREAK.split(self.text if name == self.name else _text(self._called.get(name, b"")))


@dataclass(frozen=True, slots=True)
class SavedWorkflow(WorkflowFile):
    """A workflow of a template, with the files that it calls: nothing of it is on this machine's disk.

    Attributes:
        files: Texts of the files it calls, by the paths it calls them with.
    """

    files: Mapping[str, str] = field(default_factory=dict[str, str])

    def load(self, path: str) -> bytes:
        """The content of a file that it calls.

        Raises:
            OSError: It was not saved with it.
        """
        try:
            return self.files[path].encode()
        except KeyError:
            raise FileNotFoundError(f"{path} was not saved with it") from None


def read_file(path: str) -> WorkflowFile:
    """The file that was named on the command line.

    Args:
        path: Its path, or ``-``.

    Raises:
        click.BadParameter: It cannot be read.
    """
    try:
        if path == STANDARD_INPUT:
            return WorkflowFile(_SHOWN_INPUT, sys.stdin.buffer.read(_MOST_BYTES + 1))
        return WorkflowFile(path, _first_bytes(Path(path)))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise click.BadParameter(f"{path} cannot be read: {reason}", param_hint="FILE") from None


def write_file(file: WorkflowFile, text: str) -> None:
    """Put a text in the place of the file's: whole or not at all, with the file's permissions.

    Args:
        file: As it was read.
        text: The text without a byte order mark; the file keeps its own.

    Raises:
        click.ClickException: It cannot be written, or is not what was read any more.
    """
    place = Path(file.name).resolve()
    try:
        if _first_bytes(place) != file.content:
            raise click.ClickException(f"{file.name} was changed by somebody else meanwhile; try again.")
        _replace(place, encoded(file, text))
    except OSError as error:
        raise click.ClickException(f"{file.name} cannot be written: {error.strerror}") from None


def encoded(file: WorkflowFile, text: str) -> bytes:
    """A text as the file would hold it."""
    return (_BOM if file.content.startswith(_BOM) else b"") + text.encode()


def _text(content: bytes) -> str:
    return content.removeprefix(_BOM).decode(errors="replace")


def _first_bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_MOST_BYTES + 1)


def _replace(place: Path, data: bytes) -> None:
    """Write beside the file and rename, so that whoever reads sees the earlier content or the whole of the next."""
    handle, name = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}-")
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        beside.chmod(place.stat().st_mode & 0o7777)
        beside.replace(place)
    except OSError:
        beside.unlink(missing_ok=True)
        raise

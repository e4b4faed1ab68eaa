"""Workflow files of callers: their text, the files they call, and the check of them off the event loop."""

from __future__ import annotations

import os
import stat
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import anyio
import anyio.to_thread

from core import InvalidArgumentError, OpenFolder, check_workflow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from core import WorkflowCheck

Result = TypeVar("Result")

MAX_FILE_BYTES: Final = 1024 * 1024
_MOST_FILES: Final = 100

_two_at_a_time = anyio.CapacityLimiter(2)


class FilesBelow:
    """Files below the folder that a caller stands in. Links are followed as far as they stay there.

    Its methods look at the disk: call them in a thread.

    Args:
        folder: The folder.
        home: OrcaOps' own, which nobody is shown.
    """

    def __init__(self, folder: Path, home: Path) -> None:
        self._folder = folder
        self._own = home
        self._read: dict[str, bytes] = {}

    def name_of(self, path: str) -> str:
        """The path from the folder on, as findings show it and called files are found beside it.

        Raises:
            InvalidArgumentError: It leads out of the folder.
        """
        try:
            return self._resolved(path)
        except ValueError as error:
            raise InvalidArgumentError(f"path: {error}", hint=_HINT) from None

    def load(self, path: str) -> bytes:
        """What stands in a file, one byte more than may at most.

        Raises:
            OSError: It cannot be read.
            ValueError: It leads out of the folder or is no file, or too many were read.
        """
        name = self._resolved(path)
        if name not in self._read:
            if len(self._read) >= _MOST_FILES:
                raise ValueError(f"more than {_MOST_FILES} files are called")
            self._read[name] = _bytes_of(self._root, name)
        return self._read[name]

    @cached_property
    def _root(self) -> str:
        return os.path.realpath(self._folder)

    @cached_property
    def _home(self) -> str:
        return os.path.realpath(self._own)

    def _resolved(self, path: str) -> str:
        if not path or "\0" in path:
            raise ValueError("not the path of a file")
        target = Path(os.path.realpath(os.path.join(self._root, path)))  # noqa: PTH118 - realpath takes texts
        if not target.is_relative_to(self._root):
            raise ValueError("leads out of the folder you stand in")
        if target.is_relative_to(self._home):
            raise ValueError("lies in OrcaOps' own home")
        return target.relative_to(self._root).as_posix()


class FilesGiven:
    """Files that came with the request.

    Args:
        files: Their texts by path.
    """

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = {os.path.normpath(path): text for path, text in files.items()}

    def load(self, path: str) -> str:
        """What stands in a file.

        Raises:
            FileNotFoundError: It was not given.
        """
        try:
            return self._files[os.path.normpath(path)]
        except KeyError:
            raise FileNotFoundError(f"{path} was not sent along") from None


def read_workflow_file(files: FilesBelow, path: str) -> tuple[bytes, str]:
    """A workflow file, and its name from the caller's folder on. Blocks: call it in a thread.

    Raises:
        InvalidArgumentError: There is none, or it cannot be read.
    """
    name = files.name_of(path)
    try:
        return files.load(name), name
    except FileNotFoundError:
        raise InvalidArgumentError("path: there is no such file below the folder you stand in", hint=_HINT) from None
    except OSError as error:
        raise InvalidArgumentError(f"path: cannot be read ({error.strerror})", hint=_HINT) from None
    except ValueError as error:
        raise InvalidArgumentError(f"path: {error}", hint=_HINT) from None


async def in_a_thread(work: Callable[[], Result]) -> Result:
    """Do something with a workflow file that takes a while, without holding up others."""
    return await anyio.to_thread.run_sync(work, limiter=_two_at_a_time)


async def checked(
    text: str | bytes,
    file_name: str = "",
    *,
    inputs: Mapping[str, object] | None = None,
    load: Callable[[str], str | bytes] | None = None,
    assume: Mapping[str, str] | None = None,
) -> WorkflowCheck:
    """As `core.check_workflow`, in a thread.

    Raises:
        InvalidArgumentError: As there.
    """
    return await in_a_thread(lambda: check_workflow(text, file_name, inputs=inputs, load=load, assume=assume))


def _bytes_of(root: str, name: str) -> bytes:
    """Opened part by part without following links: none is left in a resolved path, unless one was put there since."""
    *above, last = Path(name).parts or (".",)
    folder = OpenFolder(root)
    try:
        for part in above:
            inner = folder.folder(part)
            folder.close()
            folder = inner
        descriptor = folder.file(last)
    finally:
        folder.close()
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("not a file")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read(MAX_FILE_BYTES + 1)
    finally:
        os.close(descriptor)


_HINT: Final = "Give the path of a workflow file below the folder your chat stands in, or its text as spec."

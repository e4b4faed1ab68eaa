"""A workspace: the files of a folder with their hashes, ready to be sent."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from core.errors import InvalidArgumentError
from core.settings import WorkspaceSettings, in_mib
from core.spec.job import InputFile
from core.workspace.hashes import HashCache
from core.workspace.walk import FolderWalk, SkippedPath

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from core.workspace.hashes import FileStamp
    from core.workspace.walk import ListedFile

_LARGEST: Final = 5
_DEFAULTS: Final = WorkspaceSettings()


class WorkspaceFile(NamedTuple):
    """A file of a workspace.

    Attributes:
        path: From the workspace's folder.
        sha256: Of its bytes.
        size: In bytes.
        executable: Whether its owner may execute it.
        source: Where its bytes are on this machine.
        stamp: What the file was when it was listed.
    """

    path: str
    sha256: str
    size: int
    executable: bool
    source: Path
    stamp: FileStamp


@dataclass(frozen=True, slots=True)
class Workspace:
    """What belongs to a folder, in the order of the paths.

    Attributes:
        folder: The folder, without links in its path.
        files: What is sent.
        skipped: What is not, although no ignore file leaves it out, with the reason.
    """

    folder: Path
    files: tuple[WorkspaceFile, ...]
    skipped: tuple[SkippedPath, ...]

    @property
    def bytes(self) -> int:
        """Of all files together."""
        return sum(file.size for file in self.files)

    def manifest(self) -> tuple[InputFile, ...]:
        """The files as a job names them."""
        return tuple(
            InputFile(path=file.path, sha256=file.sha256, size=file.size, executable=file.executable)
            for file in self.files
        )


def list_workspace(
    folder: Path,
    limits: WorkspaceSettings = _DEFAULTS,
    *,
    cache: HashCache | None = None,
    without: Collection[Path] = (),
    between: Callable[[], None] = lambda: None,
) -> Workspace:
    """List a folder and hash its files; blocks, so it is for a worker thread or a program of its own.

    Left out is what ``.gitignore`` (nested ones and those above it in its repository), ``.git/info/exclude`` and the
    folder's ``.dockerignore`` say, and always ``.git``.

    Args:
        folder: What to send.
        limits: How much it may be.
        cache: Remembers hashes from one listing to the next.
        without: Absolute paths that are never sent, whatever the rules say.
        between: Called between entries and files; may raise to break off.

    Raises:
        InvalidArgumentError: It is no folder, or larger than the limits; it names what is largest.
        BusyError: A file changed while it was read.
    """
    root = Path(os.path.realpath(folder))
    walk = FolderWalk(root, frozenset(Path(os.path.realpath(path)).as_posix() for path in without), between)
    walk.run()
    _check(walk.files, limits)
    known = cache or HashCache()
    files: list[WorkspaceFile] = []
    skipped = list(walk.skipped)
    for listed in walk.files:
        between()
        try:
            sha256, stamp = known.look_up(listed.source, listed.stamp)
        except FileNotFoundError:  # removed since: as if it had never been there
            continue
        except OSError as error:
            skipped.append(SkippedPath(listed.path, f"cannot be read ({error.strerror})"))
            continue
        files.append(WorkspaceFile(listed.path, sha256, stamp.size, listed.executable, Path(listed.source), stamp))
    return Workspace(root, tuple(files), tuple(sorted(skipped)))


def _check(files: Sequence[ListedFile], limits: WorkspaceSettings) -> None:
    total = sum(file.stamp.size for file in files)
    if len(files) <= limits.files and total <= limits.bytes:
        return
    sizes: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    for file in files:
        top, slash, _ = file.path.partition("/")
        sizes[top + slash] += file.stamp.size
        counts[top + slash] += 1
    by = sizes if total > limits.bytes else counts
    largest = ", ".join(f"{name} ({in_mib(sizes[name])}, {counts[name]} files)" for name, _ in by.most_common(_LARGEST))
    raise InvalidArgumentError(
        f"workspace: {len(files)} files with {in_mib(total)}, more than {limits.files} files or "
        f"{in_mib(limits.bytes)}; largest: {largest}",
        hint="Leave out what the job does not need with .gitignore or .dockerignore, or raise workspace.bytes "
        "and workspace.files in the configuration.",
    )

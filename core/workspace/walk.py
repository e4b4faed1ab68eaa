"""A folder's entries, listed without ever leaving the folder.

Folders are opened one below the other and never through a symbolic link, so that nothing a job swaps in meanwhile
leads the listing elsewhere. Only what the ignore files leave in is looked at further.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from pydantic import TypeAdapter, ValidationError

from core.errors import InvalidArgumentError
from core.portable import OpenFolder
from core.spec.fields import RelativePath
from core.workspace.hashes import FileStamp
from core.workspace.ignore import DockerRules, GitRules

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

_ENTRIES: Final = 500_000
_RULE_BYTES: Final = 1024 * 1024
_LEVELS_ABOVE: Final = 32
_PATH: Final = TypeAdapter[str](RelativePath)


class SkippedPath(NamedTuple):
    """An entry that is not sent, and why."""

    path: str
    reason: str


class ListedFile(NamedTuple):
    """A file that belongs to the workspace, not read yet.

    Attributes:
        path: From the workspace's folder.
        source: Where its bytes are: the same place, or what a link there points at.
        stamp: What it was when it was listed.
        executable: Whether its owner may execute it.
    """

    path: str
    source: str
    stamp: FileStamp
    executable: bool


class _Folder(NamedTuple):
    """A folder to be looked into.

    Attributes:
        path: From the workspace's folder; empty for that itself.
        rules: Of git's, from the outermost folder inwards.
        docker: The pattern of ``.dockerignore`` that decided about it.
    """

    path: str
    rules: tuple[GitRules, ...]
    docker: int


@dataclass(slots=True)
class FolderWalk:
    """Lists one folder.

    Args:
        root: The folder, without links in its path.
        without: Absolute paths that are never listed, such as the engine's home.
        between: Called between entries; may raise to break off.

    Attributes:
        files: What belongs to the workspace, links to files among it.
        skipped: What does not, although nothing leaves it out.
    """

    root: Path
    without: Collection[str] = ()
    between: Callable[[], None] = lambda: None
    files: list[ListedFile] = field(default_factory=list[ListedFile])
    skipped: list[SkippedPath] = field(default_factory=list[SkippedPath])
    _top: str = ""
    _links: list[str] = field(default_factory=list[str])
    _prefix: str = ""
    _docker: DockerRules = field(default_factory=lambda: DockerRules(""))
    _seen: int = 0

    def run(self) -> None:
        """List everything.

        Raises:
            InvalidArgumentError: It is no folder, cannot be read, or has far too many entries.
        """
        self._top = self.root.as_posix().rstrip("/")
        try:
            top = OpenFolder(self.root)
        except OSError as error:
            raise InvalidArgumentError(f"workspace: the folder cannot be read ({error.strerror})") from error
        with top:
            self._docker = DockerRules(_text_in(top, ".dockerignore"))
            self._prefix, above = _rules_above(self.root)
            self._look_into(top, _Folder("", above, -1))
        self._resolve_links()
        self.files.sort()
        self.skipped.sort()

    def _look_into(self, opened: OpenFolder, folder: _Folder) -> None:
        text = _text_in(opened, ".gitignore")
        inside = folder._replace(rules=(*folder.rules, GitRules(text, self._from_top(folder.path)))) if text else folder
        for entry in opened.entries():
            self.between()
            self._seen += 1
            if self._seen > _ENTRIES:
                raise InvalidArgumentError(
                    f"workspace: the folder has more than {_ENTRIES:,} entries to look at",
                    hint="Send a smaller folder, or leave large parts out with .gitignore.",
                )
            self._entry(opened, entry, inside)

    def _entry(self, above: OpenFolder, entry: os.DirEntry[str], folder: _Folder) -> None:
        path = f"{folder.path}/{entry.name}" if folder.path else entry.name
        is_folder = entry.is_dir(follow_symlinks=False)
        if entry.name == ".git" or (self.without and f"{self._top}/{path}" in self.without):
            return
        if not _can_be_told(path):
            self.skipped.append(SkippedPath(_shown(path), "its name cannot be passed on"))
            return
        if self._leaves_out_by_git(path, folder.rules, is_folder=is_folder):
            return
        docker = self._docker.last(path, folder.docker)
        if is_folder:
            if not self._docker.leaves_out(docker) or self._docker.may_take_back(docker):
                self._folder(above, entry.name, folder._replace(path=path, docker=docker))
        elif not self._docker.leaves_out(docker):
            self._leaf(entry, path)

    def _folder(self, above: OpenFolder, name: str, folder: _Folder) -> None:
        try:
            inner = above.folder(name)
        except OSError as error:
            self.skipped.append(SkippedPath(folder.path, f"cannot be read ({error.strerror})"))
            return
        with inner:
            self._look_into(inner, folder)

    def _leaf(self, entry: os.DirEntry[str], path: str) -> None:
        try:
            status = entry.stat(follow_symlinks=False)
        except FileNotFoundError:  # removed since: as if it had never been there
            return
        if stat.S_ISREG(status.st_mode):
            executable = bool(status.st_mode & stat.S_IXUSR)
            self.files.append(ListedFile(path, f"{self._top}/{path}", FileStamp.of(status), executable))
        elif stat.S_ISLNK(status.st_mode):
            self._links.append(path)
        else:
            self.skipped.append(SkippedPath(path, "a socket, pipe or device"))

    def _resolve_links(self) -> None:
        """Links become copies of the files they point at, if those are sent themselves."""
        known = {file.source: file for file in self.files}
        for path in self._links:
            target = Path(os.path.realpath(f"{self._top}/{path}")).as_posix()
            file = known.get(target)
            if file is not None:
                self.files.append(file._replace(path=path))
            else:
                self.skipped.append(SkippedPath(path, self._why_not(target)))

    def _why_not(self, target: str) -> str:
        if not target.startswith(f"{self._top}/"):
            return "a link that leads out of the folder"
        if os.path.isdir(target):  # noqa: PTH112 - a text like the others here
            return "a link to a folder"
        return "a link to a file that is not sent"

    def _leaves_out_by_git(self, path: str, rules: tuple[GitRules, ...], *, is_folder: bool) -> bool:
        full = self._from_top(path)
        for file in reversed(rules):
            decided = file.decide(full, is_folder=is_folder)
            if decided is not None:
                return decided
        return False

    def _from_top(self, path: str) -> str:
        """The path from the top of the repository."""
        return f"{self._prefix}/{path}".strip("/") if self._prefix else path


def _rules_above(root: Path) -> tuple[str, tuple[GitRules, ...]]:
    """Where the folder lies in its repository, and the ignore files above it; nothing outside of one."""
    top = next((above for above in (root, *list(root.parents)[:_LEVELS_ABOVE]) if (above / ".git").exists()), None)
    if top is None:
        return "", ()
    prefix = "" if top == root else root.relative_to(top).as_posix()
    rules = [GitRules(_text_at(top / ".git" / "info" / "exclude"))]
    between = [top, *reversed([above for above in root.parents if above != top and above.is_relative_to(top)])]
    for folder in between if prefix else ():
        base = "" if folder == top else folder.relative_to(top).as_posix()
        rules.append(GitRules(_text_at(folder / ".gitignore"), base))
    return prefix, tuple(rules)


def _text_at(path: Path) -> str:
    folder = os.path.realpath(path.parent)
    try:
        opened = OpenFolder(folder)
    except OSError:
        return ""
    with opened:
        return _text_in(opened, path.name)


def _text_in(folder: OpenFolder, name: str) -> str:
    """What an ignore file says; nothing if there is none, and, as in git, none that is a link.

    Raises:
        InvalidArgumentError: It is there and cannot be read: what it leaves out would be sent.
    """
    try:
        descriptor = folder.file(name)
    except FileNotFoundError:
        return ""
    except OSError as error:
        if _is_no_file(folder, name):
            return ""
        raise InvalidArgumentError(f"workspace: {name} cannot be read ({error.strerror})") from error
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return ""
        if status.st_size > _RULE_BYTES:
            raise InvalidArgumentError(f"workspace: {name} is larger than 1 MiB")
        return os.read(descriptor, _RULE_BYTES).decode("utf-8", "replace")
    finally:
        os.close(descriptor)


def _is_no_file(folder: OpenFolder, name: str) -> bool:
    return not stat.S_ISREG(folder.status(name).st_mode)


def _can_be_told(path: str) -> bool:
    try:
        _PATH.validate_python(path)
    except ValidationError:
        return False
    return True


def _shown(path: str) -> str:
    return path.encode("utf-8", "backslashreplace").decode()

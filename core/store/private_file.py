"""A small file of the home that nobody but its owner may read.

It is replaced as a whole, by one writer at a time, so that the command line may write it while an engine works.
"""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from core import portable

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from core.errors import OrcaOpsError


class PrivateFile:
    """Reads and replaces it. All of it blocks.

    Args:
        path: The file; its lock stands beside it, with the suffix ``.lock``.
        most_bytes: It may have.
        error: What is raised when it cannot be used.
        mend: What to do then.
    """

    def __init__(self, path: Path, *, most_bytes: int, error: type[OrcaOpsError], mend: str) -> None:
        self.path = path
        self._lock = path.with_suffix(".lock")
        self._most_bytes, self._error, self._mend = most_bytes, error, mend

    def read(self) -> bytes | None:
        """What it holds; None if there is none.

        Raises:
            OrcaOpsError: Of the kind that was given: others may read it, it is too large, or cannot be read.
        """
        try:
            with self.path.open("rb") as file:
                if not portable.IS_WINDOWS and stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                    raise self._error(f"Others may read {self.path}.", hint=f"Run `chmod 600 {self.path}`.")
                content = file.read(self._most_bytes + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._error(f"{self.path} cannot be read: {error.strerror}.", hint=self._mend) from error
        if len(content) > self._most_bytes:
            raise self.damage()
        return content

    def damage(self) -> OrcaOpsError:
        """What to raise when it holds something else than it should.

        Better without a cause, if the content is secret: what a parser complains of is a piece of it.
        """
        return self._error(f"{self.path} is damaged.", hint=self._mend)

    @contextmanager
    def rewriting(self) -> Generator[None]:
        """Be the only writer meanwhile, in any process.

        Raises:
            OrcaOpsError: Of the kind that was given: it cannot be written.
        """
        try:
            with self._locked():
                yield
        except OSError as error:
            hint = "Look at the folder's rights and its disk."
            raise self._error(f"{self.path} cannot be written: {error.strerror}.", hint=hint) from error

    def replace(self, content: bytes) -> None:
        """Put this in its place, synced; only while `rewriting`.

        Raises:
            OSError: It cannot be written; what was there stays.
        """
        part = self.path.with_name(f"{self.path.name}.part")
        part.unlink(missing_ok=True)  # left by a crash: nobody else writes, as long as we have the lock
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | portable.OPEN, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.replace(self.path)
        except OSError:
            with suppress(OSError):
                part.unlink()
            raise
        portable.sync_folder(self.path.parent)

    @contextmanager
    def _locked(self) -> Generator[None]:
        self._lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT | portable.OPEN, 0o600)
        try:
            portable.lock(descriptor, waits=True)
            yield
        finally:
            os.close(descriptor)

"""What the program says about itself, on standard error or in a file: standard output belongs to the protocol."""

from __future__ import annotations

import json
import logging
import logging.handlers
import os
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal

from core import IS_WINDOWS

if TYPE_CHECKING:
    from io import TextIOWrapper
    from pathlib import Path

_CONSOLE: Final = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
_FILE_BYTES: Final = 10 * 1024 * 1024
_FILES: Final = 3


class JsonFormatter(logging.Formatter):
    """One JSON object a line: at, level, logger, message, and the traceback if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        entry = {
            "at": at.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry)


class LogFile(logging.handlers.RotatingFileHandler):
    """A log file that only its owner can read, put aside when it is full.

    Args:
        path: Where it is.
        max_bytes: Its largest size.
        kept: How many full ones are kept, as ``.1``, ``.2``, … .
        takes_output: Standard output and error of the whole process go there too, also after it was put aside.
    """

    def __init__(
        self, path: Path, max_bytes: int = _FILE_BYTES, kept: int = _FILES, *, takes_output: bool = False
    ) -> None:
        self._takes_output = takes_output
        super().__init__(path.expanduser(), "a", max_bytes, kept, "utf-8")
        self._take_output()

    def doRollover(self) -> None:  # noqa: N802 - logging's name
        """Put the file aside and begin another."""
        super().doRollover()
        self._take_output()

    def _open(self) -> TextIOWrapper:
        stream = super()._open()
        if not IS_WINDOWS:  # which has no such modes
            os.fchmod(stream.fileno(), 0o600)
        return stream

    def _take_output(self) -> None:
        if self._takes_output and self.stream is not None:
            for number in (1, 2):
                os.dup2(self.stream.fileno(), number)


def configure_logging(
    level: str = "warning",
    form: Literal["console", "json"] = "console",
    file: Path | None = None,
    file_bytes: int = _FILE_BYTES,
    files: int = _FILES,
    *,
    takes_output: bool = False,
) -> None:
    """Set up root logging; to be called before an MCP server is built, which would otherwise do it its own way.

    Args:
        level: debug, info, warning or error.
        form: ``console`` for people, ``json`` for machines.
        file: Where lines are appended; standard error if None.
        file_bytes: Size at which the file is put aside.
        files: How many files put aside are kept.
        takes_output: Whatever the process prints goes to the file too.
    """
    target = (
        logging.StreamHandler(sys.stderr)
        if file is None
        else LogFile(file, file_bytes, files, takes_output=takes_output)
    )
    target.setFormatter(JsonFormatter() if form == "json" else logging.Formatter(_CONSOLE))
    logging.basicConfig(level=level.upper(), handlers=[target], force=True)

"""What the program says about itself, on standard error or in a file: standard output belongs to the protocol."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pathlib import Path

_CONSOLE = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"


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


def configure_logging(
    level: str = "warning", form: Literal["console", "json"] = "console", file: Path | None = None
) -> None:
    """Set up root logging; to be called before an MCP server is built, which would otherwise do it its own way.

    Args:
        level: debug, info, warning or error.
        form: ``console`` for people, ``json`` for machines.
        file: Where lines are appended; standard error if None.
    """
    handler = (
        logging.StreamHandler(sys.stderr) if file is None else logging.FileHandler(file.expanduser(), "a", "utf-8")
    )
    handler.setFormatter(JsonFormatter() if form == "json" else logging.Formatter(_CONSOLE))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)

"""The beginning of a kept file as a page may show it: text, a table, or a picture. Nothing of it is ever run."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from orcaops_mcp.web.artifact_rows import PICTURES, TABLES, ending

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_BYTES: Final = 512 * 1024
"""As much of a file is shown."""
_ONLY: Final = f"Only the first {MOST_BYTES // 1024} KiB are shown."
_MOST_ROWS, _MOST_COLUMNS, _MOST_CELL = 500, 60, 500
_MAGIC: Final = {
    "image/png": (b"\x89PNG\r\n\x1a\n", 0),
    "image/jpeg": (b"\xff\xd8\xff", 0),
    "image/webp": (b"WEBP", 8),
}


@dataclass(frozen=True, slots=True)
class Preview:
    """What is shown of a file.

    Attributes:
        text: Its text; empty for a table.
        rows: A table's rows, the first being its head; empty for a text.
        note: What is not as it seems, such as that only the beginning is shown.
    """

    text: str
    rows: Sequence[Sequence[str]]
    note: str


def preview(path: str, way: str, data: bytes, *, is_whole: bool, is_masked: bool = False) -> Preview:
    """What to show of a file's beginning.

    Args:
        path: The file's, which tells how a table's columns are separated.
        way: As `preview_of` names it: ``table``, ``json`` or ``text``.
        data: The beginning, or all.
        is_whole: Whether it is all.
        is_masked: Whether secrets in it are masked.
    """
    if b"\0" in data[:8192]:
        return Preview("", (), "This is not text. Download it to look at it.")
    text = data.decode("utf-8-sig", "replace")
    masked = "Secrets are shown as ***; the download is the file as it is." if is_masked else ""
    note = f"{'' if is_whole else _ONLY} {masked}".strip()
    if way == "table":
        rows = _table(text, TABLES[ending(path)])
        if rows:
            more = len(rows) > _MOST_ROWS or not is_whole
            said = f"The first {min(len(rows), _MOST_ROWS):,} rows. {masked}".strip()
            return Preview("", rows[:_MOST_ROWS], said if more else note)
    if way == "json" and is_whole:
        text = _laid_out(text)
    return Preview(text, (), note)


def picture_type(path: str, beginning: bytes) -> str:
    """The media type of a picture that is what its name says; empty if it is not."""
    media_type = PICTURES.get(ending(path), "")
    if not media_type:
        return ""
    magic, place = _MAGIC[media_type]
    return media_type if beginning[place : place + len(magic)] == magic else ""


def _table(text: str, separator: str) -> list[list[str]]:
    rows: list[list[str]] = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            rows.append([cell[:_MOST_CELL] for cell in row[:_MOST_COLUMNS]])
            if len(rows) > _MOST_ROWS:
                break
    except csv.Error:
        return []
    return rows


def _laid_out(text: str) -> str:
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text

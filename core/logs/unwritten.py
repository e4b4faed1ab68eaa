"""What a log's recorder has taken and its file has not: records one after another, and the index entries among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.faultpoints import reach

if TYPE_CHECKING:
    from core.logs.index import IndexEntry
    from core.logs.log_file import LogFile
    from core.logs.state import LogState


class Unwritten:
    """Records on their way into an attempt's file; what could not be written stays, and goes before what comes next.

    Args:
        file: Where they go.
        state: Has been told of each record before it is added here.
    """

    __slots__ = ("_data", "_entries", "_file", "_offset", "_state")

    def __init__(self, file: LogFile, state: LogState) -> None:
        self._file, self._state = file, state
        self._offset = file.size
        self._data: list[bytes] = []
        self._entries: list[IndexEntry] = []

    def add(self, data: bytes) -> None:
        """Take whole records as they stand in the file."""
        self._data.append(data)
        self._offset += len(data)
        if (entry := self._state.entry_due(self._offset)) is not None:
            self._entries.append(entry)

    def write(self) -> None:
        """Have it written, if there is any.

        Raises:
            OSError: The disk is full or failing; all of it is still here.
        """
        if self._data:
            reach("log", "write")
            self._file.append(b"".join(self._data), self._entries)
            reach("log", "written")
            self._data.clear()
            self._entries.clear()

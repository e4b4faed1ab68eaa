"""Results on standard output, remarks on standard error, in the form that fits who reads them."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TextIO, cast

from orcaops_mcp.cli.text import cell, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console

JsonObject = dict[str, Any]


class Style(NamedTuple):
    """How a status looks: by shape, by word and by colour, so that each is enough."""

    glyph: str
    plain: str
    sgr: str


STYLES: Final = {
    "queued": Style("◷", "[..]", "2"),
    "running": Style("◔", "[run]", "34"),
    "success": Style("✔", "[ok]", "32"),
    "failed": Style("✖", "[FAIL]", "1;31"),
    "timed_out": Style("⧗", "[time]", "33"),
    "cancelled": Style("⊘", "[stop]", "35"),
    "skipped": Style("»", "[skip]", "2"),
    "pending": Style("◷", "[..]", "2"),
    "waiting": Style("◷", "[..]", "2"),
    "partial": Style("◐", "[part]", "33"),
}
_UNKNOWN: Final = Style("•", "[?]", "0")


class Column(NamedTuple):
    """A column of a table.

    Attributes:
        title: Its heading.
        may_shrink: Whether its cells may be cut where the terminal is narrow.
        is_number: Whether it stands to the right.
    """

    title: str
    may_shrink: bool = False
    is_number: bool = False


class Output:
    """Where one command prints.

    Args:
        fields: JSON fields that are wanted; empty for all; None prints text.
        color: ``auto``, ``always`` or ``never``.
        is_quiet: Whether remarks are dropped.
        is_verbose: Whether details are told.
    """

    def __init__(self, *, fields: tuple[str, ...] | None, color: str, is_quiet: bool, is_verbose: bool) -> None:
        self.fields = fields
        self.is_quiet = is_quiet
        self.is_verbose = is_verbose
        self.has_terminal = sys.stdout.isatty()
        self.has_error_terminal = sys.stderr.isatty()
        self.has_colours = _wants_colours(color, self.has_terminal)
        self.has_error_colours = _wants_colours(color, self.has_error_terminal)
        self.has_glyphs = _takes_glyphs(sys.stdout)
        self.has_error_glyphs = _takes_glyphs(sys.stderr)

    @property
    def is_json(self) -> bool:
        """Whether JSON is asked for."""
        return self.fields is not None

    def document(self, value: Any) -> None:
        """The one JSON document of a command, with the fields that were asked for.

        Raises:
            UnknownFieldError: There is no such field.
        """
        indent = 2 if self.has_terminal else None
        self.text(json.dumps(self._chosen(value), ensure_ascii=False, indent=indent))

    def event(self, value: JsonObject) -> None:
        """One of a stream of JSON objects, on a line of its own, out at once."""
        self.text(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
        self.flush()

    def text(self, line: str) -> None:
        """A line on standard output, as it is."""
        _write(sys.stdout, f"{line}\n")

    def fact(self, value: object) -> None:
        """A line on standard output that may hold a container's words."""
        self.text(shown(value))

    def flush(self) -> None:
        """Send out what was printed."""
        sys.stdout.flush()

    def remark(self, text: str) -> None:
        """A line on standard error, unless it shall be quiet."""
        if not self.is_quiet:
            _write(sys.stderr, f"{shown(text)}\n")
            sys.stderr.flush()

    def remark_at_once(self, text: str) -> None:
        """As `remark`, from where a signal is handled: past the stream's buffer, which may just be written to."""
        if not self.is_quiet:
            os.write(sys.stderr.fileno(), f"{shown(text)}\n".encode(sys.stderr.encoding or "ascii", "replace"))

    def detail(self, text: str) -> None:
        """A line on standard error that only --verbose asks for."""
        if self.is_verbose:
            self.remark(text)

    def status(self, status: str, *, on_error: bool = False) -> str:
        """A status with its shape, its word and its colour, as far as the reader can show them."""
        text = f"{self.glyph(status, on_error=on_error)} {shown(status)}"
        return self.paint(text, self.colour(status), on_error=on_error)

    def glyph(self, status: str, *, on_error: bool = False) -> str:
        """A status as a shape."""
        style = STYLES.get(status, _UNKNOWN)
        return style.glyph if (self.has_error_glyphs if on_error else self.has_glyphs) else style.plain

    def colour(self, status: str) -> str:
        """The colour of a status, as a terminal is told it."""
        return STYLES.get(status, _UNKNOWN).sgr

    def paint(self, text: str, sgr: str, *, on_error: bool = False) -> str:
        """The text in a colour, where colours are."""
        return f"\x1b[{sgr}m{text}\x1b[0m" if (self.has_error_colours if on_error else self.has_colours) else text

    def table(self, columns: Sequence[Column], rows: Iterable[Sequence[object]], *, header: bool = False) -> None:
        """Rows as a table on a terminal, else as lines of tab-separated cells.

        Args:
            columns: What each cell of a row is.
            rows: Cells: facts, or None for nothing. A status is told by a `StatusCell`.
            header: Whether tab-separated lines begin with the titles.
        """
        if self.has_terminal:
            self._pretty(columns, rows)
            return
        if header:
            self.text("\t".join(column.title.lower() for column in columns))
        for row in rows:
            self.text("\t".join(cell(item) for item in row))

    def console(self) -> Console:
        """Rich's console on standard output; slow to import, so only where there is a terminal."""
        from rich.console import Console  # noqa: PLC0415 - a third of a second is not spent on a pipe

        return Console(
            file=sys.stdout,
            force_terminal=True,
            no_color=not self.has_colours,
            color_system="standard" if self.has_colours else None,
            highlight=False,
            markup=False,
            emoji=False,
            soft_wrap=False,
        )

    def _pretty(self, columns: Sequence[Column], rows: Iterable[Sequence[object]]) -> None:
        from rich.table import Table  # noqa: PLC0415 - same
        from rich.text import Text  # noqa: PLC0415 - same

        table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
        for column in columns:
            table.add_column(
                column.title, no_wrap=not column.may_shrink, justify="right" if column.is_number else "left"
            )
        overflow = "ellipsis" if self.has_glyphs else "crop"
        for row in rows:
            table.add_row(*(self._cell(Text, item, overflow) for item in row))
        self.console().print(table)

    def _cell(self, text: Any, item: object, overflow: str) -> Any:
        """A cell that stays on one line whatever becomes of its column."""
        if isinstance(item, StatusCell):
            return text.from_ansi(self.status(item))
        return text("" if item is None else shown(item), no_wrap=True, overflow=overflow)

    def _chosen(self, value: Any) -> Any:
        if not self.fields:
            return value
        if isinstance(value, dict):
            page = cast("JsonObject", value)
            if isinstance(page.get("items"), list) and not set(self.fields) <= page.keys():
                return {**page, "items": [self._picked(item) for item in page["items"]]}
            return self._picked(page)
        if isinstance(value, list):
            return [self._picked(item) for item in cast("list[Any]", value)]
        return value

    def _picked(self, item: Any) -> Any:
        if not isinstance(item, dict):
            return item
        known = cast("JsonObject", item)
        for name in self.fields or ():
            if name not in known:
                raise UnknownFieldError(name, sorted(known))
        return {name: known[name] for name in self.fields or ()}


class StatusCell(str):
    """A status in a table: a word to a pipe, with shape and colour on a terminal."""

    __slots__ = ()


class UnknownFieldError(Exception):
    """``--json=`` names a field that is not there.

    Args:
        name: The field.
        known: Those that are.
    """

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(f"--json: there is no field {name!r}; the fields are {', '.join(known)}.")


def _wants_colours(choice: str, is_terminal: bool) -> bool:  # noqa: FBT001 - a fact, not a switch
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if any(os.environ.get(name, "0") not in {"", "0"} for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    return is_terminal and os.environ.get("TERM") != "dumb"


def _takes_glyphs(stream: TextIO) -> bool:
    return (stream.encoding or "").lower().replace("-", "").replace("_", "") in {"utf8", "utf8sig"}


def _write(stream: TextIO, text: str) -> None:
    """The text, with what the stream's encoding lacks replaced."""
    try:
        stream.write(text)
    except UnicodeEncodeError:
        encoding = stream.encoding or "ascii"
        stream.write(text.encode(encoding, "replace").decode(encoding))

"""Text made fit for a terminal: what a container, an image or an error says may be shown, not obeyed."""

from __future__ import annotations

import re
from typing import Final

_STRING: Final = "[^\x07\x1b\x9c\n]{0,4096}(?:\x07|\x1b\\\\|\x9c)?"
_CONTROL: Final = "[0-?]{0,64}[ -/]{0,8}[@-~]?"
_COLOUR: Final = r"\x1b\[[0-9;:]{0,64}m"
_ESCAPE: Final = (
    rf"\x1b(?:\[{_CONTROL}|[\]PX^_]{_STRING}|[ -/]{{0,4}}[0-~]?)|[\x90\x98\x9d-\x9f]{_STRING}|\x9b{_CONTROL}"
)
_UNSEEN: Final = (
    "[\x00-\x08\x0a-\x1a\x1c-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)
_STRIPPED: Final = re.compile(_ESCAPE)
_NOT_A_COLOUR: Final = re.compile(rf"(?!{_COLOUR})(?:{_ESCAPE})")
_MARKED: Final = re.compile(_UNSEEN)
_RESET: Final = "\x1b[0m"


def shown(value: object) -> str:
    """A fact on one line: no escape sequence, no line break, nothing that cannot be seen."""
    text = str(value)
    if text.isascii() and text.isprintable():
        return text
    text = _STRIPPED.sub("", text)
    return _MARKED.sub("�", text.replace("\r\n", " ").replace("\n", " ").replace("\r", " ")).replace("\x1b", "�")


def log_line(text: str, *, colours: bool) -> str:
    """A line of a log for a terminal: of what carriage returns overwrite the last version, colours if wanted.

    Args:
        text: The line as the container printed it.
        colours: Whether colours and the like stay; they are ended with the line.
    """
    if text.isascii() and text.isprintable():
        return text
    text = (_NOT_A_COLOUR if colours else _STRIPPED).sub("", text)
    text = text.rstrip("\r").rpartition("\r")[2]
    if not colours:
        return _MARKED.sub("�", text)
    return _MARKED.sub("�", text) + (_RESET if "\x1b" in text else "")


def cell(value: object) -> str:
    """A fact in a line of tab-separated ones."""
    return "" if value is None else shown(value).replace("\t", " ")


def size_text(count: float | None) -> str:
    """Bytes in words, such as ``1.4 MiB``."""
    if count is None:
        return ""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"


def span_text(seconds: float | None) -> str:
    """A span in words, such as ``340 ms``, ``4.2s``, ``1m 02s`` or ``3h 07m``, to the nearest of the smaller unit."""
    if seconds is None:
        return ""
    if seconds < 0.9995:
        return f"{max(0, seconds) * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f}s"
    if seconds < 3599.5:
        return "{}m {:02d}s".format(*divmod(int(seconds + 0.5), 60))
    if seconds < 48 * 3600 - 30:
        return "{}h {:02d}m".format(*divmod(int(seconds / 60 + 0.5), 60))
    return "{}d {}h".format(*divmod(int(seconds / 3600 + 0.5), 24))

"""Log text made fit for a model or a terminal: no control codes, no repeats, no endless lines.

Cleaning is for showing only, the log keeps what the container wrote. It takes time linear in the text, whatever the
text is: every repetition in the patterns is bounded or consumes what it scans.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.records.log import LogLine

MAX_SHOWN: Final = 1000
"""Characters of a line that are shown."""

_STRING: Final = "[^\x07\x1b\x9c\n]{0,4096}(?:\x07|\x1b\\\\|\x9c)?"
_CONTROL: Final = "[0-?]{0,64}[ -/]{0,8}[@-~]?"
_ESCAPE: Final = re.compile(
    rf"\x1b(?:\[{_CONTROL}|[\]PX^_]{_STRING}|[ -/]{{0,4}}[0-~]?)|[\x90\x98\x9d-\x9f]{_STRING}|\x9b{_CONTROL}"
)
# Controls, what reorders text, what cannot be seen, and halves of surrogate pairs. Joiners and the two variation
# selectors that emoji need stay.
UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e0fff]"
)
_REPLACEMENT: Final = "\ufffd"


@dataclass(frozen=True, slots=True)
class CleanLine:
    """One or more lines of a log, as they are shown.

    Attributes:
        line: The first of them, its text cleaned and cut.
        cut: How many characters of it are not shown.
        repeats: How many consecutive lines of the same stream and step say the same; 1 for a line that stands alone.
    """

    line: LogLine
    cut: int = 0
    repeats: int = 1

    @property
    def last_number(self) -> int:
        """Number of the last of the lines."""
        return self.line.number + self.repeats - 1

    @property
    def text(self) -> str:
        """What is shown, with what was cut and how often it came."""
        text = self.line.text
        if self.cut:
            text += f" … [{self.cut:,} more characters]"
        if self.repeats > 1:
            text += f" … repeated {self.repeats:,} times"
        return text


def clean_text(text: str) -> str:
    """Text of any number of lines without escape sequences and overwritten parts, and with a mark for what is unseen.

    Of a line that carriage returns overwrite, such as a progress bar, the last version stays. Characters that cannot
    be seen or that reorder others become U+FFFD, so that nothing hides in what is shown.
    """
    if text.isascii() and text.isprintable():
        return text
    text = _ESCAPE.sub("", text)
    if "\r" in text:
        text = "\n".join(map(_last_version, text.split("\n")))
    return UNSEEN.sub(_REPLACEMENT, text)


def clean_lines(lines: Iterable[LogLine], *, max_shown: int = MAX_SHOWN) -> tuple[CleanLine, ...]:
    """Lines of a log cleaned, cut and with consecutive repeats folded into one.

    Args:
        lines: In order.
        max_shown: Characters of each line that are shown.
    """
    shown: list[CleanLine] = []
    whole = ""  # text of the last one before it was cut: lines that differ only in what is cut are not the same
    for line in lines:
        text = clean_text(line.text)
        last = shown[-1] if shown else None
        if last is not None and text == whole and _adjoins(last, line):
            shown[-1] = replace(last, repeats=last.repeats + 1)
            continue
        whole = text
        cut = max(0, len(text) - max_shown)
        shown.append(CleanLine(replace(line, text=text[:max_shown]), cut))
    return tuple(shown)


def show_name(name: bytes) -> str:
    """A container's file name in a printable form in which no two different names look the same."""
    text = name.replace(b"\\", b"\\\\").decode("utf-8", "backslashreplace")
    return _NAME_UNSEEN.sub(_escaped, text)


_NAME_UNSEEN: Final = re.compile(rf"[\t\n\r]|{UNSEEN.pattern}")


def _escaped(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")


def _last_version(line: str) -> str:
    return line.rstrip("\r").rpartition("\r")[2]


def _adjoins(last: CleanLine, line: LogLine) -> bool:
    previous = last.line
    return line.number == last.last_number + 1 and (line.stream, line.step, line.continued) == (
        previous.stream,
        previous.step,
        previous.continued,
    )

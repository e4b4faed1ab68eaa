"""A line of a log as people see it: colours stay, everything else that would act becomes visible or goes.

For showing only; the log keeps what the container wrote. What comes out holds no control character but tabs and the
escape characters of well-formed SGR sequences, nothing that reorders text and nothing that cannot be seen.
"""

from __future__ import annotations

import re
from typing import Final

from core.logs.clean import UNSEEN
from core.logs.colours import plain_parameters, sgr_of

_STRING: Final = "[^\x07\x1b\x9c]{0,4096}(?:\x07|\x1b\\\\|\x9c)?"
_SEQUENCE: Final = re.compile(
    rf"\x1b\[([0-9:;]{{0,64}})m"
    rf"|\x1b(?:\[[0-?]{{0,64}}[ -/]{{0,8}}[@-~]|[\]PX^_]{_STRING}|[()*+][0-9A-Z]|[=>78cDEHMNOZ])"
)
_PICTURES: Final = 0x2400
_DELETE: Final = 0x7F


def display_text(text: str) -> str:
    """A line's text fit to be shown with its colours.

    Of parts that carriage returns overwrite, such as a progress bar, the last that holds anything stays, in the colour
    that then held. Sequences that move a cursor, set a title or ask the terminal something are left out. What remains
    of controls is shown by its picture (``␛``), what is unseen or reorders text by its number (``<U+202E>``).
    """
    if text.isascii() and text.isprintable():
        return text
    if "\r" in text:
        text = _last_version(text)
    pieces: list[str] = []
    end = 0
    for match in _SEQUENCE.finditer(text):
        pieces.append(UNSEEN.sub(_shown, text[end : match.start()]))
        if match[1] is not None:
            pieces.append(f"\x1b[{plain_parameters(match[1])}m")
        end = match.end()
    pieces.append(UNSEEN.sub(_shown, text[end:]))
    return "".join(pieces)


def _shown(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20:  # the controls that terminals know
        return chr(_PICTURES + code)
    return "\u2421" if code == _DELETE else f"<U+{code:04X}>"


def _last_version(text: str) -> str:
    parts = text.split("\r")
    last = max((place for place, part in enumerate(parts) if part), default=0)
    return sgr_of("".join(parts[:last])) + parts[last]

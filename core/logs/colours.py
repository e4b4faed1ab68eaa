"""Colours and weights that a program switched on: what holds at a place of its output.

Only SGR sequences (``ESC [ … m``) are known here. The state is small whatever was printed, so that a window into a log
can begin with it.
"""

from __future__ import annotations

import re
from typing import Final

_SGR: Final = re.compile(r"\x1b\[([0-9:;]{0,64})m")
_EXTENDED: Final = {"5": 2, "2": 4}
"""How many parameters follow 38 and 48, by the first of them, itself included."""
_ON: Final = frozenset({"1", "2", "3", "4", "5", "7", "9", "53"})
_OFF: Final = {
    "22": ("1", "2"),
    "23": ("3",),
    "24": ("4",),
    "25": ("5",),
    "27": ("7",),
    "29": ("9",),
    "55": ("53",),
}


class Colours:
    """What SGR sequences have switched on so far. Hidden text (8) is not among it: nothing hides in what is shown."""

    def __init__(self) -> None:
        self._ink = ""
        self._paper = ""
        self._on: dict[str, None] = {}

    @property
    def sequence(self) -> str:
        """One sequence that switches it all on; empty when nothing is."""
        parts = [*self._on, self._ink, self._paper]
        codes = ";".join(part for part in parts if part)
        return f"\x1b[{codes}m" if codes else ""

    def take(self, text: str) -> None:
        """Take notice of every SGR sequence in a text."""
        for match in _SGR.finditer(text):
            self._take(plain_parameters(match[1]).split(";"))

    def _take(self, codes: list[str]) -> None:
        place = 0
        while place < len(codes):
            code = codes[place].lstrip("0")
            length = 1
            if code in {"38", "48", "58"}:
                length += _EXTENDED.get(codes[place + 1], 1) if place + 1 < len(codes) else 0
            self._switch(code, ";".join([code, *codes[place + 1 : place + length]]))
            place += length

    def _switch(self, code: str, whole: str) -> None:
        if not code:
            self._ink, self._paper = "", ""
            self._on.clear()
        elif code in _ON:
            self._on[code] = None
        elif code in _OFF:
            for known in _OFF[code]:
                self._on.pop(known, None)
        elif code in {"38", "39"} or (len(code) == 2 and code[0] in "39" and code[1] in "01234567"):
            self._ink = "" if code == "39" else whole
        elif code in {"48", "49"} or (code[:-1] in {"4", "10"} and code[-1] in "01234567"):
            self._paper = "" if code == "49" else whole


def sgr_of(text: str) -> str:
    """Nothing but the SGR sequences of a text, in their order."""
    return "".join(f"\x1b[{plain_parameters(match[1])}m" for match in _SGR.finditer(text))


def plain_parameters(parameters: str) -> str:
    """Parameters with semicolons only: ``38:2::1:2:3`` is ``38;2;1;2;3``, and of ``4:3`` the underline remains."""
    return ";".join(map(_plain, parameters.split(";"))) if ":" in parameters else parameters


def _plain(parameter: str) -> str:
    code, *rest = parameter.split(":")
    if code not in {"38", "48", "58"}:
        return "24" if parameter == "4:0" else code
    if rest[:1] == ["2"] and len(rest) > 4:
        rest = ["2", *rest[2:5]]  # behind the 2 stands a colour space that nobody uses
    return ";".join([code, *(part or "0" for part in rest)])

"""PyYAML's parser, event by event: libyaml's when it is there, which is some fifteen times faster.

When libyaml refuses a text, the parser written in Python is asked: it describes faults better, and reads the
surrogate pairs that JSON writes for characters beyond U+FFFF.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

import yaml
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from yaml.events import Event

_ENDS_COMMENT: Final = "\0\r\n"


class _TabTolerantParser(Reader, Scanner, Parser):
    """PyYAML's parser that takes tabs between tokens, as YAML says and libyaml does, but not as indentation."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)

    def scan_to_next_token(self) -> None:
        """Skip blanks, line breaks and comments."""
        while True:
            while self._next() == " " or (self._next() == "\t" and (self.flow_level or not self.allow_simple_key)):
                self.forward()
            if self._next() == "#":
                while self._next() not in _ENDS_COMMENT:
                    self.forward()
            if self._next() not in "\r\n":
                return
            self.scan_line_break()  # pyright: ignore[reportUnknownMemberType] - as above
            if not self.flow_level:
                self.allow_simple_key = True

    def _next(self) -> str:
        return cast("str", self.peek())  # pyright: ignore[reportUnknownMemberType] - the stubs say nothing of it


def fast_events(text: str) -> Iterator[Event]:
    """The events of libyaml's parser, or of the one in Python where libyaml is missing.

    Raises:
        yaml.YAMLError: The text is refused; `plain_events` says why.
    """
    return yaml.parse(text, Loader=yaml.CSafeLoader) if yaml.__with_libyaml__ else plain_events(text)


def plain_events(text: str) -> Iterator[Event]:
    """The events of the parser written in Python.

    Raises:
        yaml.MarkedYAMLError: The text is not YAML.
    """
    parser = _TabTolerantParser(text)
    while True:
        try:
            if not parser.check_event():
                return
            event = cast("Event", parser.get_event())  # pyright: ignore[reportUnknownMemberType] - as above
        except (ValueError, OverflowError) as error:  # chr() of an escape beyond U+10FFFF
            raise yaml.MarkedYAMLError(
                "while scanning a double-quoted scalar", None, "found unknown character", parser.get_mark()
            ) from error
        yield event

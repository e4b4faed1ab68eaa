"""The files that steps write for others: outputs, variables and summaries, read without trusting them.

The form is that of GitHub's ``$GITHUB_OUTPUT``: ``name=value`` lines, or ``name<<DELIMITER`` up to a line that is
DELIMITER. One carriage return before a line's end is dropped; the last of equal names wins.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_SUMMARY: Final = 64 * 1024
"""Bytes that are kept of the summaries of all steps together."""

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,127}")
_VARIABLE: Final = re.compile(r"(?!ORCAOPS_|GITHUB_|orca_)[A-Za-z_][A-Za-z0-9_]*")
_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_MAX_VARIABLE: Final = 128 * 1024 - 1
_SHOWN: Final = 80


class MalformedFileError(ValueError):
    """A file does not have the form of name=value lines; the message names the line."""


def read_outputs(data: bytes) -> dict[str, str]:
    """The outputs in a file.

    Raises:
        MalformedFileError: Naming the line.
    """
    outputs: dict[str, str] = {}
    for number, name, value in _pairs(data):
        if _NAME.fullmatch(name) is None:
            raise _malformed(number, f"{_quoted(name)} is no name: letters, digits, '_' and '-', no digit or '-' first")
        if _UNPRINTABLE.search(value):
            raise _malformed(number, f"the output {name} holds control characters")
        outputs[name] = value
    return outputs


def read_variables(data: bytes) -> dict[str, str]:
    """The environment variables in a file.

    Raises:
        MalformedFileError: Naming the line.
    """
    variables: dict[str, str] = {}
    for number, name, value in _pairs(data):
        if _VARIABLE.fullmatch(name) is None:
            raise _malformed(number, f"{_quoted(name)} is no name of a variable that a step may set")
        if len(value.encode("utf-8", "replace")) > _MAX_VARIABLE:
            raise _malformed(number, f"the value of {name} is longer than 128 KiB, the most that Linux takes")
        variables[name] = value
    return variables


def read_summary(data: bytes, room: int) -> str:
    """A step's summary, cut to ``room`` bytes, without control characters."""
    text = data[: max(0, room)].decode("utf-8", "ignore").replace("\r\n", "\n")
    return _UNPRINTABLE.sub("", text)


def _pairs(data: bytes) -> Iterator[tuple[int, str, str]]:
    """Line number, name and value of each entry."""
    try:
        lines = data.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise _malformed(data.count(b"\n", 0, error.start) + 1, "not UTF-8") from None
    numbered = iter(enumerate((line.removesuffix("\r") for line in lines), start=1))
    for number, line in numbered:
        if not line:
            continue
        equals, heredoc = line.find("="), line.find("<<")
        if equals < 0 and heredoc < 0:
            raise _malformed(number, f"Invalid format {_quoted(line)}")
        is_text = heredoc >= 0 and (equals < 0 or heredoc < equals)
        name = line[:heredoc] if is_text else line[:equals]
        if not name:
            raise _malformed(number, f"Invalid format {_quoted(line)}: the name is empty")
        yield number, name, _until(numbered, line[heredoc + 2 :], number) if is_text else line[equals + 1 :]


def _until(numbered: Iterator[tuple[int, str]], delimiter: str, opened: int) -> str:
    if not delimiter:
        raise _malformed(opened, "Invalid format: the delimiter after << is empty")
    collected: list[str] = []
    for _, line in numbered:
        if line == delimiter:
            return "\n".join(collected)
        collected.append(line)
    raise _malformed(opened, f"Matching delimiter not found {_quoted(delimiter)}")


def _malformed(number: int, what: str) -> MalformedFileError:
    return MalformedFileError(f"line {number}: {what}")


def _quoted(text: str) -> str:
    shown = "".join(mark if mark.isprintable() else " " for mark in text[:_SHOWN])
    return f"'{shown}{'…' if len(text) > _SHOWN else ''}'"

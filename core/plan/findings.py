"""What is wrong with a workflow file, with its place and, where it is sure, the mending edit.

Lines and columns count from 1, in characters; an end is where the next character would stand.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from core.frozen import quickly_made

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MOST_FINDINGS: Final = 100
"""More than this nobody reads."""

_WIDTH: Final = 120


class Severity(StrEnum):
    """How much a finding matters."""

    ERROR = "error"
    """The file is refused."""
    WARNING = "warning"
    INFO = "info"


_SEVERITIES: Final = {"E": Severity.ERROR, "W": Severity.WARNING, "I": Severity.INFO}


@quickly_made
@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A stretch of a file, from its first character to just behind its last."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True, slots=True)
class Edit:
    """Text to put in the place of other text; an empty place inserts."""

    place: Place
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """Edits that mend a finding for sure, with what they do in a few words."""

    description: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Related:
    """Another place that explains a finding."""

    place: Place
    message: str


@dataclass(frozen=True, slots=True)
class SourceFinding:
    """One thing to say about a workflow file.

    Attributes:
        code: Such as ``E011``; the letter is the severity, and the code never changes its meaning.
        message: What is wrong, as a sentence.
        place: Where.
        path: The same place as a path, such as ``jobs.deploy.needs[1]``; empty for the whole file.
        hint: What to write instead; empty when the message says so.
        file: The file as the caller named it; empty for text without a file.
        fix: The edit that mends it, if there is only one.
        related: Other places that explain it.
    """

    code: str
    message: str
    place: Place
    path: str = ""
    hint: str = ""
    file: str = ""
    fix: Fix | None = None
    related: tuple[Related, ...] = ()

    @property
    def severity(self) -> Severity:
        """What the code's letter says."""
        return _SEVERITIES[self.code[0]]

    def __str__(self) -> str:
        """The finding as one line: ``ci.yaml:23:13: E011 …``."""
        return f"{self._position()}: {self.code} {self.message}"

    def render(self, lines: Sequence[str]) -> str:
        """The finding for people: place, message, the line with what is meant marked, hint.

        Args:
            lines: The file's lines without their ends.
        """
        said = [f"{self._position()}: {self.severity}[{self.code}]: {self.message}"]
        number = str(self.place.line)
        margin = " " * len(number)
        if 0 < self.place.line <= len(lines):
            line, mark = _excerpt(lines[self.place.line - 1], self.place)
            said += [f"{margin} |", f"{number} | {line}", f"{margin} | {mark}"]
        said += [f"{margin} = {note.message} (line {note.place.line})" for note in self.related]
        if self.hint:
            said.append(f"{margin} = hint: {self.hint}")
        return "\n".join(said)

    def _position(self) -> str:
        return f"{self.file or '<text>'}:{self.place.line}:{self.place.column}"


def has_errors(findings: Iterable[SourceFinding]) -> bool:
    """Whether a file with these findings is refused."""
    return any(finding.severity is Severity.ERROR for finding in findings)


def in_order(findings: Iterable[SourceFinding], *, most: int = MOST_FINDINGS) -> tuple[SourceFinding, ...]:
    """The findings from the top of the file to its end, each once; of too many, errors first, then the highest."""
    distinct = sorted(dict.fromkeys(findings), key=lambda finding: (finding.place, finding.code, finding.message))
    if len(distinct) > most:
        ranks = list(Severity)
        distinct = sorted(distinct, key=lambda finding: ranks.index(finding.severity))[:most]
        distinct.sort(key=lambda finding: (finding.place, finding.code, finding.message))
    return tuple(distinct)


def in_file(findings: Iterable[SourceFinding], file: str) -> tuple[SourceFinding, ...]:
    """The same findings under the name of a file."""
    return tuple(replace(finding, file=file) for finding in findings)


def shown(text: str, *, most: int = 80) -> str:
    """Text from a file as a message may tell it: one line, no control characters, not too long."""
    cut = text if len(text) <= most else text[: most - 1] + "…"
    if cut.isprintable():
        return cut
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in cut)


def kind_in_words(value: object) -> str:
    """What a plain value of a file is."""
    match value:
        case None:
            return "empty"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case list() | tuple():
            return "a list"
        case _:
            return "a mapping"


def _excerpt(line: str, place: Place) -> tuple[str, str]:
    """A source line, or the part of a long one that is meant, and below it blanks and ``^~~~``."""
    start = min(place.column - 1, len(line))
    end = min(place.end_column - 1 if place.end_line == place.line else len(line), len(line))
    cut = max(0, start - _WIDTH // 2) if len(line) > _WIDTH else 0
    part = line[cut : cut + _WIDTH]
    width = max(1, min(end, cut + len(part)) - start)
    blanks = "".join("\t" if character == "\t" else " " for character in line[cut:start])
    tabs_kept = "\t".join(shown(piece, most=_WIDTH) for piece in part.split("\t"))
    return tabs_kept, f"{blanks}^{'~' * (width - 1)}"

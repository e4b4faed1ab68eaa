"""``# orcaops-ignore: W140 reason``: comments that silence warnings on their line, or on the line below."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from core.plan.findings import Severity, SourceFinding, in_order, shown
from core.plan.source import Scalar, walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from core.plan.findings import Place
    from core.plan.reading import Reading
    from core.plan.source import Source

_IGNORE: Final = re.compile(r"orcaops-ignore\b\s*:?\s*(?P<codes>[^\s,]+(?:\s*,\s*[A-Za-z][0-9]+)*)?")
_CODE: Final = re.compile(r"[EWI][0-9]{3}")
_HINT: Final = "write # orcaops-ignore: W140 and the reason"


@dataclass(slots=True)
class _Wish:
    """A code that a comment wants silenced, on some lines."""

    code: str
    place: Place
    lines: range
    is_used: bool = field(default=False)


def silenced(findings: Iterable[SourceFinding], reading: Reading) -> tuple[SourceFinding, ...]:
    """The findings without those that comments silence, and with one for each comment that silences nothing.

    Errors are never silenced. It is called once, with all findings there are: what is not among them, a comment
    about it is unused for.

    Args:
        findings: Of the file and of the files it calls.
        reading: The file.
    """
    wishes: dict[str, list[_Wish]] = {}
    said: list[SourceFinding] = []
    for source in _sources(reading):
        wishes[source.file] = list(_wishes(source, said))
    kept = [finding for finding in findings if not _is_silenced(finding, wishes.get(finding.file, []))]
    for file, found in wishes.items():
        said += [_unused(wish, file) for wish in found if not wish.is_used]
    own = reading.source.file
    everything = [*kept, *said]
    mine = [finding for finding in everything if finding.file == own]
    return (*in_order(mine), *(finding for finding in everything if finding.file != own))


def _sources(reading: Reading) -> Iterator[Source]:
    """The file and all it calls, each once."""
    seen: set[str] = set()
    waiting = [reading]
    while waiting:
        found = waiting.pop()
        if found.source.file not in seen:
            seen.add(found.source.file)
            yield found.source
            waiting.extend(found.calls.values())


def _wishes(source: Source, said: list[SourceFinding]) -> Iterator[_Wish]:
    ends: dict[int, int] | None = None
    alone = {comment.place.line for comment in source.comments if comment.is_alone}
    for comment in source.comments:
        found = _IGNORE.match(comment.text)
        if found is None:
            continue
        codes = [code for code in re.split(r"\s*,\s*", found["codes"] or "") if code]
        line = comment.place.line
        if comment.is_alone:
            line += 1
            while line in alone:
                line += 1
        if ends is None:
            ends = _ends(source)
        lines = range(line, ends.get(line, line) + 1)
        if not codes or not all(_CODE.fullmatch(code) for code in codes):
            message = "This comment names no code of a finding."
            said.append(SourceFinding("W002", message, comment.place, hint=_HINT, file=source.file))
            continue
        yield from (_Wish(code, comment.place, lines) for code in codes)


def _ends(source: Source) -> dict[int, int]:
    """For each line on which a text of several lines begins, where it ends: nothing can be said inside a text."""
    found: dict[int, int] = {}
    for node in walk(source.root) if source.root is not None else ():
        if isinstance(node, Scalar) and node.place.end_line > node.place.line:
            found[node.place.line] = max(found.get(node.place.line, 0), node.place.end_line)
    return found


def _is_silenced(finding: SourceFinding, wishes: list[_Wish]) -> bool:
    is_meant = False
    if finding.severity is not Severity.ERROR:
        for wish in wishes:
            if wish.code == finding.code and finding.place.line in wish.lines:
                wish.is_used = True
                is_meant = True
    return is_meant


def _unused(wish: _Wish, file: str) -> SourceFinding:
    if wish.code.startswith("E"):
        message, hint = f"{wish.code} is an error, which no comment silences.", "correct it, and remove the comment"
    else:
        message = f"There is no {shown(wish.code)} here to be ignored."
        hint = "remove the comment, or put it on the line or above it"
    return SourceFinding("W002", message, wish.place, hint=hint, file=file)

"""Python: uncaught and logged exceptions with their chains, and syntax errors."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.logs.diagnose.finding import Finding, Recogniser, Weight, ahead, behind, located, whole
from core.logs.diagnose.packages import module_hint
from core.logs.diagnose.symptoms import symptom_of

if TYPE_CHECKING:
    from collections.abc import Sequence

TRACEBACK: Final = "Traceback (most recent call last):"
_GROUP: Final = "Exception Group "
_REACH: Final = 400

_FRAME: Final = re.compile(r'\s*File "([^"]+)", line (\d+)(?:, in (.+))?')
_EXCEPTION: Final = re.compile(r"([A-Za-z_][\w.]*)(?:: (.*))?$")
_LIBRARY: Final = ("/site-packages/", "/dist-packages/", "/lib/python3", "<frozen ")
_CHAINED: Final = ("The above exception was the direct cause", "During handling of the above exception")
_LOGGED: Final = (
    "ERROR",
    "WARN",
    "CRITICAL",
    "INFO",
    "DEBUG",
    "Exception in ",
    "Exception ignored in",
    "never retrieved",
)
_SYNTAX: Final = ("SyntaxError", "IndentationError", "TabError")
_FOLLOW_UPS: Final = ("CalledProcessError", "BrokenProcessPool", "ChildFailedError", "ProcessRaisedException")


@dataclass(frozen=True, slots=True)
class _Frame:
    file: str
    line: int | None
    function: str | None

    @property
    def ours(self) -> bool:
        return not any(part in self.file for part in _LIBRARY)


@dataclass(frozen=True, slots=True)
class _Trace:
    """One traceback of a chain; ``at`` is the index of its exception line."""

    exception: str
    message: str
    at: int
    frames: tuple[_Frame, ...]

    @property
    def place(self) -> _Frame | None:
        """The deepest frame of the program itself, or the deepest of all."""
        ours = [frame for frame in self.frames if frame.ours]
        return (ours or list(self.frames) or [None])[-1]

    @property
    def sentence(self) -> str:
        return f"{self.exception}: {self.message}" if self.message else self.exception


def _prefix(text: str) -> str:
    """What stands before every line of a traceback: indentation, a group's bars, a container's name."""
    before = text[: text.index(TRACEBACK)]
    return before[: -len(_GROUP)].replace("+", "|") if before.endswith(_GROUP) else before


def _trace(texts: Sequence[str], start: int) -> _Trace | None:
    prefix = _prefix(texts[start])
    frames: list[_Frame] = []
    for index in ahead(texts, start, _REACH):
        if not texts[index].startswith(prefix):
            return None
        text = texts[index][len(prefix) :]
        if text.startswith("  "):
            frame = _FRAME.match(text)
            if frame is not None:
                frames.append(_Frame(frame[1], whole(frame[2]), frame[3]))
            continue
        exception = _EXCEPTION.match(text)
        return None if exception is None else _Trace(exception[1], exception[2] or "", index, tuple(frames))
    return None


def _next_in_chain(texts: Sequence[str], trace: _Trace) -> int | None:
    """Index of the header of the exception that followed from this one."""
    chained = False
    for index in ahead(texts, trace.at, 40):
        text = texts[index]
        if TRACEBACK in text:
            return index if chained else None
        chained = chained or any(sentence in text for sentence in _CHAINED)
    return None


def _group_members(texts: Sequence[str], trace: _Trace, start: int) -> list[_Trace]:
    """The tracebacks inside an exception group, which say more than the group."""
    members: list[_Trace] = []
    if not texts[start].endswith(_GROUP + TRACEBACK):
        return members
    for index in ahead(texts, trace.at, _REACH):
        text = texts[index].lstrip()
        if not text.startswith(("|", "+")):
            break
        if text.startswith("| " + TRACEBACK):
            member = _trace(texts, index)
            if member is not None:
                members.append(member)
    return members


def read_traceback(texts: Sequence[str], at: int) -> Finding | None:
    """A traceback with the ones chained to it; the last exception is the headline, the first is named."""
    trace = _trace(texts, at)
    if trace is None:
        return None
    origin = trace
    following = _next_in_chain(texts, trace)
    while following is not None and following - at < _REACH:
        later = _trace(texts, following)
        if later is None:
            break
        trace, following = later, _next_in_chain(texts, later)
    members = _group_members(texts, trace, at)
    last = members[-1].at if members else trace.at
    return _finding(texts, at, trace=trace, origin=members[0] if members else origin, last=last)


def _finding(texts: Sequence[str], at: int, *, trace: _Trace, origin: _Trace, last: int) -> Finding:
    chained = origin is not trace
    place = origin.place if chained and trace.exception.endswith("Group") else trace.place
    file, line, function = (place.file, place.line, place.function) if place else (None, None, None)
    headline = located(trace.sentence, file, line, function)
    if chained:
        headline += f" (from {origin.sentence})"
    kind, hint = classify(trace.exception, f"{trace.sentence} {origin.sentence if chained else ''}")
    name = trace.exception.rpartition(".")[2]
    return Finding(
        kind=kind,
        headline=headline,
        weight=Weight.FOLLOW_UP if name in _FOLLOW_UPS else _weight(texts, at),
        focus=trace.at,
        first=at,
        last=last,
        file=file,
        file_line=line,
        hint=hint,
    )


def _weight(texts: Sequence[str], at: int) -> Weight:
    """A program outlives the exceptions it logs and those of its threads."""
    before = texts[at - 1] if at > 0 else ""
    own = texts[at][: texts[at].index(TRACEBACK)]
    logged = any(word in before or word in own for word in _LOGGED)
    return Weight.SURVIVABLE if logged else Weight.FAILURE


def classify(exception: str, message: str) -> tuple[str, str]:
    """Kind and hint of a Python exception, by its name and what it says."""
    name = exception.rpartition(".")[2]
    if name in _SYNTAX:
        return "syntax_error", "Correct the syntax there; a newer Python than the image has may be needed."
    if name in {"ModuleNotFoundError", "ImportError"}:
        return "python_exception", module_hint(message)
    symptom = symptom_of(message)
    if symptom is not None:
        return symptom.kind, symptom.hint
    if name == "FileNotFoundError":
        return "python_exception", "Check the path, the working folder, and that the file was sent along with the job."
    return "python_exception", ""


def read_syntax_error(texts: Sequence[str], at: int) -> Finding | None:
    """A syntax error in the script itself, which Python reports without a traceback header."""
    match = _EXCEPTION.match(texts[at])
    if match is None or match[1] not in _SYNTAX:
        return None
    for index in behind(at, 5):
        frame = _FRAME.match(texts[index])
        if frame is None:
            continue
        sentence, line = texts[at], whole(frame[2])
        kind, hint = classify(match[1], sentence)
        return Finding(
            kind=kind,
            headline=located(sentence, frame[1], line),
            weight=Weight.FAILURE,
            focus=at,
            first=index,
            last=at,
            file=frame[1],
            file_line=line,
            hint=hint,
        )
    return None


RECOGNISERS: Final = (
    Recogniser((TRACEBACK,), read_traceback, reach=_REACH),
    Recogniser(("SyntaxError: ", "IndentationError: ", "TabError: "), read_syntax_error),
)

"""JavaScript and TypeScript outside of tests: exceptions with a stack, failed loads, type errors."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from core.logs.diagnose.finding import Finding, Recogniser, Weight, ahead, behind, located, whole
from core.logs.diagnose.packages import npm_hint
from core.logs.diagnose.symptoms import symptom_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_FRAME_START: Final = "    at "
_FRAME: Final = re.compile(
    r"\s*at (?:async )?(?:(.+) \((?:file://)?([^()]+):(\d+):\d+\)|(?:file://)?([^()\s]+):(\d+):\d+)"
)
_ERROR: Final = re.compile(
    r"\s*(?:Uncaught )?((?:[A-Za-z_$][\w$.]*)?(?:Error|Exception|Rejection))(?: \[([A-Z_0-9]+)\])?(?:: (.*))?$"
)
_HEADER: Final = re.compile(r"(?:file://)?([^\s:][^:]*):(\d+)$")
_NOT_OURS: Final = ("node:", "node_modules/", "internal/", "<anonymous>")
_CAUSE: Final = "[cause]: "
_PROPERTIES: Final = ("code: '", "errno: ")

_TSC: Final = re.compile(r"([^\s(:][^(:]*)[(:](\d+)[,:](\d+)\)?(?::| -) error (TS\d+): (.*)")


def _error_above(texts: Sequence[str], at: int) -> int | None:
    """Index of the line that names the error whose stack begins at ``at``."""
    for index in behind(at, 12):
        text = texts[index]
        if text.lstrip().startswith("at "):
            return None
        if _ERROR.match(text) is not None:
            return index
    return None


def _header_above(texts: Sequence[str], at: int) -> int | None:
    """Index of the ``file:line`` that Node prints above the source line of an uncaught error."""
    for index in behind(at, 6):
        if index + 1 < at and texts[index + 1 : index + 4] and _HEADER.match(texts[index]) is not None:
            return index
    return None


def _frame(texts: Sequence[str], first: int, last: int) -> tuple[str, int | None, str | None] | None:
    """The innermost frame of the program itself."""
    for index in range(first, last + 1):
        match = _FRAME.match(texts[index])
        if match is None:
            continue
        file = match[2] or match[4]
        if file and not any(part in file for part in _NOT_OURS):
            function = match[1]
            named = function is not None and not function.startswith("Object.<anonymous>")
            return file, whole(match[3] or match[5]), function if named else None
    return None


def _details(texts: Sequence[str], at: int) -> tuple[int, str, str]:
    """Index of the last line of a stack, the error it names as its cause, and the codes printed below it."""
    last, cause, codes = at, "", ""
    for index in ahead(texts, at, 40):
        text = texts[index].strip()
        if text.startswith(_CAUSE):
            cause = text.removeprefix(_CAUSE)
        elif text.startswith(_PROPERTIES):
            codes += f" {text}"
        elif not texts[index].startswith(" ") and text not in {"}", "]"} and not text.startswith("Emitted "):
            break
        last = index
    return last, cause, codes


def read_stack(texts: Sequence[str], at: int) -> Finding | None:
    """An error with its stack; one that ended the process stands under the source line it came from."""
    text = texts[at]
    if not text.lstrip().startswith("at ") or (at > 0 and texts[at - 1].lstrip().startswith("at ")):
        return None
    error_at = _error_above(texts, at)
    match = _ERROR.match(texts[error_at]) if error_at is not None else None
    if error_at is None or match is None:
        return None
    header_at = _header_above(texts, error_at)
    last, cause, codes = _details(texts, at)
    file, line, function = _place(texts, at, last=last, header_at=header_at, syntax=match[1] == "SyntaxError")
    message = match[3] or ""
    sentence = f"{match[1]}: {message}" if message else match[1]
    headline = located(sentence, file, line, function) + (f" (from {cause})" if cause else "")
    kind, hint = _classify(match[1], f"{message} {cause} {codes}")
    ended = header_at is not None or any(texts[index].startswith("Node.js v") for index in ahead(texts, last, 3))
    return Finding(
        kind=kind,
        headline=headline,
        weight=Weight.FAILURE if ended else Weight.SURVIVABLE,
        focus=error_at,
        first=error_at if header_at is None else header_at,
        last=last,
        file=file,
        file_line=line,
        hint=hint,
    )


def _place(
    texts: Sequence[str], at: int, *, last: int, header_at: int | None, syntax: bool
) -> tuple[str | None, int | None, str | None]:
    header = _HEADER.match(texts[header_at]) if header_at is not None else None
    frame = None if syntax and header is not None else _frame(texts, at, last)
    if frame is not None:
        return frame
    if header is not None and not header[1].startswith("node:"):
        return header[1], whole(header[2]), None
    return None, None, None


def _classify(name: str, message: str) -> tuple[str, str]:
    if name == "SyntaxError":
        return "syntax_error", "Correct the syntax there; a newer Node than the image has may be needed."
    hint = npm_hint(message)
    symptom = None if hint else symptom_of(message)
    if symptom is not None:
        return symptom.kind, symptom.hint
    return "node_exception", hint


def read_type_error(texts: Sequence[str], at: int) -> Finding | None:
    """An error of the TypeScript compiler, plain or pretty."""
    match = _TSC.match(texts[at])
    if match is None:
        return None
    file, line = match[1], whole(match[2])
    message = f"{match[4]}: {match[5]}"
    last = min(at + 3, len(texts) - 1)
    return Finding("typescript", located(message, file, line), Weight.FAILURE, at, at, last, file=file, file_line=line)


RECOGNISERS: Final = (
    Recogniser((_FRAME_START,), read_stack, reach=60),
    Recogniser(("error TS",), read_type_error),
)

"""Java and its kin: exceptions down to their deepest cause, and a JVM that could not start."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.logs.diagnose.finding import Finding, Recogniser, Weight, ahead, behind, located, whole
from core.logs.diagnose.symptoms import symptom_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_REACH: Final = 400
_THREAD: Final = 'Exception in thread "'
_FRAME: Final = re.compile(r"\s+at (?:[\w.@]+/)*([\w$.<>]+)\(([^():]+)(?::(\d+))?\)")
_ERROR: Final = re.compile(r"(?:.*?[^\w.$])?((?:[a-z_]\w*\.)+[A-Z][\w$]*)(?:: (.*))?$")
_NAMED: Final = re.compile(r'(?:Exception in thread "[^"]*" |Caused by: )([\w.$]+)(?:: (.*))?$')
_CAUSED_BY: Final = "Caused by: "
_NOT_OURS: Final = (
    "java.",
    "javax.",
    "jdk.",
    "sun.",
    "com.sun.",
    "org.junit.",
    "org.apache.maven.",
    "org.gradle.",
    "org.springframework.",
    "kotlin.",
    "scala.",
    "worker.org.gradle.",
)
_LAUNCH: Final = (
    "Error: Could not find or load main class",
    "Error: Unable to access jarfile",
    "Error: Main method not found",
    "Error: LinkageError",
)
_FATAL: Final = "# A fatal error has been detected by the Java Runtime Environment"


@dataclass(frozen=True, slots=True)
class _Thrown:
    """An exception with the file, line and method of its innermost own frame."""

    name: str
    message: str
    at: int
    file: str | None = None
    line: int | None = None
    method: str | None = None

    @property
    def sentence(self) -> str:
        name = self.name.rpartition(".")[2]
        return f"{name}: {self.message}" if self.message else name


def _thrown(texts: Sequence[str], at: int) -> _Thrown | None:
    match = _NAMED.match(texts[at]) or _ERROR.match(texts[at])
    if match is None:
        return None
    for index in ahead(texts, at, 60):
        frame = _FRAME.match(texts[index])
        if frame is None:
            if texts[index].startswith(_CAUSED_BY):
                break
            continue
        if not frame[1].startswith(_NOT_OURS):
            return _Thrown(match[1], match[2] or "", at, frame[2], whole(frame[3]), frame[1])
    return _Thrown(match[1], match[2] or "", at)


def _error_above(texts: Sequence[str], at: int) -> int | None:
    """Index of the line that names the exception whose frames begin at ``at``; its message may have lines."""
    for index in behind(at, 8):
        if texts[index].startswith(("\tat ", "\t... ", _CAUSED_BY)):
            return None
        if (_NAMED.match(texts[index]) or _ERROR.match(texts[index])) is not None:
            return index
    return None


def _causes(texts: Sequence[str], at: int) -> tuple[list[int], int]:
    """Indices of the ``Caused by:`` lines below a stack's first frame, and of the stack's last line."""
    causes: list[int] = []
    last, spoken = at, 0
    for index in ahead(texts, at, _REACH):
        text = texts[index]
        if text.startswith(_CAUSED_BY):
            causes.append(index)
            spoken = 5
        elif not text.startswith(("\tat ", "\t... ", "\tSuppressed", "\t\t", "    at ")):
            spoken -= 1
            if spoken < 0:
                break
            continue
        last = index
    return causes, last


def read_stack(texts: Sequence[str], at: int) -> Finding | None:
    """An exception with its stack; the deepest cause is the headline and the outermost is named."""
    if not texts[at].startswith("\tat ") or (at > 0 and texts[at - 1].startswith("\tat ")):
        return None
    error_at = _error_above(texts, at)
    if error_at is None:
        return None
    outer = _thrown(texts, error_at)
    if outer is None:
        return None
    causes, last = _causes(texts, at)
    deepest = next(
        (found for index in reversed(causes) if (found := _thrown(texts, index)) is not None),
        outer,
    )
    placed = deepest if deepest.file else outer
    headline = located(deepest.sentence, placed.file, placed.line, placed.method)
    if deepest is not outer:
        headline += f" (wrapped in {outer.sentence})"
    symptom = symptom_of(f"{deepest.name}: {deepest.message}")
    return Finding(
        kind=symptom.kind if symptom else "java_exception",
        headline=headline,
        weight=Weight.FAILURE if texts[error_at].startswith(_THREAD) else Weight.SURVIVABLE,
        focus=deepest.at,
        first=error_at,
        last=last,
        file=placed.file,
        file_line=placed.line,
        hint=symptom.hint if symptom else _hint(deepest.name),
    )


def _hint(name: str) -> str:
    if name.endswith(("ClassNotFoundException", "NoClassDefFoundError")):
        return "The class is not on the class path: check -cp, the manifest and the build's dependencies."
    if name.endswith("UnsupportedClassVersionError"):
        return "Use an image with a newer Java, or compile for the older one (--release)."
    return ""


def read_launch(texts: Sequence[str], at: int) -> Finding | None:
    """A JVM that could not start the program."""
    if not texts[at].startswith(_LAUNCH):
        return None
    last = at + 1 if at + 1 < len(texts) and texts[at + 1].startswith(_CAUSED_BY) else at
    hint = "Check the class name, the class path or the jar's path, and that it was built or sent along."
    return Finding("java_launch", texts[at].removeprefix("Error: "), Weight.FAILURE, at, at, last, hint=hint)


def read_crash(texts: Sequence[str], at: int) -> Finding | None:
    """A crash of the JVM itself."""
    if not texts[at].startswith(_FATAL):
        return None
    named = next((index for index in ahead(texts, at, 4) if texts[index].strip("# \t")), at)
    last = min(at + 10, len(texts) - 1)
    return Finding("segfault", f"The JVM crashed: {texts[named].strip('# ')}", Weight.FATAL, named, at, last)


RECOGNISERS: Final = (
    Recogniser(("\tat ",), read_stack, reach=_REACH),
    Recogniser(_LAUNCH, read_launch),
    Recogniser((_FATAL,), read_crash),
)

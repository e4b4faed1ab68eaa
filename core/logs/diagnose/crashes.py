"""Processes that the kernel, the C runtime or a sanitizer ended."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from core.logs.diagnose.finding import Finding, Recogniser, Weight, ahead, located, whole
from core.logs.diagnose.symptoms import symptom_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_MORE_MEMORY: Final = (
    "Killed from outside, most often for want of memory: give the job more memory_mb, or have it use less."
)
# bash names the command, dash and busybox print the bare word
_SIGNAL: Final = re.compile(r"(?:\S+: line \d+: +\d+ )?([A-Z][a-z]+(?: [a-z]+)?)(?: \(core dumped\))?(?: {2,}(\S.*))?$")
_CRASHES: Final = ("Segmentation fault", "Bus error", "Illegal instruction", "Floating point exception")
_FATAL_PYTHON: Final = "Fatal Python error: "
_PYTHON_FRAME: Final = re.compile(r'  File "([^"]+)", line (\d+) in (.+)')
_ASSERTION: Final = ": Assertion "
_ASSERT: Final = re.compile(r"(?:[^:]+: )?([^\s:]+):(\d+)(?:: (.*))?$")
_SANITIZER: Final = re.compile(r"==\d+==\s*ERROR: (\w+Sanitizer): (.*)")
_SANITIZER_FRAME: Final = re.compile(r"\s+#\d+ 0x[0-9a-f]+ in (\S+) ([^\s:()]+):(\d+)")
_TERMINATE: Final = re.compile(r"terminate called after throwing an instance of '(.+)'")
_WHAT: Final = re.compile(r"\s*what\(\):\s*(.*)")
_SHARED_LIBRARY: Final = re.compile(r".*error while loading shared libraries: ([^:]+): (.*)")
_HEAP: Final = ("JavaScript heap out of memory", "fatal error: runtime: out of memory", "Out of memory: Killed process")


def read_signal(texts: Sequence[str], at: int) -> Finding | None:
    """A shell's word that a signal ended a command."""
    match = _SIGNAL.match(texts[at])
    if match is None:
        return None
    signal, command = match[1], match[2] or ""
    headline = f"{signal}: {command}" if command else signal
    if signal == "Killed":
        return Finding("out_of_memory", headline, Weight.FATAL, at, at, at, hint=_MORE_MEMORY)
    if signal == "Aborted":  # the program mostly said why just before
        return Finding("abort", headline, Weight.FOLLOW_UP, at, at, at)
    if signal in _CRASHES:
        hint = "Build with -g -fsanitize=address, or run it under gdb, to see where."
        return Finding("segfault", headline, Weight.FAILURE, at, at, at, hint=hint)
    return None


def read_fatal_python(texts: Sequence[str], at: int) -> Finding | None:
    """A crash of the Python interpreter under faulthandler."""
    if not texts[at].startswith(_FATAL_PYTHON):
        return None
    message = texts[at].removeprefix(_FATAL_PYTHON)
    frames = [frame for index in ahead(texts, at, 30) if (frame := _PYTHON_FRAME.match(texts[index])) is not None]
    if not frames:
        return Finding("segfault", message, Weight.FAILURE, at, at, at)
    frame = next((frame for frame in frames if "/lib/python" not in frame[1]), frames[0])
    file, line = frame[1], whole(frame[2])
    headline = located(message, file, line, frame[3])
    last = min(at + 2 + len(frames), len(texts) - 1)
    return Finding("segfault", headline, Weight.FAILURE, at, at, last, file=file, file_line=line)


def read_heap(texts: Sequence[str], at: int) -> Finding | None:
    """A runtime or a kernel that ran out of memory and said so."""
    symptom = symptom_of(texts[at])
    hint = symptom.hint if symptom else _MORE_MEMORY
    if "JavaScript heap" in texts[at]:
        hint = "Raise NODE_OPTIONS=--max-old-space-size (MB) in env and memory_mb with it, or use less memory."
    return Finding("out_of_memory", texts[at].strip(), Weight.FATAL, at, at, at, hint=hint)


def read_assert(texts: Sequence[str], at: int) -> Finding | None:
    """A failed ``assert`` of C."""
    place, _, condition = texts[at].partition(_ASSERTION)
    match = _ASSERT.match(place)
    if match is None or " failed" not in condition:
        return None
    file, line = match[1], whole(match[2])
    headline = located(f"Assertion {condition}".rstrip("."), file, line, match[3])
    return Finding("assertion", headline, Weight.FAILURE, at, at, at, file=file, file_line=line)


def read_sanitizer(texts: Sequence[str], at: int) -> Finding | None:
    """A sanitizer's report with its first frame that has a source line."""
    match = _SANITIZER.match(texts[at])
    if match is None:
        return None
    message = f"{match[1]}: {match[2].partition(' (pc ')[0]}"
    file, line, function, last = None, None, None, at
    for index in ahead(texts, at, 30):
        frame = _SANITIZER_FRAME.match(texts[index])
        last = index
        if frame is not None and "/sysdeps/" not in frame[2] and "/sanitizer_common/" not in frame[2]:
            file, line, function = frame[2], whole(frame[3]), frame[1]
            break
    kind = "segfault" if match[2].startswith("SEGV") else "sanitizer"
    headline = located(message, file, line, function)
    return Finding(kind, headline, Weight.FAILURE, at, at, last, file=file, file_line=line)


def read_terminate(texts: Sequence[str], at: int) -> Finding | None:
    """An exception no C++ code caught."""
    match = _TERMINATE.match(texts[at])
    if match is None:
        return None
    what = _WHAT.match(texts[at + 1]) if at + 1 < len(texts) else None
    sentence = f"{match[1]}: {what[1]}" if what else match[1]
    symptom = symptom_of(sentence)
    return Finding(
        kind=symptom.kind if symptom else "cpp_exception",
        headline=sentence,
        weight=Weight.FAILURE,
        focus=at,
        first=at,
        last=at + 1 if what else at,
        hint=symptom.hint if symptom else "",
    )


def read_shared_library(texts: Sequence[str], at: int) -> Finding | None:
    """A program whose shared library is not in the image."""
    match = _SHARED_LIBRARY.match(texts[at])
    if match is None:
        return None
    hint = f"Install the package that has {match[1]} in the image."
    headline = f"shared library {match[1]} is missing: {match[2]}"
    return Finding("missing_library", headline, Weight.FAILURE, at, at, at, hint=hint)


RECOGNISERS: Final = (
    Recogniser(_HEAP, read_heap, reach=1),
    Recogniser(("Killed", "Aborted", *_CRASHES), read_signal, reach=1),
    Recogniser(("==ERROR: ",), read_sanitizer, reach=30),
    Recogniser((_FATAL_PYTHON,), read_fatal_python, reach=30),
    Recogniser(("terminate called after throwing",), read_terminate),
    Recogniser((_ASSERTION,), read_assert, reach=1),
    Recogniser(("error while loading shared libraries: ",), read_shared_library, reach=1),
)

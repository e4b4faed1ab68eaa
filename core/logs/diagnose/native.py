"""Compilers that print ``file:line:column: error:``, linkers, CMake, make."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from core.logs.diagnose.finding import Finding, Recogniser, Weight, ahead, behind, located, whole

if TYPE_CHECKING:
    from collections.abc import Sequence

# BuildKit puts `#8 0.214 ` before what a build step prints
_ERROR: Final = re.compile(
    r"(?:#\d+ )?(?:\d+\.\d+ )?([^\s:][^:]*\.([A-Za-z+]{1,6})):(\d+):(?:(\d+):)? (?:fatal )?error: (.*)"
)
_KINDS: Final = {
    "java": "java_compile",
    "py": "type_check",
    "pyi": "type_check",
    **dict.fromkeys(("c", "cc", "cpp", "cxx", "C", "h", "hh", "hpp", "m", "mm", "cu", "S"), "c_compile"),
}
_HEADER: Final = re.compile(r"([\w./+-]+\.(?:h|hpp|hh)): No such file or directory")

_UNDEFINED: Final = re.compile(
    r"(?:\S*ld(?:\.\w+)?: )?(?:([^\s:()]+):(?:(\d+):|\([^)]*\):) )?(undefined reference to .*)"
)
_LINKER: Final = re.compile(
    r"\S*ld(?:\.\w+)?: (?:error: )?"
    r"((?:cannot find|unable to find library) (-l[^\s:]+).*|undefined symbol: .*|.*multiple definition of .*)"
)

_CMAKE: Final = re.compile(r"CMake Error(?: at ([^\s:]+):(\d+)(?: \(\w+\))?)?: ?(.*)")
_CMAKE_CALL: Final = re.compile(r"  ([^\s:]+):(\d+) \(")

_MAKE: Final = re.compile(r"[\w./-]*make(?:\[\d+\])?: \*\*\* (.*)")
_MAKE_TARGET: Final = re.compile(r"\[(?:([^\]:]+):(\d+): )?([^\]]+)\] (.*)")
_MAKEFILE: Final = re.compile(r"([^\s:]+):(\d+): \*\*\* (.*)")


def read_error(texts: Sequence[str], at: int) -> Finding | None:
    """A message in the form GCC, Clang, javac, mypy and many others share."""
    match = _ERROR.match(texts[at])
    if match is None:
        return None
    file, line, message = match[1], whole(match[3]), match[5]
    header = _HEADER.match(message)
    hint = f"Install the development package that has {header[1]}, or add its folder with -I." if header else ""
    first = at - 1 if at > 0 and texts[at - 1].startswith(f"{file}: In ") else at
    return Finding(
        kind=_KINDS.get(match[2], "compile_error"),
        headline=located(message, file, line),
        weight=Weight.FAILURE,
        focus=at,
        first=first,
        last=_details(texts, at),
        file=file,
        file_line=line,
        hint=hint,
    )


def _details(texts: Sequence[str], at: int) -> int:
    """Index of the last of the indented lines that show the source."""
    last = at
    for index in ahead(texts, at, 12):
        if not texts[index].startswith(" "):
            break
        last = index
    return last


def read_undefined(texts: Sequence[str], at: int) -> Finding | None:
    """A symbol the linker did not find."""
    match = _UNDEFINED.match(texts[at])
    if match is None:
        return None
    file, line, first = match[1], whole(match[2]), at - 1 if at > 0 and "in function" in texts[at - 1] else at
    hint = "Link the object file or the library (-l…, after the objects that use it) that defines the symbol."
    return Finding(
        "linker", located(match[3], file, line), Weight.FAILURE, at, first, at, file=file, file_line=line, hint=hint
    )


def read_linker(texts: Sequence[str], at: int) -> Finding | None:
    """The linker's other complaints."""
    match = _LINKER.match(texts[at])
    if match is None:
        return None
    hint = f"Install the library behind {match[2]}, or add its folder with -L." if match[2] else ""
    return Finding("linker", match[1], Weight.FAILURE, at, at, at, hint=hint)


def read_cmake(texts: Sequence[str], at: int) -> Finding | None:
    """An error of CMake: its first paragraph, and the place in the project's own files."""
    match = _CMAKE.match(texts[at])
    if match is None:
        return None
    said = [match[3]] if match[3] else []
    file, line, last, in_calls = match[1], whole(match[2]), at, False
    for index in ahead(texts, at, 25):
        text = texts[index]
        if text.startswith("Call Stack"):
            in_calls = True
        elif in_calls:
            call = _CMAKE_CALL.match(text)
            if call is None:
                break
            if file is None or file.startswith("/usr/"):
                file, line = call[1], whole(call[2])
        elif text and not text.startswith("  "):
            break
        elif text:
            said.append(text.strip())
        last = index if text else last
    message = " ".join(said)
    return Finding("cmake", located(message, file, line), Weight.FAILURE, at, at, last, file=file, file_line=line)


def read_make(texts: Sequence[str], at: int) -> Finding | None:
    """The target whose recipe failed, or a fault in the makefile itself."""
    match = _MAKE.match(texts[at])
    if match is None:
        return None
    said = match[1].removesuffix("  Stop.")
    target = _MAKE_TARGET.match(said)
    if target is None:
        hint = "Check the target's name and that the file it is made from was sent along." if "No rule" in said else ""
        return Finding("make", said, Weight.FAILURE, at, at, at, hint=hint)
    file, line, outcome = target[1], whole(target[2]), target[4]
    killed = outcome.startswith(("Killed", "Error 137"))
    before = next((index for index in behind(at, 3) if not texts[index].startswith("make")), at)
    return Finding(
        kind="out_of_memory" if killed else "make",
        headline=located(f"make target {target[3]} failed: {outcome}", file, line),
        weight=Weight.FAILURE if killed else Weight.FOLLOW_UP,
        focus=at,
        first=before,
        last=at,
        file=file,
        file_line=line,
        hint="Give the job more memory_mb, or run make with fewer jobs (-j)." if killed else "",
    )


def read_makefile(texts: Sequence[str], at: int) -> Finding | None:
    """A fault make found in the makefile, such as ``Makefile:3: *** missing separator.  Stop.``."""
    match = _MAKEFILE.match(texts[at])
    if match is None or match[1].startswith("make"):
        return None
    file, line = match[1], whole(match[2])
    return Finding(
        "make",
        located(match[3].removesuffix("  Stop."), file, line),
        Weight.FAILURE,
        at,
        at,
        at,
        file=file,
        file_line=line,
    )


RECOGNISERS: Final = (
    Recogniser((": error: ", ": fatal error: "), read_error, reach=12),
    Recogniser(("undefined reference to ",), read_undefined, reach=1),
    Recogniser(("ld: ", "lld: "), read_linker, reach=1),
    Recogniser(("CMake Error",), read_cmake, reach=25),
    Recogniser((": *** ",), read_make),
    Recogniser((": *** ",), read_makefile, reach=1),
)

"""Rust: the compiler's errors, cargo's, panics and failed tests."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from core.logs.diagnose.finding import Finding, Recogniser, Tally, Weight, ahead, located, whole
from core.logs.diagnose.report import TestCounts

if TYPE_CHECKING:
    from collections.abc import Sequence

_ERROR: Final = re.compile(r"error(?:\[(E\d+)\])?: (.*)")
_ARROW: Final = re.compile(r"\s*--> ([^:]+):(\d+):\d+")
_PANIC: Final = re.compile(r"thread '([^']*)'(?: \(\d+\))? panicked at (?:([^':,\s]+):(\d+):\d+:)?")
_OLD_PANIC: Final = re.compile(r"thread '[^']*' panicked at '(.*)', ([^':,\s]+):(\d+):\d+$")
_TEST: Final = re.compile(r"---- (.+) stdout ----$")
_TEST_LINE: Final = re.compile(r"test (\S+) \.\.\. FAILED$")
_RESULT: Final = re.compile(r"test result: \w+\. (\d{1,9}) passed; (\d{1,9}) failed; (\d{1,9}) ignored;")
_CARGO: Final = ("failed to ", "no matching package", "could not find `Cargo.toml`", "package `", "the lock file ")


def read_error(texts: Sequence[str], at: int) -> Finding | None:
    """An error of rustc with its place, or of cargo with the deepest of its causes."""
    match = _ERROR.match(texts[at])
    if match is None:
        return None
    message = f"{match[1]}: {match[2]}" if match[1] else match[2]
    for index in ahead(texts, at, 3):
        arrow = _ARROW.match(texts[index])
        if arrow is not None:
            file, line, last = arrow[1], whole(arrow[2]), _block_end(texts, index)
            headline = located(message, file, line)
            return Finding("rust_compile", headline, Weight.FAILURE, at, at, last, file=file, file_line=line)
    if match[2].startswith(_CARGO):
        return _cargo(texts, at, message)
    if match[2].startswith("linking with "):
        return Finding("linker", message, Weight.FAILURE, at, at, _block_end(texts, at))
    return None


def _block_end(texts: Sequence[str], at: int) -> int:
    last = at
    for index in ahead(texts, at, 40):
        if not texts[index]:
            break
        last = index
    return last


def _cargo(texts: Sequence[str], at: int, message: str) -> Finding:
    deepest, last = "", at
    for index in ahead(texts, at, 30):
        text = texts[index]
        if text.startswith("  "):
            deepest, last = text.strip(), index
        elif text and text != "Caused by:":
            break
    headline = f"{message} (from {deepest})" if deepest else message
    return Finding("cargo", headline, Weight.FAILURE, at, at, last)


def _panic(texts: Sequence[str], at: int) -> tuple[str, str | None, int | None, int] | None:
    """Message, place and last line of a panic."""
    before_2023 = _OLD_PANIC.match(texts[at])
    if before_2023 is not None:
        return before_2023[1], before_2023[2], whole(before_2023[3]), at
    match = _PANIC.match(texts[at])
    if match is None:
        return None
    said: list[str] = []
    last = at
    for index in ahead(texts, at, 6):
        text = texts[index]
        if not text or text.startswith(("note: ", "stack backtrace:", "----")):
            break
        said.append(text.strip())
        last = index
    return ", ".join(said), match[2], whole(match[3]), last


def read_panic(texts: Sequence[str], at: int) -> Finding | None:
    """A panic; of another thread than main the program may have outlived it."""
    panic = _panic(texts, at)
    if panic is None:
        return None
    message, file, line, last = panic
    return Finding(
        kind="rust_panic",
        headline=located(f"panicked: {message}", file, line),
        weight=Weight.FAILURE if "thread 'main'" in texts[at] else Weight.SURVIVABLE,
        focus=at,
        first=at,
        last=last,
        file=file,
        file_line=line,
        hint="Set RUST_BACKTRACE=1 in the job's env to see the calls that led there.",
    )


def read_test(texts: Sequence[str], at: int) -> Finding | None:
    """A failed test's output in ``cargo test``."""
    match = _TEST.match(texts[at])
    if match is None:
        return None
    name, focus, last = match[1], at, at
    message, file, line = "failed", None, None
    for index in ahead(texts, at, 30):
        if texts[index].startswith(("---- ", "failures:")):
            break
        panic = _panic(texts, index)
        if panic is not None:
            focus = index
            message, file, line, last = panic
            break
    return Finding(
        kind="cargo_test",
        headline=located(f"{name}: {message}", file, line),
        weight=Weight.TESTS,
        focus=focus,
        first=at,
        last=last,
        file=file,
        file_line=line,
        hint=f"Rerun it alone with `cargo test {name}`.",
        failed_tests=(name,),
    )


def read_test_line(texts: Sequence[str], at: int) -> Tally | None:
    """``test tests::adds ... FAILED``."""
    match = _TEST_LINE.match(texts[at])
    return Tally((match[1],)) if match else None


def read_result(texts: Sequence[str], at: int) -> Tally | None:
    """The last line of each test binary."""
    match = _RESULT.match(texts[at])
    return Tally(counts=TestCounts(int(match[1]), int(match[2]), int(match[3]))) if match else None


RECOGNISERS: Final = (
    Recogniser(("error[E", "error: "), read_error, reach=45),
    Recogniser((" panicked at ",), read_panic),
    Recogniser((" stdout ----",), read_test, reach=40),
    Recogniser((" ... FAILED",), read_test_line, reach=1),
    Recogniser(("test result: ",), read_result, reach=1),
)

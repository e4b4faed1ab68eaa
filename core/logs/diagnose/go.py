"""Go: failed builds, failed tests, panics."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from core.logs.diagnose.finding import Finding, Recogniser, Tally, Weight, ahead, behind, located, whole
from core.logs.diagnose.symptoms import symptom_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_BUILD: Final = re.compile(r"(?:vet: )?([^\s:][^:]*\.go):(\d+):\d+: (.*)")
_FAIL: Final = re.compile(r"(\s*)--- FAIL: (\S+)")
_SAID: Final = re.compile(r"\s+([^\s:]+\.go):(\d+): ?(.*)")
_FRAME: Final = re.compile(r"\t(\S+\.go):(\d+)")
_NOT_OURS: Final = ("/usr/local/go/", "/usr/lib/go", "/go/pkg/mod/", "/src/runtime/", "/src/testing/")
_PANICS: Final = ("panic: ", "fatal error: ")
_TESTIFY: Final = re.compile(r"\s*Error:\s+(\S.*)")


def read_build(texts: Sequence[str], at: int) -> Finding | None:
    """A compiler's or vet's message."""
    match = _BUILD.match(texts[at])
    if match is None:
        return None
    file, line, message = match[1], whole(match[2]), match[3]
    hint = "Run `go mod tidy` and send go.mod and go.sum along." if "no required module provides" in message else ""
    return Finding(
        "go_build", located(message, file, line), Weight.FAILURE, at, at, at, file=file, file_line=line, hint=hint
    )


def _test_message(texts: Sequence[str], at: int) -> tuple[int, str, str | None, int | None] | None:
    """Index and parts of what a failed test said: below its verdict, or above it under ``go test -v``."""
    below, above = ahead(texts, at, 12), behind(at, 12)
    for indices, ends in ((below, ("---", "===", "FAIL", "PASS", "ok ")), (above, ("--- ", "=== RUN", "=== CONT"))):
        for index in indices:
            text = texts[index]
            if text.lstrip().startswith(ends):
                break
            if text.startswith("panic: "):
                file, line = _panic_place(texts, index)
                return index, text, file, line
            match = _SAID.match(text)
            if match is not None:
                return index, match[3] or _testify(texts, index), match[1], whole(match[2])
    return None


def _testify(texts: Sequence[str], at: int) -> str:
    """The ``Error:`` row of the table that testify prints below an empty message."""
    for index in ahead(texts, at, 6):
        match = _TESTIFY.match(texts[index])
        if match is not None:
            return match[1].strip()
    return "failed"


def read_test(texts: Sequence[str], at: int) -> Finding | Tally | None:
    """A failed test with its first message; a test that failed for its subtests is only counted by name."""
    match = _FAIL.match(texts[at])
    if match is None:
        return None
    name = match[2]
    following = _FAIL.match(texts[at + 1]) if at + 1 < len(texts) else None
    if following is not None and following[2].startswith(f"{name}/"):
        return Tally((name,))
    said = _test_message(texts, at)
    focus, message, file, line = said or (at, "failed", None, None)
    return Finding(
        kind="go_test",
        headline=located(f"{name}: {message}", file, line),
        weight=Weight.TESTS,
        focus=focus,
        first=min(at, focus),
        last=max(at, focus),
        file=file,
        file_line=line,
        hint=f"Rerun it alone with `go test -run '^{name.partition('/')[0]}$' ./...`.",
        failed_tests=(name,),
    )


def _panic_place(texts: Sequence[str], at: int) -> tuple[str | None, int | None]:
    for index in ahead(texts, at, 40):
        match = _FRAME.match(texts[index])
        if match is not None and not any(part in match[1] for part in _NOT_OURS):
            return match[1], whole(match[2])
    return None, None


def read_panic(texts: Sequence[str], at: int) -> Finding | None:
    """A panic or a runtime's fatal error: what stands above a list of goroutines."""
    if not texts[at].startswith(_PANICS):
        return None
    goroutine = next((index for index in ahead(texts, at, 8) if texts[index].startswith("goroutine ")), None)
    if goroutine is None:
        return None
    file, line = _panic_place(texts, goroutine)
    last = goroutine
    for index in ahead(texts, goroutine, 40):
        if not texts[index]:
            break
        last = index
    symptom = symptom_of(texts[at])
    return Finding(
        kind=symptom.kind if symptom else "go_panic",
        headline=located(texts[at], file, line),
        weight=Weight.FAILURE,
        focus=at,
        first=at,
        last=last,
        file=file,
        file_line=line,
        hint=symptom.hint if symptom else "",
    )


RECOGNISERS: Final = (
    Recogniser((".go:",), read_build, reach=1),
    Recogniser(("--- FAIL: ",), read_test, reach=70),
    Recogniser(_PANICS, read_panic, reach=90),
)

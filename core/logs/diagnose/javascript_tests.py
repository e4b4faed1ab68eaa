"""Test runners of JavaScript: jest, vitest, Node's own, and TAP."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from core.logs.diagnose.finding import Finding, Recogniser, Tally, Weight, ahead, behind, located, whole
from core.logs.diagnose.packages import npm_hint
from core.logs.diagnose.report import TestCounts

if TYPE_CHECKING:
    from collections.abc import Sequence

_REACH: Final = 80
_BULLET: Final = "  ● "
_NESTED: Final = " \u203a "
_NO_TESTS: Final = "Test suite failed to run"
_PLACE: Final = re.compile(r"\s*(?:at (?:.+ \()?|\u276f )(?:file://)?([^():\s]+):(\d+):\d+\)?")
_JEST_END: Final = ("Test Suites:", "FAIL ", "PASS ", "Summary of all")
_COUNT: Final = re.compile(r"(\d{1,9}) (passed|failed|skipped|todo)\b")
_COUNTS_LINE: Final = re.compile(r"\s*Tests:?  ")

_VITEST_FAIL: Final = re.compile(r" FAIL  (\S.*)")
_VITEST_END: Final = (" FAIL ", "⎯⎯⎯", " Test Files ")

_NODE_TEST: Final = re.compile(r"test at (.+):(\d+):\d+$")
_NODE_MARK: Final = re.compile(r"\s*✖ (.*)")
_DURATION: Final = re.compile(r" \([\d.]+ms\)$")
_NODE_COUNT: Final = re.compile(r"[\u2139#] (pass|fail|skipped|todo) (\d{1,9})$")

_TAP: Final = re.compile(r"\s*not ok \d+(?: -)? ?(.*)")
_TAP_LOCATION: Final = re.compile(r"\s*location: '(.+):(\d+):\d+'")
_TAP_ERROR: Final = re.compile(r"\s*(?:error|message): (?:'(.*)'|\"(.*)\"|(.*))$")


def _first_place(texts: Sequence[str], indices: range) -> tuple[str | None, int | None]:
    for index in indices:
        match = _PLACE.match(texts[index])
        if match is not None and "node_modules/" not in match[1] and not match[1].startswith("node:"):
            return match[1], whole(match[2])
    return None, None


def _until(texts: Sequence[str], at: int, ends: tuple[str, ...]) -> int:
    """Index of the last line before one that starts with any of ``ends``."""
    last = at
    for index in ahead(texts, at, _REACH):
        if texts[index].startswith(ends):
            break
        last = index
    return last


def read_jest(texts: Sequence[str], at: int) -> Finding | None:
    """A failed test in jest's report, or a file that could not be loaded."""
    title = texts[at].removeprefix(_BULLET).strip()
    if not texts[at].startswith(_BULLET) or title.startswith(("Console", "Deprecation")):
        return None
    last = _until(texts, at, (_BULLET, *_JEST_END))
    body = [(index, texts[index].strip()) for index in range(at + 1, last + 1)]
    focus, message = next(((index, text) for index, text in body if text), (at, ""))
    values = [text for _, text in body if text.startswith(("Expected", "Received", "- Expected", "+ Received"))]
    file, line = _first_place(texts, range(at + 1, last + 1))
    unloaded = title == _NO_TESTS
    suite = next((texts[i].removeprefix("FAIL ").strip() for i in behind(at, 40) if texts[i].startswith("FAIL ")), "")
    headline = f"{suite or title if unloaded else title}: {', '.join([message.partition(' // ')[0], *values[:2]])}"
    return Finding(
        kind="jest",
        headline=located(headline, file, line),
        weight=Weight.TESTS,
        focus=focus,
        first=at,
        last=last,
        file=file,
        file_line=line,
        hint=npm_hint(message)
        or ("" if unloaded else f"Rerun it alone with `npx jest -t {title.split(_NESTED)[-1]!r}`."),
        failed_tests=() if unloaded else (title,),
    )


def read_vitest(texts: Sequence[str], at: int) -> Finding | None:
    """A failed test in vitest's report."""
    match = _VITEST_FAIL.match(texts[at])
    if match is None:
        return None
    name = match[1].strip()
    last = _until(texts, at, _VITEST_END)
    focus = min(at + 1, last)
    message = texts[focus].partition(" // ")[0].strip()
    file, line = _first_place(texts, range(at + 1, last + 1))
    return Finding(
        kind="vitest",
        headline=located(f"{name}: {message}", file, line),
        weight=Weight.TESTS,
        focus=focus,
        first=at,
        last=last,
        file=file,
        file_line=line,
        hint=npm_hint(message),
        failed_tests=(name,) if " > " in name else (),
    )


def read_counts(texts: Sequence[str], at: int) -> Tally | None:
    """The last lines of jest and vitest."""
    if _COUNTS_LINE.match(texts[at]) is None:
        return None
    counts = TestCounts()
    for number, word in _COUNT.findall(texts[at]):
        amount = int(number)
        counts += TestCounts(**{word if word in {"passed", "failed"} else "skipped": amount})
    return Tally(counts=counts)


def read_node_test(texts: Sequence[str], at: int) -> Finding | None:
    """A failed test in the closing list of ``node --test``."""
    place = _NODE_TEST.match(texts[at])
    mark = _NODE_MARK.match(texts[at + 1]) if at + 1 < len(texts) else None
    if place is None or mark is None:
        return None
    name = _DURATION.sub("", mark[1])
    last = _until(texts, at + 1, ("test at ",))
    body = [text.strip() for text in texts[at + 2 : last + 1]]
    stack = next((number for number, text in enumerate(body) if text.startswith("at ")), min(len(body), 8))
    message = " ".join(text for text in body[:stack] if text)
    file, line = place[1], whole(place[2])
    return _node_finding(name, message, at=at + 1, last=last, file=file, line=line)


def _node_finding(name: str, message: str, *, at: int, last: int, file: str | None, line: int | None) -> Finding:
    return Finding(
        kind="node_test",
        headline=located(f"{name}: {message}", file, line),
        weight=Weight.TESTS,
        focus=at,
        first=at,
        last=last,
        file=file,
        file_line=line,
        hint=npm_hint(message) or f"Rerun it alone with `node --test --test-name-pattern={name!r}`.",
        failed_tests=(name,),
    )


def read_node_counts(texts: Sequence[str], at: int) -> Tally | None:
    """A line of the closing figures of ``node --test``."""
    match = _NODE_COUNT.match(texts[at])
    if match is None:
        return None
    word = {"pass": "passed", "fail": "failed"}.get(match[1], "skipped")
    return Tally(counts=TestCounts(**{word: int(match[2])}))


def read_tap(texts: Sequence[str], at: int) -> Finding | None:
    """A failed test in TAP, with the place and the error of its YAML block."""
    match = _TAP.match(texts[at])
    if match is None or "# TODO" in match[1] or "# SKIP" in match[1]:
        return None
    file, line, message, last = None, None, "", at
    for index in ahead(texts, at, _REACH):
        text = texts[index]
        if text.strip() == "..." or not text.startswith("  "):
            break
        last = index
        place, error = _TAP_LOCATION.match(text), _TAP_ERROR.match(text)
        if place is not None:
            file, line = place[1], whole(place[2])
        elif error is not None and not message:
            message = next((part for part in error.groups() if part), "")
            if message.startswith("|") and index + 1 < len(texts):
                message = " ".join(part.strip() for part in texts[index + 1 : index + 4] if part.strip())
    if "subtest" in message and "failed" in message:
        return Finding("node_test", f"{match[1]}: {message}", Weight.FOLLOW_UP, at, at, last)
    return _node_finding(match[1], message or "not ok", at=at, last=last, file=file, line=line)


RECOGNISERS: Final = (
    Recogniser((_BULLET,), read_jest, reach=_REACH),
    Recogniser((" FAIL  ",), read_vitest, reach=_REACH),
    Recogniser(("Tests: ", " Tests  "), read_counts, reach=1),
    Recogniser(("test at ",), read_node_test, reach=_REACH),
    Recogniser(("\u2139 ", "# pass ", "# fail ", "# skipped "), read_node_counts, reach=1),
    Recogniser(("not ok ",), read_tap, reach=_REACH),
)

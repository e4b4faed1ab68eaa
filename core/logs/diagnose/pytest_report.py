"""pytest and unittest: the first failed test with its assertion, every failed test's name, the counts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from core.logs.diagnose.finding import Finding, Recogniser, Tally, Weight, ahead, located, whole
from core.logs.diagnose.packages import module_hint
from core.logs.diagnose.python import TRACEBACK, read_traceback
from core.logs.diagnose.report import TestCounts

if TYPE_CHECKING:
    from collections.abc import Sequence

_REACH: Final = 300
_TITLE: Final = re.compile(r"_{3,} (.*[^_ ]) _{3,}$")
_SECTION: Final = re.compile(r"[=_]{3,} .* [=_]{3,}$|-{5,} Captured ")
_LOCATION: Final = re.compile(r"([^\s:][^:]*\.py):(\d+): ")
_SUMMARY: Final = re.compile(r"(?:FAILED|ERROR) ([^\s:]+\.py(?:::.*)?)$")
_PROGRESS: Final = re.compile(r"([^\s:]+\.py::.*) (?:FAILED|ERROR)(?: +\[ *\d+%\])?$")
_PARALLEL: Final = re.compile(r"\[gw\d+\] \[ *\d+%\] (?:FAILED|ERROR) ([^\s:]+\.py::.*)")
_COUNT: Final = re.compile(r"(\d{1,9}) (passed|failed|errors?|skipped|xfailed|xpassed)\b")
_COUNTED: Final = ("passed", "failed", "error", "errors", "skipped", "deselected", "xfailed", "warning", "warnings")
_COUNT_LINE: Final = re.compile(rf"=* ?\d+ (?:xpassed|{'|'.join(_COUNTED)})\b.* in \d")
_LIBRARY: Final = ("/site-packages/", "/lib/python3")

_UNITTEST: Final = re.compile(r"(?:FAIL|ERROR): (\S+) \(([^)]+)\)")
_UNITTEST_RAN: Final = re.compile(r"Ran (\d{1,9}) tests? in ")
_UNITTEST_WORD: Final = re.compile(r"(failures|errors|skipped)=(\d{1,9})")
_FRAME: Final = re.compile(r'  File "([^"]+)", line (\d+)')


def _place(texts: Sequence[str], at: int) -> tuple[str, int | None] | None:
    match = _LOCATION.match(texts[at])
    if match is None or any(part in match[1] for part in _LIBRARY):
        return None
    return match[1], whole(match[2])


def read_failed_test(texts: Sequence[str], at: int) -> Finding | None:
    """A test's section: the last exception of its chain, and the place pytest names for it."""
    title = _TITLE.match(texts[at])
    if title is None:
        return None
    focus, last, place = at, at, None
    for index in ahead(texts, at, _REACH):
        text = texts[index]
        if _SECTION.match(text):
            break
        if text.startswith("E  ") and not texts[index - 1].startswith("E  "):
            focus = index
        place = _place(texts, index) or place
        last = index if text else last
    name = title[1].removeprefix("ERROR at setup of ").removeprefix("ERROR at teardown of ")
    if focus == at:
        return _native(texts, at, name)
    message = texts[focus][1:].strip()
    file, line = place or (None, None)
    is_test = not name.startswith("ERROR collecting ")
    return Finding(
        kind="pytest",
        headline=located(f"{name}: {message}", file, line),
        weight=Weight.TESTS,
        focus=focus,
        first=at,
        last=last,
        file=file,
        file_line=line,
        hint=module_hint(message)
        or (f"Rerun it alone with `pytest -k '{name.partition('[')[0]}'`." if is_test else ""),
    )


def _native(texts: Sequence[str], at: int, name: str) -> Finding | None:
    """A test's section under ``--tb=native``: Python's own traceback."""
    if at + 1 >= len(texts) or not texts[at + 1].startswith(TRACEBACK):
        return None
    trace = read_traceback(texts, at + 1)
    if trace is None:
        return None
    return trace._replace(kind="pytest", headline=f"{name}: {trace.headline}", weight=Weight.TESTS, first=at)


def read_summary(texts: Sequence[str], at: int) -> Finding | None:
    """A line of the short summary: the test's whole id and the start of its message."""
    if not texts[at].startswith(("FAILED ", "ERROR ")):
        return None
    subject, _, message = texts[at].partition(" - ")
    match = _SUMMARY.match(subject)
    if match is None:
        return None
    test = match[1]
    headline = f"{test}: {message}" if message else f"{test} failed"
    hint = module_hint(message) or f"Rerun it alone with `pytest '{test}'`."
    return Finding(
        "pytest", headline, Weight.TESTS, at, at, at, file=test.partition("::")[0], hint=hint, failed_tests=(test,)
    )


def read_progress(texts: Sequence[str], at: int) -> Finding | None:
    """A line of pytest -v or of pytest-xdist; the report below it tells more, unless it was cut off."""
    match = _PROGRESS.match(texts[at]) or _PARALLEL.match(texts[at])
    if match is None:
        return None
    test = match[1].strip()
    file = test.partition("::")[0]
    hint = f"Rerun it alone with `pytest '{test}'`."
    return Finding("pytest", f"{test} failed", Weight.FAILURE, at, at, at, file=file, hint=hint, failed_tests=(test,))


def read_counts(texts: Sequence[str], at: int) -> Tally | None:
    """The last line of a run."""
    if _COUNT_LINE.match(texts[at]) is None:
        return None
    counts = TestCounts()
    for number, word in _COUNT.findall(texts[at]):
        if word in {"passed", "xpassed"}:
            counts += TestCounts(passed=int(number))
        elif word in {"failed", "error", "errors"}:
            counts += TestCounts(failed=int(number))
        else:
            counts += TestCounts(skipped=int(number))
    return Tally(counts=counts)


def read_unittest(texts: Sequence[str], at: int) -> Finding | None:
    """A test's section in unittest's report."""
    match = _UNITTEST.match(texts[at])
    rule = next((index for index in ahead(texts, at, 2) if texts[index].startswith("-----")), None)
    if match is None or rule is None:
        return None
    file, line, focus = None, None, at
    for index in ahead(texts, rule, _REACH):
        text = texts[index]
        if text.startswith(("=====", "-----")):
            break
        frame = _FRAME.match(text)
        if frame is not None and not any(part in frame[1] for part in _LIBRARY):
            file, line = frame[1], whole(frame[2])
        if text and not text.startswith((" ", "Traceback")):
            focus = index
    method, owner = match[1], match[2]
    name = owner if owner.endswith(f".{method}") else f"{owner}.{method}"
    return Finding(
        kind="unittest",
        headline=located(f"{name}: {texts[focus]}", file, line),
        weight=Weight.TESTS,
        focus=focus,
        first=at,
        last=focus,
        file=file,
        file_line=line,
        hint=module_hint(texts[focus]) or f"Rerun it alone with `python -m unittest {name}`.",
        failed_tests=(name,),
    )


def read_unittest_counts(texts: Sequence[str], at: int) -> Tally | None:
    """``Ran 3 tests in 0.1s`` and the verdict two lines on."""
    ran = _UNITTEST_RAN.match(texts[at])
    if ran is None:
        return None
    verdict = next((texts[index] for index in ahead(texts, at, 3) if texts[index].startswith(("FAILED", "OK"))), "")
    said = {word: int(number) for word, number in _UNITTEST_WORD.findall(verdict)}
    failed = said.get("failures", 0) + said.get("errors", 0)
    skipped = said.get("skipped", 0)
    return Tally(counts=TestCounts(max(int(ran[1]) - failed - skipped, 0), failed, skipped))


RECOGNISERS: Final = (
    Recogniser(("___ ",), read_failed_test, reach=_REACH),
    Recogniser(("FAILED ", "ERROR "), read_summary, reach=1),
    Recogniser((".py::",), read_progress, reach=1),
    Recogniser(tuple(f"{word} in " for word in _COUNTED), read_counts, reach=1),
    Recogniser(("FAIL: ", "ERROR: "), read_unittest, reach=_REACH),
    Recogniser(("Ran ",), read_unittest_counts, reach=4),
)

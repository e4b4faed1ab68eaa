"""Builds on the JVM: Maven and Gradle with their compile errors and failed tests."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from core.logs.diagnose.finding import Finding, Recogniser, Tally, Weight, ahead, located, whole
from core.logs.diagnose.report import TestCounts
from core.logs.diagnose.symptoms import symptom_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_MAVEN_COMPILE: Final = re.compile(r"\[ERROR\] ([^\s:\[][^:\[]*\.(?:java|kt|scala|groovy)):\[(\d+),\d+\] (.*)")
_MAVEN_TEST: Final = re.compile(r"\[ERROR\]   ([A-Za-z_][\w$.]*)(?:->[\w$.>-]*)?:(\d+)(?:->[^ ]*)? (.*)")
_MAVEN_BARE_TEST: Final = re.compile(r"\[ERROR\]   ([A-Za-z_][\w$]*\.[\w$]+)(?::(\d+))? » (.*)")
_MAVEN_COUNTS: Final = re.compile(
    r"\[(?:ERROR|WARNING|INFO)\] Tests run: (\d{1,9}), Failures: (\d{1,9}), Errors: (\d{1,9}), Skipped: (\d{1,9})$"
)
_MAVEN_GOAL: Final = "[ERROR] Failed to execute goal "
_GOAL: Final = re.compile(
    r"\[ERROR\] Failed to execute goal (?:on project \S+|\S+)(?: \([^)]*\))?(?: on project \S+)?: (.*)"
)
_KOTLIN: Final = re.compile(r"e: (?:file://)?(/?[^\s:][^:]*\.kts?):(\d+):\d+:? (.*)")

_GRADLE_TEST: Final = " FAILED"
_GRADLE_PLACE: Final = re.compile(r"\s+(?:Caused by: )?(\S+) at ([\w$]+\.\w+):(\d+)$")
_GRADLE_MESSAGE: Final = re.compile(r"    (\S.*)")
_GRADLE_WRONG: Final = "* What went wrong:"
_GRADLE_COUNTS: Final = re.compile(r"(\d{1,9}) tests? completed, (\d{1,9}) failed(?:, (\d{1,9}) skipped)?")


def read_maven_compile(texts: Sequence[str], at: int) -> Finding | None:
    """A compiler's message as Maven repeats it."""
    match = _MAVEN_COMPILE.match(texts[at])
    if match is None:
        return None
    file, line = match[1], whole(match[2])
    headline = located(match[3], file, line)
    return Finding("maven", headline, Weight.FAILURE, at, at, min(at + 2, len(texts) - 1), file=file, file_line=line)


def read_maven_test(texts: Sequence[str], at: int) -> Finding | None:
    """A line of surefire's closing list of failures and errors."""
    match = _MAVEN_TEST.match(texts[at]) or _MAVEN_BARE_TEST.match(texts[at])
    if match is None:
        return None
    name, line = match[1], whole(match[2])
    file = f"{name.partition('.')[0]}.java"
    more = f" {texts[at + 1].strip()}" if at + 1 < len(texts) and texts[at + 1].startswith("    ") else ""
    return Finding(
        kind="maven",
        headline=located(f"{name}: {match[3].removeprefix('» ')}{more}", file, line),
        weight=Weight.TESTS,
        focus=at,
        first=at,
        last=at,
        file=file,
        file_line=line,
        hint=f"Rerun it alone with `mvn test -Dtest={name.replace('.', '#', 1)}`.",
        failed_tests=(name,),
    )


def read_maven_counts(texts: Sequence[str], at: int) -> Tally | None:
    """Surefire's total; the lines of single classes carry a time and are left out."""
    match = _MAVEN_COUNTS.match(texts[at])
    if match is None:
        return None
    run, failures, errors, skipped = (int(number) for number in match.groups())
    return Tally(counts=TestCounts(max(run - failures - errors - skipped, 0), failures + errors, skipped))


def read_maven_goal(texts: Sequence[str], at: int) -> Finding | None:
    """The goal that failed; the cause only when nothing above tells more."""
    match = _GOAL.match(texts[at])
    if match is None:
        return None
    message = match[1].partition(" -> [Help")[0]
    unresolved = "ould not resolve" in message or "could not be resolved" in message
    symptom = symptom_of(message)
    repeated = message.startswith(("Compilation failure", "There are test failures"))
    hint = "Check the coordinates, the repositories and that the job has a network." if unresolved else ""
    return Finding(
        kind=symptom.kind if symptom else "maven",
        headline=message,
        weight=Weight.FOLLOW_UP if repeated else Weight.FAILURE,
        focus=at,
        first=at,
        last=at,
        hint=symptom.hint if symptom else hint,
    )


def read_kotlin(texts: Sequence[str], at: int) -> Finding | None:
    """A message of the Kotlin compiler."""
    match = _KOTLIN.match(texts[at])
    if match is None:
        return None
    file, line = match[1], whole(match[2])
    return Finding(
        "kotlin_compile", located(match[3], file, line), Weight.FAILURE, at, at, at, file=file, file_line=line
    )


def read_gradle_test(texts: Sequence[str], at: int) -> Finding | None:
    """A failed test as Gradle prints it while the tests run."""
    title = texts[at].removesuffix(_GRADLE_TEST)
    if title == texts[at] or " > " not in title or title.startswith((" ", ">")):
        return None
    message, file, line, last = "failed", None, None, at
    for index in ahead(texts, at, 8):
        text = texts[index]
        if not text.startswith("    "):
            break
        last = index
        place, said = _GRADLE_PLACE.match(text), _GRADLE_MESSAGE.match(text)
        if place is not None:
            message = place[1] if message == "failed" else message
            file, line = place[2], whole(place[3])
        elif said is not None and message == "failed":
            message = said[1]
    return Finding(
        kind="gradle",
        headline=located(f"{title}: {message.rpartition('.')[2] if ' ' not in message else message}", file, line),
        weight=Weight.TESTS,
        focus=at,
        first=at,
        last=last,
        file=file,
        file_line=line,
        failed_tests=(title,),
    )


def read_gradle_counts(texts: Sequence[str], at: int) -> Tally | None:
    """``3 tests completed, 1 failed``."""
    match = _GRADLE_COUNTS.match(texts[at])
    if match is None:
        return None
    run, failed, skipped = (int(number or 0) for number in match.groups())
    return Tally(counts=TestCounts(max(run - failed - skipped, 0), failed, skipped))


def read_gradle_wrong(texts: Sequence[str], at: int) -> Finding | None:
    """Gradle's closing explanation; compilers and tests above it tell more."""
    if texts[at] != _GRADLE_WRONG:
        return None
    said: list[str] = []
    last = at
    for index in ahead(texts, at, 12):
        text = texts[index]
        if not text or text.startswith("* "):
            break
        said.append(text.strip().removeprefix("> "))
        last = index
    message = " — ".join(said)
    symptom = symptom_of(message)
    repeated = any(word in message for word in ("Compilation failed", "Compilation error", "There were failing tests"))
    return Finding(
        kind=symptom.kind if symptom else "gradle",
        headline=message,
        weight=Weight.FOLLOW_UP if repeated else Weight.FAILURE,
        focus=min(at + 1, last),
        first=at,
        last=last,
        hint=symptom.hint if symptom else "",
    )


RECOGNISERS: Final = (
    Recogniser(("[ERROR] ",), read_maven_compile),
    Recogniser(("[ERROR]   ",), read_maven_test),
    Recogniser(("Tests run: ",), read_maven_counts, reach=1),
    Recogniser((_MAVEN_GOAL,), read_maven_goal, reach=1),
    Recogniser((".kt:", ".kts:"), read_kotlin, reach=1),
    Recogniser((_GRADLE_TEST,), read_gradle_test),
    Recogniser((" completed, ",), read_gradle_counts, reach=1),
    Recogniser((_GRADLE_WRONG,), read_gradle_wrong),
)

"""Lines that no tool's reader knows: telltale phrases, and whatever calls itself an error."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Final

from core.logs.diagnose.finding import Finding, Recogniser, Weight
from core.logs.diagnose.symptoms import SYMPTOMS, Symptom

if TYPE_CHECKING:
    from collections.abc import Sequence

_STAMP: Final = r"[\d\s:.,TZ+\[\]()|/-]{0,48}"
_LEVEL: Final = re.compile(_STAMP + r"(?:(?:FATAL|CRITICAL|ERROR)\b|(?:[Ee]rror|[Ff]atal|panic) ?:|error (?=[A-Z]))")
_MIDDLE: Final = re.compile(r".{0,80}?(?: - |\[|\| ?)(?:FATAL|CRITICAL|ERROR)\b")
_SPOKEN_BY: Final = re.compile(r"[\w./-]{1,60}: (?:fatal )?(?:error|Error|ERROR|fatal|FATAL): (\S.*)")
_LOGFMT: Final = re.compile(r".*\blevel=(?:error|fatal|panic|critical)\b")
_JSON: Final = re.compile(r'.*"(?:level|severity)": ?"(?:error|fatal|critical|ERROR|FATAL|CRITICAL)"')
_UNHANDLED: Final = re.compile(r"Unhandled exception|Uncaught |PHP Fatal error|.*\bdied at \S+ line \d+")
_ERRORS: Final = (_LEVEL, _MIDDLE, _SPOKEN_BY, _LOGFMT, _JSON, _UNHANDLED)
_FOLLOW_UPS: Final = (
    "could not compile",
    "aborting due to",
    "test failed, to rerun",
    "Process completed with exit code",
    "Command failed with exit code",
    "Script exited with",
    "ELIFECYCLE",
    "Re-run Maven",
    "To see the full stack trace",
    "For more information about",
    "subprocess-exited-with-error",
    "[Help 1]",
    "ld returned 1 exit status",
    "exited with code",
    "returned non-zero exit status",
)


def read_symptom(symptom: Symptom, texts: Sequence[str], at: int) -> Finding:
    """A telltale phrase of the system or the network, in a line nobody else may know."""
    return Finding(symptom.kind, texts[at].strip(), Weight.SURVIVABLE, at, at, at, hint=symptom.hint)


def read_error(texts: Sequence[str], at: int) -> Finding | None:
    """A line that says of itself that it is an error."""
    text = texts[at]
    if not any(pattern.match(text) for pattern in _ERRORS):
        return None
    follow_up = any(phrase in text for phrase in _FOLLOW_UPS)
    weight = Weight.FOLLOW_UP if follow_up else Weight.GENERIC
    last = min(at + 2, len(texts) - 1)
    return Finding("generic_error", text.strip(), weight, at, at, last)


RECOGNISERS: Final = (
    *(Recogniser(symptom.phrases, partial(read_symptom, symptom), reach=1) for symptom in SYMPTOMS),
    Recogniser(
        ("rror", "ERROR", "FATAL", "atal", "CRITICAL", "panic", "critical", "Unhandled", "Uncaught", "died at "),
        read_error,
        reach=3,
    ),
)

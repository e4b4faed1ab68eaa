"""Ruby, PHP and Perl: what they print when a script dies."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from core.logs.diagnose.finding import Finding, Recogniser, Weight, ahead, located, whole
from core.logs.diagnose.symptoms import symptom_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_RUBY: Final = re.compile(r"([^\s:]+\.rb|-e):(\d+):in [`'][^']*': (.*) \(([A-Z][\w:]*)\)$")
_PHP: Final = re.compile(r"(?:PHP )?(Fatal|Parse) error: {1,3}(.*) (?:in (\S+):(\d+)|in (\S+) on line (\d+))$")
_PERL: Final = re.compile(r"(.+) at (\S+) line (\d+)\.$")


def read_ruby(texts: Sequence[str], at: int) -> Finding | None:
    """An exception no Ruby code rescued."""
    match = _RUBY.match(texts[at])
    if match is None:
        return None
    last = at
    for index in ahead(texts, at, 20):
        if not texts[index].startswith(("\tfrom ", " ")):
            break
        last = index
    sentence = f"{match[4]}: {match[3]}"
    return _died("ruby_exception", sentence, at, last=last, file=match[1], line=match[2])


def read_php(texts: Sequence[str], at: int) -> Finding | None:
    """PHP's fatal and parse errors."""
    match = _PHP.match(texts[at])
    if match is None:
        return None
    kind = "syntax_error" if match[1] == "Parse" else "php_error"
    last = min(at + 3, len(texts) - 1)
    return _died(kind, match[2], at, last=last, file=match[3] or match[5], line=match[4] or match[6])


def read_perl(texts: Sequence[str], at: int) -> Finding | None:
    """Perl's ``die``, which looks like its ``warn``."""
    match = _PERL.match(texts[at])
    if match is None:
        return None
    return _died("perl_die", match[1], at, last=at, file=match[2], line=match[3], weight=Weight.SURVIVABLE)


def _died(
    kind: str, sentence: str, at: int, *, last: int, file: str, line: str, weight: Weight = Weight.FAILURE
) -> Finding:
    symptom = symptom_of(sentence)
    number = whole(line)
    return Finding(
        kind=symptom.kind if symptom else kind,
        headline=located(sentence, file, number),
        weight=weight,
        focus=at,
        first=at,
        last=last,
        file=file,
        file_line=number,
        hint=symptom.hint if symptom else "",
    )


RECOGNISERS: Final = (
    Recogniser((":in `", ":in '"), read_ruby, reach=20),
    Recogniser(("Fatal error: ", "Parse error: "), read_php),
    Recogniser((" line ",), read_perl, reach=1),
)

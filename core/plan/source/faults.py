"""Why a text is not YAML, in words for whoever wrote it: PyYAML's remarks, read together with the line meant."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.plan.findings import Place, Related, SourceFinding, shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from yaml import MarkedYAMLError

    from core.plan.source.text import SourceText

    Rule = Callable[["Refusal"], "SourceFinding | None"]

_CODE: Final = "E001"
_TAG_AS_NOT: Final = re.compile(r"^\s*(?:-\s+)?(?P<key>[\w-]+):\s+(?P<text>!(?!=)[\w(].*)$")
_QUOTED_ENDS: Final = re.compile(r"""^[^'"#]*?(?:^|:\s+|-\s+|[\[,{]\s*)(?P<quote>['"])""")
_LONGEST_KEY: Final = 1024
_PIECES: Final = (("*", "an alias"), ("&", "an anchor"))


@dataclass(frozen=True, slots=True)
class Refusal:
    """What PyYAML said, and the text it is about."""

    problem: str
    context: str
    at: tuple[int, int]
    since: tuple[int, int]
    text: SourceText

    @property
    def line(self) -> str:
        """The line that was refused."""
        return self.text.line(self.at[0])

    @property
    def begins_line(self) -> bool:
        """Whether only blanks stand before what was refused."""
        return not self.line[: self.at[1] - 1].strip(" -")

    def finding(self, message: str, hint: str = "", *, at: tuple[int, int] | None = None) -> SourceFinding:
        """A finding at a position, by default where PyYAML stopped."""
        line, column = at or self.at
        return SourceFinding(_CODE, message, Place(line, column, line, column + 1), hint=hint)


def syntax_finding(error: MarkedYAMLError, text: SourceText) -> SourceFinding:
    """The finding for a text that PyYAML refused."""
    at, since = error.problem_mark or error.context_mark, error.context_mark or error.problem_mark
    refusal = Refusal(
        error.problem or "",
        error.context or "",
        (at.line + 1, at.column + 1) if at else (1, 1),
        (since.line + 1, since.column + 1) if since else (1, 1),
        text,
    )
    for rule in _RULES:
        if found := rule(refusal):
            return found
    return refusal.finding(f"This is not YAML: {refusal.problem or 'it cannot be read'}.")


def _tab(refusal: Refusal) -> SourceFinding | None:
    for number in sorted({refusal.at[0], refusal.since[0]}, reverse=True):
        line = refusal.text.line(number)
        column = line.find("\t", 0, len(line) - len(line.lstrip()) or None) + 1
        if line[:1] in (" ", "\t") and column:
            message = "The line is indented with a tab; YAML takes spaces only."
            return refusal.finding(message, "indent with two spaces for each level", at=(number, column))
    return None


def _exclamation(refusal: Refusal) -> SourceFinding | None:
    found = _TAG_AS_NOT.match(refusal.line)
    if not found:
        return None
    key, text = found["key"], found["text"].rstrip()
    if key not in ("if", "unless") and not re.search(r"[(&|]", text):
        return None
    return refusal.finding(
        "'!' at the beginning of a value begins a YAML tag, not a negation.",
        f"write {key}: ${{{{ {shown(text)} }}}}",
        at=(refusal.at[0], found.start("text") + 1),
    )


def _braces(refusal: Refusal) -> SourceFinding | None:
    start = refusal.line.rfind("${{", 0, refusal.at[1] + 1)
    if not refusal.context.startswith("while parsing a flow") or start < 0:
        return None
    end = refusal.line.find("}}", start)
    expression = refusal.line[start : end + 2] if end >= 0 else "${{ … }}"
    return refusal.finding(
        "Inside [ ] and { } an expression must be quoted: its braces mean something to YAML.",
        f"write '{shown(expression)}'" if "'" not in expression else f'write "{shown(expression)}"',
        at=(refusal.at[0], start + 1),
    )


def _unclosed_quote(refusal: Refusal) -> SourceFinding | None:
    if "quoted scalar" not in refusal.context or "unexpected" not in refusal.problem:
        return None
    return refusal.finding("The quote that begins here is never closed.", "close it, or remove it", at=refusal.since)


def _escape(refusal: Refusal) -> SourceFinding | None:
    if "double-quoted" not in refusal.context:
        return None
    return refusal.finding(
        "In double quotes a backslash begins an escape, and this one does not exist.",
        "write \\\\ for a backslash, or use single quotes, where it means itself",
    )


def _flow(refusal: Refusal) -> SourceFinding | None:
    if refusal.context not in ("while parsing a flow sequence", "while parsing a flow mapping"):
        return None
    opening, closing = ("[", "]") if refusal.context.endswith("sequence") else ("{", "}")
    if refusal.at[0] != refusal.since[0] or "stream end" in refusal.problem:
        return refusal.finding(
            f"The '{opening}' that begins here is never closed.", f"close it with '{closing}'", at=refusal.since
        )
    opened = Related(Place(*refusal.since, refusal.since[0], refusal.since[1] + 1), f"the '{opening}' is here")
    found = refusal.finding(
        f"A ',' or '{closing}' was expected here.",
        "separate the entries by commas, and quote texts that hold , [ ] { } :",
    )
    return SourceFinding(found.code, found.message, found.place, hint=found.hint, related=(opened,))


def _alias(refusal: Refusal) -> SourceFinding | None:
    for sign, noun in _PIECES:
        if refusal.context in (f"while scanning {noun}", f"while scanning {noun.split()[1]}"):
            rest = refusal.text.line(refusal.since[0])[refusal.since[1] - 1 :].strip()
            return refusal.finding(
                f"'{sign}' at the beginning of a value begins {noun}, and no name follows.",
                f"quote the value: '{shown(rest)}'" if "'" not in rest else "quote the value",
                at=refusal.since,
            )
    return None


def _indicator(refusal: Refusal) -> SourceFinding | None:
    if "cannot start any token" not in refusal.problem:
        return None
    rest = refusal.line[refusal.at[1] - 1 :].strip()
    character = rest[:1] or " "
    return refusal.finding(
        f"A value cannot begin with '{shown(character)}'.",
        f"quote it: '{shown(rest)}'" if "'" not in rest else "quote the value",
    )


def _colon_in_value(refusal: Refusal) -> SourceFinding | None:
    if not refusal.problem.startswith("mapping values are not allowed"):
        return None
    before = refusal.line[: refusal.at[1] - 1]
    colon = re.search(r":\s", before)
    if colon:
        value = refusal.line[colon.end() :].strip()
        return refusal.finding(
            "A second ': ' on the line: the value holds a colon and is not quoted.",
            f"quote the value: '{shown(value)}'" if "'" not in value else "quote the value",
        )
    above = refusal.text.line(refusal.at[0] - 1).rstrip()
    if re.search(r":\s+\S", above):
        return refusal.finding(
            "This key is indented deeper than the line above, which has a value already.",
            "give both the same indentation, or remove the value above",
            at=(refusal.at[0], _indent(refusal.line) + 1),
        )
    if above.strip():
        return refusal.finding(
            "The line above has no ':' after its key.",
            f"write {_with_colon(above)}",
            at=(refusal.at[0] - 1, _indent(above) + 1),
        )
    if refusal.at[1] > _LONGEST_KEY:
        return refusal.finding(f"A key has at most {_LONGEST_KEY:,} characters.", at=(refusal.at[0], 1))
    return refusal.finding("A ':' stands where no key can be.")


def _missing_colon(refusal: Refusal) -> SourceFinding | None:
    if not refusal.problem.startswith("could not find expected ':'"):
        return None
    line = refusal.text.line(refusal.since[0])[refusal.since[1] - 1 :]
    return refusal.finding("A key without ':'.", f"write {_with_colon(line)}", at=refusal.since)


def _dash(refusal: Refusal) -> SourceFinding | None:
    if not refusal.problem.startswith("sequence entries are not allowed"):
        return None
    return refusal.finding(
        "A list cannot begin on the line of its key.", "begin each '- ' on a line of its own, or write [a, b]"
    )


def _indentation(refusal: Refusal) -> SourceFinding | None:
    if not refusal.context.startswith("while parsing a block") or "expected <block end>" not in refusal.problem:
        return None
    if not refusal.begins_line:
        return _after_quote(refusal)
    if re.match(r":\s", refusal.line[refusal.at[1] - 1 :]):
        return refusal.finding("A key is missing before ':'.", "write key: value")
    kind = "list" if "collection" in refusal.context else "mapping"
    have, want = _indent(refusal.line), refusal.since[1] - 1
    if have == want:
        message = (
            "A list entry where keys stand: '- ' at the indentation of a mapping."
            if refusal.line.lstrip().startswith("- ")
            else f"This stands at the indentation of the {kind} above, and is no part of it."
        )
    else:
        message = (
            f"The indentation of {have} space{'' if have == 1 else 's'} fits nothing above; "
            f"the {kind} that began in line {refusal.since[0]} is indented by {want}."
        )
    found = refusal.finding(message, "give the entries of one list or mapping the same indentation")
    began = Related(Place(*refusal.since, refusal.since[0], refusal.since[1] + 1), f"the {kind} begins here")
    return SourceFinding(found.code, message, found.place, hint=found.hint, related=(began,))


def _after_quote(refusal: Refusal) -> SourceFinding:
    quoted = _QUOTED_ENDS.match(refusal.line)
    quote = quoted["quote"] if quoted else ""
    hints = {
        "'": "quote the whole value; a single quote inside single quotes is written ''",
        '"': "quote the whole value",
    }
    return refusal.finding(
        "Text follows where the value has ended." if not quote else "Text follows the closing quote.",
        hints.get(quote, "quote the whole value"),
    )


def _block_header(refusal: Refusal) -> SourceFinding | None:
    if refusal.context != "while scanning a block scalar":
        return None
    return refusal.finding(
        "After '|' or '>' only an indicator such as '-' may stand on the line.", "begin the text on the next line"
    )


def _tag(refusal: Refusal) -> SourceFinding | None:
    if "tag" not in refusal.context and "tag handle" not in refusal.problem:
        return None
    return refusal.finding("'!' at the beginning of a value begins a YAML tag, and this is none.", "quote the value")


def _directive(refusal: Refusal) -> SourceFinding | None:
    about = refusal.context + refusal.problem
    if "directive" in about or "tag handle" in about or "YAML document" in about:
        if refusal.line.startswith("%"):
            return refusal.finding(
                "A line that begins with '%' is a YAML directive, and this is none.", "remove the line"
            )
    elif "<document start>" in refusal.problem:
        if refusal.line.startswith("%"):
            return refusal.finding("A line that begins with '%' is a YAML directive.", "remove the line")
        return refusal.finding("Text follows where the document has ended.", "close brackets and quotes only once")
    return None


def _empty_node(refusal: Refusal) -> SourceFinding | None:
    if not refusal.problem.startswith("expected the node content"):
        return None
    character = refusal.line[refusal.at[1] - 1 : refusal.at[1]]
    return refusal.finding(f"A value was expected, not '{shown(character)}'.", "quote it, or remove it")


def _with_colon(line: str) -> str:
    key, _, value = line.strip().partition(" ")
    return shown(f"{key}: {value}".rstrip())


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


_RULES: Final[tuple[Rule, ...]] = (
    _tab,
    _unclosed_quote,
    _exclamation,
    _braces,
    _escape,
    _flow,
    _alias,
    _indicator,
    _colon_in_value,
    _missing_colon,
    _dash,
    _indentation,
    _block_header,
    _directive,
    _tag,
    _empty_node,
)

"""From a file's bytes or text to a tree with places, and to findings in words."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import yaml

from core.plan.findings import Place, SourceFinding, in_file, in_order
from core.plan.source.build import build
from core.plan.source.comments import comments_of
from core.plan.source.events import fast_events, plain_events
from core.plan.source.faults import syntax_finding
from core.plan.source.limits import SourceLimits, TooLargeError
from core.plan.source.text import SourceText
from core.plan.source.written import compose

if TYPE_CHECKING:
    from collections.abc import Iterable

    from core.plan.source.comments import Comment
    from core.plan.source.nodes import Node
    from core.plan.source.written import Document

_UNPRINTABLE: Final = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_YAML_1_1_BREAKS: Final = "\x85\u2028\u2029\ufeff"
_SPARE: Final = range(0xE000, 0xE040)
_SURROGATES: Final = re.compile("[\ud800-\udfff]+")
_START: Final = Place(1, 1, 1, 1)


@dataclass(frozen=True, slots=True)
class Source:
    """A workflow file that was read.

    Attributes:
        file: Its name as the caller gave it; empty for text without a file.
        text: Its text, without a byte order mark.
        root: Its tree; none if it is no YAML, is empty, or meets a limit, which ``findings`` then say.
        findings: What is wrong with it, in the order of the file.
        comments: Its comments, in order.
    """

    file: str
    text: SourceText
    root: Node | None
    findings: tuple[SourceFinding, ...]
    comments: tuple[Comment, ...] = ()


def read_source(content: str | bytes, *, file: str = "", limits: SourceLimits | None = None) -> Source:
    """Read YAML 1.2 (core schema) or JSON. Whatever the content, the answer is a tree, findings, or both.

    Args:
        content: The file. Bytes are UTF-8.
        file: Its name, for the findings.
        limits: How large it may be.
    """
    limits = limits or SourceLimits()
    text, finding = _decoded(content, limits)
    if finding is None:
        return _read(SourceText(text), file, limits)
    return Source(file, SourceText(text), None, in_file((finding,), file))


def _read(text: SourceText, file: str, limits: SourceLimits) -> Source:
    try:
        document = _composed(text.content, limits)
        root, findings = build(document, text, limits)
    except yaml.MarkedYAMLError as error:
        return Source(file, text, None, in_file((syntax_finding(error, text),), file))
    except TooLargeError as error:
        finding = SourceFinding("E001", error.message, text.place(error.start, error.start), hint=error.hint)
        return Source(file, text, None, in_file((finding,), file))
    if root is None:
        findings.append(SourceFinding("E001", "The file is empty.", _START, hint="begin with jobs:"))
    if document.second is not None:
        place = text.place(document.second, document.second + 3)
        message = "A second document begins here; a workflow file holds one."
        findings.append(SourceFinding("E001", message, place, hint="remove '---', or make a file of each"))
    return Source(file, text, root, in_file(in_order(findings), file), comments_of(text, document))


def _decoded(content: str | bytes, limits: SourceLimits) -> tuple[str, SourceFinding | None]:
    """The text without a byte order mark, or what forbids to read it."""
    size = len(content) if isinstance(content, bytes) else len(content.encode(errors="surrogatepass"))
    if size > limits.size:
        message = f"The file has {size:,} bytes; at most {limits.size:,} are read."
        return "", SourceFinding("E001", message, _START, hint="split the workflow")
    if isinstance(content, bytes):
        if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "", SourceFinding("E001", "The file is written in UTF-16.", _START, hint="save it as UTF-8")
        try:
            content = content.decode()
        except UnicodeDecodeError as error:
            before = SourceText(content[: error.start].decode(errors="replace"))
            place = before.place(len(before.content), len(before.content))
            return "", SourceFinding("E001", "The file is not UTF-8 from here on.", place, hint="save it as UTF-8")
    text = content.removeprefix("\ufeff")
    found = _UNPRINTABLE.search(text)
    if found is None:
        return text, None
    message = f"The character U+{ord(found.group()):04X} stands here; no YAML file may hold it."
    place = SourceText(text).place(found.start(), found.end())
    return text, SourceFinding(
        "E001", message, place, hint="remove it; in double quotes it can be written as an escape"
    )


def _composed(text: str, limits: SourceLimits) -> Document:
    """The document, with YAML 1.1's additional line breaks taken as the ordinary characters they are in 1.2."""
    table = _stand_ins(text)
    readable = text.translate(table) if table else text
    try:
        document = compose(fast_events(readable), limits)
    except yaml.YAMLError:
        document = compose(plain_events(readable), limits)
    back = {stand_in: chr(original) for original, stand_in in table.items()}
    has_escapes = "\\" in text  # no half of a pair is written otherwise
    for scalar in document.scalars if back or has_escapes else ():
        if back:
            scalar.text = scalar.text.translate(back)
        if _SURROGATES.search(scalar.text):
            scalar.text = _SURROGATES.sub(_paired, scalar.text)
    return document


def _stand_ins(text: str) -> dict[int, int]:
    """For each character that PyYAML would misread, one that the text has neither as such nor as an escape."""
    present: Iterable[str] = [character for character in _YAML_1_1_BREAKS if character in text]
    if not present:
        return {}
    lower = text.lower()
    spare = (code for code in _SPARE if chr(code) not in text and f"{code:04x}" not in lower)
    return {ord(character): code for character, code in zip(present, spare, strict=False)}


def _paired(found: re.Match[str]) -> str:
    """Escaped surrogate pairs as the characters they stand for; a lone one as the mark of a lost character."""
    return found.group().encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

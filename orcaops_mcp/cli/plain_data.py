"""YAML 1.2 and JSON files of jobs, templates and inputs, read strictly into what JSON can carry.

The engine's own reader is not used: a command that somebody waits for does not import the engine. What is refused and
what a word means is the same: ``yes`` and dates are texts, doubled keys and tags are faults, aliases have a budget.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import yaml

if TYPE_CHECKING:
    from yaml.nodes import Node

_MOST_VALUES: Final = 100_000
_MOST_LEVELS: Final = 50
_TAG: Final = "tag:yaml.org,2002:"
_WORDS: Final[dict[str, Any]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER: Final = re.compile(r"[-+]?[0-9]{1,100}")
_BASED: Final = re.compile(r"0(?:o[0-7]{1,100}|x[0-9a-fA-F]{1,100})")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]{1,100}|[0-9]{1,100}(?:\.[0-9]{0,100})?)(?:[eE][-+]?[0-9]{1,2})?")
_BASE: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the compiled one, where it was built


class PlainDataError(ValueError):
    """The text cannot be read; the message begins with line and column if there is a place."""


class _Loader(_BASE):
    """Gives every plain scalar the same tag; what it means is decided here."""

    yaml_implicit_resolvers: Final[dict[str, Any]] = {}


def read_plain(text: str) -> object:
    """What a text of YAML says, as JSON's own kinds of values.

    Raises:
        PlainDataError: It is not YAML, or holds what JSON cannot say.
    """
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        at = f"{mark.line + 1}:{mark.column + 1} " if mark is not None else ""
        raise PlainDataError(f"{at}{getattr(error, 'problem', None) or ' '.join(str(error).split())}") from None
    except (ValueError, RecursionError):
        raise PlainDataError("it cannot be read as YAML") from None
    return None if root is None else _Reading().value(root, 0)


class _Reading:
    """Goes through one document, aliases as often as they stand there."""

    def __init__(self) -> None:
        self._values = 0

    def value(self, node: Node, level: int) -> object:
        """What a node says."""
        self._values += 1
        if self._values > _MOST_VALUES:
            raise _fault(node, f"more than {_MOST_VALUES} values, aliases counted as often as they stand there")
        if level > _MOST_LEVELS:
            raise _fault(node, f"more than {_MOST_LEVELS} lists and mappings inside each other, or one inside itself")
        if isinstance(node, yaml.ScalarNode):
            return _scalar(node)
        if isinstance(node, yaml.SequenceNode) and node.tag == f"{_TAG}seq":
            return [self.value(item, level + 1) for item in node.value]
        if isinstance(node, yaml.MappingNode) and node.tag == f"{_TAG}map":
            return self._mapping(node, level)
        raise _fault(node, "tags are not taken; write the value itself")

    def _mapping(self, node: yaml.MappingNode, level: int) -> dict[str, object]:
        found: dict[str, object] = {}
        merged: dict[str, object] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _fault(key, "a key has to be a plain text")
            name = str(key.value)
            if name == "<<" and not key.style:
                merged = self._merged(value, level)
            elif name in found:
                raise _fault(key, f"the key {name[:80]!r} stands twice")
            else:
                found[name] = self.value(value, level + 1)
        return {**merged, **found}

    def _merged(self, node: Node, level: int) -> dict[str, object]:
        """What a merge key brings; of several mappings the first that has a key."""
        sources: list[Node] = node.value if isinstance(node, yaml.SequenceNode) else [node]
        merged: dict[str, object] = {}
        for source in reversed(sources):
            said = self.value(source, level + 1)
            if not isinstance(said, dict):
                raise _fault(source, "<< takes a mapping, or a list of mappings")
            merged.update(said)  # pyright: ignore[reportUnknownArgumentType] - only _mapping makes one
        return merged


def _scalar(node: yaml.ScalarNode) -> object:
    text = str(node.value)
    if node.tag != f"{_TAG}str":
        raise _fault(node, "tags are not taken; write the value itself")
    if node.style:  # none where it is plain; the compiled parser says it by an empty text
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _BASED.fullmatch(text):
        return int(text[2:], 8 if text[1] == "o" else 16)
    return float(text) if _FLOAT.fullmatch(text) else text


def _fault(node: Node, said: str) -> PlainDataError:
    mark = node.start_mark
    return PlainDataError(f"{mark.line + 1}:{mark.column + 1} {said}")

"""JSON as doors write it: times in RFC 3339, absent facts null for programs and left out for models."""

from __future__ import annotations

import json
from typing import Any, cast

_REPLACE_SURROGATES = dict.fromkeys(range(55296, 57344), "�")


def without_absent(value: dict[str, Any]) -> dict[str, Any]:
    """The same without nulls, empty lists, empty objects and empty texts, however deep; in lists nothing is dropped."""
    kept: dict[str, Any] = {}
    for key, item in value.items():
        shrunk = _shrunk(item) if isinstance(item, (dict, list)) else item
        if shrunk or (shrunk is not None and not isinstance(shrunk, (str, dict, list))):
            kept[key] = shrunk
    return kept


def _shrunk(value: Any) -> Any:
    if isinstance(value, dict):
        return without_absent(cast("dict[str, Any]", value))
    if isinstance(value, list):
        return [_shrunk(item) for item in cast("list[Any]", value)]
    return value


def valid_unicode(text: str) -> str:
    """The text with lone surrogates replaced, so that it can be encoded as UTF-8."""
    return text if text.isascii() else text.translate(_REPLACE_SURROGATES)


def compact_json(value: Any) -> str:
    """JSON without spaces that can always be encoded as UTF-8."""
    return valid_unicode(json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False))


def listing_json(value: dict[str, Any], items: str) -> str:
    """JSON with each item of the list under ``items`` on a line of its own."""
    lines = ",\n".join(compact_json(item) for item in cast("list[Any]", value[items]))
    rest = "".join(f",{compact_json(key)}:{compact_json(item)}" for key, item in value.items() if key != items)
    return f"{{{compact_json(items)}:[\n{lines}\n]{rest}}}" if lines else f"{{{compact_json(items)}:[]{rest}}}"

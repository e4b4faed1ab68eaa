"""Input schemas that every client and model provider takes: flat, without references or unions with null."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from pydantic import BaseModel

_VERBATIM = frozenset({"default", "enum", "const", "examples", "required"})


def portable_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON Schema of a model with `$ref` inlined, titles dropped, and ``X | null`` folded into X."""
    raw = model.model_json_schema(by_alias=True)
    return _object(raw, raw.get("$defs", {}))


def _object(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref")
    if isinstance(reference, str):
        target: dict[str, Any] = definitions[reference.removeprefix("#/$defs/")]
        return _object({**target, **{key: value for key, value in schema.items() if key != "$ref"}}, definitions)
    portable: dict[str, Any] = {}
    for key, value in schema.items():
        if (
            key == "$defs"
            or (key == "title" and isinstance(value, str))
            or (key, value) == ("additionalProperties", True)
        ):
            continue
        if key == "properties":
            portable[key] = {name: _object(item, definitions) for name, item in cast("dict[str, Any]", value).items()}
        elif key in _VERBATIM:
            portable[key] = value
        else:
            portable[key] = _any(value, definitions)
    return _without_null(portable)


def _any(value: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        return _object(cast("dict[str, Any]", value), definitions)
    if isinstance(value, list):
        return [_any(item, definitions) for item in cast("list[Any]", value)]
    if isinstance(value, str):
        return " ".join(value.split())
    return value


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    arms = [arm for arm in schema.get("anyOf", []) if arm != {"type": "null"}]
    if len(arms) == 1:
        schema = {**arms[0], **{key: value for key, value in schema.items() if key != "anyOf"}}
    if "default" in schema and schema["default"] in (None, "", [], {}):
        del schema["default"]
    return schema

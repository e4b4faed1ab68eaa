"""The reference page of the REST API, made from its own document."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from orcaops_mcp.api.document import TAGS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_INTRO: Final = """\
# The REST API

This page is made from the OpenAPI document by `orcaops_mcp.api.reference`; a test compares.
A running engine serves the document at `/openapi.json` and a page to try it at `/docs`.
[How to use it](../how-to/use-the-rest-api.md) says more in words, [connect over HTTP](../how-to/connect-over-http.md)
who may come in.

## Rules

- Bodies are JSON objects in UTF-8 with `Content-Type: application/json`, forms are `multipart/form-data`. Unknown
  fields and parameters are refused, and so are `NaN` and a name given twice.
- Times are RFC 3339 in UTC with milliseconds, spans are seconds. In records every key is there; absent facts are
  `null`.
- An error is `{"error": {"code", "message", "hint", "retryable"}}`, of a malformed request with `findings`, each
  `{"path", "message", "hint"?}`. 429 and 503 come with `retry_after_s` and the header `Retry-After`, in seconds, when
  the same request may succeed then; of a full queue that is what a place has lately taken to come free, at most 60.
- Over TCP whatever is not GET or HEAD needs `Authorization: Bearer <token>`, but for the questions about workflow
  files, which change nothing. Over the home's `api.sock` nothing does.
"""
_METHODS: Final = ("get", "head", "post", "put", "delete")
_COMMON: Final = frozenset({"401", "403", "421", "422", "429", "500", "503"})


def reference_page(document: Mapping[str, Any]) -> str:
    """The page, in Markdown.

    Args:
        document: The OpenAPI document.
    """
    parts = [_INTRO]
    for tag in TAGS:
        parts.append(f"## {tag['name'].capitalize()}\n\n{tag['description']}\n")
        for path, item in document["paths"].items():
            for method in _METHODS:
                operation = item.get(method)
                if operation is not None and operation["tags"] == [tag["name"]]:
                    parts += _operation(document, method, path, operation)
    return "\n".join(parts)


def _operation(document: Mapping[str, Any], method: str, path: str, operation: Mapping[str, Any]) -> Iterator[str]:
    yield f"### `{method.upper()} {path}`\n"
    yield f"**{operation['summary']}.** {operation['description'].strip()}\n"
    rows = [
        f"| `{one['name']}` | {one['in']} | {_kind(document, one['schema'])} | {_cell(one.get('description', ''))} |"
        for one in operation.get("parameters", ())
        if one["in"] != "path"
    ]
    if rows:
        yield "\n".join(["| parameter | in | type | meaning |", "| --- | --- | --- | --- |", *rows]) + "\n"
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        yield from _body(document, kind, content)
    yield (
        "Answers: "
        + "; ".join(_answer(status, said) for status, said in operation["responses"].items() if status not in _COMMON)
        + ".\n"
    )


def _body(document: Mapping[str, Any], kind: str, content: Mapping[str, Any]) -> Iterator[str]:
    fields = _resolved(document, content["schema"]).get("properties", {})
    yield f"Body, `{kind}`:\n"
    if fields:
        rows = [
            f"| `{name}` | {_kind(document, schema)} | {_cell(schema.get('description', ''))} |"
            for name, schema in fields.items()
        ]
        yield "\n".join(["| field | type | meaning |", "| --- | --- | --- |", *rows]) + "\n"
    else:
        yield "The bytes of the file.\n"
    for example in content.get("examples", {}).values():
        yield f"```json\n{json.dumps(example['value'], ensure_ascii=False)}\n```\n"


def _answer(status: str, said: Mapping[str, Any]) -> str:
    schema = said.get("content", {}).get("application/json", {}).get("schema", {})
    names = [part["$ref"].rpartition("/")[2] for part in [schema, *schema.get("anyOf", ())] if "$ref" in part]
    shape = f" (`{'` or `'.join(names)}`)" if names and names != ["Problem"] else ""
    return f"{status} {said['description'].rstrip('.')}{shape}"


def _kind(document: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """A schema in a few words."""
    found = _resolved(document, schema)
    if "anyOf" in found:
        kinds = [_kind(document, part) for part in found["anyOf"] if part.get("type") != "null"]
        return " or ".join(dict.fromkeys(kinds))
    if "enum" in found:
        return ", ".join(f"`{word}`" for word in found["enum"])
    kind = str(found.get("type", "any"))
    if kind == "array":
        return f"list of {_kind(document, found['items'])}"
    low = found.get("minimum", found.get("exclusiveMinimum"))
    high = found.get("maximum")
    if kind in {"integer", "number"} and low is not None and high is not None:
        return f"{kind}, {low:g} to {high:g}"
    return kind


def _resolved(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    return document["components"]["schemas"][name] if name else schema


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")

"""Tool results: a compact JSON object, a text or both, always encodable, errors never as structured content."""

from __future__ import annotations

import json
from typing import Any

from mcp.types import CallToolResult, TextContent

from orcaops_mcp.views.compact import compact_json, listing_json, valid_unicode, without_absent


def facts(content: dict[str, Any]) -> CallToolResult:
    """A record, without what is absent, as text and the same as structured content."""
    kept = without_absent(content)
    return _both(compact_json(kept), kept)


def listing(content: dict[str, Any], items: str) -> CallToolResult:
    """A list, each item of ``content[items]`` on a line of its own, as text and the same as structured content."""
    kept: dict[str, Any] = {items: [], **without_absent(content)}
    return _both(listing_json(kept, items), kept)


def text(content: str) -> CallToolResult:
    """A text for a model to read, such as a log."""
    return CallToolResult(content=[TextContent(type="text", text=valid_unicode(content))])


def described(body: str, content: dict[str, Any]) -> CallToolResult:
    """A text for a model to read, with the facts behind it as structured content."""
    same = json.loads(compact_json(without_absent(content)))
    return CallToolResult(content=[TextContent(type="text", text=valid_unicode(body))], structured_content=same)


def refusal(problem: dict[str, Any]) -> CallToolResult:
    """An error in the one envelope; as text only, since clients check structured content even of errors."""
    return CallToolResult(content=[TextContent(type="text", text=compact_json({"error": problem}))], is_error=True)


def _both(body: str, content: dict[str, Any]) -> CallToolResult:
    # What JSON changed on the way (a tuple, half a surrogate pair) shall be the same in both.
    same = content if body.isascii() else json.loads(body)
    return CallToolResult(content=[TextContent(type="text", text=body)], structured_content=same)

"""Responses built from views: JSON that can always be encoded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from starlette.responses import Response

from orcaops_mcp.views.compact import compact_json
from orcaops_mcp.views.problem import waiting_headers

if TYPE_CHECKING:
    from collections.abc import Mapping

JSON: Final = "application/json"


def answer(content: dict[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON object.

    Args:
        content: What a view made.
        status: Of the response.
        headers: Beside the content type and length.
    """
    return Response(compact_json(content).encode(), status, headers=headers, media_type=JSON)


def refusal(problem: dict[str, Any], status: int, headers: Mapping[str, str] | None = None) -> Response:
    """An error in the one envelope; what may work later says when to try again.

    Args:
        problem: As `orcaops_mcp.views.problem` makes it.
        status: Of the response.
        headers: Beside the usual ones.
    """
    return answer({"error": problem}, status, waiting_headers(problem) | dict(headers or {}))

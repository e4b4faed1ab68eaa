"""What answers beside MCP: health."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.routing import Route

from orcaops_mcp.views.problem import problem

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp

    from core import Engine
    from orcaops_mcp.daemon.life import Life


def build_rest(engine: Engine, life: Life) -> ASGIApp:
    """The application for every path but MCP's."""

    async def alive(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def ready(_: Request) -> Response:
        health = (await engine.status()).backend
        if life.is_over:
            return JSONResponse({"error": problem("leaving", "The engine is leaving.", retryable=True)}, 503)
        if not health.available:
            refusal = problem("engine_unavailable", health.message, hint=health.hint, retryable=True)
            return JSONResponse({"error": refusal}, 503)
        return JSONResponse({"ready": True})

    return Starlette(routes=[Route("/healthz", alive), Route("/readyz", ready)])

"""The dashboard, made when a page is first asked for: most engines never show one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from core import Engine
    from orcaops_mcp.settings import Configuration


class Pages:
    """Answers with pages.

    Args:
        engine: What they show.
        configuration: What it was opened with, for the page that tells it.
    """

    def __init__(self, engine: Engine, configuration: Configuration) -> None:
        self._engine = engine
        self._configuration = configuration
        self._app: ASGIApp | None = None
        self._one_at_a_time = anyio.Lock()
        self._thread = anyio.CapacityLimiter(1)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if self._app is None:
            async with self._one_at_a_time:
                self._app = self._app or await anyio.to_thread.run_sync(self._build, limiter=self._thread)
        await self._app(scope, receive, send)

    def _build(self) -> ASGIApp:
        from orcaops_mcp.web.app import build_web  # noqa: PLC0415 - its templates and their library are read only now

        return build_web(self._engine, self._configuration)

"""The dashboard's application, to stand beside REST and MCP behind the engine's one door."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from fastapi import Depends, FastAPI

from orcaops_mcp.web import problems
from orcaops_mcp.web.pages import (
    actions,
    analytics,
    artifacts,
    connect,
    job,
    job_templates,
    jobs,
    live,
    log,
    login,
    run_job,
    static_files,
    system,
    workflow_actions,
    workflow_log,
    workflow_run,
    workflow_start,
    workflows,
)
from orcaops_mcp.web.rendering import the_renderer
from orcaops_mcp.web.security import PageEdge, check_change
from orcaops_mcp.web.state import WebState

if TYPE_CHECKING:
    from collections.abc import Callable

    from core import Engine
    from orcaops_mcp.settings import Configuration

ROUTERS: Final = (
    *(static_files.router, live.router),
    *(login.router, jobs.router, run_job.router, actions.router),
    *(log.router, artifacts.router),
    *(workflows.router, workflow_start.router, workflow_actions.router, workflow_log.router, workflow_run.router),
    *(analytics.router, connect.router, system.router, job_templates.router, job.router),
)
"""In the order they are matched: fixed paths before those with an id in their place."""


def build_web(engine: Engine | Callable[[], Engine], configuration: Configuration | None = None) -> FastAPI:
    """The application; making it reads files and takes a moment.

    Args:
        engine: The open engine, or where it is got from.
        configuration: What it was opened with, for the page that tells it.
    """
    app = FastAPI(
        openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False, dependencies=[Depends(check_change)]
    )
    app.state.web = WebState(engine, the_renderer(), secrets.token_bytes(32), configuration)
    app.add_middleware(PageEdge)
    for router in ROUTERS:
        app.include_router(router, include_in_schema=False)
    problems.install(app)
    return app

"""The REST application, to stand beside MCP in the engine's one door."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from fastapi import FastAPI

import orcaops_mcp
from orcaops_mcp.api import document, problems
from orcaops_mcp.api.edge import Edge
from orcaops_mcp.api.feed import ChangeFeed
from orcaops_mcp.api.lines import LineFrames
from orcaops_mcp.api.metrics import Metrics
from orcaops_mcp.api.models.file import UploadManifest
from orcaops_mcp.api.models.job import CancelBody, RerunBody
from orcaops_mcp.api.models.log import EndShape, LineShape
from orcaops_mcp.api.models.system import CleanupBody, StopBody
from orcaops_mcp.api.models.template import RunTemplateBody, TemplateBody, TemplateFields
from orcaops_mcp.api.models.workflow import WorkflowBody
from orcaops_mcp.api.models.workflow_ask import CancelRunBody, RerunWorkflowBody, RunWorkflowBody
from orcaops_mcp.api.models.workflow_look import NodeLineShape, RunEndShape
from orcaops_mcp.api.models.workflow_node import NodeRowShape
from orcaops_mcp.api.models.workflow_run import RunRow
from orcaops_mcp.api.routes import (
    analytics,
    artifacts,
    jobs,
    logs,
    pages,
    runs,
    system,
    templates,
    uploads,
    workflow_facts,
    workflow_logs,
    workflow_nodes,
    workflow_runs,
    workflows,
)
from orcaops_mcp.api.state import ApiState

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from core import Engine

STALL_S: Final = 60.0

_ROUTERS: Final = (
    *(jobs.router, logs.router, artifacts.router, runs.router, uploads.router, templates.router),
    *(workflows.router, workflow_runs.router, workflow_facts.router, workflow_logs.router, workflow_nodes.router),
    *(analytics.router, system.router, pages.router),
)
_BODIES: Final = (
    *(CancelBody, RerunBody, UploadManifest, CleanupBody, StopBody, LineShape, EndShape),
    *(TemplateBody, TemplateFields, RunTemplateBody, WorkflowBody, RunWorkflowBody, RerunWorkflowBody, CancelRunBody),
    *(RunRow, NodeRowShape, NodeLineShape, RunEndShape),
)


def build_api(
    engine: Engine | Callable[[], Engine],
    *,
    stop: Callable[[bool], Awaitable[bool]] | None = None,
    stall_s: float = STALL_S,
) -> FastAPI:
    """The application. Its lifespan has to run around what it serves, with the engine open.

    Args:
        engine: The open engine, or where it is got from.
        stop: Asks the engine's process to leave, when idle only or at once; answers whether it leaves now.
        stall_s: A reader of a stream that takes nothing for so long is let go.
    """
    metrics = Metrics()
    state = ApiState(engine, ChangeFeed(metrics.tell), LineFrames(), metrics, stop, stall_s)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        async with state.feed.run(state.engine):
            yield

    app = FastAPI(
        title="OrcaOps",
        summary="Container jobs for AI agents.",
        version=orcaops_mcp.__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=lifespan,
    )
    app.state.api = state
    app.add_middleware(Edge, metrics=metrics)
    for router in _ROUTERS:
        app.router.routes.extend(router.routes)  # one flat list: a request is matched once, and 405 knows every method
    problems.install(app)
    document.describe(app, _BODIES)
    return app

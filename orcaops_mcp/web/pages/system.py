"""The engine's health: the checks of `orcaops doctor`, load and limits, configuration, and what it is made of."""

import anyio
import anyio.to_thread
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from orcaops_mcp.views.system import system_view
from orcaops_mcp.web import system_page
from orcaops_mcp.web.rendering import render
from orcaops_mcp.web.state import caller_of, engine_of, state_of

router = APIRouter()

_one_at_a_time = anyio.CapacityLimiter(1)


@router.get("/system")
async def system(request: Request) -> Response:
    """How the engine is; the configuration for those who may do more than look."""
    engine, state = engine_of(request), state_of(request)
    told = system_view(await engine.status(), engine.settings)
    url = f"{request.url.scheme}://{request.url.netloc}"
    checks = await anyio.to_thread.run_sync(
        lambda: system_page.all_checks(state.configuration, told, url), limiter=_one_at_a_time
    )
    may_see = caller_of(request).may_change
    return render(
        request,
        "system.html",
        checks=checks,
        words=system_page.WORDS,
        icons=system_page.ICONS,
        looks=system_page.LOOKS,
        load=tuple(system_page.load_facts(told)),
        retention=tuple(system_page.retention_facts(engine.settings)),
        limits=tuple(system_page.limit_facts(engine.settings)),
        versions=tuple(system_page.version_facts(told)),
        started_at=told["started_at"],
        secrets=told["secrets"],
        may_see=may_see,
        settings=system_page.configuration_rows(state.configuration) if may_see else [],
        packages=system_page.packages_of(state.renderer.assets),
    )

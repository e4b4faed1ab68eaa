"""From a template and facts to a page."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

import orcaops_mcp
from orcaops_mcp.intake.dashboard import first_segment
from orcaops_mcp.web import filters, signs, words
from orcaops_mcp.web.assets import Assets
from orcaops_mcp.web.csrf import VISIT_COOKIE, form_token, fresh_visit, visit_of
from orcaops_mcp.web.state import caller_of, doorkeeper_of, engine_of, has_logged_in, state_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

THEMES: Final = ("system", "light", "dark")
THEME_COOKIE: Final = "theme"
_VISIT_S: Final = 30 * 86_400

_NAVIGATION: Final = (
    ("jobs", "Jobs"),
    ("workflows", "Workflows"),
    ("analytics", "Analytics"),
    ("artifacts", "Artifacts"),
    ("templates", "Templates"),
    ("system", "System"),
)


class Renderer:
    """All templates, read and compiled once; making one blocks.

    Attributes:
        assets: Scripts, styles and pictures.
    """

    def __init__(self) -> None:
        self.assets = Assets()
        self._environment = Environment(
            loader=PackageLoader("orcaops_mcp.web"),
            autoescape=True,
            undefined=StrictUndefined,
            finalize=filters.shown,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
            cache_size=-1,
        )
        for name in ("duration", "ago", "iso", "number", "size", "seconds_since"):
            self._environment.filters[name] = getattr(filters, name)
        drawn = signs.Signs(self.assets)
        everywhere: dict[str, Any] = {
            "draw_icon": drawn.icon,
            "draw_badge": drawn.badge,
            "draw_shape": drawn.shape,
            "draw_when": signs.when,
            "draw_span": signs.span,
            "static": self.assets.address,
            "look_of": words.look_of,
            "navigation": _NAVIGATION,
            "version": orcaops_mcp.__version__,
        }
        self._environment.globals.update(everywhere)
        for name in self._environment.list_templates():
            self._environment.get_template(name)

    def text(self, template: str, facts: Mapping[str, Any]) -> str:
        """The template filled in."""
        return self._environment.get_template(template).render(facts)


@cache
def the_renderer() -> Renderer:
    """The one of this process: templates do not change while it runs."""
    return Renderer()


def render(
    request: Request, template: str, /, *, status: int = 200, headers: Mapping[str, str] | None = None, **facts: Any
) -> HTMLResponse:
    """A page.

    Beside the facts a template finds: ``nonce``, ``theme``, ``caller``, ``may_change``, ``has_logged_in``,
    ``can_log_in``, ``section`` (the part of the navigation), ``path`` (with the query), ``csrf``, ``blocked`` (why no
    job starts, or None), ``now``; and, unless a page gives them, ``favicon`` and ``topics``, what it follows live.

    Args:
        request: What is answered.
        template: Its file's name.
        status: Of the response.
        headers: Beside the usual ones.
        facts: What the template shows.
    """
    state, caller = state_of(request), caller_of(request)
    visit = visit_of(request)
    fresh = "" if visit else fresh_visit()
    usual = {
        "nonce": request.scope["state"]["nonce"],
        "theme": theme_of(request),
        "caller": caller,
        "may_change": caller.may_change,
        "has_logged_in": has_logged_in(request),
        "can_log_in": doorkeeper_of(request) is not None,
        "section": first_segment(request.url.path) or "jobs",
        "path": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        "csrf": form_token(state.secret, visit or fresh, request),
        "blocked": engine_of(request).blocked_by,
        "now": datetime.now(UTC),
        "favicon": "orcaops",
        "topics": "",
    }
    text = state.renderer.text(template, {**usual, **facts})
    response = HTMLResponse(text, status, {"Cache-Control": "no-store", **(headers or {})})
    if fresh:
        response.set_cookie(VISIT_COOKIE, fresh, max_age=_VISIT_S, httponly=True, samesite="strict")
    return response


def theme_of(request: Request) -> str:
    """The theme that the browser asks for."""
    wanted = request.cookies.get(THEME_COOKIE, "")
    return wanted if wanted in THEMES else "system"

"""Log in with a token, log out, choose a theme: what the browser keeps."""

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from orcaops_mcp.intake.dashboard import LOGIN_COOKIE, LOGIN_PATH, is_page
from orcaops_mcp.views.problem import problem
from orcaops_mcp.web.rendering import THEME_COOKIE, THEMES, render
from orcaops_mcp.web.security import form_of, text_field
from orcaops_mcp.web.state import doorkeeper_of

router = APIRouter()

_HOME: Final = "/jobs"
_YEAR_S: Final = 365 * 86_400
_DAYS: Final = 30


@router.get("/login")
async def login_form(request: Request) -> Response:
    """Where a token is brought."""
    return _form(request, request.query_params.get("next", ""), None, 200)


@router.post("/login")
async def login(request: Request) -> Response:
    """Take a token and give a cookie."""
    form = await form_of(request)
    wanted, keeper = text_field(form, "next"), doorkeeper_of(request)
    if keeper is None:
        return RedirectResponse(safe_next(wanted), 303)
    address = request.client.host if request.client else ""
    entry = await keeper.admit(text_field(form, "token"), address)
    if not entry.cookie:
        status = 401 if entry.retry_after_s is None else 429
        return _form(request, wanted, entry.problem, status)
    response = RedirectResponse(safe_next(wanted), 303)
    is_tls = request.headers.get("origin", "").startswith("https://")  # ended by a proxy, but the browser knows
    response.set_cookie(
        LOGIN_COOKIE, entry.cookie, max_age=entry.lasts_s, httponly=True, samesite="strict", secure=is_tls
    )
    return response


@router.post("/logout")
async def logout(request: Request) -> Response:
    """Let the cookie be good no more, here and elsewhere."""
    keeper = doorkeeper_of(request)
    if keeper is not None:
        keeper.dismiss(request.cookies.get(LOGIN_COOKIE, ""))
    response = RedirectResponse(_HOME, 303)
    response.delete_cookie(LOGIN_COOKIE, httponly=True, samesite="strict")
    return response


@router.post("/theme")
async def choose_theme(request: Request) -> Response:
    """Keep a theme, and go back to where it was chosen."""
    form = await form_of(request)
    theme = text_field(form, "theme")
    response = RedirectResponse(safe_next(text_field(form, "next")), 303)
    response.set_cookie(THEME_COOKIE, theme if theme in THEMES else "system", max_age=_YEAR_S, samesite="lax")
    return response


def safe_next(wanted: str, otherwise: str = _HOME) -> str:
    """Where to go on: a page of ours, whatever was asked for."""
    path = wanted.partition("?")[0].partition("#")[0]
    is_ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable() and is_page(path)
    return wanted if is_ours and path not in {LOGIN_PATH, "/logout", "/theme"} else otherwise


def _form(request: Request, wanted: str, refused: str | None, status: int) -> Response:
    told = problem("unauthorized", refused) if refused else None
    return render(
        request,
        "login.html",
        status=status,
        next=safe_next(wanted),
        problem=told,
        days=_DAYS,
        can_log_in=doorkeeper_of(request) is not None,
    )

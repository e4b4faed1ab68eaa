"""Around every page: what browsers are told to refuse, and who may change something.

The guards at the door have judged host, origin and token already. This holds for pages wherever they are served, and
answers in the form of a page.
"""

from __future__ import annotations

import logging
import secrets
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request

from core import InvalidArgumentError, RequestError
from orcaops_mcp.intake.dashboard import LOGIN_PATH
from orcaops_mcp.intake.looking import LOOKING_METHODS
from orcaops_mcp.web.csrf import FIELD, is_ours
from orcaops_mcp.web.problems import crashed
from orcaops_mcp.web.state import caller_of, state_of

if TYPE_CHECKING:
    from starlette.datastructures import FormData
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_log = logging.getLogger(__name__)

_POLICY: Final = (
    "default-src 'none'; script-src 'self' 'nonce-{nonce}'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'; "
    "require-trusted-types-for 'script'; trusted-types htmx"
)
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with no-referrer a browser hides the origin of our own forms from us
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_FOR_ANYBODY: Final = frozenset({LOGIN_PATH, "/logout", "/theme"})
"""They change what the browser knows, and nothing else."""
_MOST_FIELDS: Final = 2000
_MAX_FIELD_BYTES: Final = 4 * 1024 * 1024


class ReadOnlyCallerError(RequestError):
    """Who looks may not act."""

    code = "read_only_token"
    default_hint = "Log in with a token that may write."


class StrayFormError(RequestError):
    """A form that no page of ours made for this browser."""

    code = "stale_form"
    default_hint = "Go back, reload the page and try again."


class PageEdge:
    """The outermost of the pages.

    Args:
        app: What is inside.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and its answer with the headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        nonce = secrets.token_urlsafe(16)
        scope.setdefault("state", {})["nonce"] = nonce
        has_begun = False

        async def send_on(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                headers = MutableHeaders(scope=message)
                headers.setdefault("Content-Security-Policy", _POLICY.format(nonce=nonce))
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, send_on)
        except ClientDisconnect:
            pass
        except Exception as error:  # noqa: BLE001 - the edge: logged with its traceback, answered with its id
            response = crashed(Request(scope, receive), error)
            if not has_begun:
                await response(scope, receive, send_on)


async def check_change(request: Request) -> None:
    """Refuse a change that whoever looks may not make, or that no page of ours asked for.

    Every page depends on it, so that none can forget it.

    Raises:
        ReadOnlyCallerError: They may only look.
        StrayFormError: The form was not made for this browser, or came from elsewhere.
        RequestError: The form cannot be read.
    """
    if request.method in LOOKING_METHODS:
        return
    site = request.headers.get("sec-fetch-site", "same-origin")
    if site not in {"same-origin", "none"} or not _has_our_origin(request):
        raise StrayFormError("This form was sent by a page of another site.")
    if request.url.path not in _FOR_ANYBODY and not caller_of(request).may_change:
        raise ReadOnlyCallerError("You may look at everything and change nothing.")
    brought = (await form_of(request)).get(FIELD)
    if not isinstance(brought, str) or not is_ours(state_of(request).secret, request, brought):
        raise StrayFormError(
            "This form is not from a page that was made for this browser, or the engine was restarted."
        )


async def form_of(request: Request) -> FormData:
    """The fields that were sent; read once.

    Raises:
        InvalidArgumentError: They cannot be read.
    """
    try:
        return await request.form(max_files=0, max_fields=_MOST_FIELDS, max_part_size=_MAX_FIELD_BYTES)
    except ClientDisconnect:
        raise
    except Exception as error:  # Starlette wraps what its parser found into one of several
        _log.info("a form could not be read: %s", error)
        raise InvalidArgumentError("The form cannot be read.") from error


def text_field(form: FormData, name: str) -> str:
    """A field of a form without space around it; empty if it was not sent."""
    value = form.get(name)
    return value.strip() if isinstance(value, str) else ""


def _has_our_origin(request: Request) -> bool:
    """Whether the form stood on a page of this host; the scheme may be that of a proxy which ends TLS."""
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin.lower()).netloc == request.headers.get("host", "").lower()

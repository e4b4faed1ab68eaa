"""Who calls: by the way they came and the token they bring. Without one nobody changes anything over TCP."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, unquote_to_bytes

from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken

from orcaops_mcp.daemon.guards.bearer import UnreadableTokenError, has_token_in_address, offered_token
from orcaops_mcp.daemon.guards.buckets import Backoff
from orcaops_mcp.daemon.guards.logins import Logins
from orcaops_mcp.daemon.guards.refusal import Refusal, refuse
from orcaops_mcp.daemon.guards.request import (
    MCP_PATH,
    OPEN_PATHS,
    address_of,
    changes_something,
    cookie_of,
    header_values,
    is_guarded,
    is_local,
    wants_page,
)
from orcaops_mcp.intake.caller import AGENT, Caller
from orcaops_mcp.intake.dashboard import LOGIN_COOKIE, LOGIN_PATH, is_open_page, is_page

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from orcaops_mcp.daemon.guards.book import Holder, TokenBook
    from orcaops_mcp.daemon.guards.rules import Rules

_log = logging.getLogger(__name__)

_FOLDER: Final = b"orcaops-folder"
_FOLDER_BYTES: Final = 4096
_BRING: Final = "Send `Authorization: Bearer <token>`; `orcaops serve` prints where its token is."

VISITOR: Final = Caller("visitor", may_change=False)
"""Somebody without a token, who may look."""

_TOKEN_IN_ADDRESS: Final = Refusal(
    401,
    "token_in_address",
    "A token in an address is not taken: addresses end in logs and histories.",
    f"{_BRING} The token in the address should be counted as known to others and be replaced.",
    challenge="Bearer",
)
_READ_ONLY: Final = Refusal(
    403,
    "read_only_token",
    "This token may look at everything and change nothing.",
    "Ask the operator for a token that may write: `orcaops tokens add NAME --scope write`.",
)
_FOLDER_REFUSED: Final = Refusal(
    400,
    "invalid_folder",
    "The OrcaOps-Folder header is not one absolute path, percent-encoded.",
    "Send the path of the folder you stand in, or leave the header out.",
)


class IdentityGuard:
    """Finds out who calls, and puts the `Caller` into the scope's state under ``caller``.

    Args:
        app: What is guarded.
        rules: Which tokens there are, and what needs one.
    """

    def __init__(self, app: ASGIApp, rules: Rules) -> None:
        self._app = app
        self._rules = rules
        self._backoff = Backoff(rules.limits.failed_tokens, rules.clock)
        self._logins = Logins(rules.book, self._backoff, rules.clock) if rules.book else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 401, 403 or 429."""
        if not is_guarded(scope):
            await self._app(scope, receive, send)
            return
        caller = _neighbour(scope) if is_local(scope) else await self._stranger(scope)
        if isinstance(caller, Refusal):
            await refuse(caller, scope, receive, send)
            return
        state = scope.setdefault("state", {})
        state["caller"] = caller
        if self._logins is not None and not is_local(scope):
            state["doorkeeper"] = self._logins
        await self._app(scope, receive, send)

    async def _stranger(self, scope: Scope) -> Caller | Refusal:
        """Somebody who came over TCP."""
        if has_token_in_address(scope.get("query_string", b"")):
            return _TOKEN_IN_ADDRESS
        if self._rules.book is None:
            return AGENT if _is_mcp(scope) else Caller("rest")
        try:
            token = offered_token(header_values(scope, b"authorization"))
        except UnreadableTokenError as error:
            return self._failed(scope, "invalid_request", str(error))
        if token is None:
            return await self._by_cookie(scope) or self._without_token(scope)
        return await self._with_token(scope, token, self._rules.book)

    async def _with_token(self, scope: Scope, token: bytes, book: TokenBook) -> Caller | Refusal:
        holder = await book.holder_of(token)
        if holder is None:
            return self._failed(scope, "invalid_token", "This token is not known here.")
        if holder.expired_at is not None:
            return _unauthorized("invalid_token", f"This token expired on {holder.expired_at:%Y-%m-%d}.")
        if _is_mcp(scope):
            return _agent(scope, holder)
        if changes_something(scope) and not holder.may_change and not is_page(scope["path"]):
            return _READ_ONLY
        return Caller(holder.name, may_change=holder.may_change, is_operator=holder.is_operator)

    async def _by_cookie(self, scope: Scope) -> Caller | None:
        """Somebody who logged in with a browser. That is enough to look, and for pages, whose forms are checked."""
        cookie = cookie_of(scope, LOGIN_COOKIE)
        is_enough = is_page(scope["path"]) or not changes_something(scope)
        if self._logins is None or not cookie or _is_mcp(scope) or not is_enough:
            return None
        holder = await self._logins.holder_of(cookie)
        if holder is None:
            return None
        scope.setdefault("state", {})["has_logged_in"] = True
        return Caller(holder.name, may_change=holder.may_change, is_operator=holder.is_operator)

    def _without_token(self, scope: Scope) -> Caller | Refusal:
        path: str = scope["path"]
        if is_open_page(path):
            return VISITOR
        # what a form would change is refused by the page itself, which can say so in a page
        is_change = changes_something(scope) and not is_page(path)
        if is_change or (self._rules.reading_needs_token and path not in OPEN_PATHS):
            asks_in_vain = is_page(path) and wants_page(scope)
            return _to_login(scope) if asks_in_vain else _unauthorized("", "A bearer token is needed.")
        return VISITOR

    def _failed(self, scope: Scope, error: str, message: str) -> Refusal:
        """A token that is not good. The right one is let in all the while: others at that address may hold it."""
        address = address_of(scope)
        wait_s = self._backoff.fail(address)
        if not wait_s:
            return _unauthorized(error, message)
        _log.warning("Wrong tokens keep coming from %s.", address or "an unknown address")
        hint = f"Stop the program that sends it, or give it the right one. {_BRING}"
        return Refusal(
            429, "too_many_attempts", f"Too many wrong tokens came from this address. {message}", hint, wait_s
        )


def _to_login(scope: Scope) -> Refusal:
    query = scope.get("query_string", b"").decode("latin-1")
    wanted = scope["path"] + (f"?{query}" if query else "")
    location = f"{LOGIN_PATH}?next={quote(wanted, safe='')}"
    return Refusal(303, "unauthorized", "Log in first.", f"Open {LOGIN_PATH}.", location=location)


def _unauthorized(error: str, message: str) -> Refusal:
    challenge = f'Bearer error="{error}"' if error else "Bearer"
    return Refusal(401, "unauthorized", message, _BRING, challenge=challenge)


def _is_mcp(scope: Scope) -> bool:
    return scope["path"] == MCP_PATH


def _agent(scope: Scope, holder: Holder) -> Caller:
    """Whoever speaks MCP is an agent, even with the operator's token: what only the operator may do is not for it."""
    # The SDK lets an MCP session be used only by whom it was opened by; it knows them by this.
    scope["user"] = AuthenticatedUser(AccessToken(token="", client_id=holder.name, scopes=[]))
    return AGENT if holder.is_operator else Caller(holder.name, may_change=holder.may_change)


def _neighbour(scope: Scope) -> Caller | Refusal:
    """Somebody who came by the unix socket: the operator, who stands in a folder of this machine."""
    caller = AGENT if _is_mcp(scope) else Caller("cli", is_operator=True)
    folders = header_values(scope, _FOLDER)
    if not folders:
        return caller
    path = unquote_to_bytes(folders[0])
    if len(folders) > 1 or not path.startswith(b"/") or b"\0" in path or len(path) > _FOLDER_BYTES:
        return _FOLDER_REFUSED
    return replace(caller, folder=Path(path.decode("utf-8", errors="surrogateescape")))

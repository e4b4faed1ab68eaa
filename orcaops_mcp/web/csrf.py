"""What a form of ours carries and a form of another's cannot: a token made with this process's secret.

It is bound to the browser's own cookies, so that one fetched elsewhere is of no use here.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from typing import TYPE_CHECKING, Final

from orcaops_mcp.intake.dashboard import LOGIN_COOKIE

if TYPE_CHECKING:
    from starlette.requests import Request

VISIT_COOKIE: Final = "orcaops_visit"
FIELD: Final = "csrf"
_VISIT: Final = re.compile(r"[A-Za-z0-9_-]{22}")


def fresh_visit() -> str:
    """A name for a browser, which says nothing of whoever sits before it."""
    return secrets.token_urlsafe(16)


def visit_of(request: Request) -> str:
    """The browser's name; empty if it has none yet."""
    visit = request.cookies.get(VISIT_COOKIE, "")
    return visit if _VISIT.fullmatch(visit) else ""


def form_token(secret: bytes, visit: str, request: Request) -> str:
    """What forms on a page for this browser carry."""
    bound = f"{visit}\0{request.cookies.get(LOGIN_COOKIE, '')}".encode()
    return hmac.new(secret, bound, hashlib.sha256).hexdigest()[:40]


def is_ours(secret: bytes, request: Request, brought: str) -> bool:
    """Whether a form came from a page of ours in the same browser."""
    visit = visit_of(request)
    return bool(visit) and hmac.compare_digest(form_token(secret, visit, request).encode(), brought.encode())

"""Cookies that stand for tokens: made when a token is brought to the login page, and good while the token is.

A cookie holds no token and nothing a token could be guessed from: a keyed fingerprint of the token's hash, until when
it lasts, and a seal. The key is made from the operator's own token, so a new one ends every login.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import secrets
from typing import TYPE_CHECKING, Final

from orcaops_mcp.intake.dashboard import Entry

if TYPE_CHECKING:
    from core import Clock
    from orcaops_mcp.daemon.guards.book import Holder, TokenBook
    from orcaops_mcp.daemon.guards.buckets import Backoff

_log = logging.getLogger(__name__)

LASTS_S: Final = 30 * 86_400
"""A login is good for so long."""
_COOKIE: Final = re.compile(r"([0-9a-f]{32})\.([0-9]{10,12})\.([A-Za-z0-9_-]{16})\.([0-9a-f]{64})")
_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,512}")
_MOST_DISMISSED: Final = 10_000


class Logins:
    """Judges tokens that are brought to the login page, and the cookies made for them.

    Args:
        book: The tokens.
        backoff: Counts tokens that are not good, together with those of requests.
        clock: Tells the time.
    """

    def __init__(self, book: TokenBook, backoff: Backoff, clock: Clock) -> None:
        self._book = book
        self._backoff = backoff
        self._clock = clock
        self._key = book.derived_key(b"orcaops login cookie")
        self._dismissed: dict[str, int] = {}

    async def admit(self, token: str, address: str) -> Entry:
        """Judge a token that somebody at an address brought."""
        brought = token.encode("utf-8", errors="replace")
        holder = await self._book.holder_of(brought) if _TOKEN.fullmatch(token) else None
        if holder is None:
            return self._refused(address)
        if holder.expired_at is not None:
            return Entry(problem=f"This token expired on {holder.expired_at:%Y-%m-%d}.")
        until = int(self._clock.now().timestamp()) + LASTS_S
        said = f"{self._fingerprint(self._book.digest(brought))}.{until}.{secrets.token_urlsafe(12)}"
        return Entry(name=holder.name, cookie=f"{said}.{self._seal(said)}", lasts_s=LASTS_S)

    def dismiss(self, cookie: str) -> None:
        """Let this cookie be good no more, until the engine restarts; the browser forgets it too."""
        found = _COOKIE.fullmatch(cookie)
        if found is None or not self._is_sealed(cookie):
            return
        if len(self._dismissed) >= _MOST_DISMISSED:
            self._dismissed.pop(next(iter(self._dismissed)))
        self._dismissed[found[3]] = int(found[2])

    async def holder_of(self, cookie: str) -> Holder | None:
        """Whose token the cookie stands for; None if it is not good, or its token is not any more."""
        found = _COOKIE.fullmatch(cookie)
        if found is None or not self._is_sealed(cookie) or found[3] in self._dismissed:
            return None
        if int(found[2]) <= self._clock.now().timestamp():
            return None
        fingerprint = found[1]
        holder = await self._book.holder_where(
            lambda digest: hmac.compare_digest(self._fingerprint(digest), fingerprint)
        )
        return None if holder is None or holder.expired_at is not None else holder

    def _refused(self, address: str) -> Entry:
        wait_s = self._backoff.fail(address)
        problem = "This token is not known here."
        if not wait_s:
            return Entry(problem=problem)
        _log.warning("Wrong tokens keep coming from %s.", address or "an unknown address")
        return Entry(problem=f"Too many wrong tokens came from this address. {problem}", retry_after_s=wait_s)

    def _fingerprint(self, digest: str) -> str:
        return hmac.new(self._key, digest.encode(), hashlib.sha256).hexdigest()[:32]

    def _seal(self, said: str) -> str:
        return hmac.new(self._key, b"seal\0" + said.encode(), hashlib.sha256).hexdigest()

    def _is_sealed(self, cookie: str) -> bool:
        said, _, seal = cookie.rpartition(".")
        return hmac.compare_digest(self._seal(said).encode(), seal.encode())

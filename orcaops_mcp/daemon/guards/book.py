"""Whose token it is: the operator's own, or one of the named ones, as they stand in their file at this moment."""

from __future__ import annotations

import hashlib
import hmac
import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import anyio
import anyio.to_thread

from orcaops_mcp.daemon.named_tokens import digest_of
from orcaops_mcp.daemon.token import UnusableTokenError

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from core import Clock
    from orcaops_mcp.daemon.named_tokens import NamedToken, TokenFile

_log = logging.getLogger(__name__)

_COARSE: Final = timedelta(hours=1)
_THREADS: Final = 4


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a token.

    Attributes:
        name: ``operator``, or ``token`` and its name.
        may_change: Whether they may do more than look.
        is_operator: Whether it is the operator's own.
        expired_at: Since when it is not good any more; None if it is.
    """

    name: str
    may_change: bool
    is_operator: bool = False
    expired_at: datetime | None = None


class TokenBook:
    """The tokens that are good.

    Args:
        own: The operator's token.
        file: The named ones.
        clock: Tells the time.
    """

    def __init__(self, own: str, file: TokenFile, clock: Clock) -> None:
        self._own = digest_of(own.encode())
        self._secret = own.encode()
        self._file = file
        self._clock = clock
        self._named: tuple[NamedToken, ...] = ()
        self._mark: tuple[int, ...] | None = None
        self._noted: dict[str, datetime] = {}
        self._threads = anyio.CapacityLimiter(_THREADS)

    async def holder_of(self, token: bytes) -> Holder | None:
        """Who holds this token; None if it is nobody's.

        The file of named tokens is looked at each time, so that one added or removed counts from that moment on.
        """
        digest = digest_of(token)
        return await self.holder_where(lambda known: hmac.compare_digest(digest, known))

    async def holder_where(self, is_theirs: Callable[[str], bool]) -> Holder | None:
        """Who holds the token for whose digest something is true; None if there is none.

        Args:
            is_theirs: Says of a digest whether it is the one; it takes as long for each.
        """
        if is_theirs(self._own):
            return Holder("operator", may_change=True, is_operator=True)
        await anyio.to_thread.run_sync(self._refresh, limiter=self._threads)
        found: NamedToken | None = None
        for named in self._named:  # to the end, so that the time it takes says nothing about which one it was
            if is_theirs(named.sha256):
                found = named
        if found is None:
            return None
        now = self._clock.now()
        if found.has_expired(now):
            return Holder(f"token {found.name}", may_change=False, expired_at=found.expires_at)
        await self._note_use(found, now)
        return Holder(f"token {found.name}", may_change=found.scope == "write")

    def digest(self, token: bytes) -> str:
        """What is kept of a token and compared."""
        return digest_of(token)

    def derived_key(self, use: bytes) -> bytes:
        """A key for one use, which only somebody with the operator's token could make too."""
        return hmac.new(self._secret, use, hashlib.sha256).digest()

    def _refresh(self) -> None:
        mark = self._file.mark()
        if mark == self._mark:
            return
        try:
            self._named = self._file.read()
        except UnusableTokenError as error:
            self._named = ()
            _log.error("No named token is let in: %s", error.message)
        self._mark = mark

    async def _note_use(self, token: NamedToken, now: datetime) -> None:
        last = max(filter(None, (token.last_used_at, self._noted.get(token.sha256))), default=None)
        if last is not None and now - last < _COARSE:
            return
        self._noted[token.sha256] = now
        try:
            await anyio.to_thread.run_sync(self._file.note_use, token.sha256, now, limiter=self._threads)
        except UnusableTokenError as error:
            _log.warning("The use of token %s was not noted: %s", token.name, error.message)

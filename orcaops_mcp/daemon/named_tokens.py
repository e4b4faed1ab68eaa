"""Tokens by name, for programs that shall not have the operator's own: `tokens.json` in the home.

The file holds a hash of each token, never the token itself.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, cast

from core import ConflictError, InvalidArgumentError, NotFoundError, PrivateFile
from orcaops_mcp.daemon.token import UnusableTokenError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

TokenScope = Literal["read", "write"]

MOST_TOKENS: Final = 1000
"""Tokens a home may have."""

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_MAX_BYTES: Final = 1024 * 1024
_PREFIX: Final = "orcaops_"
_MEND: Final = "Move the file away and add the tokens again with `orcaops tokens add`."


class TokenExistsError(ConflictError):
    """There is a token of this name."""

    code = "token_exists"
    default_hint = "Choose another name, or remove the token first with `orcaops tokens remove`."


class TokenNotFoundError(NotFoundError):
    """There is no token of this name."""

    code = "token_not_found"
    default_hint = "List them with `orcaops tokens list`."


@dataclass(frozen=True, slots=True)
class NamedToken:
    """What is kept of a token.

    Attributes:
        name: Chosen by the operator; callers with this token are known by it.
        scope: Whether its callers may only read, or change things too.
        sha256: Of the token.
        created_at: When it was made.
        expires_at: From when on it is refused; None if it stays good.
        last_used_at: When it was last used, to within the hour; None if never.
    """

    name: str
    scope: TokenScope
    sha256: str
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None

    def has_expired(self, now: datetime) -> bool:
        """Whether it is refused by now."""
        return self.expires_at is not None and now >= self.expires_at


class TokenFile:
    """The named tokens of a home. All of it blocks.

    Args:
        home: The folder.
    """

    NAME: ClassVar[str] = "tokens.json"

    def __init__(self, home: Path) -> None:
        self.path = home / self.NAME
        self._file = PrivateFile(self.path, most_bytes=_MAX_BYTES, error=UnusableTokenError, mend=_MEND)

    def mark(self) -> tuple[int, ...]:
        """A value that changes when the file does; cheap to get."""
        try:
            stat = self.path.stat()
        except OSError as error:
            return (error.errno or 0,)
        return (stat.st_ino, stat.st_mtime_ns, stat.st_size, stat.st_mode)

    def read(self) -> tuple[NamedToken, ...]:
        """The tokens, in the order they were made.

        Raises:
            UnusableTokenError: The file is readable by others, or damaged.
        """
        content = self._file.read()
        if content is None:
            return ()
        try:
            return _parsed(content)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise self._file.damage() from error

    def add(self, name: str, scope: TokenScope, now: datetime, expires_at: datetime | None = None) -> str:
        """Make a token.

        Args:
            name: Letters, digits, dots, dashes and underscores; at most 64.
            scope: What its callers may do.
            now: When it is made.
            expires_at: From when on it is refused.

        Returns:
            The token itself, which is kept nowhere.

        Raises:
            InvalidArgumentError: The name is none.
            TokenExistsError: The name is taken.
            UnusableTokenError: The file cannot be read or written.
        """
        if _NAME.fullmatch(name) is None:
            raise InvalidArgumentError("name: letters, digits, dots, dashes and underscores, at most 64 characters")
        token = _PREFIX + secrets.token_urlsafe(32)
        made = NamedToken(name, scope, digest_of(token.encode()), now, expires_at)

        def added(tokens: tuple[NamedToken, ...]) -> tuple[NamedToken, ...]:
            if any(known.name == name for known in tokens):
                raise TokenExistsError(f"There is a token {name} already.")
            if len(tokens) >= MOST_TOKENS:
                raise InvalidArgumentError(f"There are {MOST_TOKENS} tokens; remove some first.")
            return (*tokens, made)

        self._rewrite(added)
        return token

    def remove(self, names: Sequence[str]) -> None:
        """Forget tokens; all of them, or none if one is not known.

        Raises:
            TokenNotFoundError: There is none of such a name.
            UnusableTokenError: The file cannot be read or written.
        """

        def removed(tokens: tuple[NamedToken, ...]) -> tuple[NamedToken, ...]:
            known = {token.name for token in tokens}
            for name in names:
                if name not in known:
                    raise TokenNotFoundError(f"There is no token {name[:64]!r}.")
            return tuple(token for token in tokens if token.name not in names)

        self._rewrite(removed)

    def note_use(self, sha256: str, now: datetime) -> None:
        """Write down that a token was used; nothing happens if it is gone.

        Raises:
            UnusableTokenError: The file cannot be read or written.
        """
        self._rewrite(
            lambda tokens: tuple(
                replace(token, last_used_at=now) if token.sha256 == sha256 else token for token in tokens
            )
        )

    def _rewrite(self, change: Callable[[tuple[NamedToken, ...]], tuple[NamedToken, ...]]) -> None:
        with self._file.rewriting():
            tokens = self.read()
            wanted = change(tokens)
            if wanted != tokens:
                text = json.dumps({"tokens": [_entry(token) for token in wanted]}, indent=2) + "\n"
                self._file.replace(text.encode())


def digest_of(token: bytes) -> str:
    """What is kept of a token and compared."""
    return hashlib.sha256(token).hexdigest()


def _parsed(content: bytes) -> tuple[NamedToken, ...]:
    entries = cast("list[dict[str, Any]]", json.loads(content)["tokens"])
    tokens = tuple(_token(entry) for entry in entries)
    if len(tokens) > MOST_TOKENS or len({token.name for token in tokens}) < len(tokens):
        raise ValueError
    return tokens


def _token(entry: dict[str, Any]) -> NamedToken:
    name, scope, sha256 = entry["name"], entry["scope"], entry["sha256"]
    if scope not in ("read", "write") or not _NAME.fullmatch(name) or not _SHA256.fullmatch(sha256):
        raise ValueError
    created_at = _moment(entry["created_at"])
    if created_at is None:
        raise ValueError
    return NamedToken(
        name, scope, sha256, created_at, _moment(entry.get("expires_at")), _moment(entry.get("last_used_at"))
    )


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError
    return moment


def _entry(token: NamedToken) -> dict[str, Any]:
    times = {"created_at": token.created_at, "expires_at": token.expires_at, "last_used_at": token.last_used_at}
    kept = {name: moment.isoformat() for name, moment in times.items() if moment is not None}
    return {"name": token.name, "scope": token.scope, "sha256": token.sha256, **kept}

"""The Authorization header, read strictly: one header, the Bearer scheme, one token without spaces."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_plus

if TYPE_CHECKING:
    from collections.abc import Sequence

_TOKEN: Final = re.compile(rb"[\x21-\x7e]{1,512}")
_IN_ADDRESS: Final = frozenset({"access_token", "api_key", "apikey", "auth_token", "authorization", "bearer", "token"})


class UnreadableTokenError(ValueError):
    """The header holds no token that could be read; the message says why and repeats nothing of it."""


def offered_token(values: Sequence[bytes]) -> bytes | None:
    """The token that the Authorization headers offer; None without such a header.

    Args:
        values: All values of the header.

    Raises:
        UnreadableTokenError: They are not exactly one bearer token.
    """
    if not values:
        return None
    if len(values) > 1:
        raise UnreadableTokenError("There is more than one Authorization header.")
    scheme, _, rest = values[0].strip(b" \t").partition(b" ")
    if scheme.lower() != b"bearer":
        raise UnreadableTokenError("The Authorization header is not of the Bearer scheme.")
    token = rest.strip(b" \t")
    if _TOKEN.fullmatch(token) is None:
        raise UnreadableTokenError("The Authorization header must hold one token: printable ASCII without spaces.")
    return token


def has_token_in_address(query: bytes) -> bool:
    """Whether a query string brings something that is called a token."""
    names = (part.partition("=")[0] for part in query.decode("latin-1").split("&"))
    return any(unquote_plus(name).lower() in _IN_ADDRESS for name in names)

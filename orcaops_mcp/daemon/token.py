"""The bearer token, kept in a file that only its owner can read."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from typing import TYPE_CHECKING, Final

from core import PrivateFile, RequestError

if TYPE_CHECKING:
    from pathlib import Path

_MOST_BYTES: Final = 4096
_TOKEN: Final = re.compile(r"[\x21-\x7e]{16,512}")


class UnusableTokenError(RequestError):
    """The token file cannot be used."""

    code = "unusable_token"
    default_hint = "Remove the file to have a new token made, or name another with ORCAOPS_TOKEN_FILE."


def read_or_make_token(path: Path) -> str:
    """The token in the file; made with mode 0600 if there is none.

    Raises:
        UnusableTokenError: The file is readable by others, cannot be read, or holds no token.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(32) + "\n")
    file = PrivateFile(path, most_bytes=_MOST_BYTES, error=UnusableTokenError, mend=UnusableTokenError.default_hint)
    token = (file.read() or b"").decode(errors="replace").strip()
    if _TOKEN.fullmatch(token) is None:
        raise UnusableTokenError(f"{path} holds no token of 16 or more printable characters.")
    return token

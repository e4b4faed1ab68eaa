"""Values that look like secrets: by the name of their variable, or by the shape of a known kind of token."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_KINDS: Final = {
    "an access key of AWS": r"(?<![A-Z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Z0-9])",
    "a token of GitHub": r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,})",
    "a token of GitLab": r"\bglpat-[A-Za-z0-9_-]{20,}",
    "a token of Slack": r"\bxox[abeoprs]-[A-Za-z0-9-]{20,}",
    "a key of Google": r"\bAIza[A-Za-z0-9_-]{35}",
    "a key of Stripe": r"\b[rs]k_live_[A-Za-z0-9]{20,}",
    "a token of npm": r"\bnpm_[A-Za-z0-9]{36}",
    "a token of PyPI": r"\bpypi-[A-Za-z0-9_-]{50,}",
    "a token of Hugging Face": r"\bhf_[A-Za-z0-9]{30,}",
    "a key of an AI service": r"\bsk-(?:[a-z]+[0-9]*-)*[A-Za-z0-9_]{20,}",
    "a JSON Web Token": r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",
    "a private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----",
}
_SHAPES: Final = tuple((kind, re.compile(pattern)) for kind, pattern in _KINDS.items())
_EXAMPLE: Final = re.compile(r"EXAMPLE|example|xxxx|XXXX")
_NAME: Final = re.compile(
    r"(?:(?:^|_)(?:PASSWD|PASSPHRASE|SECRET|TOKEN|API_?KEY|ACCESS_KEY|PRIVATE_KEY)|PASSWORD)$", re.IGNORECASE
)
_NO_SECRET: Final = re.compile(
    r"|true|false|yes|no|none|null|on|off|[0-9.]+|[$/~.].*|\*+|<.*>|[a-z]+://[^:@]*", re.IGNORECASE
)
_SHORTEST: Final = 3
_SHORTEST_TOKEN: Final = 16
_LOOKED_AT: Final = 64 * 1024


class TokenFound(NamedTuple):
    """A token that stands in a text.

    Attributes:
        kind: In words, such as ``a token of GitHub``.
        start: Where it begins.
        stop: Where it ends.
    """

    kind: str
    start: int
    stop: int


def find_token(text: str) -> TokenFound | None:
    """The first token of a known kind that is written down in a text; those of examples do not count."""
    if len(text) < _SHORTEST_TOKEN:
        return None
    for kind, shape in _SHAPES:
        found = shape.search(text, 0, _LOOKED_AT)
        if found is not None and not _EXAMPLE.search(found[0]):
            return TokenFound(kind, *found.span())
    return None


def looks_like_secret(name: str, value: str) -> bool:
    """Whether a variable has a secret's name, and a value that may well be one."""
    return len(value) >= _SHORTEST and _NAME.search(name) is not None and _NO_SECRET.fullmatch(value) is None

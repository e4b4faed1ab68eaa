"""Ids: opaque, unguessable, sortable by the time they were made.

An id is a prefix, 9 characters of time and 16 of chance, in Crockford's base 32 in lower case
(https://www.crockford.com/base32.html: no i, l, o, u). 80 random bits make guessing hopeless; the time in
front keeps rows made together together in the index.
"""

from __future__ import annotations

import re
import secrets
import time
from typing import Final, Literal

_DIGITS: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS: Final = tuple(a + b for a in _DIGITS for b in _DIGITS)
_ID: Final = re.compile(r"(?:job|up|wf)_[0-9a-hjkmnp-tv-z]{25}")

MAX_ID_LENGTH: Final = 30
"""No id is longer than this."""


def new_job_id() -> str:
    """A fresh job id, such as ``job_1k4m…``."""
    return _make("job")


def new_upload_id() -> str:
    """A fresh upload id, such as ``up_1k4m…``."""
    return _make("up")


def new_workflow_id() -> str:
    """A fresh id of a workflow's run, such as ``wf_1k4m…``."""
    return _make("wf")


def is_job_id(text: str) -> bool:
    """Whether ``text`` has the form of a job id; says nothing about whether the job exists."""
    return text.startswith("job_") and _ID.fullmatch(text) is not None


def is_upload_id(text: str) -> bool:
    """Whether ``text`` has the form of an upload id."""
    return text.startswith("up_") and _ID.fullmatch(text) is not None


def is_workflow_id(text: str) -> bool:
    """Whether ``text`` has the form of an id of a workflow's run."""
    return text.startswith("wf_") and _ID.fullmatch(text) is not None


def id_of(prefix: Literal["job", "wf"], milliseconds: int, chance: int) -> str:
    """The id that was made at a moment with some chance: for records that tell of the past.

    Args:
        prefix: Of a job or of a workflow's run.
        milliseconds: Since the epoch.
        chance: 80 bits.
    """
    return _made(prefix, milliseconds, chance)


def _make(prefix: str) -> str:
    return _made(prefix, time.time_ns() // 1_000_000, int.from_bytes(secrets.token_bytes(10)))


def _made(prefix: str, milliseconds: int, chance: int) -> str:
    moment = "".join([_PAIRS[(milliseconds >> shift) & 1023] for shift in (30, 20, 10, 0)])
    leading = _DIGITS[(milliseconds >> 40) & 31]
    tail = "".join([_PAIRS[(chance >> shift) & 1023] for shift in range(70, -1, -10)])
    return f"{prefix}_{leading}{moment}{tail}"

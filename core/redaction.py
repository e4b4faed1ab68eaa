"""Secrets, kept out of everything that leaves a container.

A secret is searched for as it is and in the forms programs print it in: JSON text, percent-encoding, base64 (at any
of its three alignments, in both alphabets) and hexadecimal. Transformations beyond those are not caught.
"""

from __future__ import annotations

import base64
import json
import urllib.parse
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MASK: Final = b"***"
"""What stands in place of a secret."""

LEAST_BYTES: Final = 6
"""Values shorter than this are not masked: that would riddle ordinary output."""

_MIN_BASE64: Final = 8
_MIN_HEX: Final = 12
# Characters of a base64 text that also depend on the bytes around the secret, by its place in a group of three.
_SHARED_HEAD: Final = (0, 2, 3)
_SHARED_TAIL: Final = (0, 3, 2)


def needles(values: Iterable[str | bytes], min_length: int = LEAST_BYTES) -> frozenset[bytes]:
    """The byte strings to search output for, given the secrets' values.

    No needle contains a newline: a value of several lines is searched for line by line.

    Args:
        values: The secrets.
        min_length: Values and lines shorter than this many bytes, white space aside, are left out: masking them
            would riddle ordinary output.
    """
    found: set[bytes] = set()
    for value in values:
        whole = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
        for part in {whole, *whole.replace(b"\r\n", b"\n").split(b"\n")}:
            if len(part.strip()) >= min_length:
                found.update(_forms(part))
    return frozenset(needle for needle in found if needle and b"\n" not in needle)


def _forms(secret: bytes) -> Iterator[bytes]:
    text = secret.decode("utf-8", "replace")
    yield secret
    yield json.dumps(text)[1:-1].encode()
    yield json.dumps(text, ensure_ascii=False)[1:-1].encode()
    yield urllib.parse.quote(text, safe="").encode()
    yield urllib.parse.quote_plus(text).encode()
    for shift in range(3):
        encoded = base64.b64encode(bytes(shift) + secret)
        core = encoded[_SHARED_HEAD[shift] : len(encoded) - _SHARED_TAIL[(len(secret) + shift) % 3]]
        if len(core) >= _MIN_BASE64:
            yield core
            yield core.replace(b"+", b"-").replace(b"/", b"_")
    if len(secret) >= _MIN_HEX:
        yield secret.hex().encode()
        yield secret.hex().upper().encode()


class Redactor:
    """Masks needles in one stream of bytes, however the stream is cut into pieces.

    Every longest run of bytes that needles cover becomes one `MASK`. Bytes that may be the beginning of a needle are
    held back until it is decided; never more than the longest needle less one.

    Args:
        needles: As `needles` makes them; none means that everything passes.
    """

    def __init__(self, needles: Iterable[bytes]) -> None:
        self._needles = tuple(sorted(set(needles), key=len, reverse=True))
        self._held = b""
        self._covered = 0  # leading bytes of _held that belong to a needle found earlier
        self._masking = False  # whether the last byte handed out was covered

    @property
    def holds(self) -> int:
        """How many bytes are held back."""
        return len(self._held)

    def feed(self, data: bytes, *, final: bool = False) -> bytes:
        """Take some bytes and return those that are decided, masked.

        Args:
            data: What comes next.
            final: Nothing follows: hold nothing back, and begin afresh.
        """
        if not self._needles:
            return data
        window = self._held + data
        edge = len(window) if final else self._undecided(window)
        output: list[bytes] = []
        done = 0
        reach = 0
        for start, end in self._runs(window):
            if start >= edge:
                break
            reach = end
            output.append(window[done:start])
            if start > 0 or not self._masking:
                output.append(MASK)
            done = min(end, edge)
        output.append(window[done:edge])
        if edge:
            self._masking = reach >= edge
            self._covered = max(0, reach - edge)
        self._held = window[edge:]
        if final:
            self._covered, self._masking = 0, False
        return b"".join(output)

    def _runs(self, window: bytes) -> list[tuple[int, int]]:
        return _runs(self._needles, window, self._covered)

    def _undecided(self, window: bytes) -> int:
        """The first place from which on the window could be the beginning of a needle; its length if there is none."""
        edge = len(window)
        for needle in self._needles:
            at = window.find(needle[:1], max(0, len(window) - len(needle) + 1), edge)
            while at >= 0:
                if needle.startswith(window[at:]):
                    edge = at
                    break
                at = window.find(needle[:1], at + 1, edge)
        return edge


class Masking:
    """Keeps secrets out of texts and files that are known as a whole, or whose surroundings are.

    Args:
        values: The secrets.
    """

    def __init__(self, values: Iterable[str]) -> None:
        self._needles = needles(values)

    @property
    def hides_nothing(self) -> bool:
        """Whether there is no secret to look for."""
        return not self._needles

    @property
    def reach(self) -> int:
        """How far from a place a needle may begin or end that covers it."""
        return max(map(len, self._needles), default=1) - 1

    def has_secret(self, text: str) -> bool:
        """Whether a secret stands in a text, in any of the forms programs print it in."""
        data = text.encode("utf-8", "replace")
        return any(needle in data for needle in self._needles)

    def masked(self, text: str) -> str:
        """The text without secrets."""
        if not self._needles or not text:
            return text
        data = text.encode("utf-8", "replace")
        return self.masked_part(data, 0, len(data)).decode("utf-8", "replace") if self.has_secret(text) else text

    def masked_part(self, data: bytes, start: int, stop: int) -> bytes:
        """Some bytes without secrets, nor parts of secrets that begin before them or end after them.

        Args:
            data: The bytes and what stands around them, as far as `reach`.
            start: Where they begin in it.
            stop: Where they end.
        """
        output: list[bytes] = []
        done = start
        for first, end in _runs(self._needles, data):
            if end > start and first < stop:
                output += data[done : max(first, start)], MASK
                done = min(end, stop)
        output.append(data[done:stop])
        return b"".join(output)


def _runs(needles: Iterable[bytes], window: bytes, covered: int = 0) -> list[tuple[int, int]]:
    """Where needles stand, overlapping and adjoining ones as one, in order; the first ``covered`` bytes count too."""
    spans = [(0, covered)] if covered else []
    for needle in needles:
        size = len(needle)
        at = window.find(needle)
        while at >= 0:
            # of those that begin in it or right behind it only the last counts: what lies between is covered
            last = window.rfind(needle, at + 1, at + 2 * size)
            spans.append((at, max(at, last) + size))
            at = last if last >= 0 else window.find(needle, at + size + 1)
    spans.sort()
    runs: list[tuple[int, int]] = []
    for start, end in spans:
        if runs and start <= runs[-1][1]:
            runs[-1] = (runs[-1][0], max(runs[-1][1], end))
        else:
            runs.append((start, end))
    return runs

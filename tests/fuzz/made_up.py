"""Texts, data and bytes as nobody should send them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROOT: Final = Path(__file__).parents[2]

ODD_TEXTS: Final = st.sampled_from([
    "", " ", "\0", "\n", "\r\n", "\ud800", "a\ud800b", "\udfff\ud800", "\u2028", "\u202e", "\ufeff", "\x1b[2J", "\x1e",
    "x" * 1_000, "x" * 70_000, "é" * 300, "😀", "../../etc/passwd", "/", "..", "-rf", "$(id)", "`id`", "' OR 1",
    "${{ secrets.A }}", "${{", "}}", "${{ ${{ 1 }} }}", "null", "true", "NaN", "1e999", "-0", "9" * 500, "0x10", "010",
    "1:30", "2024-13-45", "2026-01-02", "%2e%2e", "%", "+", "a=b", "*", "**/*", "{a,b}", "{" * 40, "[" * 40, "(a+)+$",
    "job_" + "0" * 25, "wf_" + "0" * 25, "job_" + "0" * 24 + "z/db", "1-1", "999999-1", "a:3.12", "127.0.0.1:1/x",
    "a" * 64, "sha256:" + "0" * 64, "~", "<<", "*x", "&x", "!!python/object:os.x", "10m", "-1s", "same", "x=",
])  # fmt: skip
TEXTS: Final = st.one_of(ODD_TEXTS, st.text(max_size=40), st.text(st.characters(), max_size=12))
NUMBERS: Final = st.one_of(
    st.integers(-3, 70),
    st.integers(),
    st.floats(),
    st.sampled_from([2**31, 2**63, -(2**63) - 1, 10**400, 1e308, 1e-320, 0.1]),
)
SCALARS: Final = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)


def deep(levels: int, *, lists: bool) -> Any:
    """Nothing, so many levels down."""
    value: Any = None
    for _ in range(levels):
        value = [value] if lists else {"a": value}
    return value


def data(names: Sequence[str], leaves: int = 20) -> st.SearchStrategy[Any]:
    """Anything that JSON can say, and some that it cannot, under names that mean something or do not."""
    keys = st.sampled_from(sorted(names)) | TEXTS
    return st.one_of(
        st.recursive(
            SCALARS,
            lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=5),
            max_leaves=leaves,
        ),
        st.builds(deep, st.sampled_from([10, 40]), lists=st.booleans()),
    )


def _files(*patterns: str) -> list[bytes]:
    return [path.read_bytes() for pattern in patterns for path in sorted(_ROOT.glob(pattern))]


WORKFLOW_FILES: Final = _files("workflows/*.yaml", "workflows/parts/*.yaml", "workflows/templates/*.yaml")
JOB_FILES: Final = _files("workflows/jobs/*.yaml")


@st.composite
def damaged(draw: st.DrawFn, originals: Sequence[bytes], pieces: Sequence[bytes] = ()) -> bytes:
    """A real file with some of it cut out, doubled, swapped, overwritten or replaced."""
    found = bytearray(draw(st.sampled_from(originals)))
    for _ in range(draw(st.integers(0, 6))):
        start = draw(st.integers(0, len(found)))
        length = draw(st.integers(0, 40))
        part = bytes(found[start : start + length])
        filling = st.one_of(
            st.just(b""), st.just(part * 2), st.binary(max_size=8), TEXTS.map(lossy), st.sampled_from([*pieces, b"\n"])
        )
        found[start : start + length] = draw(filling)
    return bytes(found)


def lossy(text: str) -> bytes:
    """A text as bytes, half surrogate pairs included."""
    return text.encode("utf-8", "surrogatepass")

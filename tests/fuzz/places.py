"""Cursors and page tokens, archives, globs, ignore files, images: what says where."""

from __future__ import annotations

import base64
import io
import json
import tarfile
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from core.engine.globs import path_matches
from core.errors import InvalidArgumentError, InvalidSpecError
from core.policy.images import ImagePattern, image_name
from core.records.log import LogCursor
from core.records.page import PageKey
from core.records.workflow_log import WorkflowLogCursor
from core.spec.load import parse_job
from core.store.artifacts import _Place as FileKey
from core.workspace.ignore import DockerRules, GitRules
from orcaops_mcp.mcp_server.log_reading import Place
from tests.core.engine.test_extract import Kept, a_member, a_tar
from tests.fuzz.made_up import TEXTS, damaged, lossy
from tests.fuzz.target import Target, check_length

if TYPE_CHECKING:
    from collections.abc import Callable

_READERS: Final[tuple[Callable[[str], object], ...]] = (
    LogCursor.parse,
    PageKey.parse,
    WorkflowLogCursor.parse,
    FileKey.parse,
    Place.parse,
)
_MOST_KEPT: Final = 10_000


def cursor(text: str) -> None:
    """A place whose text is read as the same place, or a refusal that does not repeat what was sent."""
    for read in _READERS:
        try:
            found = read(text)
        except InvalidArgumentError as error:
            check_length(error.message, 200)
        else:
            if read != Place.parse:
                assert read(str(found)) == found


def archive(content: bytes) -> None:
    """Nothing beyond the limits is kept, under no name that leads astray, and the end has a reason."""
    kept = Kept(total=_MOST_KEPT, file=_MOST_KEPT, stream=1 << 20)
    reason = kept.take(content, piece=700)
    assert reason is None or len(reason) < 200
    assert sum(map(len, kept.blobs.values())) <= _MOST_KEPT
    for item in kept.extraction.found:
        assert not item.sha256 or not {b"..", b""} & set(item.name.removeprefix(b"/w/").split(b"/"))


def glob(made: tuple[str, str]) -> None:
    """A pattern that may be asked for decides about any path, in time."""
    pattern, path = made
    try:
        parse_job({"image": "busybox", "command": ["true"], "artifacts": [pattern]})
    except InvalidSpecError:
        return
    path_matches(path, pattern)
    path_matches(f"/w/{path}", f"/w/{pattern}")


def ignore_file(made: tuple[str, str]) -> None:
    """A folder's own rules decide about any path."""
    text, path = (lossy(part).decode("utf-8", "replace") for part in made)
    GitRules(text, "").decide(path, is_folder=False)
    try:
        rules = DockerRules(text)
    except InvalidArgumentError:
        return
    rules.leaves_out(rules.last(path, -1))


def image(made: tuple[str, str]) -> None:
    """A pattern for images fits or does not."""
    pattern, reference = made
    try:
        found = ImagePattern.parse(pattern)
    except ValueError as error:
        check_length(error, 500)
        return
    found.fits(image_name(reference))


def _encoded(said: bytes) -> str:
    return base64.urlsafe_b64encode(said).decode()


def _made(members: list[tuple[str, bytes, int]]) -> bytes:
    """An archive as nobody's tool writes it."""
    kinds = (
        tarfile.REGTYPE,
        tarfile.LNKTYPE,
        tarfile.SYMTYPE,
        tarfile.DIRTYPE,
        tarfile.CHRTYPE,
        tarfile.GNUTYPE_SPARSE,
    )
    made: list[tuple[tarfile.TarInfo, bytes]] = []
    for name, data, kind in members:
        info = a_member(name.replace("\0", "") or "x", kinds[kind], linkname="a")
        info.size = len(data) if kind in {0, 5} else 0
        made.append((info, data if info.size else b""))
    try:
        return a_tar(*made)
    except (ValueError, UnicodeEncodeError):
        return b""


_SOUND: Final = a_tar(
    ("a", b"x" * 600),
    a_member("l", tarfile.LNKTYPE, linkname="a"),
    a_member("s", tarfile.SYMTYPE, linkname="a"),
    ("n" * 200, b"1"),
    a_member("p", pax_headers={"path": "é" * 60, "size": "3"}),
    a_member("g", pax_headers={"GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.realsize": "9"}),
)
_BLOCK: Final = io.DEFAULT_BUFFER_SIZE

_ARCHIVES: Final[st.SearchStrategy[Any]] = st.one_of(
    damaged([_SOUND], [b"\0" * 512, b"\xff" * 12, b"99 path=", b"L", b"x", b"S"]),
    st.lists(st.tuples(TEXTS, st.binary(max_size=40), st.integers(0, 5)), max_size=6).map(_made),
    st.binary(max_size=_BLOCK),
)
_PARTS: Final[st.SearchStrategy[Any]] = st.one_of(
    st.sampled_from(
        ["*", "**", "**/", "/", "?", "[a-z]", "[!a]", "[", "]", "{a,b}", "{", "}", ",", "a", "b", ".", "\\", "!", "@("]
    ),
    st.sampled_from(["**/a/", "*a", "**/*/", "[[:alpha:]]", "+(a)", "*(a|b)"]),
    TEXTS,
)
_GLOBS: Final[st.SearchStrategy[Any]] = st.one_of(
    st.lists(_PARTS, max_size=12).map("".join),
    st.builds(
        str.__mul__, st.sampled_from(["*a", "**/a/", "**/*/", "?*", "[a-z]*", "{a,b}", "**/"]), st.integers(1, 60)
    ),
)
_PATHS: Final[st.SearchStrategy[Any]] = st.one_of(
    TEXTS,
    st.builds(str.__mul__, st.sampled_from(["a", "a/", "ab", "a/b/"]), st.integers(1, 120)),
    st.lists(st.sampled_from("ab./\\*"), max_size=12).map("".join),
)
_CURSORS: Final[st.SearchStrategy[Any]] = st.one_of(
    TEXTS,
    st.binary(max_size=60).map(_encoded),
    TEXTS.map(lossy).map(_encoded),
    st.builds(bytes.__mul__, st.sampled_from([b"[", b"9", b'{"a":']), st.integers(1, 20_000)).map(_encoded),
    st.lists(st.sampled_from("0123456789-.@+"), max_size=20).map("".join),
    st.from_regex(r"[0-9]{1,4}\.[0-9]{1,5}(\.[0-9]{1,5}(@[0-9]{1,4}-[0-9]{1,15}|-[0-9]{1,5})?){0,5}", fullmatch=True),
    st.from_regex(r"[0-9]{1,5}-[0-9]{1,16}(\+[0-9]{1,10})?", fullmatch=True),
    st.lists(TEXTS | st.integers(), max_size=4).map(json.dumps).map(str.encode).map(_encoded),
)  # fmt: skip

TARGETS: Final[tuple[Target, ...]] = (
    Target("cursors", _CURSORS, cursor),
    Target("archives", _ARCHIVES, archive),
    Target("globs", st.tuples(_GLOBS, _PATHS), glob),
    Target("ignore files", st.tuples(st.lists(_GLOBS, max_size=5).map("\n".join), _PATHS), ignore_file),
    Target("images", st.tuples(_GLOBS, TEXTS), image),
)

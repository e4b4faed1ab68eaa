"""Mounts as somebody writes them, and what no mount may be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.errors import InvalidSpecError
from core.spec.load import parse_job
from core.spec.mounts import MountSpec


def mounts(*given: object, folder: str | None = None) -> tuple[MountSpec, ...]:
    request: dict[str, Any] = {"image": "busybox", "mounts": list(given)}
    return parse_job(request, folder=Path(folder) if folder else None).mounts


@pytest.mark.parametrize(
    ("text", "source", "target", "read_only"),
    [
        ("/a:/b", "/a", "/b", True),
        ("/a:/b:ro", "/a", "/b", True),
        ("/a:/b:rw", "/a", "/b", False),
        ("/a:c:/b", "/a:c", "/b", True),
        ("/a:/b/", "/a", "/b", True),
        ("rel/x:/b", "/me/rel/x", "/b", True),
        (".:/b", "/me", "/b", True),
        ("../x:/b", "/x", "/b", True),
    ],
)
def test_the_short_form_says_source_target_and_mode(text: str, source: str, target: str, *, read_only: bool) -> None:
    assert mounts(text, folder="/me") == (MountSpec(source=source, target=target, read_only=read_only),)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("/a", "SRC:DST"),
        ("/a:b", "SRC:DST"),
        (":/b", "SRC:DST"),
        ("/a:/b:rx", "SRC:DST"),
        ("a:/b", "a relative one"),
        ("/a:/", "a place of its own"),
        ("/a://", "a place of its own"),
        ("/a:/orcaops/x", "a place of its own"),
        ("/a:/proc", "a place of its own"),
        ("/a:/b/../proc", "without '..'"),
        ({"source": "/a"}, "required"),
        ({"source": "/a", "target": "/b", "propagation": "shared"}, "no such field"),
        ({"source": "/a\0", "target": "/b"}, "NUL"),
        (5, "must be an object"),
    ],
)
def test_what_is_no_mount_is_refused_with_its_place(given: object, words: str) -> None:
    with pytest.raises(InvalidSpecError, match="mounts") as refused:
        mounts(given)
    assert words in refused.value.message


def test_with_a_folder_what_is_no_mount_is_refused_all_the_same() -> None:
    for given in ("/a", {"source": 5, "target": "/b"}, 5):
        with pytest.raises(InvalidSpecError, match="mounts"):
            mounts(given, folder="/me")
    with pytest.raises(InvalidSpecError, match="must be a list"):
        parse_job({"image": "busybox", "mounts": "/a:/b"}, folder=Path("/me"))


@pytest.mark.parametrize("targets", [("/a", "/a"), ("/a", "/a/b"), ("/x/y/z", "/x"), ("/a", "/a/")])
def test_mounts_may_not_hide_one_another(targets: tuple[str, str]) -> None:
    with pytest.raises(InvalidSpecError, match="target"):
        mounts(*(f"/s:{target}" for target in targets))


def test_names_that_only_begin_alike_do_not_hide_one_another() -> None:
    assert len(mounts("/s:/a", "/s:/ab", "/s:/orcaops-data")) == 3

"""What names, images, paths and arguments may be."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from core.spec.fields import (
    AbsolutePath,
    Argument,
    ArtifactGlob,
    EnvName,
    ImageReference,
    Name,
    OutputName,
    RelativePath,
    Script,
    Sha256,
    StepName,
    Tag,
    User,
    image_registry,
    plain_text,
)

_DIGEST = "sha256:" + "0123456789abcdef" * 4


def short(text: str) -> str:
    return f"{text[:40]!r}, {len(text)} characters"


def accepts(kind: Any, text: str) -> bool:
    try:
        TypeAdapter[str](kind).validate_python(text)
    except ValidationError:
        return False
    return True


# Rows of the reference implementation's own tests: https://github.com/distribution/reference (reference_test.go)
@pytest.mark.parametrize(
    "image",
    [
        "busybox",
        "alpine:3.20",
        "test.com/repo:tag",
        "test:5000/repo",
        "test:5000/repo:tag",
        f"test:5000/repo@{_DIGEST}",
        f"test:5000/repo:tag@{_DIGEST}",
        "lowercase:Uppercase",
        "domain/lowercase:tag",
        "sub-dom1.foo.com/bar/baz/quux",
        "sub-dom1.foo.com/bar/baz/quux:some-long-tag",
        "b.gcr.io/test.example.com/my-app:test.example.com",
        "xn--n3h.com/myimage:xn--n3h.com",
        "foo_bar.com:8080",
        "foo/foo_bar.com:8080",
        "Uppercase/lowercase:tag",
        "aa/asdf__x/aa",
        "a---b/c",
        "[2001:db8::1]:5000/repo",
        "ghcr.io/org/app:1.2",
        "a" * 255,
    ],
)
def test_a_well_formed_image_is_taken(image: str) -> None:
    assert accepts(ImageReference, image)


@pytest.mark.parametrize(
    "image",
    [
        "",
        " ",
        ":justtag",
        f"@{_DIGEST}",
        "repo@sha256:ffffffffffffffffffffffffffffffffff",
        "repo@sha256:zz",
        f"repo@md5:{'0' * 32}",
        "--privileged",
        "-v",
        "busybox;id",
        "busybox\n",
        "busy\0box",
        "BusyBox",
        "a b",
        "a//b",
        "/a",
        "a/",
        "a:",
        "a@b",
        "aa/asdf$$^/aa",
        "foo.bar.com:http/x",
        "xn--n3h..com/x",
        "-foo/bar",
        "foo/-bar",
        "foo..bar",
        "foo___bar",
        "a:" + "x" * 129,
        "0123456789abcdef" * 4,
        "a" * 256,
        "a" * 300,
        "a" * 5000,
        "\N{CYRILLIC SMALL LETTER A}lpine",
    ],
    ids=short,
)
def test_an_image_that_is_not_well_formed_is_refused(image: str) -> None:
    assert not accepts(ImageReference, image)


@pytest.mark.parametrize(
    ("image", "registry"),
    [
        ("busybox", ""),
        ("busybox:1.36", ""),
        ("library/busybox", ""),
        ("ghcr.io/org/app:1", "ghcr.io"),
        ("host:22/x", "host:22"),
        ("127.0.0.1:1/x", "127.0.0.1:1"),
        ("[::1]:5000/x", "[::1]:5000"),
        ("localhost/x", "localhost"),
        ("INTRANET/x", "INTRANET"),
    ],
)
def test_the_registry_of_an_image_is_what_docker_takes_it_for(image: str, registry: str) -> None:
    assert accepts(ImageReference, image)
    assert image_registry(image) == registry


@pytest.mark.parametrize("name", ["a", "nightly-build", "A.b_c-1", "9lives", "x" * 63])
def test_a_plain_name_is_taken(name: str) -> None:
    assert accepts(Name, name)


@pytest.mark.parametrize(
    "name",
    ["", "-x", ".x", "__proto__", "a b", "a\n", "a\x1b[31m", "x" * 64, "é", "x" * 1_000_000],
    ids=short,
)
def test_a_name_that_would_need_quoting_is_refused(name: str) -> None:
    assert not accepts(Name, name)


@pytest.mark.parametrize(
    ("tag", "fine"), [("team:web/ui", True), ("v1.2", True), ("", False), (":x", False), ("a,b", False), ("a\n", False)]
)
def test_a_tag_may_also_hold_colons_and_slashes(tag: str, fine: bool) -> None:
    assert accepts(Tag, tag) is fine


@pytest.mark.parametrize(
    ("name", "fine"),
    [
        ("PATH", True),
        ("_x1", True),
        ("", False),
        ("1X", False),
        ("A=B", False),
        ("A B", False),
        ("A-B", False),
        ("A\n", False),
        ("A\0", False),
        ("É", False),
    ],
)
def test_a_variables_name_is_a_posix_name(name: str, fine: bool) -> None:
    assert accepts(EnvName, name) is fine


@pytest.mark.parametrize(
    ("name", "fine"),
    [("version", True), ("a-b_c", True), ("-a", False), ("", False), ("a.b", False), ("a" * 129, False)],
)
def test_an_outputs_name_may_hold_dashes(name: str, fine: bool) -> None:
    assert accepts(OutputName, name) is fine


@pytest.mark.parametrize(
    ("user", "fine"),
    [
        ("root", True),
        ("1000", True),
        ("1000:1000", True),
        ("www-data:www-data", True),
        ("", False),
        ("a:b:c", False),
        ("a b", False),
        ("-1", False),
        ("root\n", False),
    ],
)
def test_a_user_is_a_name_or_number_with_a_group_if_wanted(user: str, fine: bool) -> None:
    assert accepts(User, user) is fine


@pytest.mark.parametrize(
    ("path", "fine"),
    [
        ("/", True),
        ("/data/a b", True),
        ("work", False),
        ("", False),
        ("/a/../b", False),
        ("/a\0", False),
        ("/" + "a" * 1024, False),
    ],
)
def test_a_folder_in_the_container_is_absolute_and_does_not_climb(path: str, fine: bool) -> None:
    assert accepts(AbsolutePath, path) is fine


@pytest.mark.parametrize(
    ("path", "fine"),
    [
        ("main.py", True),
        ("src/a..b/x", True),
        ("", False),
        ("/etc/passwd", False),
        ("../x", False),
        ("a/../../x", False),
        ("./a", False),
        ("a//b", False),
        ("a/", False),
        ("a\0b", False),
        ("/".join("a" * 32), True),
        ("/".join("a" * 33), False),
        ("a" * 1025, False),
    ],
)
def test_a_files_place_is_relative_and_has_one_spelling(path: str, fine: bool) -> None:
    assert accepts(RelativePath, path) is fine


@pytest.mark.parametrize(
    "pattern",
    [
        "dist",
        "dist/*.whl",
        "**/*.xml",
        "./reports/",
        "/var/log/app.log",
        "/development/out",
        "/processed/*",
        "proc/x",
        "{a,b}/{c,d,e}.txt",
        "a}b,c",
        "[ab]?",
        "...",
    ],
)
def test_a_path_or_glob_may_be_kept(pattern: str) -> None:
    assert accepts(ArtifactGlob, pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        ".",
        "./",
        "/",
        "//",
        "/.",
        "../../etc/passwd",
        "a/../b",
        "/proc/self/environ",
        "/proc",
        "//proc/self/environ",
        "/./sys",
        "/dev/shm",
        "a\0b",
        "x" * 257,
        "{1..1000000000}",
        "{a,b}" * 7,
        "{a,{b,c},{d,e}}" * 3,
    ],
)
@pytest.mark.hostile("B47", "B75")
def test_a_pattern_that_climbs_or_reaches_for_the_kernel_or_explodes_is_refused(pattern: str) -> None:
    assert not accepts(ArtifactGlob, pattern)


def test_an_argument_may_be_as_long_as_linux_takes_it() -> None:
    assert accepts(Argument, "x" * 131_071)
    assert not accepts(Argument, "x" * 131_072)
    assert not accepts(Argument, "é" * 65_536)
    assert accepts(Argument, "")


def test_a_script_may_hold_256_kib_and_must_hold_something() -> None:
    assert accepts(Script, "x" * 262_144)
    assert not accepts(Script, "x" * 262_145)
    assert not accepts(Script, "é" * 131_073)
    assert not accepts(Script, "x" * 10_000_000)
    assert not accepts(Script, " \n\t")


@pytest.mark.parametrize(
    ("name", "fine"),
    [
        ("", True),
        ("Run the tests — all", True),
        ("x" * 120, True),
        ("x" * 121, False),
        ("a\nb", False),
        ("\x1b[2J", False),
    ],
)
def test_a_steps_name_is_one_printable_line(name: str, fine: bool) -> None:
    assert accepts(StepName, name) is fine


@pytest.mark.parametrize(
    ("text", "fine"), [("0" * 64, True), ("0" * 63, False), ("A" * 64, False), ("0" * 64 + "\n", False)]
)
def test_a_hash_is_64_lower_case_hexadecimal_digits(text: str, fine: bool) -> None:
    assert accepts(Sha256, text) is fine


@given(st.text())
def test_text_passes_unless_no_process_could_be_given_it(text: str) -> None:
    passable = "\0" not in text and not any(0xD800 <= ord(mark) <= 0xDFFF for mark in text)
    try:
        assert plain_text(text) == text
    except ValueError:
        assert not passable
    else:
        assert passable


def test_half_a_surrogate_pair_is_refused_with_a_reason() -> None:
    with pytest.raises(ValueError, match="surrogate"):
        plain_text("a\ud800")

"""Which images a pattern of a policy is about."""

from __future__ import annotations

import pytest

from core.policy.images import ImagePattern, image_name

SUM = f"sha256:{'ab' * 32}"
OTHER = f"sha256:{'cd' * 32}"


@pytest.mark.parametrize(
    ("reference", "name", "tag", "digest"),
    [
        ("python", "docker.io/library/python", "latest", ""),
        ("python:3.12", "docker.io/library/python", "3.12", ""),
        ("bitnami/redis", "docker.io/bitnami/redis", "latest", ""),
        ("docker.io/library/python:3", "docker.io/library/python", "3", ""),
        ("index.docker.io/a/b:1", "docker.io/a/b", "1", ""),
        ("ghcr.io/org/app:1.2", "ghcr.io/org/app", "1.2", ""),
        ("127.0.0.1:5000/x/y:z", "127.0.0.1:5000/x/y", "z", ""),
        ("localhost/x", "localhost/x", "latest", ""),
        ("GHCR.io/org/app", "ghcr.io/org/app", "latest", ""),
        (f"python@{SUM}", "docker.io/library/python", "", SUM),
        (f"python:3.12@{SUM}", "docker.io/library/python", "3.12", SUM),
    ],
)
def test_a_reference_is_seen_in_full(reference: str, name: str, tag: str, digest: str) -> None:
    assert image_name(reference) == (name, tag, digest)


@pytest.mark.parametrize(
    ("pattern", "image"),
    [
        ("python", "python:3.12"),
        ("python:*", "docker.io/library/python"),
        ("python:3.*-slim", "python:3.12-slim"),
        ("*", "busybox"),
        ("**", "ghcr.io/any/thing/at:all"),
        ("ghcr.io/org/**", "ghcr.io/org/a/b:1"),
        ("ghcr.io/org/*", "ghcr.io/org/a"),
        ("bitnami/*", "docker.io/bitnami/redis:7"),
        ("127.0.0.1:5000/**", "127.0.0.1:5000/x"),
        (f"python@{SUM}", f"python@{SUM}"),
        (f"python:3.12@{SUM}", f"python:anything@{SUM}"),
        ("ghcr.io/org/**@*", f"ghcr.io/org/app@{SUM}"),
        ("python", f"python@{SUM}"),
    ],
)
def test_a_pattern_fits_what_it_is_about(pattern: str, image: str) -> None:
    assert ImagePattern.parse(pattern).fits(image_name(image))


@pytest.mark.parametrize(
    ("pattern", "image"),
    [
        ("python", "python2"),
        ("python:3.12", "python:3.13"),
        ("python:3.12", "python"),
        ("*", "bitnami/redis"),
        ("*", "ghcr.io/org/app"),
        ("ghcr.io/org/*", "ghcr.io/org/a/b"),
        ("ghcr.io/org/**", "ghcr.io/organisation/a"),
        ("ghcr.io/org/**", "evil.io/ghcr.io/org/a"),
        ("ghcr.io/org/**@*", "ghcr.io/org/app:1"),
        (f"python@{SUM}", f"python@{OTHER}"),
        (f"python@{SUM}", "python"),
        ("a.b/c", "aXb/c"),
    ],
)
def test_a_pattern_does_not_fit_what_only_looks_like_it(pattern: str, image: str) -> None:
    assert not ImagePattern.parse(pattern).fits(image_name(image))


def test_a_tag_beside_a_digest_proves_nothing() -> None:
    assert not ImagePattern.parse("python:3.12").fits(image_name(f"python:3.12@{OTHER}"))


@pytest.mark.parametrize("pattern", ["", "a b", "python@sha256:zz", "a" * 256, "*a" * 9, ":3", "python:", "../x"])
def test_what_is_no_pattern_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"pattern|sha256"):
        ImagePattern.parse(pattern)

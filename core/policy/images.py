"""Image references as a policy's patterns see them: in full, whatever their writer left out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, NamedTuple

from core.spec.fields import image_registry

_HUB: Final = "docker.io"
_HUB_NAMES: Final = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
_LONGEST: Final = 255
_MOST_STARS: Final = 8
_NAME: Final = re.compile(r"[A-Za-z0-9*][A-Za-z0-9._:*/-]*")
_TAG: Final = re.compile(r"[A-Za-z0-9_.*-]{1,128}")
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}|\*")
_STARS: Final = re.compile(r"\*+")


class ImageName(NamedTuple):
    """An image reference, taken apart."""

    name: str
    """With its registry: ``docker.io/library/python``."""
    tag: str
    """``latest`` where neither a tag nor a digest was written."""
    digest: str
    """``sha256:…``, or empty."""


def image_name(reference: str) -> ImageName:
    """A well-formed reference in full: ``python`` is ``docker.io/library/python`` with the tag ``latest``."""
    rest, _, digest = reference.partition("@")
    head, slash, last = rest.rpartition("/")
    last, _, tag = last.partition(":")
    return ImageName(_in_full(f"{head}{slash}{last}"), tag or ("" if digest else "latest"), digest)


def _in_full(name: str) -> str:
    registry = image_registry(name)
    path = name.removeprefix(f"{registry}/") if registry else name
    if registry and registry not in _HUB_NAMES:
        return f"{registry.lower()}/{path}"
    return f"{_HUB}/{path}" if "/" in path else f"{_HUB}/library/{path}"


@dataclass(frozen=True, slots=True)
class ImagePattern:
    """Which images a rule is about.

    ``*`` stands for any characters but ``/``, ``**`` for any at all. A pattern without a tag fits every tag; one with
    ``@sha256:…`` fits that content only, one with ``@*`` whatever is named by its digest.

    Attributes:
        text: As it was written.
    """

    text: str
    _name: re.Pattern[str]
    _tag: re.Pattern[str] | None
    _digest: str

    @classmethod
    def parse(cls, text: str) -> ImagePattern:
        """Read a pattern.

        Raises:
            ValueError: It is not one.
        """
        if len(text) > _LONGEST or len(_STARS.findall(text)) > _MOST_STARS:
            raise ValueError(f"a pattern has at most {_LONGEST} characters and {_MOST_STARS} stars")
        rest, at, digest = text.partition("@")
        if at and _DIGEST.fullmatch(digest) is None:
            raise ValueError("after @ stands sha256: with 64 digits, or * for any digest")
        head, slash, last = rest.rpartition("/")
        last, colon, tag = last.partition(":")
        name = f"{head}{slash}{last}"
        if _NAME.fullmatch(name) is None or (colon and _TAG.fullmatch(tag) is None):
            raise ValueError("not a pattern for images, such as python:*, ghcr.io/org/** or **")
        full = name if name.startswith("**") else _in_full(name)
        return cls(text, _expression(full), _expression(tag) if tag and not digest else None, digest)

    def fits(self, image: ImageName) -> bool:
        """Whether the rule is about this image.

        Where an image is named by its digest, its tag says nothing: a pattern for tags does not fit it.
        """
        if self._name.fullmatch(image.name) is None:
            return False
        if self._digest:
            return bool(image.digest) if self._digest == "*" else image.digest == self._digest
        return self._tag is None or (not image.digest and self._tag.fullmatch(image.tag) is not None)


def _expression(pattern: str) -> re.Pattern[str]:
    parts: list[str] = []
    end = 0
    for found in _STARS.finditer(pattern):
        parts += (re.escape(pattern[end : found.start()]), "[^/]*" if len(found[0]) == 1 else ".*")
        end = found.end()
    return re.compile("".join((*parts, re.escape(pattern[end:]))))

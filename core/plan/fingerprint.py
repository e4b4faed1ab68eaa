"""What a success was of: if nothing that counts has changed, a rerun keeps it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, cast

from core.plan.canonical import canonical_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

IGNORED: Final = frozenset(
    {
        "concurrency",
        "continue_on_error",
        "description",
        "if",
        "name",
        "priority",
        "retry",
        "tags",
        "timeout",
        "timeout_s",
    }
)
"""Parts of a definition that say how a job is run and shown, and not what it does."""

_IGNORED_IN_STEPS: Final = frozenset({"name", "retry", "timeout_s"})
_DIGITS: Final = 16


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """A hash of a resolved job definition, and one for each part, to say what changed.

    Attributes:
        digest: SHA-256 over everything.
        parts: The beginnings of the parts' hashes, by their names, such as ``steps``, ``env.TAG``,
            ``needs.build.outputs.tag``.
    """

    digest: str
    parts: Mapping[str, str]

    def changes(self, earlier: Fingerprint) -> tuple[str, ...]:
        """The parts that differ from those of an earlier one, in order of their names; empty if all is the same."""
        names = sorted({*self.parts, *earlier.parts})
        return tuple(name for name in names if self.parts.get(name) != earlier.parts.get(name))


def fingerprint(
    definition: Mapping[str, object],
    *,
    images: Mapping[str, str] | None = None,
    matrix: Mapping[str, object] | None = None,
    read: Iterable[tuple[str, object]] = (),
) -> Fingerprint:
    """The fingerprint of a node.

    Args:
        definition: The resolved job as plain data: image, commands, env and so on. Secrets stand in it by name.
        images: The digests that image references resolved to.
        matrix: The variant's values.
        read: What its expressions read, with the values; secrets are left out by their names.

    Raises:
        ValueError: Something nests too deep.
        TypeError: Something is nothing that JSON has.
    """
    parts: dict[str, object] = {}
    for name, value in definition.items():
        if name in IGNORED:
            continue
        if name == "env" and value is not None:
            parts |= {f"env.{key}": text for key, text in cast("Mapping[str, object]", value).items()}
        elif name == "steps":
            parts[name] = [_step(step) for step in cast("Iterable[Mapping[str, object]]", value)]
        else:
            parts[name] = value
    parts |= {f"digest of {image}": digest for image, digest in (images or {}).items()}
    parts |= {f"matrix.{key}": value for key, value in (matrix or {}).items()}
    parts |= {path: value for path, value in read if not path.lower().startswith(("secrets.", "secrets["))}
    hashes = {name: _hash(value) for name, value in sorted(parts.items())}
    whole = hashlib.sha256(canonical_json(hashes).encode()).hexdigest()
    return Fingerprint(whole, MappingProxyType({name: each[:_DIGITS] for name, each in hashes.items()}))


def _step(step: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in step.items() if key not in _IGNORED_IN_STEPS}


def _hash(value: object) -> str:
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()

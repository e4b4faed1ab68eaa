"""Picking variants: by a selector that a person writes, or by the values of another job's variant."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from core.errors import InvalidArgumentError
from core.plan.expressions.comparison import equal
from core.plan.expressions.letters import fold
from core.plan.expressions.values import freeze, is_scalar, text
from core.plan.findings import shown
from core.plan.matrix.faults import MatrixFault, refused
from core.plan.matrix.filters import matches
from core.plan.nearness import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from core.plan.expressions.values import Value
    from core.plan.matrix.expansion import Expansion
    from core.plan.matrix.variants import Variant

_SELECTOR: Final = re.compile(r"(?P<job>[^\[\]#]+)(?:#(?P<index>[0-9]{1,6})|\[(?P<pairs>.*)\])?", re.DOTALL)
_PAIR: Final = re.compile(r"(?P<key>[^=,'\"\[\]]+)=(?:\s*'(?P<quoted>(?:[^']|'')*)'\s*|(?P<bare>[^,'\[\]]*))(?:,|$)")
_LONGEST: Final = 4096
_HINT: Final = "write test[python=3.12,os=alpine] for values, test#3 for a position, or the job's id alone"


@dataclass(frozen=True, slots=True)
class Selector:
    """Which variants of which job are meant.

    Attributes:
        job: The job's id.
        index: The position in the expansion, from 0; none if values select.
        values: Keys and the texts of their values; a variant must have all of them. Empty for every variant.
    """

    job: str
    index: int | None = None
    values: tuple[tuple[str, str], ...] = ()

    def pick(self, expansion: Expansion) -> tuple[Variant, ...]:
        """The variants that are meant, in the order of the expansion; possibly none.

        Raises:
            InvalidArgumentError: No variant has such a key.
        """
        if self.index is not None:
            return expansion.variants[self.index : self.index + 1]
        for key, _ in self.values:
            if not any(variant.has(key) for variant in expansion.variants):
                hint = did_you_mean(key, expansion.keys) or f"the keys are {', '.join(map(shown, expansion.keys))}"
                raise InvalidArgumentError(f"No variant of '{shown(self.job)}' has a key '{shown(key)}'.", hint=hint)
        return tuple(variant for variant in expansion.variants if self.selects(variant))

    def selects(self, variant: Variant) -> bool:
        """Whether a variant of the job is meant."""
        if self.index is not None:
            return variant.index == self.index
        return all(variant.has(key) and _is_told_as(freeze(variant.get(key)), value) for key, value in self.values)


def parse_selector(selector: str) -> Selector:
    """A selector: ``test[python=3.12,os=alpine]``, ``test#3``, or ``test`` for all variants.

    A value with a comma, a bracket or a quote stands in single quotes, a quote in it doubled.

    Raises:
        InvalidArgumentError: It is none of these.
    """
    found = _SELECTOR.fullmatch(selector.strip()) if len(selector) <= _LONGEST else None
    if found is None or not found["job"].strip():
        raise InvalidArgumentError(f"'{shown(selector)}' selects no variant.", hint=_HINT)
    job, index, pairs = found["job"].strip(), found["index"], found["pairs"]
    if index is not None:
        return Selector(job, int(index))
    return Selector(job, values=_pairs(pairs, selector) if pairs is not None else ())


def matching(expansion: Expansion, values: Mapping[str, object]) -> tuple[Variant, ...]:
    """The variants that have the values, compared as `include` and `exclude` compare them."""
    pattern = freeze(values)
    return tuple(variant for variant in expansion.variants if matches(freeze(variant.values), pattern))


def counterpart(variant: Variant, vectors: Sequence[str], producer: Expansion, *, job: str) -> Variant:
    """The variant of another job that has the same values for all vectors both have.

    Args:
        variant: The variant that waits.
        vectors: The vectors of its job.
        producer: The job it waits for.
        job: That job's id, for the message.

    Raises:
        InvalidMatrixError: There is no such variant, or there are several.
    """
    shared = [vector for vector in vectors if any(other.lower() == vector.lower() for other in producer.vectors)]
    values = {vector: variant.get(vector) for vector in shared}
    found = [other for other in producer.variants if _agrees(other, values)]
    if shared and len(found) == 1:
        return found[0]
    told = ", ".join(f"{shown(key)} {shown(str(value))}" for key, value in values.items())
    if not shared:
        message = f"'{variant.name}' and '{shown(job)}' have no vector in common"
    elif not found:
        message = f"'{shown(job)}' has no variant with {told}, which '{variant.name}' waits for"
    else:
        message = f"'{shown(job)}' has {len(found)} variants with {told}; '{variant.name}' can wait for one only"
    hint = "give both jobs the same vectors, or name the values: matrix: {os: alpine}"
    raise refused([MatrixFault("E127", message, (), hint)])


def _agrees(variant: Variant, values: Mapping[str, object]) -> bool:
    return all(
        variant.has(key)
        and matches(freeze(variant.get(key)), freeze(value))
        and matches(freeze(value), freeze(variant.get(key)))
        for key, value in values.items()
    )


def _is_told_as(value: Value, written: str) -> bool:
    """Whether a person who writes this means the value: as names show it, or the same number written otherwise."""
    if not is_scalar(value):
        return False
    return fold(text(value)) == fold(written) or (isinstance(value, float) and equal(value, written))


def _pairs(pairs: str, selector: str) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(pairs):
        pair = _PAIR.match(pairs, at)
        if pair is None:
            break
        value = pair["bare"].strip() if pair["quoted"] is None else pair["quoted"].replace("''", "'")
        found.append((pair["key"].strip(), value))
        at = pair.end()
    if at < len(pairs) or not found or pairs.endswith(",") or not all(key for key, _ in found):
        raise InvalidArgumentError(f"'{shown(selector)}' selects no variant: [ ] holds key=value pairs.", hint=_HINT)
    return tuple(found)

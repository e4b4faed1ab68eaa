"""How jobs are taken to end while a plan is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.errors import InvalidArgumentError
from core.plan.compile.plan import Assumption
from core.plan.expressions.letters import fold
from core.plan.findings import shown
from core.plan.matrix import parse_selector
from core.plan.nearness import did_you_mean
from core.plan.results import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from core.plan.matrix import Expansion, Variant

_WORDS: Final = {"failed": Outcome.FAILURE, "timeout": Outcome.TIMED_OUT, "succeeded": Outcome.SUCCESS}


class Assumptions:
    """What is assumed of which nodes; what names no node at all is told at the end.

    Args:
        assume: Outcomes such as ``failure``, by job, node, selector (``test[python=3.12]``) or, of a called file,
            ``caller / job``.

    Raises:
        InvalidArgumentError: A text is no outcome.
    """

    def __init__(self, assume: Mapping[str, str | Assumption]) -> None:
        self.by_name = {name: _assumption(name, value) for name, value in assume.items()}
        self._unused = set(self.by_name)

    def of_node(self, job: str, node: str, variant: Variant | None, expansion: Expansion | None) -> Assumption | None:
        """What is assumed of a node: by its own name, by a selector, or else by its job's."""
        found: dict[int, Assumption] = {}
        for name, assumption in self.by_name.items():
            rank = self._rank(name, job, node, variant, expansion)
            if rank:
                self._unused.discard(name)
                found[rank] = assumption
        return found[max(found)] if found else None

    def below(self, caller: str) -> dict[str, str | Assumption]:
        """What is assumed of the jobs of a called file."""
        found: dict[str, str | Assumption] = {}
        for name, assumption in self.by_name.items():
            first, slash, rest = name.partition("/")
            if slash and fold(first.strip()) == fold(caller):
                self._unused.discard(name)
                found[rest.strip()] = assumption
        return found

    def check(self, known: Iterable[str]) -> None:
        """Refuse what named no node.

        Raises:
            InvalidArgumentError: Something did.
        """
        names = tuple(known)
        for name in self.by_name:
            if name in self._unused:
                hint = did_you_mean(name, names) or f"the nodes are {', '.join(names[:20])}"
                raise InvalidArgumentError(f"'{shown(name)}' is assumed of, but there is no such job.", hint=hint)

    def _rank(self, name: str, job: str, node: str, variant: Variant | None, expansion: Expansion | None) -> int:
        """How precisely a name means a node: 0 if it does not."""
        if fold(name) == fold(job):
            return 1
        if fold(name) == fold(node):
            return 3
        if "[" not in name and "#" not in name:
            return 0
        selector = parse_selector(name)
        if fold(selector.job) != fold(job) or variant is None or expansion is None:
            return 0
        return 2 if variant in selector.pick(expansion) else 0


def _assumption(name: str, value: str | Assumption) -> Assumption:
    if isinstance(value, Assumption):
        return value
    word = value.strip().lower().replace("-", "_")
    try:
        return Assumption(_WORDS.get(word) or Outcome(word))
    except ValueError:
        outcomes = ", ".join(Outcome)
        hint = did_you_mean(word, Outcome) or f"one of {outcomes}"
        raise InvalidArgumentError(f"'{shown(name)}' cannot end as '{shown(value)}'.", hint=hint) from None

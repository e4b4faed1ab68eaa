"""What is to run again: by a word for all of it, and by the names of jobs, nodes and variants."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from core.errors import InvalidArgumentError
from core.plan.expressions.letters import fold
from core.plan.findings import shown
from core.plan.matrix import parse_selector
from core.plan.nearness import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from core.plan.matrix import Expansion, Variant

_PICKS: Final = re.compile(r"[\[#]")
_LISTED: Final = 20


class Selection(StrEnum):
    """What a rerun runs again."""

    ALL = "all"
    FAILED = "failed"
    """What did not succeed or has changed, and whatever depends on it."""
    JOBS = "jobs"
    """The named jobs and whatever depends on them; the rest stays as it ended, unless it has changed."""
    FROM = "from"
    """The named jobs, whatever depends on them, and what did not succeed or has changed."""


@dataclass(frozen=True, slots=True)
class NodeName:
    """What a node of a run may be called.

    Attributes:
        job: Its job, behind the nodes that call its file: ``release-eu / build``.
        alias: The same behind the jobs that do: ``release / build``.
        node: Its own id.
        variant: Its variant, if it is one of a matrix that is known.
        expansion: All of the job's variants.
    """

    job: str
    alias: str
    node: str
    variant: Variant | None = None
    expansion: Expansion | None = None

    def is_meant(self, name: str) -> bool:
        """Whether a name means it: its id, its job's, or a selector such as ``test[python=3.12]`` or ``test#3``.

        Raises:
            InvalidArgumentError: The name is a selector of this job, and none that can be read or has such a key.
        """
        told = fold(tidy_name(name))
        if told == fold(self.node) or told in self._jobs:
            return True
        found = _PICKS.search(name)
        head = tidy_name(name[: found.start()]) if found is not None else ""
        if found is None or fold(head) not in self._jobs:
            return False
        selector = parse_selector(head.rpartition("/")[2].strip() + name[found.start() :])
        return self.variant is not None and self.expansion is not None and self.variant in selector.pick(self.expansion)

    def may_be_meant(self, name: str) -> bool:
        """Whether a name selects variants of it, which are not known."""
        found = _PICKS.search(name)
        return self.expansion is None and found is not None and fold(tidy_name(name[: found.start()])) in self._jobs

    @property
    def _jobs(self) -> tuple[str, str]:
        return fold(self.job), fold(self.alias)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to run again.

    Attributes:
        selection: In a word.
        names: Of jobs, nodes or variants that are to run again, for the selections that take names.
        only: Whether nothing but those runs.
        done: What counts as a success by hand, with its outputs, by the names of jobs, nodes or variants.
        include_tolerated: Whether what failed and was tolerated is to run again.
        used: The names that meant something; filled while a rerun is planned.
    """

    selection: Selection = Selection.FAILED
    names: tuple[str, ...] = ()
    only: bool = False
    done: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, "Mapping[str, str]"])
    include_tolerated: bool = False
    used: set[str] = field(default_factory=set[str])

    @property
    def keeps_rest(self) -> bool:
        """Whether what is not named stays as it ended, even if that was no success."""
        return self.selection is Selection.JOBS

    def is_named(self, node: NodeName) -> bool:
        """Whether a node was named to run again."""
        found = [name for name in self.names if node.is_meant(name)]
        self.used.update(found)
        self.used.update(name for name in self.names if node.may_be_meant(name))
        return bool(found)

    def outputs_of(self, node: NodeName) -> Mapping[str, str] | None:
        """The outputs that a node was given by hand; none if it was not."""
        found = [name for name in self.done if node.is_meant(name)]
        self.used.update(found)
        return self.done[found[-1]] if found else None

    def check(self, known: Iterable[str]) -> None:
        """Refuse names that meant nothing.

        Args:
            known: The names of jobs and nodes that there are.

        Raises:
            InvalidArgumentError: One of them did.
        """
        names = tuple(dict.fromkeys(known))
        for name in (*self.names, *self.done):
            if name not in self.used:
                hint = did_you_mean(_PICKS.split(name)[0], names) or f"there are {', '.join(names[:_LISTED])}"
                raise InvalidArgumentError(f"'{shown(name)}' is no job of this run.", hint=hint)


def tidy_name(name: str) -> str:
    """A name with one blank on either side of each slash."""
    return " / ".join(part.strip() for part in name.split("/"))

"""Contexts that grow or are made when they are read: variables in layers, and the jobs above a job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.plan.expressions.letters import fold
from core.plan.expressions.values import Keyed
from core.plan.foresight import UnknownYetError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from core.plan.ancestry import Ancestry
    from core.plan.expressions.values import Value
    from core.plan.jobs import JobNames


class EnvContext(Keyed):
    """The context ``env`` as it grows; entries that are not known yet cannot be read.

    Args:
        below: The layer under it.
    """

    def __init__(self, below: EnvContext | None = None) -> None:
        super().__init__()
        self._open: dict[str, tuple[str, ...]] = {}
        if below is not None:
            waiting = below.waiting
            for name, text in below.entries.items():
                self.put(name, text, waiting.get(name, ()))

    def put(self, name: str, text: str, waits: tuple[str, ...] = ()) -> None:
        """Set an entry, over one of the same name.

        Args:
            name: Its name; the first spelling stays.
            text: Its value, or as much of it as is known.
            waits: What it waits for, if it is not known yet.
        """
        folded = fold(name)
        self._spellings.setdefault(folded, name)
        self._values[folded] = text
        self._open.pop(folded, None)
        if waits:
            self._open[folded] = waits

    @property
    def entries(self) -> dict[str, str]:
        """The variables, each with as much of its value as is known."""
        return {name: str(self._values[folded]) for folded, name in self._spellings.items()}

    @property
    def waiting(self) -> dict[str, tuple[str, ...]]:
        """The variables that are not known yet, with what each waits for."""
        return {self._spellings[folded]: waits for folded, waits in self._open.items()}

    def __getitem__(self, key: str) -> Value:
        if fold(key) in self._open:
            raise UnknownYetError(f"env.{key}")
        return super().__getitem__(key)


class Deferred(Keyed):
    """A mapping that is made when it is first read."""

    def __init__(self, make: Callable[[], Keyed]) -> None:
        super().__init__()
        self._make = make
        self._made: Keyed | None = None

    def __getitem__(self, key: str) -> Value:
        return self._content()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._content())

    def __len__(self) -> int:
        return len(self._content())

    def _content(self) -> Keyed:
        if self._made is None:
            self._made = self._make()
        return self._made


class JobsContext(Keyed):
    """The context ``jobs`` of one job; entries are made when they are read, since there may be thousands.

    Args:
        ancestry: Which jobs are above which.
        names: The jobs' names.
        job: The job.
        entry: Gives what is told of a job.
    """

    def __init__(self, ancestry: Ancestry, names: JobNames, job: str, entry: Callable[[str], Value]) -> None:
        super().__init__()
        self._ancestry = ancestry
        self._names = names
        self._job = job
        self._entry = entry

    def __getitem__(self, key: str) -> Value:
        found = self._names.find(key)
        if found is None or not self._ancestry.is_above(found, self._job):
            raise KeyError(key)
        return self._entry(found)

    def __iter__(self) -> Iterator[str]:
        return iter(self._ancestry.above(self._job))

    def __len__(self) -> int:
        return len(self._ancestry.above(self._job))

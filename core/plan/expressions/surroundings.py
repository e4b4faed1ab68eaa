"""What an evaluation is given: the contexts' values, how things stand, the workspace's files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from core.plan.expressions.letters import fold
from core.plan.expressions.values import freeze

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from core.plan.expressions.values import Value


class Standing(Protocol):
    """How things stand for a job or step, as the status functions ask."""

    def is_success(self, jobs: Sequence[str]) -> bool:
        """Whether all went well; of the named jobs only, if any are named."""
        ...

    def is_failure(self, jobs: Sequence[str]) -> bool:
        """Whether something failed; of the named jobs only, if any are named."""
        ...

    def is_cancelled(self) -> bool:
        """Whether it is being cancelled."""
        ...


class Surroundings:
    """Values for the contexts of a scope. One object serves many evaluations, and lists and mappings stay the same.

    Args:
        contexts: Plain data, or values made before (such as a `Lazy` mapping), by the contexts' names. A context
            that a scope allows and that is not given is null.
        standing: What the status functions ask; None where a scope has none of them.
        hash_files: From glob patterns to the hash of the matching files; None where a scope has no ``hashFiles()``.
        has_secret: Whether a secret stands in a text, which explanations then leave out; None where there is none.
    """

    def __init__(
        self,
        contexts: Mapping[str, object],
        *,
        standing: Standing | None = None,
        hash_files: Callable[[Sequence[str]], str] | None = None,
        has_secret: Callable[[str], bool] | None = None,
    ) -> None:
        self.standing = standing
        self.hash_files = hash_files
        self.has_secret = has_secret
        self._given: dict[str, object] = {fold(name): data for name, data in contexts.items()}
        self._values: dict[str, Value] = {}

    def context(self, name: str) -> Value:
        """The value of a context, the same object each time.

        Raises:
            ValueError: Its data nests too deep.
            TypeError: Its data holds what JSON does not have.
        """
        folded = fold(name)
        if folded not in self._values:
            self._values[folded] = freeze(self._given.get(folded))
        return self._values[folded]

    def hides(self, value: Value) -> bool:
        """Whether a value must not be shown: a text with a secret in it."""
        return self.has_secret is not None and isinstance(value, str) and self.has_secret(value)

    def with_contexts(self, contexts: Mapping[str, object]) -> Surroundings:
        """The same with some contexts added or replaced; the others keep their very values."""
        other = Surroundings({}, standing=self.standing, hash_files=self.hash_files, has_secret=self.has_secret)
        replaced = {fold(name): data for name, data in contexts.items()}
        other._given = self._given | replaced
        other._values = {name: value for name, value in self._values.items() if name not in replaced}
        return other

"""What an expression may name where it stands."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from core.plan.expressions.letters import fold
from core.plan.expressions.signatures import SIGNATURES, Origin

if TYPE_CHECKING:
    from core.plan.expressions.signatures import Signature


@dataclass(frozen=True, slots=True)
class Scope:
    """The contexts and functions that are known at one place.

    Attributes:
        contexts: Names of the contexts, in the order in which they are listed to a reader.
        status: Whether there are ``success()``, ``failure()``, ``always()`` and ``cancelled()``.
        job_names: Whether ``success()`` and ``failure()`` take names of jobs.
        files: Whether there is ``hashFiles()``.
        own: Whether there are OrcaOps' own functions beside GitHub's.
        elsewhere: Contexts that exist at other places only; an error tells them from names that exist nowhere.
        where: The place in words, such as ``a job's if``; empty if it has no name.
    """

    contexts: tuple[str, ...] = ()
    status: bool = False
    job_names: bool = False
    files: bool = False
    own: bool = True
    elsewhere: tuple[str, ...] = ()
    where: str = ""

    def has_context(self, name: str) -> bool:
        """Whether a context may be named here."""
        return _among(name, self.contexts)

    def has_context_elsewhere(self, name: str) -> bool:
        """Whether a context may be named at another place."""
        return _among(name, self.elsewhere)

    def function(self, name: str) -> Signature | None:
        """The function of this name, if it may be called here."""
        found = SIGNATURES.get(name.lower())
        if found is None or not self._allows(found):
            return None
        takes_names = found.origin is Origin.STATUS and not self.job_names
        return replace(found, most=0, shown=f"{found.name}()") if takes_names else found

    def functions(self) -> tuple[str, ...]:
        """Names of the functions that may be called here."""
        return tuple(signature.name for signature in SIGNATURES.values() if self._allows(signature))

    def _allows(self, signature: Signature) -> bool:
        allowed = {Origin.STATUS: self.status, Origin.FILES: self.files, Origin.OWN: self.own}
        return allowed.get(signature.origin, True)


def _among(name: str, names: tuple[str, ...]) -> bool:
    folded = fold(name)
    return any(fold(other) == folded for other in names)

"""A workflow's inputs as they are given, typed; and those that are not known yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.errors import Finding
from core.plan.foresight import Unknown
from core.plan.inputs import check_inputs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.plan.compile.resolving import Resolver
    from core.spec.inputs import InputSpec


class InputsError(Exception):
    """What a file's inputs are given is wrong. Whoever asked for the plan is told by an `InvalidSpecError`.

    Attributes:
        findings: What is wrong, one at least.
    """

    def __init__(self, findings: tuple[Finding, ...]) -> None:
        self.findings = findings
        super().__init__("; ".join(map(str, findings)))


@dataclass(frozen=True, slots=True)
class GivenInputs:
    """The inputs of a run.

    Attributes:
        values: The typed values that are known.
        open: The names of those that are not known yet.
        findings: What is wrong with them.
    """

    values: Mapping[str, object]
    open: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def context(self) -> Mapping[str, object]:
        """The context ``inputs``."""
        return Unknown("inputs", self.values, self.open) if self.open else self.values


def take_inputs(
    declared: Mapping[str, InputSpec],
    given: Mapping[str, object],
    resolver: Resolver,
    *,
    unknown: frozenset[str] = frozenset(),
) -> GivenInputs:
    """Checks inputs against their declarations; all faults at once.

    Args:
        declared: The workflow's declarations.
        given: Values by name.
        resolver: Evaluates defaults that hold expressions.
        unknown: The names of inputs that are given with values that are not known yet.
    """
    given_names = {name.lower() for name in given}
    unknown_names = {name.lower() for name in unknown}
    waiting = [name for name in declared if name.lower() in unknown_names]
    specs: dict[str, InputSpec] = {}
    for name, spec in declared.items():
        path = f"inputs.{name}.default"
        default = resolver.value(spec.default, path)
        if path in resolver.open and name.lower() not in (given_names | unknown_names):
            waiting.append(name)
        elif name not in waiting:
            specs[name] = spec if path in resolver.open else spec.model_copy(update={"default": default})
    findings = [Finding(fault.path, fault.message, fault.hint) for fault in resolver.faults]
    checked = check_inputs(specs, given)
    return GivenInputs(checked.values, tuple(waiting), (*findings, *checked.findings))

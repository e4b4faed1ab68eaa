"""How tests of expressions ask."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from core.errors import InvalidExpressionError
from core.plan.expressions.evaluator import evaluate
from core.plan.expressions.parser import parse_expression
from core.plan.expressions.scope import Scope
from core.plan.expressions.surroundings import Surroundings
from core.plan.expressions.values import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.plan.expressions.evaluator import Evaluation


@dataclass(frozen=True)
class Stands:
    """How things stand, as a table of jobs and their results."""

    own: str = "success"
    jobs: tuple[tuple[str, str], ...] = ()

    def is_success(self, jobs: Sequence[str]) -> bool:
        results = dict(self.jobs)
        return all(results.get(job) == "success" for job in jobs) if jobs else self.own == "success"

    def is_failure(self, jobs: Sequence[str]) -> bool:
        results = dict(self.jobs)
        return any(results.get(job) == "failure" for job in jobs) if jobs else self.own == "failure"

    def is_cancelled(self) -> bool:
        return self.own == "cancelled"


def evaluation_of(text: str, /, *, standing: Stands | None = None, own: bool = True, **contexts: Any) -> Evaluation:
    scope = Scope(tuple(contexts), status=standing is not None, job_names=True, own=own)
    return evaluate(parse_expression(text, scope), Surroundings(contexts, standing=standing))


def value_of(text: str, /, *, standing: Stands | None = None, own: bool = True, **contexts: Any) -> Any:
    return plain(evaluation_of(text, standing=standing, own=own, **contexts).value)


def error_of(
    text: str, /, *, standing: Stands | None = None, own: bool = True, **contexts: Any
) -> InvalidExpressionError:
    with pytest.raises(InvalidExpressionError) as raised:
        evaluation_of(text, standing=standing, own=own, **contexts)
    return raised.value

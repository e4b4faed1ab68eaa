"""Answers one expression case."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from core.errors import InvalidExpressionError
from core.plan.expressions.evaluator import evaluate
from core.plan.expressions.parser import parse_expression
from core.plan.expressions.scope import Scope
from core.plan.expressions.surroundings import Surroundings
from core.plan.expressions.values import plain
from core.plan.interpolate import interpolate_text, parse_condition, parse_template

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Told:
    """Stands as the case says."""

    status: str
    results: dict[str, str]

    def is_success(self, jobs: Sequence[str]) -> bool:
        return self._all(jobs, "success") if jobs else self.status == "success"

    def is_failure(self, jobs: Sequence[str]) -> bool:
        return any(self.results.get(job.lower()) == "failure" for job in jobs) if jobs else self.status == "failure"

    def is_cancelled(self) -> bool:
        return self.status == "cancelled"

    def _all(self, jobs: Sequence[str], result: str) -> bool:
        return all(self.results.get(job.lower()) == result for job in jobs)


def answer(case: dict[str, Any]) -> dict[str, Any]:
    """The value of the case's expression, or the message of its error."""
    contexts: dict[str, Any] = case.get("contexts") or {}
    status: str | None = case.get("status")
    needs: dict[str, Any] = contexts.get("needs") or {}
    results = {name.lower(): need.get("result", "") for name, need in needs.items()}
    scope = Scope(tuple(contexts), status=status is not None, job_names=True)
    standing = Told(status, results) if status is not None else None
    surroundings = Surroundings(contexts, standing=standing)
    try:
        return {"result": _result(case, scope, surroundings)}
    except InvalidExpressionError as error:
        return {"error": error.message}


def _result(case: dict[str, Any], scope: Scope, surroundings: Surroundings) -> object:
    text: str = case["expr"]
    match case.get("mode", "expr"):
        case "if":
            return parse_condition(text, scope).decide(surroundings).runs
        case "template":
            return interpolate_text(parse_template(text, scope), surroundings)
        case _:
            return _json(plain(evaluate(parse_expression(text, scope), surroundings).value))


def _json(value: object) -> object:
    """The value with the numbers that JSON does not have written out."""
    if isinstance(value, float) and not math.isfinite(value):
        return {"$number": "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"}
    if isinstance(value, list):
        return [_json(item) for item in cast("list[object]", value)]
    if isinstance(value, dict):
        return {key: _json(item) for key, item in cast("dict[str, object]", value).items()}
    return value

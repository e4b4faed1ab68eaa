"""A job's matrix, once its expressions are known."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from core.errors import InvalidMatrixError
from core.plan.compile.definition import field_value
from core.plan.foresight import Unknown
from core.plan.interpolate import OPENING
from core.plan.matrix import Expansion, expand_matrix
from core.spec.workflow import Expression, Plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.plan.compile.resolving import Resolver
    from core.plan.matrix import Variant
    from core.spec.workflow import MatrixSpec, WorkflowJobSpec


def expand_job(job: WorkflowJobSpec, resolver: Resolver) -> Expansion | None:
    """The variants of a matrix job; none if the matrix is not known yet, or at fault, as the resolver then says.

    Args:
        job: A job with a matrix.
        resolver: With the contexts that a matrix may name.
    """
    definition = job.matrix.definition if job.matrix is not None else dict[str, Plain]()
    data: object = definition.text if isinstance(definition, Expression) else dict(definition)
    matrix = resolver.value(data, "matrix")
    if resolver.open or resolver.faults:
        return None
    try:
        return expand_matrix(matrix, job=job.id, is_literal=not holds_expression(data))
    except InvalidMatrixError as error:
        for finding in error.findings:
            resolver.fault(f"matrix.{finding.path}" if finding.path else "matrix", finding.message, finding.hint)
        return None


def strategy_facts(matrix: MatrixSpec, resolver: Resolver, variant: Variant, total: int) -> Mapping[str, object]:
    """The context ``strategy`` of a variant."""
    known: dict[str, object] = {"job-index": variant.index, "job-total": total}
    most = matrix.max_parallel if matrix.max_parallel is not None else total
    unknown: list[str] = []
    for name, value in (("fail_fast", matrix.fail_fast), ("max_parallel", most)):
        found = field_value(name, value, resolver, name)
        if name in resolver.open:
            unknown.append(name.replace("_", "-"))
        else:
            known[name.replace("_", "-")] = found
    return Unknown("strategy", known, unknown)


def holds_expression(data: object) -> bool:
    """Whether a text in plain data holds ``${{``."""
    waiting = [data]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            if OPENING in item:
                return True
        elif isinstance(item, dict):
            waiting.extend(cast("dict[str, object]", item).values())
        elif isinstance(item, list | tuple):
            waiting.extend(cast("list[object]", item))
    return False

"""Checks of matrices, and of needs for single variants of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.errors import InvalidMatrixError
from core.plan.compile.matrices import holds_expression
from core.plan.expressions.letters import fold
from core.plan.expressions.nodes import Constant, Index, Name, walk
from core.plan.findings import shown
from core.plan.interpolate import OPENING
from core.plan.lint.edits import swapped, without_item
from core.plan.matrix import MatrixFault, check_matrix, counterpart, matching
from core.plan.nearness import did_you_mean, nearest
from core.plan.source import Scalar
from core.spec.workflow import Expression

if TYPE_CHECKING:
    from core.plan.findings import Fix
    from core.plan.lint.expressions import ReadSite
    from core.plan.lint.ground import Ground
    from core.plan.lint.shapes import Knowledge
    from core.plan.source import Node, TreePath
    from core.spec.workflow import NeedSpec, WorkflowJobSpec


def check_matrices(ground: Ground, knowledge: Knowledge) -> None:
    """Every matrix that stands in the file, and every need for variants."""
    for job in ground.workflow.jobs.values():
        if job.matrix is not None and not isinstance(job.matrix.definition, Expression):
            definition = dict(job.matrix.definition)
            if not holds_expression(definition):
                for fault in check_matrix(definition):
                    _say_fault(ground, job, fault)
        _check_name(ground, knowledge, job)
        for index, need in enumerate(job.needs):
            if need.matrix is not None:
                _check_need(ground, knowledge, job, need, ("jobs", job.id, "needs", index, "matrix"))


def check_keys(ground: Ground, knowledge: Knowledge, job: WorkflowJobSpec, read: ReadSite) -> None:
    """Keys of ``matrix`` that only some variants have: null in the others."""
    expansion = knowledge.expansion(job)
    if expansion is None:
        return
    sure = {fold(key) for key in expansion.sure_keys}
    partial = {fold(key) for key in expansion.keys} - sure
    for expression, offset, _ in read.expressions if partial else ():
        for node in walk(expression.root):
            if not isinstance(node, Index) or not isinstance(node.base, Name) or node.base.name.lower() != "matrix":
                continue
            if isinstance(node.key, Constant) and fold(str(node.key.value)) in partial:
                span = (offset + node.key.span.start, offset + node.key.span.end)
                message = f"Only some variants of '{job.id}' have 'matrix.{node.key.value}'; it is null in the others."
                ground.say_at("I111", message, read.site.scalar, span)


def _say_fault(ground: Ground, job: WorkflowJobSpec, fault: MatrixFault) -> None:
    path: TreePath = ("jobs", job.id, "matrix", *fault.path)
    node = (ground.key(path) if fault.is_key else None) or ground.node(path)
    ground.say(fault.code, f"{fault.message}.", node, fault.hint, fix=_mended(ground, job, fault, path, node))


def _mended(ground: Ground, job: WorkflowJobSpec, fault: MatrixFault, path: TreePath, node: Node) -> Fix | None:
    """The fix of a fault, where it is sure: a key's spelling, a value that stands twice, an entry about nothing."""
    if fault.is_key and isinstance(node, Scalar) and job.matrix is not None:
        vectors = [key for key in dict(_definition(job)) if key not in {"include", "exclude"}]
        near = nearest(str(fault.path[-1]), vectors)
        if len(near) == 1 and fold(near[0]) != fold(str(fault.path[-1])):
            return swapped(ground, node, 0, len(node.text), near[0])
    if fault.code in {"W120", "W122", "E123"} and isinstance(fault.path[-1], int):
        return without_item(ground, path)
    return None


def _definition(job: WorkflowJobSpec) -> dict[str, object]:
    definition = job.matrix.definition if job.matrix is not None else None
    return {} if definition is None or isinstance(definition, Expression) else dict(definition)


def _check_name(ground: Ground, knowledge: Knowledge, job: WorkflowJobSpec) -> None:
    expansion = knowledge.expansion(job)
    if job.name and OPENING not in job.name and expansion is not None and len(expansion.variants) > 1:
        node = ground.node(("jobs", job.id, "name"))
        message = f"All {len(expansion.variants)} variants of '{job.id}' have the same name."
        key = expansion.keys[0]
        ground.say("W124", message, node, f"add a value, such as ${{{{ matrix.{key} }}}}, or leave the name out")


def _check_need(ground: Ground, knowledge: Knowledge, job: WorkflowJobSpec, need: NeedSpec, path: TreePath) -> None:
    found = ground.names.find(need.job)
    if found is None:
        return
    producer = ground.workflow.jobs[found]
    node = ground.node(path)
    if producer.matrix is None:
        ground.say(
            "E127",
            f"Job '{producer.id}' has no matrix, so that no variant of it can be needed.",
            node,
            "leave matrix out",
        )
    elif isinstance(need.matrix, str):
        _check_same(ground, knowledge, job, producer, node)
    elif need.matrix is not None and not holds_expression(dict(need.matrix)):
        _check_values(ground, knowledge, producer, dict(need.matrix), path)


def _check_same(
    ground: Ground, knowledge: Knowledge, job: WorkflowJobSpec, producer: WorkflowJobSpec, node: Node
) -> None:
    if job.matrix is None:
        message = f"Job '{job.id}' has no matrix, so that no variant of '{producer.id}' is the same."
        ground.say("E127", message, node, "name the values, such as matrix: {os: alpine}, or leave matrix out")
        return
    own, others = knowledge.expansion(job), knowledge.expansion(producer)
    if own is None or others is None:
        return
    for variant in own.variants:
        try:
            counterpart(variant, own.vectors, others, job=producer.id)
        except InvalidMatrixError as error:
            ground.say("E127", f"{error.message}.", node, error.hint)
            return


def _check_values(
    ground: Ground, knowledge: Knowledge, producer: WorkflowJobSpec, values: dict[str, object], path: TreePath
) -> None:
    expansion = knowledge.expansion(producer)
    if expansion is None:
        return
    known = {fold(key) for key in expansion.keys}
    for key in values:
        if fold(key) not in known:
            node = ground.key((*path, key)) or ground.node(path)
            near = nearest(key, expansion.keys)
            fix = None
            if len(near) == 1 and isinstance(node, Scalar) and node.text == key:
                fix = swapped(ground, node, 0, len(key), near[0])
            hint = did_you_mean(key, expansion.keys) or f"the keys are {', '.join(map(shown, expansion.keys))}"
            ground.say("E127", f"No variant of '{producer.id}' has a key '{shown(key)}'.", node, hint, fix=fix)
            return
    if not matching(expansion, values):
        ground.say("E127", f"No variant of '{producer.id}' has these values.", ground.node(path), "name values it has")

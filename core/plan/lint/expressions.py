"""Checks of every expression: grammar, names, properties, types, conditions that come out one way only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from core.errors import InvalidExpressionError
from core.plan.context import Place, scope_of
from core.plan.expressions.evaluator import evaluate
from core.plan.expressions.nodes import Call, Constant, Index, Name, calls, walk
from core.plan.expressions.parser import Expression
from core.plan.expressions.remarks import examine, is_constant, shape_of
from core.plan.expressions.shapes import ListShape
from core.plan.expressions.surroundings import Surroundings
from core.plan.expressions.values import truth
from core.plan.findings import Fix, shown
from core.plan.interpolate import Hole, find_holes, parse_bare, parse_hole
from core.plan.keys.report import Target
from core.plan.lint.edits import within
from core.plan.lint.mending import Change, as_json, bared, mending, near_property, remark_mending
from core.plan.lint.order import unknown_job

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.plan.expressions.remarks import Remark
    from core.plan.expressions.scope import Scope
    from core.plan.expressions.shapes import Shape
    from core.plan.keys.report import Site
    from core.plan.lint.ground import Ground
    from core.plan.lint.shapes import Knowledge
    from core.plan.source import Scalar
    from core.spec.workflow import WorkflowJobSpec

_NAMED: Final = frozenset({"success", "failure"})


class ReadSite:
    """A text with the expressions in it that could be read.

    Attributes:
        site: The text.
        expressions: Each with its offset in the text, and its ``${{ }}`` if it has one.
        is_broken: Whether an expression in it could not be read.
    """

    def __init__(self, site: Site) -> None:
        self.site = site
        self.expressions: list[tuple[Expression, int, Hole | None]] = []
        self.is_broken = False


class ExpressionChecks:
    """Goes through the sites of a file.

    Args:
        ground: The file.
        knowledge: What is known of its contexts.
    """

    def __init__(self, ground: Ground, knowledge: Knowledge) -> None:
        self._ground = ground
        self._knowledge = knowledge
        self._scopes: dict[Place, Scope] = {}

    def check(self, site: Site) -> ReadSite:
        """Read a text, and say what is wrong with its expressions."""
        read = ReadSite(site)
        scope = self._scope(site.where)
        if site.target is Target.CONDITION:
            self._read_condition(read, scope)
        else:
            self._read_holes(read, scope)
        shapes = self._shapes(site)
        for expression, offset, _ in read.expressions:
            # a property is searched for among all names: not for findings that nobody would see
            for remark in () if self._ground.has_enough("E111") else examine(expression, shapes):
                self._say_remark(site.scalar, expression, offset, remark, shapes)
            self._check_names(site, expression, offset)
        if site.target is Target.TEXT:
            self._check_texts(read, shapes)
        elif site.target is Target.CONDITION:
            self._check_constant(read)
        return read

    def job_of(self, site: Site) -> WorkflowJobSpec | None:
        """The job that a text belongs to."""
        if len(site.path) < 2 or site.path[0] != "jobs":
            return None
        return self._ground.workflow.jobs.get(str(site.path[1]))

    def _scope(self, where: Place) -> Scope:
        if where not in self._scopes:
            self._scopes[where] = scope_of(where, own=self._ground.workflow.expressions == "extended")
        return self._scopes[where]

    def _shapes(self, site: Site) -> Mapping[str, Shape]:
        job = self.job_of(site)
        if job is None:
            return self._knowledge.of_run()
        if len(site.path) > 3 and site.path[2] == "steps" and isinstance(site.path[3], int):
            return self._knowledge.of_step(job, site.path[3])
        return self._knowledge.of_job(job)

    def _read_condition(self, read: ReadSite, scope: Scope) -> None:
        text = read.site.scalar.text
        try:
            expression = parse_bare(text, scope)
        except InvalidExpressionError as error:
            self._say_error(read, error, scope)
            return
        if expression is not None:
            holes = find_holes(text) if text.strip().startswith("${{") else ()
            hole = holes[0] if holes else None
            offset = hole.offset if hole is not None else text.find(expression.text)
            read.expressions.append((expression, offset, hole))

    def _read_holes(self, read: ReadSite, scope: Scope) -> None:
        try:
            holes = find_holes(read.site.scalar.text)
        except InvalidExpressionError as error:
            self._say_error(read, error, scope)
            return
        for hole in holes:
            try:
                read.expressions.append((parse_hole(hole, scope), hole.offset, hole))
            except InvalidExpressionError as error:
                self._say_error(read, error, scope)

    def _say_error(self, read: ReadSite, error: InvalidExpressionError, scope: Scope) -> None:
        read.is_broken = True
        scalar = read.site.scalar
        if error.rule == "E114":
            change = bared(scalar.text, scope)
            fix = self._fix(scalar, 0, change, "take ${{ and }} out: the whole is an expression")
        else:
            change = mending(error, scope)
            fix = self._fix(scalar, error.offset, change)
        start = error.offset + (error.position or 1) - 1
        length = error.length if error.position is not None else len(error.expression)
        self._ground.say_at(error.rule, error.message, scalar, (start, start + length), error.hint, fix=fix)

    def _say_remark(
        self, scalar: Scalar, expression: Expression, offset: int, remark: Remark, shapes: Mapping[str, Shape]
    ) -> None:
        start, end = remark.span
        base = _base(expression, remark, shapes)
        change = remark_mending(expression, remark, base)
        hint = self._better_hint(expression, remark) or remark.hint
        fix = self._fix(scalar, offset, change)
        message = remark.message if remark.code.endswith("115") else f"{remark.message}."
        self._ground.say_at(remark.code, message, scalar, (offset + start, offset + end), hint, fix=fix)

    def _better_hint(self, expression: Expression, remark: Remark) -> str:
        """What to do about a job that is there but not needed, and about a matrix that is not."""
        if remark.message.startswith("'matrix' has") and remark.hint == "there are none":
            return "the job has no matrix"
        if not remark.message.startswith(("'needs' has", "'jobs' has")):
            return ""
        found = self._ground.names.find(expression.text[remark.span.start : remark.span.end].strip("'"))
        return f"add '{found}' to the job's needs" if found is not None else ""

    def _check_names(self, site: Site, expression: Expression, offset: int) -> None:
        """Jobs that ``success()`` and ``failure()`` name, and secrets that are not declared."""
        for call in calls(expression.root):
            if call.name in _NAMED:
                self._check_call(site, call, offset)
        declared = self._ground.workflow.secrets
        for node in walk(expression.root):
            if declared and isinstance(node, Index) and isinstance(node.key, Constant) and _is_secrets(node.base):
                name = str(node.key.value)
                if name.lower() not in {each.lower() for each in declared}:
                    span = (offset + node.key.span.start, offset + node.key.span.end)
                    message = f"Secret '{shown(name)}' is not among the declared ones."
                    change = near_property(expression.text, node.key.span, declared)
                    fix = self._fix(site.scalar, offset, change)
                    self._ground.say_at("W111", message, site.scalar, span, "declare it under secrets", fix=fix)

    def _check_call(self, site: Site, call: Call, offset: int) -> None:
        job = self.job_of(site)
        for argument in call.arguments:
            if job is None or not isinstance(argument, Constant) or not isinstance(argument.value, str):
                continue
            name, span = argument.value, (offset + argument.span.start, offset + argument.span.end)
            found = self._ground.names.find(name)
            if found is None:
                message = f"Job '{job.id}' asks for the result of unknown job '{shown(name)}'."
                self._ground.say_at("E011", message, site.scalar, span, unknown_job(self._ground, name, job))
            elif not self._knowledge.comes_before(found, job):
                message = f"'{found}' is no job that '{job.id}' needs, so that {call.name}() cannot ask for it."
                self._ground.say_at("E011", message, site.scalar, span, f"add '{found}' to the job's needs")

    def _check_texts(self, read: ReadSite, shapes: Mapping[str, Shape]) -> None:
        """Lists and mappings that would become ``Array`` or ``Object``."""
        for expression, offset, _ in read.expressions:
            shape = shape_of(expression, shapes)
            change = as_json(expression, shape)
            if change is None:
                continue
            kind, text = ("list", "Array") if isinstance(shape, ListShape) else ("mapping", "Object")
            message = f"'{shown(expression.text)}' is a {kind}, which becomes the text '{text}' here."
            fix = self._fix(read.site.scalar, offset, change, "write it as JSON")
            span = (offset, offset + len(expression.text))
            self._ground.say_at("W112", message, read.site.scalar, span, "write toJSON(…), or name a property", fix=fix)

    def _check_constant(self, read: ReadSite) -> None:
        for expression, offset, _ in read.expressions:
            if not is_constant(expression.root):
                continue
            try:
                holds = truth(evaluate(expression, Surroundings({})).value)
            except InvalidExpressionError:
                continue
            if read.site.where is Place.JOB_IF and holds is (read.site.path[-1] == "unless"):
                continue  # the job never runs, which W014 says
            span = (offset, offset + len(expression.text))
            message = f"The condition '{shown(expression.text)}' is always {'true' if holds else 'false'}."
            hint = "compare something that changes, or leave the condition out"
            self._ground.say_at("W113", message, read.site.scalar, span, hint)

    def _fix(self, scalar: Scalar, offset: int, change: Change | None, description: str = "") -> Fix | None:
        """The fix that makes a change in a text; none if there is none, or it cannot be made for sure."""
        if change is None:
            return None
        edit = within(self._ground, scalar, offset + change.start, offset + change.end, change.text)
        if edit is None:
            return None
        return Fix(description or (f"replace by {shown(change.text)}" if change.text else "remove it"), (edit,))


def _base(expression: Expression, remark: Remark, shapes: Mapping[str, Shape]) -> Shape | None:
    """What is known of the value that a remarked property would belong to."""
    for node in walk(expression.root):
        if isinstance(node, Index) and node.key.span == remark.span:
            return shape_of(Expression(expression.text, node.base), shapes)
    return None


def _is_secrets(node: object) -> bool:
    return isinstance(node, Name) and node.name.lower() == "secrets"

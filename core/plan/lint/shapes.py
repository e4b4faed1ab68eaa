"""What is known of the contexts at a place of a workflow, before anything runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Final, cast

from core.errors import InvalidMatrixError
from core.plan.ancestry import Ancestry
from core.plan.compile.matrices import holds_expression
from core.plan.context import FIXED_SHAPES, SERVICE, job_shape, step_shape
from core.plan.expressions.shapes import ANYTHING, ListShape, MappingShape, shape_of_scalar
from core.plan.inputs import inputs_shape
from core.plan.matrix import Expansion, expand_matrix
from core.spec.workflow import Expression

if TYPE_CHECKING:
    from collections.abc import Sequence

    from core.plan.expressions.shapes import Shape
    from core.plan.graph import Graph
    from core.plan.jobs import JobNames
    from core.spec.workflow import MatrixSpec, WorkflowJobSpec, WorkflowSpec

_LISTS: Final = ("include", "exclude")


class Shapes(Mapping[str, "Shape"]):
    """Shapes of contexts, each worked out when it is asked for.

    Args:
        made: How to work out those that are known, by the contexts' names.
    """

    def __init__(self, made: Mapping[str, Callable[[], Shape]]) -> None:
        self._made = made
        self._found: dict[str, Shape] = {}

    def __getitem__(self, name: str) -> Shape:
        if name not in self._found:
            self._found[name] = self._made[name]()
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)


class _JobsAbove(Mapping[str, "Shape"]):
    """The entries of ``jobs`` in one job, each made when it is asked for: there may be thousands."""

    def __init__(self, ancestry: Ancestry, job: str, entry: Callable[[str], Shape | None]) -> None:
        self._ancestry = ancestry
        self._job = job
        self._entry = entry

    def __getitem__(self, name: str) -> Shape:
        found = self._entry(name)
        if found is None or not self._ancestry.is_above(name, self._job):
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._ancestry.above(self._job))

    def __len__(self) -> int:
        return len(self._ancestry.above(self._job))


class Knowledge:
    """What is known of a workflow's contexts, place by place.

    Args:
        workflow: The workflow.
        graph: Its jobs' order.
        names: Its jobs' names.
    """

    def __init__(self, workflow: WorkflowSpec, graph: Graph, names: JobNames) -> None:
        self._workflow = workflow
        self._graph = graph
        self._names = names
        self._ancestry = Ancestry(graph)
        self._shapes_of_jobs: dict[str, Shape] = {}
        self._expansions: dict[str, Expansion | None] = {}
        self._of_jobs: dict[str, Shapes] = {}
        self._run: dict[str, Callable[[], Shape]] = {
            **{name: _constant(shape) for name, shape in FIXED_SHAPES.items()},
            "inputs": _constant(inputs_shape(workflow.inputs)),
            "secrets": _constant(FIXED_SHAPES["secrets"]),
        }

    def of_run(self) -> Shapes:
        """At the top of the file; ``jobs`` holds all jobs there."""
        every = tuple(self._workflow.jobs)
        return Shapes({**self._run, "jobs": lambda: MappingShape({job: self._entry(job) or ANYTHING for job in every})})

    def of_job(self, job: WorkflowJobSpec) -> Shapes:
        """In a job."""
        if job.id not in self._of_jobs:
            self._of_jobs[job.id] = Shapes(
                {
                    **self._run,
                    "needs": lambda: self._entries(self._graph.parents(job.id)),
                    "jobs": lambda: self._above(job),
                    "matrix": lambda: self._matrix(job),
                    "services": lambda: self._services(job),
                    "steps": lambda: _steps(job, len(job.steps)),
                }
            )
        return self._of_jobs[job.id]

    def of_step(self, job: WorkflowJobSpec, index: int) -> Shapes:
        """In a step, where those before it are known."""
        return Shapes({**_all_of(self.of_job(job)), "steps": lambda: _steps(job, index)})

    def expansion(self, job: WorkflowJobSpec) -> Expansion | None:
        """The variants of a job whose matrix stands in the file; none if it has none, or one that is computed."""
        if job.id not in self._expansions:
            self._expansions[job.id] = _expansion(job)
        return self._expansions[job.id]

    def comes_before(self, other: str, job: WorkflowJobSpec) -> bool:
        """Whether another job has ended for sure when a job's condition is asked."""
        return self._ancestry.is_above(other, job.id)

    def _above(self, job: WorkflowJobSpec) -> Shape:
        return MappingShape(_JobsAbove(self._ancestry, job.id, self._entry))

    def _entries(self, jobs: Sequence[str]) -> Shape:
        specs = [self._workflow.jobs[job] for job in jobs]
        return MappingShape({spec.id: job_shape(_outputs(spec)) for spec in specs})

    def _entry(self, job: str) -> Shape | None:
        if job not in self._workflow.jobs:
            return None
        if job not in self._shapes_of_jobs:
            self._shapes_of_jobs[job] = job_shape(_outputs(self._workflow.jobs[job]), has_status=True)
        return self._shapes_of_jobs[job]

    def _services(self, job: WorkflowJobSpec) -> Shape:
        return MappingShape(dict.fromkeys((*self._workflow.services, *job.services), SERVICE))

    def _matrix(self, job: WorkflowJobSpec) -> Shape:
        if job.matrix is None:
            return MappingShape({})
        expansion = self.expansion(job)
        if expansion is not None:
            return _variants(expansion)
        return _computed(job.matrix)


def _outputs(job: WorkflowJobSpec) -> tuple[str, ...] | None:
    """The names of a job's outputs if all are known."""
    if job.call is not None:
        return tuple(job.call.workflow.outputs) if job.call.workflow is not None else None
    return tuple(job.outputs) if job.outputs is not None else None


def _steps(job: WorkflowJobSpec, before: int) -> Shape:
    return MappingShape({step.id: step_shape() for step in job.steps[:before] if step.id})


def _expansion(job: WorkflowJobSpec) -> Expansion | None:
    if job.matrix is None or isinstance(job.matrix.definition, Expression):
        return None
    matrix = dict(job.matrix.definition)
    if holds_expression(matrix):
        return None
    try:
        return expand_matrix(matrix, job=job.id)
    except InvalidMatrixError:
        return None


def _variants(expansion: Expansion) -> Shape:
    """The keys that some variant has; what not all have in one shape may be anything."""
    sure = set(expansion.sure_keys)
    fields: dict[str, Shape] = {}
    for key in expansion.keys:
        values = [variant.get(key) for variant in expansion.variants if variant.has(key)]
        fields[key] = _one_of([_shape(value) for value in values]) if key in sure else ANYTHING
    return MappingShape(fields)


def _computed(matrix: MatrixSpec) -> Shape:
    """A matrix with expressions: its keys are known if they stand in the file."""
    if isinstance(matrix.definition, Expression):
        return ANYTHING
    definition = cast("Mapping[str, object]", matrix.definition)
    fields: dict[str, Shape] = {key: ANYTHING for key in definition if key not in _LISTS}
    include = definition.get("include", [])
    entries = cast("list[object]", include) if isinstance(include, list) else [include]
    for entry in entries:
        if not isinstance(entry, dict):
            return MappingShape(fields, others=ANYTHING)
        fields.update(dict.fromkeys(cast("dict[str, object]", entry), ANYTHING))
    return MappingShape(fields)


def _shape(value: object) -> Shape:
    if isinstance(value, dict):
        return MappingShape({key: _shape(item) for key, item in cast("dict[str, object]", value).items()})
    if isinstance(value, list):
        return ListShape(_one_of([_shape(item) for item in cast("list[object]", value)]))
    return shape_of_scalar(cast("bool | float | str | None", value))


def _one_of(shapes: Sequence[Shape]) -> Shape:
    """The shape that all have; anything if they differ, or if there are none."""
    return shapes[0] if shapes and all(shape == shapes[0] for shape in shapes) else ANYTHING


def _constant(shape: Shape) -> Callable[[], Shape]:
    return lambda: shape


def _all_of(shapes: Shapes) -> dict[str, Callable[[], Shape]]:
    return {name: lambda name=name: shapes[name] for name in shapes}

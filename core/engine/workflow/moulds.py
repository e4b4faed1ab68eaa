"""Nodes that differ in nothing but their names have jobs that differ in nothing else: such a job is made once a run."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from pydantic import TypeAdapter, ValidationError

from core.engine.workflow.late_texts import NOTHING_LATE, layers_of
from core.engine.workflow.node_job import NodeJob, name_of
from core.engine.workflow.run_variables import node_variables, run_variables
from core.plan.interpolate import OPENING
from core.spec.fields import Name
from core.spec.workflow import WorkflowJobSpec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.engine.workflow.node_setting import NodeSetting
    from core.spec.workflow import WorkflowSpec

_KEPT: Final = 8
"""Kinds of jobs that are remembered: more are seldom alike, and each node is compared with all of them."""
_MOST_TEXT: Final = 16 * 1024
"""Characters of variables up to which nothing can come near what Linux takes."""

_OWN: Final = ("id", "needs")
"""What of a job its spec has in its variables and its name alone, or not at all."""

_likeness: Final = attrgetter(*(each.name for each in fields(WorkflowJobSpec) if each.name not in _OWN))
_NAME: Final = TypeAdapter(Name)


@dataclass(frozen=True, slots=True)
class _Mould:
    """A job that was made and admitted, to make others from.

    Attributes:
        workflow: The file it stands in.
        likeness: What another job must say too.
        made: The job.
        variables: Those of its variables that tell of its run.
        own: Those of its variables that the file sets.
    """

    workflow: WorkflowSpec
    likeness: tuple[object, ...]
    made: NodeJob
    variables: Mapping[str, str]
    own: Mapping[str, str]


class Moulds:
    """Remembers the last jobs that were made of a run's nodes, for others that are alike."""

    def __init__(self) -> None:
        self._kept: deque[_Mould] = deque(maxlen=_KEPT)

    def cast(self, setting: NodeSetting) -> NodeJob | None:
        """The admitted job of a node, if one that is alike was made already."""
        if not self._kept or not _may_be_alike(setting):
            return None
        likeness = _likeness_of(setting)
        for mould in self._kept:
            if mould.workflow is setting.workflow and mould.likeness == likeness:
                return _cast(mould, setting)
        return None

    def keep(self, setting: NodeSetting, made: NodeJob) -> None:
        """Remember a job that was made for a node and admitted, if others can be like it."""
        spec, definition = made.spec, made.definition
        layers = dict(layers_of(setting))
        has_late = spec.node is not None and spec.node.late != NOTHING_LATE
        is_evaluated = not definition.is_literal or spec.context is not None or has_late
        if is_evaluated or any(OPENING in text for text in layers.values()) or not _may_be_alike(setting):
            return
        own = {name: value for name, value in spec.env.items() if name in layers}
        variables = run_variables(setting)
        if sum(map(len, own.values())) <= _MOST_TEXT and not variables.keys() & own.keys():
            self._kept.appendleft(_Mould(setting.workflow, _likeness_of(setting), made, variables, own))


def _may_be_alike(setting: NodeSetting) -> bool:
    """Whether nothing but its names sets a node's job apart from those of nodes that say the same."""
    job = setting.job
    is_given = setting.variant or setting.workspace or setting.services or setting.producers
    return not (is_given or job.services or job.secrets or job.volumes)


def _likeness_of(setting: NodeSetting) -> tuple[object, ...]:
    return setting.producers is None, *_likeness(setting.job)


def _cast(mould: _Mould, setting: NodeSetting) -> NodeJob | None:
    try:
        name = _NAME.validate_python(name_of(setting))
    except ValidationError:  # the long way tells what is wrong with it
        return None
    made = mould.made
    env = {**mould.variables, **node_variables(setting), **mould.own}
    return NodeJob(made.spec.model_copy(update={"name": name, "env": env}), made.definition, made.warnings)

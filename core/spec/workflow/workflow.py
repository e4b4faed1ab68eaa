"""A workflow, as it was asked for: one canonical form, whatever spellings the file used."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from core.spec.inputs import InputSpec
from core.spec.workflow.container import Services, WorkflowServiceSpec
from core.spec.workflow.job import WorkflowJobSpec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.spec.workflow.control import ConcurrencySpec
    from core.spec.workflow.values import Environment, Seconds

DEFAULT_RUN_SECONDS = 3600
"""The time limit of a run that names none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultsSpec:
    """What is left of a workflow's defaults: all but the variables is part of the jobs."""

    env: Environment = field(default_factory=dict[str, str])
    """Variables of all jobs, below the workflow's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowSpec:
    """A workflow. Jobs, inputs and the like are in the order of the file."""

    name: str
    """Its name, or else the file's."""
    description: str = ""
    run_name: str = ""
    """A text with ``${{ }}``; empty takes the name."""
    version: Literal[1] = 1
    expressions: Literal["extended", "github"] = "extended"
    """``github`` turns OrcaOps' own functions off."""
    inputs: Mapping[str, InputSpec] = field(default_factory=dict[str, InputSpec])
    env: Environment = field(default_factory=dict[str, str])
    secrets: tuple[str, ...] = ()
    """Names of the secrets that have to be there."""
    defaults: DefaultsSpec = field(default_factory=DefaultsSpec)
    services: Services = field(default_factory=dict[str, WorkflowServiceSpec])
    """Services that all jobs of a run share."""
    concurrency: ConcurrencySpec | None = None
    max_parallel: int | None = None
    """How many jobs run at once; None leaves it to the engine."""
    on_failure: Literal["continue", "cancel"] = "continue"
    timeout_s: Seconds = DEFAULT_RUN_SECONDS
    cleanup: Literal["remove_on_completion", "keep_on_failure", "keep"] = "remove_on_completion"
    outputs: Mapping[str, str] = field(default_factory=dict[str, str])
    """Texts with ``${{ }}``, evaluated when the run ends."""
    jobs: Mapping[str, WorkflowJobSpec] = field(default_factory=dict[str, WorkflowJobSpec])

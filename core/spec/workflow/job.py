"""A workflow's jobs and their steps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from core.frozen import quickly_made
from core.spec.workflow.container import ArtifactSpec, ImageSpec, Outputs, Services, WorkflowServiceSpec
from core.spec.workflow.control import (
    ANY_RESOURCES,
    NO_RETRY,
    NO_TOLERANCE,
    Completion,
    ConcurrencySpec,
    MatrixSpec,
    NeedSpec,
    ResourcesSpec,
    RetrySpec,
    ToleranceSpec,
)
from core.spec.workflow.values import Environment, Plain, Seconds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from core.spec.workflow.workflow import WorkflowSpec

DEFAULT_JOB_SECONDS = 300
"""The time limit of an attempt that names none."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowStepSpec:
    """Texts that one shell runs in the job's container, one after another."""

    commands: tuple[str, ...]
    """They share the shell: ``cd`` and variables carry over. The first that fails ends the step."""
    id: str = ""
    """What ``steps.<id>`` calls it; empty if nothing has to."""
    name: str = ""
    condition: str = ""
    """The text of ``if``; empty means ``success()``."""
    env: Environment = field(default_factory=dict[str, str])
    shell: str = ""
    """``sh``, ``bash``, or a template with ``{0}`` for a file; empty takes the job's."""
    working_directory: str = ""
    timeout_s: Seconds | None = None
    retry: RetrySpec = NO_RETRY
    tolerance: ToleranceSpec = NO_TOLERANCE


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSpec:
    """A workflow file that runs in the place of a job."""

    file: str
    """The file, as ``uses`` names it."""
    workflow: WorkflowSpec | None = field(default=None, compare=False, repr=False)
    """What the file holds; None if it could not be read, of which a finding tells."""
    inputs: Mapping[str, Plain] = field(default_factory=dict[str, Plain])
    """The values of ``with``; texts in them may hold ``${{ }}``."""
    secrets: Literal["inherit"] | Mapping[str, str] = field(default_factory=dict[str, str])
    """All secrets, or those that are handed on under their names in the file."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowJobSpec:
    """A job of a workflow; templates and the workflow's defaults are part of it already."""

    id: str
    name: str = ""
    """What to show for it, a text with ``${{ }}``; the id if empty."""
    description: str = ""
    image: ImageSpec | None = None
    """None for a job that calls a workflow file only."""
    steps: tuple[WorkflowStepSpec, ...] = ()
    """What runs in the container; none of them runs the image's own command."""
    needs: tuple[NeedSpec, ...] = ()
    after: tuple[str, ...] = ()
    """Jobs to wait for, whatever their results."""
    parallel_with: tuple[str, ...] = ()
    condition: str = ""
    """The text of ``if``; empty if there is none."""
    unless: str = ""
    """The text of ``unless``; empty if there is none."""
    on_complete: Completion | None = None
    is_finally: bool = False
    """Whether it waits for all jobs that are no finally jobs."""
    matrix: MatrixSpec | None = None
    env: Environment = field(default_factory=dict[str, str])
    secrets: tuple[str, ...] = ()
    """Secrets that become variables of their names."""
    shell: str = ""
    """As for a step; empty means ``sh``."""
    working_directory: str = ""
    user: str = ""
    volumes: tuple[str, ...] = ()
    services: Services = field(default_factory=dict[str, WorkflowServiceSpec])
    artifacts: tuple[ArtifactSpec, ...] = ()
    outputs: Outputs | None = None
    """The outputs that are declared; None hands on whatever the job writes."""
    timeout_s: Seconds = DEFAULT_JOB_SECONDS
    retry: RetrySpec = NO_RETRY
    tolerance: ToleranceSpec = NO_TOLERANCE
    concurrency: ConcurrencySpec | None = None
    resources: ResourcesSpec = ANY_RESOURCES
    network: str = ""
    """What the job reaches: ``none``, ``services`` or ``bridge``; empty leaves it to the operator's policy."""
    profile: str = ""
    """How tightly the job is held; empty leaves it to the operator's policy."""
    stop_signal: str = ""
    """The first signal of a cancel; empty means SIGTERM."""
    call: CallSpec | None = None
    """The workflow file that runs in its place."""

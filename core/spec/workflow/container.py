"""Images, services and what is kept of a container."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from core.spec.workflow.control import ANY_RESOURCES, ResourcesSpec

if TYPE_CHECKING:
    from core.spec.workflow.values import Environment, Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialsSpec:
    """How to log in to an image's registry; both are texts that may hold ``${{ }}``."""

    username: str
    password: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSpec:
    """The image of a job's container."""

    name: str
    pull: Literal["missing", "always", "never"] = "missing"
    entrypoint: tuple[str, ...] | None = None
    """Replaces the image's own for its own command; None keeps it."""
    user: str = ""
    """Who the process runs as; the image's user if empty."""
    platform: str = ""
    credentials: CredentialsSpec | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowHealthCheckSpec:
    """A check that the container engine carries out in a service's container."""

    test: tuple[str, ...]
    """``CMD`` and the arguments, ``CMD-SHELL`` and a text, or ``NONE``."""
    interval_s: Seconds | None = None
    timeout_s: Seconds | None = None
    retries: int | None = None
    start_period_s: Seconds | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowReadySpec:
    """When a service is ready; exactly one of the fields is set."""

    tcp: int | None = None
    """The port takes connections."""
    http: str = ""
    """The path, or the port and the path, answers with 200 to 399."""
    log: str = ""
    """A line of the log matches this regular expression."""
    exec: tuple[str, ...] = ()
    """The command succeeds in the service's container."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowServiceSpec:
    """A container beside a job, or beside all jobs of a run."""

    id: str
    image: str
    """May come to an empty text, which leaves the service out."""
    alias: tuple[str, ...] = ()
    """Further names in the job's network."""
    env: Environment = field(default_factory=dict[str, str])
    command: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()
    """As Docker writes them; the container's port stands last."""
    volumes: tuple[str, ...] = ()
    health_check: WorkflowHealthCheckSpec | None = None
    ready: WorkflowReadySpec | None = None
    ready_timeout_s: Seconds = 60
    depends_on: tuple[str, ...] = ()
    """Services of the same job that have to be ready before this one starts."""
    credentials: CredentialsSpec | None = None
    resources: ResourcesSpec = ANY_RESOURCES
    publish: bool = False
    """Whether its ports are published on the engine's machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactSpec:
    """Files to keep."""

    paths: tuple[str, ...]
    name: str = ""
    exclude: tuple[str, ...] = ()
    when: Literal["always", "success", "failure"] = "always"
    if_missing: Literal["warn", "error", "ignore"] = "warn"
    expires_s: float | None = None
    """After how many seconds they may be removed; None leaves it to the engine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputSpec:
    """A value that a job hands on."""

    value: str | None = None
    """A text with ``${{ }}``; None takes what the job wrote under this name."""
    required: bool = False
    """Whether a success without it is a failure."""
    description: str = ""


Services = Mapping[str, WorkflowServiceSpec]
Outputs = Mapping[str, OutputSpec]

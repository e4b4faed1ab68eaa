"""The engine, its runtimes, and the history of runs."""

from typing import Annotated, Any, Literal

from pydantic import Field

from core import JobStatus
from orcaops_mcp.api.models.base import JobId, Moment, Shape, Text


class ContainersShape(Shape):
    """How the container engine is."""

    available: bool
    backend: str
    version: str | None
    problem: str | None
    hint: str | None
    facts: dict[str, Any]


class SlotShape(Shape):
    """Room for running jobs, of a kind."""

    used: int
    total: int


class LimitsShape(Shape):
    """Defaults and ceilings for one job."""

    timeout_s: float
    max_timeout_s: float
    memory_mb: int
    cpus: float
    pids: int
    log_bytes: int
    artifact_file_bytes: int
    artifact_total_bytes: int


class PolicyShape(Shape):
    """How the jobs of agents are held."""

    source: str | None
    """The operator's file; null without one."""
    default: Literal["strict", "standard", "trusted"]
    """The profile of a job that names none."""
    floor: Literal["strict", "standard", "trusted"]
    """The loosest profile that they get."""
    networks: list[Literal["bridge", "services", "none"]]
    images: Literal["all", "by rules"]


class SystemShape(Shape):
    """How the engine is."""

    version: str
    started_at: Moment
    containers: ContainersShape
    running: int
    max_running: int
    blocked: str | None
    """Why nothing starts at all, if so."""
    blocked_at: Moment | None
    """Since when, if the container engine is the reason."""
    remarks: list[str]
    """What somebody should know and the engine cannot mend, such as records that were lost."""
    queued: int
    max_queued: int
    slots: dict[str, SlotShape]
    jobs: dict[JobStatus, int]
    limits: LimitsShape
    policy: PolicyShape
    secrets: list[str]
    """Names of the secrets a job may ask for."""


class Readiness(Shape):
    """Whether jobs can be run."""

    ready: bool
    blocked_at: Moment | None
    """Since when jobs wait for the container engine, as far as the engine noticed."""
    containers: ContainersShape


class RuntimeShape(Shape):
    """What stands behind a runtime's name."""

    name: str
    image: str
    program: list[str]


class RuntimeList(Shape):
    """The runtimes by name."""

    items: list[RuntimeShape]


class SecretShape(Shape):
    """A secret, without its value."""

    name: str
    """What jobs name it by."""
    source: Literal["environment", "file", "store"]
    """Where its value comes from: the engine's environment, a file that names it, or the home's store."""
    set_at: Moment | None
    """When it was set, of those of the store."""
    masked: bool
    """Whether its value is long enough to be masked in logs and answers."""


class SecretList(Shape):
    """The secrets by name."""

    items: list[SecretShape]


class StopBody(Shape):
    """When to leave."""

    when_idle: bool = False
    """Only once nothing runs and nobody is connected."""


class Stopping(Shape):
    """What becomes of the engine's process; containers run on and are taken up again."""

    stopping: bool
    """Whether it leaves now."""
    when_idle: bool


class CleanupBody(Shape):
    """Which runs to delete; what is given has to hold together."""

    older_than: Annotated[Text, Field(max_length=20)] | None = None
    """Ended longer ago than this span, such as `7d`."""
    status: Annotated[list[Literal["success", "failed", "timed_out", "cancelled"]], Field(default_factory=list)]
    """Only these."""
    keep: Annotated[int, Field(ge=0, le=1_000_000_000)] | None = None
    """The newest so many stay."""
    dry_run: bool = False
    """Only say what would go."""


class CleanupShape(Shape):
    """What was deleted."""

    deleted: int
    bytes: int
    job_ids: list[JobId]
    """The first hundred."""
    workflow_ids: list[str]
    """The workflow runs among the first hundred; a run counts as one, with its jobs."""
    dry_run: bool
    remaining: int
    """Runs that are left."""


class ExportShape(Shape):
    """How many runs were written to the home's `runs` folder."""

    runs: int

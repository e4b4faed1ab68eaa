"""Every knob of the engine, in one frozen model.

Nothing here reads the environment or a file: the doors do that and hand an `EngineSettings` down. The defaults
are those measured and argued for in `docs/explanation/limits.md`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from core import portable

MIB = 1024 * 1024

_LEAST_MB = 256
_UNTOLD_MB = 2048


def in_mib(size: int) -> str:
    """A number of bytes as people read it: ``1.5 MiB``, ``800 bytes``."""
    return f"{size / MIB:.1f}".removesuffix(".0") + " MiB" if size >= MIB else f"{size} bytes"


def _memory_to_give_mb() -> int:
    """What jobs may have of the host's memory: all but a gibibyte, on a tiny host a little all the same."""
    host = portable.host_memory()
    return _UNTOLD_MB if host is None else max(_LEAST_MB, host // MIB - 1024)


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class QueueSettings(_Section):
    """How much may wait and how much may run."""

    max_running: int = Field(default=4, ge=1, le=64, description="Jobs that run at the same time.")
    max_queued: int = Field(default=10_000, ge=1, le=1_000_000, description="Jobs that may wait; one more is refused.")
    max_runs: int = Field(
        default=1000, ge=1, le=100_000, description="Workflow runs that may be under way; one more is refused."
    )
    slots: dict[str, int] = Field(
        default_factory=dict,
        description="Named capacity beside max_running, such as {'gpus': 2}; a job takes what it asks for.",
    )
    max_overtakes: int = Field(
        default=20,
        ge=0,
        description="How often a job that does not fit yet may be overtaken before the rest waits for it.",
    )


class LimitSettings(_Section):
    """Defaults and ceilings for one job."""

    timeout_s: float = Field(default=600, gt=0, description="Time limit of a job that names none, in seconds.")
    max_timeout_s: float = Field(default=86_400, gt=0, description="The longest time limit a job may ask for.")
    cancel_grace_s: float = Field(default=5, ge=0, le=60, description="From SIGTERM to SIGKILL, in seconds.")
    memory_mb: int = Field(
        default_factory=lambda: min(2048, _memory_to_give_mb()),
        ge=6,
        description="Memory of a job that names none, in MiB.",
    )
    cpus: float = Field(default=min(2, os.cpu_count() or 1), gt=0, description="CPUs of a job that names none.")
    pids: int = Field(default=256, ge=1, le=4096, description="Processes of a job that names none.")
    disk_mb: int = Field(
        default=10_240, ge=1, description="What a job that names no disk_mb may write into its container, in MiB."
    )
    max_memory_mb: int = Field(
        default_factory=_memory_to_give_mb, ge=6, description="The most memory a job may ask for, in MiB."
    )
    max_cpus: float = Field(
        default_factory=lambda: float(os.cpu_count() or 1), gt=0, description="The most CPUs a job may ask for."
    )
    max_pids: int = Field(default=4096, ge=1, description="The most processes a job may ask for.")
    max_disk_mb: int = Field(default=102_400, ge=1, description="The most that a job may ask for, in MiB.")
    min_free_mb: int = Field(
        default=1024, ge=0, description="With less free on the container engine's disk, the job that holds most ends."
    )
    log_bytes: int = Field(default=8 * MIB, ge=1024, description="Log kept from the start of a job, in bytes.")
    log_lines: int = Field(default=100_000, ge=1, description="Log kept from the start of a job, in lines.")
    log_tail_lines: int = Field(default=200, ge=0, le=10_000, description="Last lines kept when the log was cut.")
    max_log_bytes: int = Field(default=256 * MIB, ge=1024, description="The largest log a job may ask for.")
    artifact_files: int = Field(default=2000, ge=1, description="Files kept of one job.")
    artifact_file_bytes: int = Field(default=128 * MIB, ge=1, description="Largest file kept.")
    artifact_total_bytes: int = Field(default=256 * MIB, ge=1, description="Bytes kept of one job.")
    artifact_seconds: float = Field(default=120, gt=0, description="Longest time spent on collecting one path.")
    upload_bytes: int = Field(default=64 * MIB, ge=1, description="Bytes of one upload.")
    upload_files: int = Field(default=2000, ge=1, description="Files of one upload.")
    uploads_total_bytes: int = Field(
        default=10 * 1024 * MIB,
        ge=1,
        description="Bytes of all uploads together; beyond that no further file is taken.",
    )
    input_bytes: int = Field(default=1024 * MIB, ge=1, description="Bytes of all files put into one job.")
    output_bytes: int = Field(default=1 * MIB, ge=1, description="Bytes of one job's outputs in all.")
    cleanup_timeout_s: float = Field(
        default=300,
        ge=0,
        description="What steps that run whatever happened have once their job is stopped, in seconds.",
    )


class DockerSettings(_Section):
    """How the Docker Engine is reached."""

    base_url: str | None = Field(default=None, description="Address of the engine; None takes Docker's own default.")
    call_timeout_s: float = Field(default=30, gt=0, description="Limit of one short call, in seconds.")
    reconcile_s: float = Field(default=10, gt=0, description="How often containers are listed to catch missed events.")
    local_registries: tuple[str, ...] = Field(
        default=("127.0.0.1:5000",),
        description="Registries allowed although their name is an address or a single label.",
    )


class SimulationSettings(_Section):
    """The backend without containers."""

    time_scale: float = Field(default=1.0, gt=0, description="Scripted seconds last this many seconds of the clock.")


class MountSettings(_Section):
    """What jobs may see of the engine's machine."""

    folders: tuple[Path, ...] = Field(
        default=(),
        description="Folders below which anybody may mount and send workspaces; a caller's own folder is always one.",
    )

    @field_validator("folders")
    @classmethod
    def _wherever_the_engine_was_started(cls, value: tuple[Path, ...]) -> tuple[Path, ...]:
        if not all(folder.expanduser().is_absolute() for folder in value):
            raise ValueError("each has to be an absolute path, or to begin with ~")
        return value


class WorkspaceSettings(_Section):
    """How large a folder may be that is sent in whole, after .gitignore and .dockerignore."""

    files: int = Field(default=10_000, ge=1, le=10_000, description="Files of one workspace.")
    bytes: int = Field(default=512 * MIB, ge=1, description="Bytes of one workspace.")


class RuntimeSettings(_Section):
    """What one more runtime's name stands for."""

    image: str = Field(min_length=1, description="The image.")
    program: tuple[str, ...] = Field(
        min_length=1, description="What runs the entry file: put before it and its arguments."
    )


class RetentionSettings(_Section):
    """How long finished jobs stay; the oldest go first, and one that has not finished never goes."""

    days: float = Field(default=30, gt=0, le=36_500, description="A run goes so many days after its end.")
    max_runs: int = Field(default=100_000, ge=1, description="Runs kept; beyond that the oldest go.")
    max_bytes: int = Field(
        default=5 * 1024 * MIB, ge=MIB, description="Bytes of logs and artifacts kept; beyond that the oldest runs go."
    )
    sweep_s: float = Field(default=3600, ge=1, description="How often it is looked what has to go, in seconds.")
    reserve_mb: int = Field(
        default=16, ge=0, description="Room in the home that is given up when its disk is full, so that runs can go."
    )
    upload_days: float = Field(
        default=7, gt=0, le=36_500, description="An upload that no job needs goes after so many days."
    )


class EngineSettings(_Section):
    """All settings of one engine."""

    home: Path = Field(description="Folder for the database, logs and artifacts; made with mode 0700.")
    backend: Literal["docker", "simulated"] = Field(default="docker", description="What runs the containers.")
    queue: QueueSettings = QueueSettings()
    limits: LimitSettings = LimitSettings()
    docker: DockerSettings = DockerSettings()
    simulation: SimulationSettings = SimulationSettings()
    retention: RetentionSettings = RetentionSettings()
    mounts: MountSettings = MountSettings()
    workspace: WorkspaceSettings = WorkspaceSettings()
    runtimes: dict[str, RuntimeSettings] = Field(
        default_factory=dict,
        description="Further runtimes by name, such as {'lua': {image: 'nickblah/lua:5.4', program: [lua]}}.",
    )
    secrets: Mapping[str, SecretStr] = Field(
        default_factory=dict[str, SecretStr],
        description="Secrets by name, given to jobs that ask for them and masked in their output; those of the files "
        "and of the home's store come beside them.",
    )
    secret_files: dict[str, Path] = Field(
        default_factory=dict,
        description="Files that hold a secret each, by its name; read again when they change.",
    )

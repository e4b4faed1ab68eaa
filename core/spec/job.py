"""What a job was asked to be."""

from __future__ import annotations

import hashlib
import posixpath
from typing import Annotated, Any, ClassVar, Literal, cast

from pydantic import Field, JsonValue, field_validator, model_validator

from core.spec.base import Frozen
from core.spec.fields import (
    MAX_ARGUMENT_BYTES,
    MAX_COMMAND_BYTES,
    MAX_ENVIRONMENT_BYTES,
    MAX_SCRIPT_BYTES,
    AbsolutePath,
    Argument,
    ArtifactGlob,
    EnvName,
    ImageReference,
    Name,
    OutputName,
    RelativePath,
    Sha256,
    Tag,
    User,
    env_from_pairs,
)
from core.spec.mounts import MountSpec, check_targets, is_within, mount_fields
from core.spec.node import NodeSpec
from core.spec.sandbox import Capability, Network, Profile, SandboxSpec, TmpfsSpec, check_tmpfs, tmpfs_from
from core.spec.service import ServiceSpec, check_services, services_from
from core.spec.step import MAX_SECONDS, StepSpec

CleanupPolicy = Literal["remove_on_completion", "keep_on_failure", "keep"]
"""What becomes of the container once the job has ended."""

PullPolicy = Literal["missing", "always", "never"]
"""When the image is pulled."""


class InputFile(Frozen):
    """A file put into the working directory before the job starts; its bytes are in the store by their hash."""

    path: RelativePath
    sha256: Sha256
    size: Annotated[int, Field(ge=0)]
    executable: bool = False


class LogLimit(Frozen):
    """How much of a job's log is kept, taken from its start; past it only the last lines are kept too."""

    bytes: Annotated[int, Field(ge=1024)] | None = None
    lines: Annotated[int, Field(ge=1, le=100_000_000)] | None = None


class JobSpec(Frozen):
    """A container job.

    A field left at None takes the engine's configured default when the job is admitted, so that an admitted
    spec says what really applied.
    """

    ENGINES_OWN: ClassVar[frozenset[str]] = frozenset({"context", "node", "sandbox"})
    """Fields that no request has."""

    image: ImageReference
    command: Annotated[tuple[Argument, ...], Field(max_length=1024)] | None = None
    """The container's process as an argument list, without a shell; None runs the image's own command."""
    commands: Annotated[tuple[StepSpec, ...], Field(max_length=100)] = ()
    """Steps, run one after another by `sh` in the container; after the first that fails only those meant for it run."""
    entrypoint: Annotated[tuple[Argument, ...], Field(max_length=64)] | None = None
    """Replaces the image's entrypoint for `command`; None keeps it."""
    env: Annotated[dict[EnvName, Argument], Field(max_length=1000)] = Field(default_factory=dict[str, str])
    """Environment variables."""
    secrets: Annotated[tuple[EnvName, ...], Field(max_length=100)] = ()
    """Names of secrets; each becomes a variable of that name and is masked in the log."""
    workdir: AbsolutePath | None = None
    """Working directory; None keeps the image's, or `/work` when files are put in and the image names none."""
    user: User | None = None
    """Who the process runs as; None keeps the image's user."""
    files: Annotated[tuple[InputFile, ...], Field(max_length=10_000)] = ()
    """Files put into the working directory."""
    mounts: Annotated[tuple[MountSpec, ...], Field(max_length=16)] = ()
    """Files and folders of the engine's machine, below folders that are allowed; read-only unless said otherwise."""
    services: Annotated[tuple[ServiceSpec, ...], Field(max_length=16)] = ()
    """Containers beside the job, such as a database, reached by their ids; they are up before it starts."""
    artifacts: Annotated[tuple[ArtifactGlob, ...], Field(max_length=64)] = ()
    """Files and folders kept after the job, whether it succeeded or not."""
    outputs: Annotated[tuple[OutputName, ...], Field(max_length=100)] = ()
    """Outputs the job promises to write to `$ORCAOPS_OUTPUT`; a success without one of them is a failure."""
    timeout_s: Annotated[float, Field(gt=0, le=MAX_SECONDS)] | None = None
    """Time limit of one attempt, from the container's start."""
    cancel_grace_s: Annotated[float, Field(ge=0, le=60)] | None = None
    """From SIGTERM to SIGKILL when the job is cancelled or times out."""
    retries: Annotated[int, Field(ge=0, le=10)] = 0
    """How many further attempts a failed job gets."""
    retry_delay_s: Annotated[float, Field(ge=0, le=3600)] = 1
    """Wait before the first retry; doubled for each further one, at most an hour."""
    success_exit_codes: Annotated[
        tuple[Annotated[int, Field(ge=0, le=255)], ...], Field(min_length=1, max_length=64)
    ] = (0,)
    """Exit codes that count as success."""
    cpus: Annotated[float, Field(ge=0.01, le=1024)] | None = None
    memory_mb: Annotated[int, Field(ge=6, le=16_777_216)] | None = None
    """Memory limit in MiB, without swap."""
    pids: Annotated[int, Field(ge=1, le=1_048_576)] | None = None
    """How many processes and threads may exist at once."""
    gpus: Annotated[int, Field(ge=0, le=64)] = 0
    """GPUs, each a slot of the engine."""
    disk_mb: Annotated[int, Field(ge=1, le=16_777_216)] | None = None
    """What the job may write into its container, in MiB; one that holds more is stopped."""
    profile: Profile | None = None
    """How tightly the job is held; None takes what the operator's policy has for the caller."""
    network: Network | None = None
    """What the job reaches; None takes the profile's."""
    read_only: bool | None = None
    """Whether nothing but the working directory, mounts and tmpfs can be written; None takes the profile's."""
    tmpfs: Annotated[tuple[TmpfsSpec, ...], Field(max_length=16)] = ()
    """Folders in memory: `/tmp`, `/tmp:128m`, or `/tmp:128m:exec` for programs that are run from there."""
    capabilities: Annotated[tuple[Capability, ...], Field(max_length=16)] = ()
    """Capabilities beside the standard ones, such as `SYS_PTRACE`; for a trusted job."""
    may_gain_privileges: bool = False
    """Whether programs such as sudo may become another user; for a trusted job."""
    init: bool = True
    """Run a small init as process 1, so that zombies are reaped and signals arrive."""
    priority: Annotated[int, Field(ge=-100, le=100)] = 0
    """Higher starts earlier."""
    name: Name | None = None
    tags: Annotated[tuple[Tag, ...], Field(max_length=32)] = ()
    cleanup: CleanupPolicy = "remove_on_completion"
    pull: PullPolicy = "missing"
    log_limit: LogLimit = LogLimit()
    context: dict[str, JsonValue] | None = None
    """Values by context for the expressions of the steps; set by the workflow engine only, None without expressions."""
    node: NodeSpec | None = None
    """What the workflow adds whose node the job runs; set by the workflow engine only."""
    sandbox: SandboxSpec | None = None
    """What was decided about how the job is held; set by the engine only, when the job is admitted."""

    @field_validator("env", mode="before")
    @classmethod
    def _env_from_pairs(cls, value: Any) -> Any:
        return env_from_pairs(value)

    @field_validator("commands", mode="before")
    @classmethod
    def _steps_from_texts(cls, value: Any) -> Any:
        if not isinstance(value, (list, tuple)):
            return value
        items = cast("list[object] | tuple[object, ...]", value)
        return tuple({"run": item} if isinstance(item, str) else item for item in items)

    @field_validator("mounts", mode="before")
    @classmethod
    def _mounts_from_texts(cls, value: Any) -> Any:
        if not isinstance(value, (list, tuple)):
            return value
        items = cast("list[object] | tuple[object, ...]", value)
        return tuple(mount_fields(item) if isinstance(item, str) else item for item in items)

    @field_validator("tmpfs", mode="before")
    @classmethod
    def _tmpfs_from_texts(cls, value: Any) -> Any:
        return tmpfs_from(value)

    @field_validator("command", "entrypoint")
    @classmethod
    def _argv_begins_with_a_program(cls, value: tuple[str, ...] | None) -> tuple[str, ...] | None:
        if value is not None and (not value or not value[0]):
            raise ValueError("empty; name the program first, or leave the field out to keep the image's own")
        return value

    @field_validator("services", mode="before")
    @classmethod
    def _services_as_written(cls, value: Any) -> Any:
        return services_from(value)

    @model_validator(mode="after")
    def _one_way_to_run(self) -> JobSpec:
        if self.command is not None and self.commands:
            raise ValueError("command and commands exclude each other: one process, or steps run by a shell")
        if self.entrypoint is not None and self.commands:
            raise ValueError("entrypoint goes with command; steps bring their own entrypoint")
        return self

    @model_validator(mode="after")
    def _steps_can_be_told_apart(self) -> JobSpec:
        known: set[str] = set()
        for index, step in enumerate(self.commands):
            if step.id and step.id.lower() in known:
                raise ValueError(f"commands.{index}.id: another step has this id; ids ignore case")
            known.add(step.id.lower())
            if step.condition and self.context is None:
                raise ValueError(f"commands.{index}.condition: only a workflow's steps have one; use when")
        return self

    @model_validator(mode="after")
    def _linux_takes_it(self) -> JobSpec:
        arguments = (*(self.entrypoint or ()), *(self.command or ()))
        if sum(len(argument.encode()) + 1 for argument in arguments) > MAX_COMMAND_BYTES:
            raise ValueError("entrypoint and command hold more than 512 KiB in all; send large data as files")
        if sum(len(step.run.encode()) for step in self.commands) > MAX_SCRIPT_BYTES:
            raise ValueError("commands hold more than 256 KiB in all; upload a script as a file instead")
        if _may_be_large(self.env):
            variables = {name: len(name) + 1 + len(value.encode()) for name, value in self.env.items()}
            for name, size in variables.items():
                if size > MAX_ARGUMENT_BYTES:
                    raise ValueError(
                        f"env.{name[:64]} is longer than 128 KiB, the most that Linux takes; send it as a file"
                    )
            if sum(size + 1 for size in variables.values()) > MAX_ENVIRONMENT_BYTES:
                raise ValueError("env holds more than 1 MiB in all; send large data as files")
        for index, step in enumerate(self.commands):
            if sum(len(name) + len(value.encode()) + 2 for name, value in step.env.items()) > MAX_ENVIRONMENT_BYTES:
                raise ValueError(f"commands.{index}.env holds more than 1 MiB in all; send large data as files")
        return self

    @model_validator(mode="after")
    def _nothing_is_said_twice(self) -> JobSpec:
        if repeated := set(self.secrets) & set(self.env):
            raise ValueError(f"env and secrets both set {', '.join(sorted(repeated))}")
        if self.files:
            paths = {file.path for file in self.files}
            if len(paths) != len(self.files):
                raise ValueError("files name the same path twice")
            folders = {path[:end] for path in paths for end, mark in enumerate(path) if mark == "/"}
            if paths & folders:
                raise ValueError("files name a path both as a file and as a folder")
        check_targets(self.mounts)
        if self.tmpfs:
            check_tmpfs(self.tmpfs, self.mounts, self.artifacts)
        if self.files and self.workdir is not None and self.is_in_memory(self.workdir):
            raise ValueError("files: would be written into a tmpfs, which is empty when the job starts")
        if self.services:
            check_services(self.services)
        return self

    def files_in_mounts(self, workdir: str) -> bool:
        """Whether input files would be written into a mount, if the job worked in ``workdir``."""
        places = [posixpath.normpath(posixpath.join(workdir, file.path)) for file in self.files] if self.mounts else []
        return any(is_within(place, mount.target) for place in places for mount in self.mounts)

    def is_in_memory(self, path: str) -> bool:
        """Whether a path of the container lies in a tmpfs."""
        return any(is_within(posixpath.normpath(path), each.target) for each in self.tmpfs)

    @property
    def keeps_files(self) -> bool:
        """Whether files may be kept of the job: those it names, and the logs of its services."""
        return bool(self.artifacts or self.services or (self.node is not None and self.node.keep))

    @property
    def has_steps(self) -> bool:
        """Whether the job runs steps in a shell rather than one process."""
        return bool(self.commands)

    @property
    def slots(self) -> dict[str, int]:
        """Named capacity the job takes while it runs."""
        return {"gpus": self.gpus} if self.gpus else {}

    def digest(self) -> str:
        """SHA-256 of the spec's canonical JSON: equal specs have equal digests."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()


def _may_be_large(variables: dict[str, str]) -> bool:
    """Whether variables have to be measured: a character takes four bytes at most."""
    characters = sum(map(len, variables)) + sum(map(len, variables.values()))
    return 4 * (characters + len(variables)) > MAX_ARGUMENT_BYTES
